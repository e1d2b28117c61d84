"""The scenes by name. A scene draws on a canvas and uses only its palette and its seeded random numbers."""

from collections.abc import Callable

from catalog.illustration.canvas import Canvas
from catalog.illustration.scenes import heights, lakes, old_places, plains, seaside, tables, woods

Scene = Callable[[Canvas], None]

SCENES: dict[str, Scene] = {
    "lake": lakes.lake,
    "dye_yard": lakes.dye_yard,
    "color_lake": lakes.color_lake,
    "hot_spring": lakes.hot_spring,
    "snow_peak": heights.snow_peak,
    "camp": heights.camp,
    "gorge": heights.gorge,
    "granite": heights.granite,
    "beach": seaside.beach,
    "island": seaside.island,
    "surf": seaside.surf,
    "reef": seaside.reef,
    "old_town": old_places.old_town,
    "city_wall": old_places.city_wall,
    "palace": old_places.palace,
    "warriors": old_places.warriors,
    "white_walls": old_places.white_walls,
    "grassland": plains.grassland,
    "river_bends": plains.river_bends,
    "flower_rows": plains.flower_rows,
    "panda": woods.panda,
    "bamboo_hills": woods.bamboo_hills,
    "hotpot": tables.hotpot,
    "noodles": tables.noodles,
}
