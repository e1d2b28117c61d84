"""Interests from behaviour against a generator whose people have hidden interests.

The generator is written apart from the engine's assumptions where it can be: the catalogue's products are popular by a
power law and carry one to four themes that go together (an island trip is often a honeymoon); a person has one to three
interests, not alike strong; each event is noise with the given probability, and noise follows popularity. The engine knows
the catalogue and what everybody looked at, never who has which interest. "Counting" is the usual way: three views.
"""

import json
import random
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tagging.interests import Catalogue, find

HELP = "interests from behaviour, on people with hidden interests"
TARGET = {"precision": 0.72, "recall": 0.70}
SURE = 0.5
THEMES = (
    "亲子", "海岛", "蜜月", "摄影", "徒步", "美食", "人文", "康养", "研学", "银发", "滑雪", "露营", "自驾", "古镇",
    "草原", "沙漠", "温泉", "潜水", "邮轮", "登山", "骑行", "观星", "赏花", "民俗", "乐园", "度假村",
)  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    """How many people, how much noise, which seed."""
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=7)


def run(options: dict[str, Any], say: Callable[[str], object]) -> bool:
    """Precision and recall at 10 to 80 events; met when 20 events reach the target and precision does not fall with more."""
    people, noise, seed = options.get("people") or 2000, _noise(options), options.get("seed") or 7
    say(f"{'events':>7} {'precision':>10} {'recall':>8} {'counting: precision':>20} {'recall':>8}")
    rows = {events: measure(people, events, noise, seed) for events in (10, 20, 40, 80)}
    for events, (mine, counting) in rows.items():
        say(f"{events:>7} {mine[0]:>10.3f} {mine[1]:>8.3f} {counting[0]:>20.3f} {counting[1]:>8.3f}")
    (precision, recall), counting = rows[20]
    falls = any(rows[more][0][0] < rows[less][0][0] - 0.01 for less, more in ((10, 20), (20, 40), (40, 80)))
    result = {
        "evaluation": "tags", "people": people, "noise": noise, "precision": round(precision, 4), "recall": round(recall, 4),
        "precision_by_events": {events: round(row[0][0], 4) for events, row in rows.items()},
        "recall_by_events": {events: round(row[0][1], 4) for events, row in rows.items()},
        "precision_falls": falls, "counting_precision": round(counting[0], 4),
    }  # fmt: skip
    say(json.dumps(result, ensure_ascii=False))
    return precision >= TARGET["precision"] and recall >= TARGET["recall"] and not falls


def _noise(options: dict[str, Any]) -> float:
    noise = options.get("noise")
    return 0.2 if noise is None else float(noise)


Pair = tuple[float, float]


def measure(people: int, events: int, noise: float, seed: int) -> tuple[Pair, Pair]:
    """(precision, recall) of the engine, and of counting, over so many people with so many events each."""
    chance = random.Random(f"{seed}:{events}")  # noqa: S311 - a generator of test people
    products, weights = _catalogue(chance)
    crowd = [_person(chance, products, weights, events, noise) for _ in range(people)]
    seen = Counter(code for _hidden, views in crowd for code in views)
    catalogue = Catalogue.of({code: sorted(themes) for code, themes in products.items()}, seen)
    masses = {theme: catalogue.mass(theme) for theme in THEMES}
    mine, counted = Counter[str](), Counter[str]()
    for hidden, views in crowd:
        found = {one.theme for one in find([(code, 1.0) for code in views], catalogue, masses) if one.probability >= SURE}
        _score(mine, hidden, found)
        times = Counter(theme for code in views for theme in products[code])
        _score(counted, hidden, {theme for theme, number in times.items() if number >= 3})
    return _pair(mine), _pair(counted)


def _catalogue(chance: random.Random) -> tuple[dict[str, frozenset[str]], list[float]]:
    """200 products; a few themes are on many of them, and each theme has companions it often appears with."""
    popularity = [1 / (rank + 3) for rank in range(len(THEMES))]
    order = list(THEMES)
    chance.shuffle(order)
    companions = {theme: chance.sample(order, 3) for theme in order}
    products = {}
    for number in range(200):
        first = chance.choices(order, popularity)[0]
        themes = {first}
        while len(themes) < 4 and chance.random() < 0.55:
            themes.add(chance.choice(companions[first]) if chance.random() < 0.6 else chance.choices(order, popularity)[0])
        products[f"P{number:03d}"] = frozenset(themes)
    return products, [1 / (place + 5) ** 0.7 for place in chance.sample(range(200), 200)]


def _person(
    chance: random.Random, products: dict[str, frozenset[str]], weights: Sequence[float], events: int, noise: float
) -> tuple[set[str], list[str]]:
    codes = list(products)
    offered = sorted({theme for themes in products.values() for theme in themes})
    hidden = chance.sample(offered, chance.choices((1, 2, 3), (0.5, 0.35, 0.15))[0])
    strength = [chance.uniform(0.6, 1.4) for _ in hidden]
    views = []
    for _event in range(events):
        if chance.random() < noise:
            views.append(chance.choices(codes, weights)[0])
            continue
        theme = chance.choices(hidden, strength)[0]
        fitting = [(code, weight) for code, weight in zip(codes, weights, strict=True) if theme in products[code]]
        views.append(chance.choices([code for code, _ in fitting], [weight for _, weight in fitting])[0])
    return set(hidden), views


def _score(score: Counter[str], hidden: set[str], found: set[str]) -> None:
    score.update(right=len(hidden & found), found=len(found), hidden=len(hidden))


def _pair(score: Counter[str]) -> Pair:
    return score["right"] / max(score["found"], 1), score["right"] / max(score["hidden"], 1)
