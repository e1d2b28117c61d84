"""Where two resources lie: addresses by road and number, coordinates by distance, whatever system they are in."""

import dataclasses
import functools
import math
import re

from catalog.matching.names import folded

_ROAD = re.compile(
    r"([一-鿿\da-z]{1,10}?(?:大道|大街|街道|胡同|路|街|巷|弄|道|里|坊|村|镇))(?:[一-鿿]{0,3}?)(甲|乙|丙)?(\d{1,4})?(?:号|號|弄|-\d+|(?=$|[^\d]))"
)
_LEADING = re.compile(r"^.*?(?:省|自治区|特别行政区)|^.{2,4}?市|^.{1,4}?(?:区|县|旗)(?=[一-鿿])")
EARTH_METRES = 6_371_000.0


@dataclasses.dataclass(frozen=True)
class Address:
    """The roads an address names, and the house number on the first of them ("" without one)."""

    roads: tuple[str, ...]
    number: str


@functools.lru_cache(maxsize=65_536)
def address_of(text: str) -> Address:
    """The parts of an address that tell houses apart."""
    plain = folded(re.sub(r"[(（].*?[)）]", "", text))
    for _part in range(3):
        plain = _LEADING.sub("", plain, count=1)
    found = list(_ROAD.finditer(plain))
    number = next((f"{match[2] or ''}{match[3]}" for match in found if match[3]), "")
    return Address(tuple(match[1] for match in found), number)


def compare_addresses(one: str, other: str) -> str:
    """`same` (road and number), `road`, `number` (same road, another number), `other` (another road), or "" (cannot tell)."""
    first, second = address_of(one), address_of(other)
    if not first.roads or not second.roads:
        return ""
    if not any(_same_road(road, there) for road in first.roads for there in second.roads):
        return "other"
    if not first.number or not second.number:
        return "road"
    return "same" if first.number == second.number else "number"


def _same_road(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= 3 and long.endswith(short))


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance of two points (latitude, longitude in degrees) on a sphere."""
    lat1, lon1, lat2, lon2 = (math.radians(value) for value in (*one, *other))
    chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, chord)))


def shifted(point: tuple[float, float]) -> tuple[float, float]:
    """WGS-84 -> GCJ-02, the system of mainland maps (public formula, e.g. of evil-transform); abroad nothing is shifted."""
    lat, lon = point
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return point
    x, y = lon - 105.0, lat - 35.0
    wave = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    d_lat += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    d_lon += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    rad = math.radians(lat)
    magic = 1 - 0.00669342162296594323 * math.sin(rad) ** 2
    root = math.sqrt(magic)
    d_lat = d_lat * 180 / ((6_378_245.0 * (1 - 0.00669342162296594323)) / (magic * root) * math.pi)
    d_lon = d_lon * 180 / (6_378_245.0 / root * math.cos(rad) * math.pi)
    return lat + d_lat, lon + d_lon


def distance(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, bool]:
    """Metres between two points, and whether that holds only if one of them is in the other system."""
    plain = metres(one, other)
    if plain <= 150:
        return plain, False
    across = min(metres(shifted(one), other), metres(one, shifted(other)))
    return (across, True) if across < plain / 3 else (plain, False)
