"""Offers of several suppliers joined to one thing: by the machine where it is sure, by people otherwise. All can be undone."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from catalog.choices import MatchState, SpuChangeKind
from catalog.matching.pairing import Pair, find_pairs
from catalog.matching.scoring import Offer
from catalog.models import MatchPair, Resource, Spu, SpuChange
from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import job
from staff.models import User
from staff.services import write_audit

_CLASSES = {"经济": 2, "舒适": 3, "高档": 4, "豪华": 5}
_LOCK = 0x5B0_0001
MOST_AT_ONCE = 20
_UPSERT = """
INSERT INTO catalog_matchpair (left_id, right_id, score, reasons, state, created_at)
SELECT * , now() FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::jsonb[], %s::varchar[])
ON CONFLICT (left_id, right_id) DO UPDATE SET score = EXCLUDED.score, reasons = EXCLUDED.reasons, state = EXCLUDED.state
WHERE catalog_matchpair.state = 'review' AND catalog_matchpair.decided_by_id IS NULL
"""


@job(Lane.BULK, coalesce=True)
def match_resources(kind: str) -> None:
    """Find the pairs of one kind of resource, join those that are certain, queue the rest. Safe to run twice.

    Pairs that a person decided stay as they are; pairs of the queue that are no longer likely leave it.
    """
    offers = offers_of(kind)
    pairs = find_pairs(offers)
    with transaction.atomic():
        _lock()
        joinable = [pair for pair in pairs if pair.is_auto]
        joined = _join_certain(joinable)
        _store(pairs, joined)


def offers_of(kind: str) -> list[Offer]:
    """Everything suppliers list of a kind, as matching sees it. One query."""
    fields = ("id", "supplier_id", "name", "city", "address", "latitude", "longitude", "price_amount", "attributes")
    rows = Resource.objects.filter(kind=kind, gone_at__isnull=True, supplier__is_active=True).order_by("id").values(*fields)
    return [_offer(kind, row) for row in rows.iterator(chunk_size=2000)]


def _offer(kind: str, row: dict[str, Any]) -> Offer:
    more = row["attributes"] if isinstance(row["attributes"], dict) else {}
    has_place = row["latitude"] is not None and row["longitude"] is not None
    phones = more.get("phones")
    return Offer(
        row["id"], row["supplier_id"], kind, row["name"], row["city"], row["address"],
        (row["latitude"], row["longitude"]) if has_place else None,
        float(row["price_amount"]) if row["price_amount"] else None, _stars(more),
        frozenset(str(phone) for phone in phones) if isinstance(phones, list) else frozenset(),
    )  # fmt: skip


def _stars(more: dict[str, Any]) -> int | None:
    said = more.get("stars")
    if isinstance(said, int) and 1 <= said <= 5:
        return said
    text = str(said or "") + str(more.get("hotel_type") or "")
    return next((stars for word, stars in _CLASSES.items() if word in text), None)


def _lock() -> None:
    """Who changes what belongs together waits in line; released with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _store(pairs: Sequence[Pair], joined: set[tuple[int, int]]) -> None:
    columns: tuple[list[Any], ...] = ([], [], [], [], [])
    for pair in pairs:
        key = (pair.left.id, pair.right.id)
        state = MatchState.AUTO if key in joined else MatchState.REVIEW
        reasons = [
            {"code": one.code, "weight": one.weight, "side": one.side.value, "detail": one.detail} for one in pair.verdict.reasons
        ]
        row = (*key, pair.verdict.score, json.dumps(reasons, ensure_ascii=False), state.value)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, list(columns))
    kinds = {pair.left.kind for pair in pairs}
    found = {(pair.left.id, pair.right.id) for pair in pairs}
    waiting = MatchPair.objects.filter(state=MatchState.REVIEW, decided_by__isnull=True, left__kind__in=kinds)
    stale = [pk for pk, left, right in waiting.values_list("pk", "left_id", "right_id") if (left, right) not in found]
    MatchPair.objects.filter(pk__in=stale).delete()


def _join_certain(pairs: Sequence[Pair]) -> set[tuple[int, int]]:
    """Join what is certain, the surest first; the pairs that are joined now.

    Left to a person: what somebody has decided already, and what would put two offers of one supplier into one thing.
    """
    ids = {one.id for pair in pairs for one in (pair.left, pair.right)}
    spus = dict(Resource.objects.filter(pk__in=ids).values_list("pk", "spu_id"))
    members = _suppliers_in({spu for spu in spus.values() if spu is not None})
    decided = ~Q(state=MatchState.REVIEW) | Q(decided_by__isnull=False)
    settled = set(MatchPair.objects.filter(decided, left__in=ids).values_list("left_id", "right_id"))
    joined: set[tuple[int, int]] = set()
    for pair in pairs:
        key = (pair.left.id, pair.right.id)
        if key in settled:
            continue
        left, right = spus[pair.left.id], spus[pair.right.id]
        if left is not None and left == right:
            joined.add(key)
            continue
        suppliers = members.get(left or 0, {pair.left.supplier}), members.get(right or 0, {pair.right.supplier})
        if suppliers[0] & suppliers[1]:
            continue
        target = _join(key, pair.left.id, SpuChangeKind.AUTO, None, None)
        for resource in [pk for pk, spu in spus.items() if spu is not None and spu in {left, right}] + list(key):
            spus[resource] = target
        members[target] = suppliers[0] | suppliers[1]
        joined.add(key)
    return joined


def _suppliers_in(spus: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for spu, supplier in Resource.objects.filter(spu__in=spus).values_list("spu_id", "supplier_id"):
        if spu is not None:
            found.setdefault(spu, set()).add(supplier)
    return found


def _join(resource_ids: Iterable[int], named_after: int, kind: SpuChangeKind, user: User | None, pair: MatchPair | None) -> int:
    """Put resources, with everything that is one with them already, into one thing; its id."""
    given = list(Resource.objects.filter(pk__in=list(resource_ids)).order_by("pk"))
    spus = sorted({one.spu_id for one in given if one.spu_id is not None})
    if spus:
        target = spus[0]
    else:
        first = next(one for one in given if one.pk == named_after)
        target = Spu.objects.create(kind=first.kind, name=first.name, city=first.city).pk
    moving = Resource.objects.filter(Q(pk__in=[one.pk for one in given]) | Q(spu__in=spus)).exclude(spu=target)
    moves = [[pk, spu, target] for pk, spu in moving.order_by("pk").values_list("pk", "spu_id")]
    Resource.objects.filter(pk__in=[move[0] for move in moves]).update(spu=target)
    SpuChange.objects.create(kind=kind, moves=moves, made_by=user, pair=pair)
    return target


@transaction.atomic
def accept_match(*, pair_id: int, user: User) -> MatchPair:
    """The two are the same thing: join them. Refused when the pair was decided before."""
    pair = _open_pair(pair_id)
    _join([pair.left_id, pair.right_id], pair.left_id, SpuChangeKind.MERGE, user, pair)
    return _decide(pair, MatchState.ACCEPTED, user)


@transaction.atomic
def reject_match(*, pair_id: int, user: User) -> MatchPair:
    """The two are not the same: never suggest it again, and part them if the machine had joined them."""
    _lock()
    pair = MatchPair.objects.select_for_update(of=("self",)).select_related("left", "right").get(pk=pair_id)
    if pair.state not in {MatchState.REVIEW, MatchState.AUTO}:
        raise Refused(_("Somebody has decided this already."), "decided")
    if pair.left.spu_id is not None and pair.left.spu_id == pair.right.spu_id:
        _part(pair.right, user, pair)
    return _decide(pair, MatchState.REJECTED, user)


def _open_pair(pair_id: int) -> MatchPair:
    _lock()
    pair = MatchPair.objects.select_for_update(of=("self",)).select_related("left", "right").get(pk=pair_id)
    if pair.state != MatchState.REVIEW:
        raise Refused(_("Somebody has decided this already."), "decided")
    return pair


def _decide(pair: MatchPair, state: MatchState, user: User) -> MatchPair:
    pair.state, pair.decided_by, pair.decided_at = state.value, user, clock.now()
    pair.save(update_fields=["state", "decided_by", "decided_at"])
    write_audit(user, f"match.{state.value}", pair, {"left": pair.left_id, "right": pair.right_id})
    return pair


def _part(resource: Resource, user: User, pair: MatchPair | None) -> SpuChange:
    change = SpuChange.objects.create(
        kind=SpuChangeKind.SPLIT, moves=[[resource.pk, resource.spu_id, None]], made_by=user, pair=pair
    )
    Resource.objects.filter(pk=resource.pk).update(spu=None)
    return change


@transaction.atomic
def split_resource(*, resource_id: int, user: User) -> SpuChange:
    """Take one offer out of the thing it was joined to; its pairs there count as not the same. Refused when it is alone."""
    _lock()
    resource = Resource.objects.select_for_update(of=("self",)).get(pk=resource_id)
    if resource.spu_id is None:
        raise Refused(_("This resource is joined to nothing."), "not_joined")
    others = list(Resource.objects.filter(spu=resource.spu_id).exclude(pk=resource.pk).values_list("pk", flat=True))
    pairs = MatchPair.objects.filter(Q(left=resource, right__in=others) | Q(right=resource, left__in=others))
    pairs.update(state=MatchState.REJECTED, decided_by=user, decided_at=clock.now())
    change = _part(resource, user, None)
    write_audit(user, "match.split", resource, {"from": resource.spu_id})
    return change


@transaction.atomic
def merge_resources(*, resource_ids: Sequence[int], user: User) -> int:
    """Put resources together by hand; the thing's id. BadInput unless they are two or more of one kind."""
    _lock()
    found = list(Resource.objects.select_for_update(of=("self",)).filter(pk__in=resource_ids[:MOST_AT_ONCE]).order_by("pk"))
    if len(found) < 2 or len({one.kind for one in found}) != 1:
        raise BadInput(_("Choose two or more resources of one kind."), {"id": _("two or more of one kind")})
    target = _join([one.pk for one in found], found[0].pk, SpuChangeKind.MERGE, user, None)
    ids = [one.pk for one in found]
    pairs = MatchPair.objects.filter(left__in=ids, right__in=ids, state__in=[MatchState.REVIEW, MatchState.REJECTED])
    pairs.update(state=MatchState.ACCEPTED, decided_by=user, decided_at=clock.now())
    write_audit(user, "match.merged", found[0], {"resources": ids})
    return target


@transaction.atomic
def undo_change(*, change_id: int, user: User) -> SpuChange:
    """Take a joining or a parting back. Refused when it was taken back, or when one of its resources moved on since."""
    _lock()
    change = SpuChange.objects.select_for_update(of=("self",)).get(pk=change_id)
    if change.undone_at is not None:
        raise Refused(_("This was taken back already."), "undone")
    now = dict(Resource.objects.filter(pk__in=[move[0] for move in change.moves]).values_list("pk", "spu_id"))
    if any(now.get(resource, after) != after for resource, _before, after in change.moves):
        raise Refused(_("One of these was joined to something else since; take that back first."), "changed_since")
    for resource, before, _after in change.moves:
        Resource.objects.filter(pk=resource).update(spu=before)
    change.undone_at, change.undone_by = clock.now(), user
    change.save(update_fields=["undone_at", "undone_by"])
    _reopen(change, user)
    write_audit(user, "match.undone", change, {"kind": change.kind})
    return change


def _reopen(change: SpuChange, user: User) -> None:
    """The pairs this change rested on wait for a person again; naming who doubted them keeps the machine from joining anew."""
    moved = [move[0] for move in change.moves]
    touched = Q(pk=change.pair_id) | Q(left__in=moved, right__in=moved)
    if change.kind == SpuChangeKind.SPLIT:
        touched |= Q(left__in=moved, right__spu=F("left__spu")) | Q(right__in=moved, left__spu=F("right__spu"))
    ids = list(MatchPair.objects.filter(touched).values_list("pk", flat=True))
    MatchPair.objects.filter(pk__in=ids).update(state=MatchState.REVIEW, decided_by=user, decided_at=clock.now())
