"""The queue of possible matches, one pair side by side, and what was joined or parted lately."""

import dataclasses
from typing import Any

from django.db.models import Case, Count, Q, When

from catalog.choices import MatchState
from catalog.models import MatchPair, Resource, SpuChange

PAGE = 40
NEWEST = 60


@dataclasses.dataclass(frozen=True)
class PairFilter:
    """What the queue shows; an empty state means what waits for a person."""

    state: str = MatchState.REVIEW
    kind: str = ""
    q: str = ""


@dataclasses.dataclass(frozen=True)
class PairPage:
    """Pairs, the likeliest first, and the cursor of the next page (empty at the end)."""

    rows: list[MatchPair]
    after: str


def read_pairs(wanted: PairFilter, after: str) -> PairPage:
    """One page. `after` is the id of the last pair before it; nonsense starts anew. One query, two after a cursor."""
    found = _pairs(wanted)
    last = found.filter(pk=int(after)).values_list("score", "pk").first() if after.isascii() and after.isdigit() else None
    if last is not None:
        found = found.filter(Q(score__lt=last[0]) | Q(score=last[0], pk__gt=last[1]))
    rows = list(found[: PAGE + 1])
    return PairPage(rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else "")


def _pairs(wanted: PairFilter) -> Any:
    found = MatchPair.objects.filter(state=wanted.state, left__gone_at__isnull=True, right__gone_at__isnull=True)
    if wanted.kind:
        found = found.filter(left__kind=wanted.kind)
    for word in wanted.q.split():
        found = found.filter(Q(left__name__icontains=word) | Q(right__name__icontains=word))
    return found.select_related("left__supplier", "right__supplier", "decided_by").order_by("-score", "id")


def pair_counts() -> dict[str, int]:
    """State -> number of pairs."""
    return dict(MatchPair.objects.values_list("state").annotate(number=Count("id")))


def pair_with_both(pair_id: int) -> MatchPair | None:
    """One pair with both resources. One query."""
    both = ("left__supplier", "right__supplier", "left__destination", "right__destination", "decided_by")
    return MatchPair.objects.select_related(*both).filter(pk=pair_id).first()


def following(pair: MatchPair) -> int | None:
    """The next pair that waits for a person, after this one in the queue's order."""
    after = Q(score__lt=pair.score) | Q(score=pair.score, pk__gt=pair.pk)
    waiting = MatchPair.objects.filter(state=MatchState.REVIEW).exclude(pk=pair.pk)
    ranked = waiting.annotate(rank=Case(When(after, then=0), default=1)).order_by("rank", "-score", "id")
    return ranked.values_list("pk", flat=True).first()


def offers_beside(resource: Resource) -> list[Resource]:
    """The other suppliers' offers of the same thing, the cheapest first."""
    if resource.spu_id is None:
        return []
    others = Resource.objects.filter(spu=resource.spu_id).exclude(pk=resource.pk).select_related("supplier")
    return list(others.order_by("gone_at", "price_amount", "pk"))


@dataclasses.dataclass(frozen=True)
class ChangeRow:
    """A change with the names of what it moved."""

    change: SpuChange
    names: list[str]


def newest_changes() -> list[ChangeRow]:
    """What was joined or parted lately, the newest first. Two queries."""
    changes = list(SpuChange.objects.select_related("made_by", "undone_by").order_by("-made_at", "-id")[:NEWEST])
    ids = {move[0] for change in changes for move in change.moves}
    names = dict(Resource.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [ChangeRow(change, [names.get(move[0], "—") for move in change.moves]) for change in changes]
