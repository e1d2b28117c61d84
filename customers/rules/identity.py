"""Are two records one person? Strong keys decide alone, except against two different verified phones."""

import dataclasses
import datetime as dt
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

NOT_WORDS = re.compile(r"[\s·•.\-]+")


@dataclasses.dataclass(frozen=True)
class Holder:
    """A customer who holds at least one of the keys that were seen together, with all their verified phones (hashes)."""

    customer_id: int
    phones: frozenset[bytes] = frozenset()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Who stays, who is absorbed, and which pairs a person must decide about."""

    keep: int
    absorb: tuple[int, ...] = ()
    doubts: tuple[tuple[int, int], ...] = ()


def decide(holders: Sequence[Holder], apart: AbstractSet[frozenset[int]] = frozenset()) -> Verdict:
    """What to do when keys seen together belong to several customers; `holders` come with the strongest key first.

    They are one person, unless both sides have verified phones (which then differ, as a phone has one holder): that
    is a doubt. A pair in `apart` was declared two people: neither joined nor asked about again. The oldest record stays.
    """
    first, *others = holders
    group, phones = {first.customer_id}, first.phones
    doubts = []
    for other in others:
        if other.customer_id in group:
            continue
        if any(frozenset((member, other.customer_id)) in apart for member in group):
            continue
        if phones and other.phones:
            doubts.append(other.customer_id)
            continue
        group.add(other.customer_id)
        phones |= other.phones
    keep = min(group)
    return Verdict(keep, tuple(sorted(group - {keep})), tuple(ordered(keep, other) for other in doubts))


def ordered(one: int, other: int) -> tuple[int, int]:
    """A pair in the order in which it is stored."""
    return (one, other) if one < other else (other, one)


def plain_name(name: str) -> str:
    """A name as it is compared: no spaces, dots or case."""
    return NOT_WORDS.sub("", name).casefold()


def name_and_birthday(name: str, birthday: dt.date | None) -> str:
    """The text of a weak clue; empty when either is missing."""
    plain = plain_name(name)
    return f"{plain}|{birthday.isoformat()}" if plain and birthday else ""


def name_and_masked_phone(name: str, masked: str) -> str:
    """The text of a weak clue; empty unless there is a name and four digits at each end that masking leaves."""
    plain = plain_name(name)
    return f"{plain}|{masked[:3]}*{masked[-4:]}" if plain and re.fullmatch(r"1\d{2}\*{3,5}\d{4}", masked) else ""
