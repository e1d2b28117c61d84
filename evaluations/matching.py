"""Offers of several suppliers joined to one thing: how often joining by itself is right, how much is found at all."""

import csv
import json
import zlib
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

HELP = "suppliers' offers of one thing: precision and recall of joining by itself, recall with the review queue"
PRECISION = 0.99
OWN = Path(__file__).with_name("matching_offers.tsv")
Truth = Callable[[int, int], bool]


def add_arguments(parser: ArgumentParser) -> None:
    """Own labelled offers, and a list from which a second supplier's is made."""
    parser.add_argument("--offers", type=Path, default=OWN, help="TSV: thing, supplier, kind, city, name, address, lat, ...")
    parser.add_argument(
        "--world", type=Path, default=Path("../shared/data/chinatravel/database.zip"), help="hotels and restaurants to rewrite"
    )
    parser.add_argument("--part", type=int, default=1, help="every n-th thing of the world only")
    parser.add_argument("--errors", type=int, default=0, help="print that many wrong and missed pairs")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Both sets, each in two halves: weights were looked at on `seen`, never on `unseen`."""
    figures: dict[str, dict[str, float]] = {}
    offers, same = read_offers(options["offers"])
    figures["own"] = measure(offers, same, say, options["errors"])
    if Path(options["world"]).is_file():
        for half in ("seen", "unseen"):
            figures[f"rewritten_{half}"] = measure(*rewritten(options["world"], half, options["part"]), say, options["errors"])
    names = list(next(iter(figures.values())))
    say(" ".join(["set".ljust(18), *(name.rjust(14) for name in names)]))
    for label, found in figures.items():
        say(" ".join([label.ljust(18), *(f"{found[name]:14.4f}" for name in names)]))
    say(json.dumps(figures))
    return all(found["auto_precision"] >= PRECISION for found in figures.values())


def read_offers(path: Path) -> tuple[list[Any], Truth]:
    """The labelled offers of a TSV, and which two are one thing."""
    from catalog.matching.scoring import Offer

    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    things = [row["thing"] for row in rows]
    offers = []
    for number, row in enumerate(rows):
        place = (float(row["lat"]), float(row["lon"])) if (row["lat"] or "").strip() else None
        price = float(row["price"]) if row["price"] else None
        stars = int(row["stars"]) if row["stars"] else None
        phones = frozenset({row["phone"].replace("-", "")} if row["phone"] else set())
        supplier = ord(row["supplier"])
        offers.append(Offer(number, supplier, row["kind"], row["name"], row["city"], row["address"], place, price, stars, phones))
    return offers, lambda one, other: things[one] == things[other]


def rewritten(world: Path, half: str, part: int) -> tuple[list[Any], Truth]:
    """The world's list and the second office's, for the cities' things of one half."""
    from evaluations._matching_world import read_things, second_list

    things = [thing for thing in read_things(world) if thing.id // 2 % part == 0 and _half(thing.city) == half]
    return [*things, *second_list(things)], lambda one, other: one // 2 == other // 2


def _half(city: str) -> str:
    """Whole cities are held out, so that no branch of a chain's neighbourhood was seen."""
    return "seen" if zlib.crc32(city.encode()) % 2 else "unseen"


def measure(offers: Sequence[Any], same: Truth, say: Callable[[str], Any], errors: int) -> dict[str, float]:
    """Precision and recall over pairs of offers of two suppliers."""
    from catalog.matching.pairing import find_pairs

    started = perf_counter()
    pairs = [pair for pair in find_pairs(offers) if pair.left.supplier != pair.right.supplier]
    seconds = perf_counter() - started
    true = _true_pairs(offers, same)
    auto = [(pair.left.id, pair.right.id) for pair in pairs if pair.is_auto]
    queue = [(pair.left.id, pair.right.id) for pair in pairs if not pair.is_auto]
    right = sum(same(*pair) for pair in auto)
    if errors:
        _show(pairs, {offer.id: offer for offer in offers}, true, same, say, errors)
    return {
        "offers": len(offers),
        "true_pairs": len(true),
        "auto": len(auto),
        "auto_wrong": len(auto) - right,
        "auto_precision": round(right / max(len(auto), 1), 5),
        "auto_recall": round(right / max(len(true), 1), 4),
        "queue": len(queue),
        "queue_right": round(sum(same(*pair) for pair in queue) / max(len(queue), 1), 4),
        "recall": round(sum(same(*pair) for pair in (*auto, *queue)) / max(len(true), 1), 4),
        "seconds": round(seconds, 2),
    }


def _true_pairs(offers: Sequence[Any], same: Truth) -> set[tuple[int, int]]:
    by_city: dict[tuple[str, str], list[Any]] = {}
    for offer in offers:
        by_city.setdefault((offer.kind, offer.city), []).append(offer)
    found = set()
    for group in by_city.values():
        for at, one in enumerate(group):
            for other in group[at + 1 :]:
                if one.supplier != other.supplier and same(one.id, other.id):
                    found.add((min(one.id, other.id), max(one.id, other.id)))
    return found


def _show(
    pairs: Sequence[Any], offers: dict[int, Any], true: set[tuple[int, int]], same: Truth, say: Callable[[str], Any], most: int
) -> None:
    wrong = [pair for pair in pairs if pair.is_auto and not same(pair.left.id, pair.right.id)]
    for pair in wrong[:most]:
        why = [(reason.code, reason.weight) for reason in pair.verdict.reasons]
        say(f"wrong {pair.verdict.score:.3f} {pair.left.name} | {pair.right.name} {why}")
    found = {(pair.left.id, pair.right.id) for pair in pairs}
    for left, right in sorted(true - found)[:most]:
        say(f"missed {offers[left].name} | {offers[right].name}")
    shy = [pair for pair in pairs if not pair.is_auto and same(pair.left.id, pair.right.id)]
    for pair in shy[:most]:
        why = [(reason.code, reason.weight) for reason in pair.verdict.reasons]
        say(f"queued {pair.verdict.score:.3f} {pair.left.name} | {pair.right.name} {why}")
