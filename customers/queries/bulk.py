"""Bulk actions as their pages show them."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from customers.choices import SkipReason, TargetState
from customers.models import BulkAction, BulkTarget, Customer, Standing
from customers.queries.filters import found_by, read_filters
from staff.models import User

MOST_TICKED = 500
SHOWN = 50


@dataclasses.dataclass(frozen=True)
class Chosen:
    """Whom an act is about: everybody whom a filter finds (`query`), or those that were ticked."""

    query: str
    ticked: tuple[int, ...]

    def ids(self, user: User, at: dt.datetime) -> QuerySet[Any]:
        """Ids of those among them whom the user may see, as one query."""
        if self.ticked:
            return Standing.objects.visible_to(user).filter(customer_id__in=self.ticked).values("customer_id")
        return found_by(user, read_filters(QueryDict(self.query)), at).all().values("customer_id")


def count_same(chosen: QuerySet[Any], same: QuerySet[Any]) -> int:
    """How many of the chosen are so already."""
    return chosen.filter(customer_id__in=same).count()


def mine(user: User) -> QuerySet[BulkAction]:
    """What the user began; an administrator sees everybody's."""
    everything = BulkAction.objects.select_related("actor").order_by("-created_at", "-id")
    return everything if user.is_superuser or user.role == "administrator" else everything.filter(actor=user)


def left_out(bulk: BulkAction, user: User) -> list[dict[str, Any]]:
    """The first of those who were left out or not undone: who (if the user may see them) and why."""
    rows = bulk.targets.filter(state__in=[TargetState.SKIPPED, TargetState.KEPT]).order_by("customer_id")[:SHOWN]
    found: list[BulkTarget] = list(rows)
    people = Customer.objects.visible_to(user).in_bulk([row.customer_id for row in found])
    return [
        {"id": row.customer_id, "customer": people.get(row.customer_id), "reason": SkipReason(row.reason).label} for row in found
    ]


def skips(bulk: BulkAction) -> list[tuple[str, int]]:
    """Reason in words and how many, the most frequent first."""
    return [(str(SkipReason(code).label), n) for code, n in sorted(bulk.skips.items(), key=lambda pair: -pair[1])]
