"""What the page of bills shows."""

import dataclasses
from collections.abc import Sequence

from django.db.models import Count, Q

from orders.models import Bill, BillDifference

DAYS = 31
MOST = 100


@dataclasses.dataclass(frozen=True)
class BillsPage:
    """The last days (each with `open_count` differences), and the differences nobody explained yet."""

    bills: Sequence[Bill]
    open: Sequence[BillDifference]


def newest_bills() -> BillsPage:
    """Two queries."""
    unexplained = Count("differences", filter=Q(differences__explained_at__isnull=True))
    bills = list(Bill.objects.annotate(open_count=unexplained).order_by("-day")[:DAYS])
    waiting = BillDifference.objects.filter(explained_at__isnull=True).select_related("bill").order_by("-bill__day", "pk")
    return BillsPage(bills, list(waiting[:MOST]))
