"""Lists of knowledge for staff, and what in it looks wrong: near-duplicates and answers that contradict each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from service_bot.choices import EntryKind, EntryState
from service_bot.models import Entry
from service_bot.retrieval.text import numbers, terms

ALIKE = 0.6  # share of common terms from which on two questions are taken for one


@dataclass(frozen=True)
class Pair:
    """Two pieces of knowledge that ask nearly the same. `contradiction`: their answers name different figures."""

    first: Entry
    second: Entry
    alike: float
    contradiction: bool


def entries_for(text: str, kind: str, state: str) -> QuerySet[Entry]:
    """Entries whose question, similar questions or answer hold the text, newest first."""
    found = Entry.objects.select_related("owner", "document").order_by("-updated_at", "-id")
    if text:
        found = found.filter(Q(question__icontains=text) | Q(answer__icontains=text) | Q(similar__icontains=text))
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(state=state)
    return found


def suspicious_pairs(most: int = 50) -> list[Pair]:
    """Pairs of answers of the FAQ that ask nearly the same; those whose figures differ come first."""
    rows = list(
        Entry.objects.filter(kind__in=[EntryKind.FAQ, EntryKind.POLICY]).exclude(state=EntryState.RETIRED).order_by("id")[:2000]
    )
    pairs = [Pair(rows[left], rows[right], alike, _contradict(rows[left], rows[right])) for left, right, alike in _alike(rows)]
    return sorted(pairs, key=lambda pair: (-pair.contradiction, -pair.alike))[:most]


def _alike(rows: Sequence[Entry]) -> list[tuple[int, int, float]]:
    """Places of pairs that share most of their terms, found through the terms so that not all pairs are compared."""
    bags = [set(terms(row.question)) for row in rows]
    holders: dict[str, list[int]] = {}
    for place, bag in enumerate(bags):
        for term in bag:
            holders.setdefault(term, []).append(place)
    shared: dict[tuple[int, int], int] = {}
    for places in holders.values():
        if len(places) <= max(20, len(rows) // 20):
            for at, left in enumerate(places):
                for right in places[at + 1 :]:
                    shared[left, right] = shared.get((left, right), 0) + 1
    near = [(left, right, len(bags[left] & bags[right]) / len(bags[left] | bags[right])) for left, right in shared]
    return [(left, right, alike) for left, right, alike in near if alike >= ALIKE]


def _contradict(first: Entry, second: Entry) -> bool:
    one, other = numbers(first.answer), numbers(second.answer)
    return bool(one and other and not (one <= other or other <= one))
