"""A second supplier's list made from a first: names, addresses, places and prices as another office would keep them.

The things are real (the hotels and restaurants of ../shared/data/chinatravel, with their own branches and coordinates as hard
negatives); the second office's way of writing is made here, from habits seen in agencies' lists, without looking at the
matcher. Part of the things are missing from the second list, so that a neighbour of the same chain is the nearest there is.
"""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from catalog.matching.scoring import Offer

CITIES = {
    "beijing": "北京", "shanghai": "上海", "nanjing": "南京", "suzhou": "苏州", "hangzhou": "杭州", "shenzhen": "深圳",
    "chengdu": "成都", "wuhan": "武汉", "guangzhou": "广州", "chongqing": "重庆",
}  # fmt: skip
FOLDERS = {"accommodations": "hotel", "restaurants": "restaurant"}
KEPT = 0.55  # of the first list, in the second
_BRACKET = re.compile(r"^(.*?)[(（](.+?)[)）]$")


def read_things(path: Path) -> list[Offer]:
    """The first list. A name that comes twice in a city is left out: nobody can say which of the two is meant."""
    things: list[Offer] = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            match = re.search(r"database/(accommodations|restaurants)/([a-z]+)/[^/]+\.csv$", name)
            if match is None:
                continue
            text = archive.read(name).decode("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(text)))
            once = [row for row in rows if sum(row["name"] == other["name"] for other in rows) == 1]
            things += [_thing(row, FOLDERS[match[1]], CITIES[match[2]], len(things) + at) for at, row in enumerate(once)]
    return things


def _thing(row: dict[str, str], kind: str, city: str, number: int) -> Offer:
    place = (float(row["lat"]), float(row["lon"])) if row["lat"] and row["lon"] else None
    return Offer(2 * number, 1, kind, row["name"], city, "", place, float(row["price"] or 0) or None)


def second_list(things: list[Offer], seed: int = 7) -> Iterator[Offer]:
    """The other office's offers; offer 2n+1 is the same thing as 2n."""
    dice = random.Random(seed)  # noqa: S311 - dice, not keys
    for thing in things:
        if dice.random() > KEPT:
            continue
        name = _rewritten(thing.name, thing.city, dice)
        price = round(thing.price * dice.uniform(0.82, 1.25), 0) if thing.price and dice.random() < 0.9 else None
        yield Offer(thing.id + 1, 2, thing.kind, name, thing.city, "", _moved(thing.place, dice), price)


def _moved(place: tuple[float, float] | None, dice: random.Random) -> tuple[float, float] | None:
    """Measured anew: some tens of metres off, now and then in the other system (half a kilometre), missing or simply wrong."""
    fate = dice.random()
    if place is None or fate < 0.25:
        return None
    lat, lon = place[0] + dice.gauss(0, 0.0003), place[1] + dice.gauss(0, 0.0003)
    if fate < 0.35:
        return lat - 0.0021, lon + 0.0048
    if fate < 0.37:
        return lat + dice.uniform(-0.05, 0.05), lon + dice.uniform(-0.05, 0.05)
    return (round(lat, 3), round(lon, 3)) if fate < 0.5 else (round(lat, 6), round(lon, 6))


def _rewritten(name: str, city: str, dice: random.Random) -> str:
    for habit in dice.sample(HABITS, dice.choice((0, 1, 1, 2, 2, 3))):
        name = habit(name, city, dice) or name
    return name


def _drop_city(name: str, city: str, dice: random.Random) -> str:
    return name.replace(city, "", 1)


def _city_ahead(name: str, city: str, dice: random.Random) -> str:
    return name if city in name else city + name


def _branch_into_name(name: str, city: str, dice: random.Random) -> str:
    """全季酒店(杭州西湖店) -> 杭州西湖全季酒店, or 全季酒店杭州西湖店."""
    match = _BRACKET.match(name)
    if match is None:
        return name
    branch = re.sub("店$", "", match[2])
    return f"{branch}{match[1]}" if dice.random() < 0.5 else f"{match[1]}{branch}店"


def _other_brackets(name: str, city: str, dice: random.Random) -> str:
    opening, closing = dice.choice(("（）", "【】", "--", "··"))
    return name.replace("(", opening).replace(")", "" if opening in "-·" else closing)


def _without_kind(name: str, city: str, dice: random.Random) -> str:
    return re.sub(dice.choice(("酒店", "连锁酒店", "大酒店", "快捷", "火锅", "餐厅")), "", name, count=1)


def _shorter_branch(name: str, city: str, dice: random.Random) -> str:
    """西湖湖滨银泰店 -> 湖滨银泰店 or 西湖湖滨店: the landmark that matters to this office."""
    match = _BRACKET.match(name)
    branch = re.sub("店$", "", match[2]) if match else ""
    if match is None or len(branch) < 6:
        return name
    cut = dice.randrange(2, len(branch) - 3)
    return f"{match[1]}({branch[cut:] if dice.random() < 0.5 else branch[:-2]}店)"


def _district(name: str, city: str, dice: random.Random) -> str:
    return name.replace(city, f"{city}市", 1)


def _metro(name: str, city: str, dice: random.Random) -> str:
    return name.replace("地铁站店", "店") if "地铁站店" in name else name.replace("店)", "地铁站店)")


def _traditional(name: str, city: str, dice: random.Random) -> str:
    return name.translate(str.maketrans("丽饭馆楼东门广场国际园华", "麗飯館樓東門廣場國際園華"))


def _slip(name: str, city: str, dice: random.Random) -> str:
    """One character lost in typing."""
    at = dice.randrange(len(name)) if len(name) > 6 else 0
    return name[:at] + name[at + 1 :] if at else name


def _note(name: str, city: str, dice: random.Random) -> str:
    return name + dice.choice(("(含早)", "【特惠】", " 协议价", "（原名不变）", "*"))


HABITS: list[Callable[[str, str, random.Random], str]] = [
    _drop_city, _city_ahead, _branch_into_name, _other_brackets, _without_kind, _shorter_branch, _district, _metro, _traditional,
    _slip, _note,
]  # fmt: skip
