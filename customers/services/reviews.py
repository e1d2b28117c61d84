"""The review queue: questions that a person decides. "Two people" is remembered for ever."""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from customers.choices import ReviewState
from customers.models import Merge, MergeReview
from customers.queries.reviews import roots_of
from customers.rules.identity import ordered
from customers.services.merging import merge_customers
from staff.models import User
from staff.services import write_audit

_OPEN = """
INSERT INTO customers_mergereview AS review (left_id, right_id, reason, evidence, source, state)
SELECT %(left)s, %(right)s, %(reason)s, %(evidence)s::jsonb, %(source)s, 'open'
WHERE NOT EXISTS (SELECT 1 FROM customers_mergereview WHERE left_id = %(left)s AND right_id = %(right)s AND state <> 'open')
ON CONFLICT (left_id, right_id) DO UPDATE SET evidence = review.evidence || EXCLUDED.evidence
WHERE review.state = 'open' AND NOT review.evidence @> EXCLUDED.evidence
RETURNING (xmax = 0)
"""
_OPEN_MANY = """
INSERT INTO customers_mergereview AS review (left_id, right_id, reason, evidence, source, state)
SELECT left_id, right_id, reason, jsonb_build_array(jsonb_build_object('kind', kind)), %s, 'open'
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS asked (left_id, right_id, reason, kind)
ON CONFLICT (left_id, right_id) DO UPDATE SET evidence = review.evidence || EXCLUDED.evidence
WHERE review.state = 'open' AND NOT review.evidence @> EXCLUDED.evidence
"""
# Pairs said to be two people, as the ids of whoever they count as now.
_APART = """
WITH RECURSIVE family (id, root) AS (
    SELECT id, id FROM unnest(%(ids)s::bigint[]) AS id
    UNION ALL
    SELECT absorbed.id, family.root FROM customers_customer AS absorbed JOIN family ON absorbed.merged_into_id = family.id
)
SELECT DISTINCT one.root, other.root FROM customers_mergereview AS review
JOIN family AS one ON one.id = review.left_id JOIN family AS other ON other.id = review.right_id
WHERE review.state = 'different' AND one.root <> other.root
"""


def open_review(one: int, other: int, *, reason: str, evidence: list[dict[str, Any]], source: str) -> bool:
    """Ask whether two customers are one person; False when it was asked before, whatever the answer."""
    if declared_apart([one, other]):
        return False
    left, right = ordered(one, other)
    named: dict[str, Any] = {
        "left": left,
        "right": right,
        "reason": reason,
        "evidence": json.dumps(evidence),
        "source": source[:40],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, named)
        row = cursor.fetchone()
    return bool(row and row[0])


def open_reviews(asked: Sequence[tuple[int, int, str, str]], *, source: str) -> None:
    """`open_review` for many questions at once: (one, other, reason, kind of evidence)."""
    apart = declared_apart({customer for one, other, _reason, _kind in asked for customer in (one, other)}) if asked else set()
    pairs = {ordered(one, other): (reason, kind) for one, other, reason, kind in asked if frozenset((one, other)) not in apart}
    if pairs:
        lines = [(*pair, *why) for pair, why in sorted(pairs.items())]
        with connection.cursor() as cursor:
            cursor.execute(_OPEN_MANY, [source[:40], *(list(column) for column in zip(*lines, strict=True))])


def declared_apart(ids: Collection[int]) -> set[frozenset[int]]:
    """Which pairs among these customers staff declared to be two people."""
    with connection.cursor() as cursor:
        cursor.execute(_APART, {"ids": list(ids)})
        return {frozenset(pair) for pair in cursor.fetchall()}


def confirm_review(review: MergeReview, *, actor: User) -> Merge | None:
    """One person: merge the two, the older record stays. None when they are one already."""
    with transaction.atomic():
        asked = _open(review)
        roots = roots_of([asked.left_id, asked.right_id])
        keep, absorbed = ordered(roots[asked.left_id], roots[asked.right_id])
        merge = None
        if keep != absorbed:
            merge = merge_customers(keep, absorbed, evidence=asked.evidence, source="review", actor=actor)
        _decide(asked, ReviewState.MERGED, actor, merge.at if merge else clock.now())
    return merge


def reject_review(review: MergeReview, *, actor: User) -> None:
    """Two people: never suggest them again, and never join them by a key either."""
    with transaction.atomic():
        asked = _open(review)
        _decide(asked, ReviewState.DIFFERENT, actor, clock.now())
        write_audit(actor, "customers.keep_apart", asked.left, {"other": asked.right_id, "reason": asked.reason})


def reopen_review(review: MergeReview, *, actor: User) -> None:
    """Undo of "two people"."""
    with transaction.atomic():
        MergeReview.objects.filter(pk=review.pk, state=ReviewState.DIFFERENT).update(
            state=ReviewState.OPEN, decided_at=None, decided_by=None
        )
        write_audit(actor, "customers.ask_again", review.left, {"other": review.right_id})


def _open(review: MergeReview) -> MergeReview:
    asked = MergeReview.objects.select_for_update(of=("self",)).select_related("left", "right").get(pk=review.pk)
    if asked.state != ReviewState.OPEN:
        raise Refused(_("Somebody has decided this already."), "already_decided")
    return asked


def _decide(review: MergeReview, state: str, actor: User, at: dt.datetime) -> None:
    MergeReview.objects.filter(pk=review.pk).update(state=state, decided_at=at, decided_by=actor)
