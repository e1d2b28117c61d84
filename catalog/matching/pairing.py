"""Which pairs are worth weighing, and which may be joined without a person."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from catalog.matching.names import folded
from catalog.matching.scoring import Offer, Verdict, weigh

AUTO_SCORE = 0.98
REVIEW_SCORE = 0.2
RIVAL_SCORE, RIVAL_MARGIN = 0.5, 4.0  # a second candidate this likely, and not this much behind, makes a pair doubtful
LARGEST_BLOCK = 400
CELL_DEGREES = 0.01  # about a kilometre


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two offers, the smaller id first, and what the weighing said. `is_auto`: may be joined without a person."""

    left: Offer
    right: Offer
    verdict: Verdict
    is_auto: bool


def find_pairs(offers: Sequence[Offer], fresh: frozenset[int] | None = None) -> list[Pair]:
    """Every pair likely enough to be looked at, the surest first. With `fresh` only pairs that hold one of these ids.

    Two offers of one supplier are never joined by themselves: it sells them as two.
    """
    found = []
    for one, other in candidates(offers, fresh):
        verdict = weigh(one, other)
        if verdict.score >= REVIEW_SCORE:
            found.append((one, other, verdict))
    best = _rivals(found)
    pairs = [Pair(one, other, verdict, _is_auto(one, other, verdict, best)) for one, other, verdict in found]
    return sorted(pairs, key=lambda pair: (-pair.verdict.total, pair.left.id, pair.right.id))


Rivals = dict[tuple[int, int], list[float]]


def _rivals(found: Iterable[tuple[Offer, Offer, Verdict]]) -> Rivals:
    """(offer, other supplier) -> how likely each offer of that supplier is, as logarithms of odds."""
    likely: Rivals = collections.defaultdict(list)
    for one, other, verdict in found:
        if verdict.score >= RIVAL_SCORE and one.supplier != other.supplier:
            likely[one.id, other.supplier].append(verdict.total)
            likely[other.id, one.supplier].append(verdict.total)
    return likely


def _is_auto(one: Offer, other: Offer, verdict: Verdict, rivals: Rivals) -> bool:
    if one.supplier == other.supplier or verdict.score < AUTO_SCORE or not verdict.is_proven:
        return False
    near = verdict.total - RIVAL_MARGIN
    sides = (rivals.get((one.id, other.supplier), []), rivals.get((other.id, one.supplier), []))
    return all(sum(total > near for total in totals) <= 1 for totals in sides)


def candidates(offers: Sequence[Offer], fresh: frozenset[int] | None = None) -> Iterator[tuple[Offer, Offer]]:
    """Pairs that share a block: a rare part of the name in one city, a chain's branch, a phone, or a square kilometre."""
    blocks: dict[tuple[str, ...], list[Offer]] = collections.defaultdict(list)
    for offer in offers:
        for key in _keys(offer):
            blocks[(offer.kind, *key)].append(offer)
    seen: set[tuple[int, int]] = set()
    for members in blocks.values():
        if len(members) > LARGEST_BLOCK:
            continue
        for at, one in enumerate(members):
            for other in members[at + 1 :]:
                left, right = sorted((one, other), key=lambda offer: offer.id)
                ids = (left.id, right.id)
                if left.id == right.id or ids in seen or (fresh is not None and not fresh & set(ids)):
                    continue
                seen.add(ids)
                yield left, right


def _keys(offer: Offer) -> set[tuple[str, ...]]:
    parts = offer.traits
    city = folded(offer.city)
    keys: set[tuple[str, ...]] = {("name", city, parts.folded), ("stem", city, parts.whole)}
    text = parts.branch if parts.brand else parts.whole
    if parts.brand:
        keys |= {("branch", city, parts.brand, text[at : at + 2]) for at in range(max(1, len(text) - 1))}
    else:
        keys |= {("part", city, text[at : at + 3]) for at in range(max(1, len(text) - 2))}
    keys |= {("phone", phone) for phone in offer.phones}
    if offer.place is not None:
        row, column = int(offer.place[0] / CELL_DEGREES), int(offer.place[1] / CELL_DEGREES)
        keys |= {("cell", str(row + up), str(column + right)) for up in (0, 1) for right in (0, 1)}
    return keys
