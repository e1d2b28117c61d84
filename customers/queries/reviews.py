"""What the review queue shows, and who somebody counts as after merges."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from customers.choices import ClueKind, IdentityKind, ReviewState
from customers.models import Customer, Identity, Merge, MergeReview
from customers.queries.listing import decorate
from customers.queries.places import Place, places
from staff.models import User

SHOWN = 40  # questions in the queue's list; the rest follow as these are decided

_ROOTS = """
WITH RECURSIVE way (id, at) AS (
    SELECT id, id FROM unnest(%s::bigint[]) AS id
    UNION ALL
    SELECT way.id, customer.merged_into_id FROM way JOIN customers_customer AS customer ON customer.id = way.at
    WHERE customer.merged_into_id IS NOT NULL
)
SELECT way.id, way.at FROM way JOIN customers_customer AS customer ON customer.id = way.at WHERE customer.merged_into_id IS NULL
"""
_FAMILY = """
WITH RECURSIVE family (id) AS (
    VALUES (%s::bigint)
    UNION ALL SELECT absorbed.id FROM customers_customer AS absorbed JOIN family ON absorbed.merged_into_id = family.id
) SELECT id FROM family
"""


def roots_of(customer_ids: Collection[int]) -> dict[int, int]:
    """Customer -> whoever they count as now: themselves, unless they were absorbed."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOTS, [list(customer_ids)])
        return dict(cursor.fetchall())


def family_of(customer_id: int) -> list[int]:
    """The customer and everybody who was absorbed into them, directly or not."""
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [customer_id])
        return [row[0] for row in cursor.fetchall()]


@dataclasses.dataclass(frozen=True)
class Pair:
    """One question: the record that would stay (the older) and the one that would be absorbed, as they count now."""

    review: MergeReview
    keep: Customer
    other: Customer

    @property
    def evidence(self) -> list[str]:
        """What speaks for one person, in words; each kind once."""
        words = dict(IdentityKind.choices) | {f"clue:{kind}": label for kind, label in ClueKind.choices}
        weak = self.review.reason != "phones_differ"
        kinds = dict.fromkeys(str(item.get("kind", "")) for item in self.review.evidence)
        return [str(words.get(f"clue:{kind}" if weak else kind, kind)) for kind in kinds]


def count_open() -> int:
    """How many questions wait, whoever may answer them."""
    return MergeReview.objects.filter(state=ReviewState.OPEN).count()


def open_pairs(user: User, *, only: int = 0) -> list[Pair]:
    """Open questions about two customers whom the user may see, oldest first; `only`: the one with this id."""
    asked = MergeReview.objects.filter(state=ReviewState.OPEN, **({"pk": only} if only else {})).order_by("created_at", "id")
    reviews = list(asked[: SHOWN * 2])
    roots = roots_of({one for review in reviews for one in (review.left_id, review.right_id)})
    visible = Customer.objects.visible_to(user).select_related("owner", "activity").in_bulk(set(roots.values()))
    pairs = []
    for review in reviews:
        keep, other = sorted((roots.get(review.left_id, 0), roots.get(review.right_id, 0)))
        if keep != other and keep in visible and other in visible:
            pairs.append(Pair(review, visible[keep], visible[other]))
    return pairs[:SHOWN]


@dataclasses.dataclass(frozen=True)
class Line:
    """One property of both records; `differs` when both are known and not the same."""

    label: str
    left: Any
    right: Any
    differs: bool


def compare(pair: Pair) -> list[Line]:
    """Both records side by side."""
    ids = [pair.keep.pk, pair.other.pk]
    added = decorate(ids, only="tags")
    kinds = _identity_kinds(ids)
    both = (pair.keep, pair.other)
    lines = [
        (_("name"), *(one.name for one in both)),
        (_("Nickname"), *(one.nickname for one in both)),
        (_("Phone"), *(one.phone_masked for one in both)),
        (_("Birthday"), *(one.birthday.isoformat() if one.birthday else "" for one in both)),
        (_("Gender"), *(str(one.get_gender_display()) if one.gender else "" for one in both)),
        (_("City"), *(one.city for one in both)),
        (_("Identities"), *(", ".join(kinds.get(one.pk, [])) for one in both)),
        (_("Tags"), *("、".join(str(tag) for tag in added[one.pk].get("tags") or []) for one in both)),
        (_("Owner"), *(str(one.owner or "") for one in both)),
        (_("Source"), *(one.source for one in both)),
        (_("Known since"), *(one.created_at.date().isoformat() for one in both)),
    ]
    return [Line(label, left, right, bool(left and right and left != right)) for label, left, right in lines]


def _identity_kinds(ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for identity in Identity.objects.filter(customer_id__in=ids).order_by("kind").only("customer_id", "kind"):
        found.setdefault(identity.customer_id, []).append(str(identity.get_kind_display()))
    return found


def what_would_move(customer_id: int) -> list[tuple[str, int]]:
    """(what, how many rows) of the record that would be absorbed, in one statement; what has none is left out."""
    moved = [place for place in places() if place.how != "stay"]
    parts = [
        sql.SQL("SELECT {number}, count(*) FROM {table} WHERE {column} = %(customer)s").format(
            number=sql.Literal(number), **place.identifiers()
        )
        for number, place in enumerate(moved)
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(parts).as_string(), {"customer": customer_id})
        counts = dict(cursor.fetchall())
    return [(_label(place), counts[number]) for number, place in enumerate(moved) if counts[number]]


def _label(place: Place) -> str:
    model = next(model for model in apps.get_models() if model._meta.db_table == place.table)
    return str(model._meta.verbose_name)


@dataclasses.dataclass(frozen=True)
class PastMerge:
    """A merge on the page of the customer who stayed."""

    merge: Merge
    evidence: list[str]


def merges_of(customer_id: int) -> list[PastMerge]:
    """Merges into this customer, directly or not, newest first; those undone as well."""
    words = dict(IdentityKind.choices) | dict(ClueKind.choices)
    family = family_of(customer_id)
    merges = Merge.objects.filter(survivor_id__in=family).select_related("absorbed", "actor", "undone_by").order_by("-at", "-id")
    return [
        PastMerge(merge, [str(words.get(kind, kind)) for kind in dict.fromkeys(item.get("kind", "") for item in merge.evidence)])
        for merge in merges[:20]
    ]


def questions_about(user: User, customer_id: int) -> list[Pair]:
    """Open questions in which this customer stands."""
    family = family_of(customer_id)
    ids = MergeReview.objects.filter(state=ReviewState.OPEN, left_id__in=family).values_list("pk", flat=True)
    ids = ids.union(MergeReview.objects.filter(state=ReviewState.OPEN, right_id__in=family).values_list("pk", flat=True))
    return [pair for review_id in list(ids[:5]) for pair in open_pairs(user, only=review_id)]
