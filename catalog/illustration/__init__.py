"""Covers for products and destinations: layered landscapes drawn as SVG, the same for the same code for ever.

Pure: no ORM, clock, network or font. `draw_cover` is the only entrance; `Product.illustration` and
`Destination.illustration` hold its parameters, e.g. {"scene": "lake", "light": "dusk"}.
"""

from catalog.illustration.cover import SHAPES, Shape, draw_cover, settle

__all__ = ["SHAPES", "Shape", "draw_cover", "settle"]
