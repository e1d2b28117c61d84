"""How likely two offers are the same thing: weights of evidence added up (Fellegi and Sunter, 1969).

A weight is the logarithm of how much more often something is seen among true pairs than among pairs of one city that look
alike. They were set by judgement on the development half of the labelled pairs (docs/adr/0029) and rounded.
"""

import dataclasses
import enum
import math
from collections.abc import Iterator

from catalog.matching.names import Traits, likeness, sorts_differ, traits, words_differ
from catalog.matching.places import compare_addresses, distance

PRIOR = -3.0
NEAR_METRES, CLOSE_METRES, AREA_METRES, FAR_METRES = 80, 250, 700, 2_500


@dataclasses.dataclass(frozen=True)
class Offer:
    """A resource as matching sees it. `price` in yuan, `stars` 1 to 5, `place` (latitude, longitude); None where unknown."""

    id: int
    supplier: int
    kind: str
    name: str
    city: str = ""
    address: str = ""
    place: tuple[float, float] | None = None
    price: float | None = None
    stars: int | None = None
    phones: frozenset[str] = frozenset()

    @property
    def traits(self) -> Traits:
        """The name's parts."""
        return traits(self.name, self.city, self.kind)


class Side(enum.StrEnum):
    """What a reason is about: the name, the place, or neither."""

    NAME = "name"
    PLACE = "place"
    OTHER = "other"


@dataclasses.dataclass(frozen=True)
class Reason:
    """One thing that speaks for (weight above 0) or against. `code` names it, `detail` is a figure or a word for the page."""

    code: str
    weight: float
    side: Side
    detail: str = ""
    is_veto: bool = False
    is_strong: bool = False


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The sum of all reasons as a chance from 0 to 1; `total` is its logarithm of the odds."""

    score: float
    reasons: tuple[Reason, ...]
    total: float = 0.0

    @property
    def has_veto(self) -> bool:
        """Whether something makes them two things, whatever else agrees."""
        return any(reason.is_veto for reason in self.reasons)

    @property
    def is_proven(self) -> bool:
        """Whether both the name and the place say yes clearly, and nothing says no clearly."""
        strong = {reason.side for reason in self.reasons if reason.is_strong}
        against = min((reason.weight for reason in self.reasons), default=0.0)
        is_exact = any(reason.code in {"exact_name", "exact_branch"} for reason in self.reasons)
        enough = {Side.NAME, Side.PLACE} <= strong or (is_exact and against > -1.0)
        return enough and not self.has_veto and against > -2.0


def weigh(one: Offer, other: Offer) -> Verdict:
    """What speaks for and against two offers being the same thing."""
    reasons = tuple(_reasons(one, other))
    total = PRIOR + sum(reason.weight for reason in reasons)
    if any(reason.is_veto for reason in reasons):
        return Verdict(0.0, reasons, -30.0)
    return Verdict(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), reasons, total)


def _reasons(one: Offer, other: Offer) -> Iterator[Reason]:
    yield from _city(one, other)
    yield from _name(one, other)
    yield from _marks(one.traits, other.traits)
    yield from _distance(one, other)
    yield from _address(one, other)
    yield from _phones(one, other)
    yield from _class(one, other)
    yield from _price(one, other)


def _city(one: Offer, other: Offer) -> Iterator[Reason]:
    if one.kind != other.kind:
        yield Reason("other_kind", -9.0, Side.OTHER, is_veto=True)
    if one.city and other.city and one.city != other.city:
        yield Reason("other_city", -9.0, Side.PLACE, f"{one.city} / {other.city}", is_veto=True)


def _name(offer: Offer, against: Offer) -> Iterator[Reason]:
    one, other = offer.traits, against.traits
    if one.folded == other.folded:
        yield _same_name(offer)
        return
    if one.brand != other.brand and one.brand and other.brand:
        yield Reason("other_brand", -7.0, Side.NAME, f"{one.brand} / {other.brand}", is_veto=True)
    elif one.brand and one.brand == other.brand:
        yield Reason("same_brand", 1.0, Side.NAME, one.brand)
        yield _same_chain(offer, against)
        if one.line != other.line:
            yield Reason("other_line", -3.0, Side.NAME, f"{one.line} / {other.line}")
    else:
        if one.brand or other.brand:
            yield Reason("one_brand", -2.0, Side.NAME, one.brand or other.brand)
        yield _wholes(one, other)
        if one.branch or other.branch:
            yield from _unknown_chain(offer, against)


def _same_name(offer: Offer) -> Reason:
    """Names equal to the letter: proof where the city is known and the name is one that only one house of it can have."""
    parts = offer.traits
    if not parts.is_distinct or not offer.city or (offer.kind == "restaurant" and not parts.branch):
        return Reason("same_name", 2.5, Side.NAME, is_strong=parts.is_distinct or not parts.brand)
    return Reason("exact_name", 8.0, Side.NAME, is_strong=True)


def _same_chain(offer: Offer, against: Offer) -> Reason:
    """Branches of one chain. A chain has one branch of a name in a city: the same words there are proof."""
    branch = offer.traits.branch
    if branch and branch == against.traits.branch and offer.city and offer.city == against.city:
        return Reason("exact_branch", 7.0, Side.NAME, branch, is_strong=True)
    return _branches(branch, against.traits.branch)


def _unknown_chain(offer: Offer, against: Offer) -> Iterator[Reason]:
    """A house with branches whose chain is in no list of ours."""
    one, other = offer.traits, against.traits
    if one.whole == other.whole and len(one.whole) >= 2:
        yield _same_chain(offer, against)
    elif likeness(one.whole, other.whole) >= 0.6:
        yield _branches(one.branch, other.branch)


def _branches(one: str, other: str) -> Reason:
    if not one or not other:
        return Reason("no_branch", -1.5, Side.NAME, one or other)
    alike = likeness(one, other)
    shown = f"{one} / {other}"
    if one == other:
        return Reason("same_branch", 5.0, Side.NAME, one, is_strong=True)
    if alike >= 0.8:
        return Reason("branch_alike", 2.5, Side.NAME, shown, is_strong=True)
    if alike >= 0.45:
        return Reason("branch_akin", 0.5, Side.NAME, shown)
    return Reason("other_branch", -3.0, Side.NAME, shown)


def _wholes(one: Traits, other: Traits) -> Reason:
    alike, shown = likeness(one.whole, other.whole), f"{one.whole} / {other.whole}"
    if one.whole == other.whole and (one.branch or other.branch):
        return Reason("same_brand", 1.0, Side.NAME, one.whole)
    if one.whole == other.whole and words_differ(one.folded, other.folded):
        return Reason("same_stem", 2.5, Side.NAME, shown)
    if one.whole == other.whole:
        return Reason("same_stem", 5.0, Side.NAME, one.whole, is_strong=True)
    if alike >= 0.85:
        return Reason("name_inside", 2.5, Side.NAME, shown, is_strong=_share(one.whole, other.whole) >= 0.6)
    if alike >= 0.6:
        return Reason("name_alike", 1.5, Side.NAME, shown)
    if alike >= 0.35:
        return Reason("name_akin", -1.0, Side.NAME, shown)
    return Reason("other_name", -4.0, Side.NAME, shown)


def _share(one: str, other: str) -> float:
    short, long = sorted((len(one), len(other)))
    return short / long if long else 0.0


def _marks(one: Traits, other: Traits) -> Iterator[Reason]:
    if sorts_differ(one.sort, other.sort):
        yield Reason("other_sort", -3.5, Side.NAME, f"{one.sort} / {other.sort}")
    differing = one.marks ^ other.marks
    ordinals = {mark for mark in differing if mark.startswith(("no", "annex"))}
    directions = {mark for mark in differing if mark.startswith("to")}
    if ordinals:
        yield Reason("other_number", -6.0, Side.NAME, " ".join(sorted(ordinals)), is_veto=bool(one.marks and other.marks))
    both = {mark for mark in one.marks if mark.startswith("to")} and {mark for mark in other.marks if mark.startswith("to")}
    if directions and both:
        yield Reason("other_direction", -4.0, Side.NAME, " ".join(sorted(directions)))
    elif directions:
        yield Reason("one_direction", -1.0, Side.NAME, " ".join(sorted(directions)))


def _distance(one: Offer, other: Offer) -> Iterator[Reason]:
    if one.place is None or other.place is None:
        return
    away, is_shifted = distance(one.place, other.place)
    detail = f"{away:.0f} m"
    if is_shifted:
        weight = 1.5 if away <= CLOSE_METRES else 0.0
        yield Reason("near_if_shifted", weight, Side.PLACE, detail)
    elif away <= NEAR_METRES:
        yield Reason("near", 3.5, Side.PLACE, detail, is_strong=True)
    elif away <= CLOSE_METRES:
        yield Reason("near", 2.0, Side.PLACE, detail, is_strong=True)
    elif away <= AREA_METRES:
        yield Reason("same_area", 0.0, Side.PLACE, detail)
    elif away <= FAR_METRES:
        yield Reason("far", -3.0, Side.PLACE, detail)
    else:
        is_named_so = one.traits.folded == other.traits.folded  # then one of the two places was written down wrong
        yield Reason("far", -6.0, Side.PLACE, detail, is_veto=one.kind != "attraction" and not is_named_so)


_ADDRESS_WEIGHTS = {"same": 4.0, "road": 1.0, "number": -2.5, "other": -1.5}


def _address(one: Offer, other: Offer) -> Iterator[Reason]:
    found = compare_addresses(one.address, other.address)
    if found:
        yield Reason(f"address_{found}", _ADDRESS_WEIGHTS[found], Side.PLACE, is_strong=found == "same")


def _phones(one: Offer, other: Offer) -> Iterator[Reason]:
    if not one.phones or not other.phones:
        return
    if one.phones & other.phones:
        yield Reason("same_phone", 3.0, Side.PLACE, is_strong=True)
    else:
        yield Reason("other_phone", -0.5, Side.PLACE)


def _class(one: Offer, other: Offer) -> Iterator[Reason]:
    if one.stars is None or other.stars is None:
        return
    apart = abs(one.stars - other.stars)
    yield Reason("class", 0.3 if apart == 0 else -2.5 if apart >= 2 else -0.3, Side.OTHER, f"{one.stars} / {other.stars}")


def _price(one: Offer, other: Offer) -> Iterator[Reason]:
    if not one.price or not other.price:
        return
    ratio = max(one.price, other.price) / min(one.price, other.price)
    weight = 0.4 if ratio <= 1.35 else 0.0 if ratio <= 2 else -1.0 if ratio <= 3 else -2.5
    yield Reason("price", weight, Side.OTHER, f"×{ratio:.1f}")
