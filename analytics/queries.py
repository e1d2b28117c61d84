"""Numbers and lists of the workbench, each within what the user may see."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import TruncDate

from campaigns.choices import CampaignState, FollowUpState
from campaigns.models import Campaign, FollowUp
from catalog.models import Product, Resource
from core import clock
from customers.models import Customer
from messaging.models import Message
from orders.choices import OrderState
from orders.models import Order
from staff.choices import RowScope
from staff.models import User
from tagging.models import Segment, TagRule

DAYS = 14
HOT_VIEWS = 3
HOT_HOURS = 24
LISTED = 6


@dataclasses.dataclass(frozen=True)
class Pulse:
    """One number of today beside the mean of the seven days before; `days` holds the last 14 days, oldest first."""

    label: str
    days: list[int]
    is_money: bool = False

    @property
    def today(self) -> int:
        """Today so far."""
        return self.days[-1]

    @property
    def change(self) -> float | None:
        """Percent against the mean of the seven days before; None when that was nothing."""
        mean = sum(self.days[-8:-1]) / 7
        return round((self.today / mean - 1) * 100, 1) if mean else None


def _by_day(rows: Any, name: str) -> list[int]:
    found = {row["day"]: row[name] or 0 for row in rows}
    today = clock.today()
    return [int(found.get(today - dt.timedelta(days=back), 0)) for back in range(DAYS - 1, -1, -1)]


def pulses(user: User) -> dict[str, Pulse]:
    """New customers, orders and revenue per Shanghai day: two queries."""
    since = clock.day_bounds(clock.today() - dt.timedelta(days=DAYS - 1))[0]
    people = Customer.objects.visible_to(user).filter(created_at__gte=since)
    arrived = people.annotate(day=TruncDate("created_at", tzinfo=clock.SHANGHAI)).values("day").annotate(n=Count("id"))
    paid = Order.objects.visible_to(user).filter(paid_at__gte=since)
    sold = paid.annotate(day=TruncDate("paid_at", tzinfo=clock.SHANGHAI)).values("day")
    sold = sold.annotate(n=Count("id"), amount=Sum(F("paid_amount") - F("refunded_amount")))
    sales = list(sold)
    return {
        "customers": Pulse("customers", _by_day(arrived, "n")),
        "orders": Pulse("orders", _by_day(sales, "n")),
        "revenue": Pulse("revenue", _by_day(sales, "amount"), is_money=True),
    }


def open_tasks(user: User) -> tuple[list[FollowUp], int]:
    """The user's open follow-ups that are due by tonight, the oldest first, and how many there are."""
    tonight = clock.day_bounds(clock.today())[1]
    due = FollowUp.objects.filter(state=FollowUpState.OPEN, due_at__lt=tonight)
    mine = due
    if user.row_scope != RowScope.ALL:
        # Asked as ids of tasks: as ids of customers Postgres would first list everybody the user may see.
        unclaimed = due.filter(assignee__isnull=True, customer__in=Customer.objects.visible_to(user))
        mine = due.filter(Q(assignee=user) | Q(pk__in=unclaimed.values("pk")))
    return list(mine.select_related("customer", "assignee").order_by("due_at", "id")[:LISTED]), mine.count()


# Through those who were active in that time: the cost follows them, not the month's events.
_HOT = """
SELECT seen.customer_id, found.views, found.product, found.last_at FROM customers_activity AS seen CROSS JOIN LATERAL (
    SELECT count(*) AS views, max(occurred_at) AS last_at,
           (array_agg(props ->> 'product' ORDER BY occurred_at DESC))[1] AS product
    FROM core_event AS event
    WHERE event.customer_id = seen.customer_id AND kind = 'product.viewed' AND occurred_at > %(since)s AND occurred_at <= %(now)s
) AS found WHERE seen.last_seen_at > %(since)s AND found.views >= %(views)s ORDER BY 2 DESC, 4 DESC LIMIT 200
"""


@dataclasses.dataclass(frozen=True)
class Hot:
    """Somebody who looked at products again and again within a day."""

    customer: Customer
    views: int
    product: str
    last_at: dt.datetime


def hot_customers(user: User) -> list[Hot]:
    """The most eager customers of the last 24 hours whom the user may see, without those who bought in that time and
    those who turned personal recommendations off."""
    now = clock.now()
    since = now - dt.timedelta(hours=HOT_HOURS)
    with connection.cursor() as cursor:
        cursor.execute(_HOT, {"since": since, "now": now, "views": HOT_VIEWS})
        found = cursor.fetchall()
    visible = Customer.objects.visible_to(user).filter(pk__in=[row[0] for row in found], is_personalised=True)
    bought = Order.objects.filter(customer=OuterRef("pk"), paid_at__gte=since)
    people = visible.exclude(Exists(bought)).select_related("owner").in_bulk()
    names = dict(Product.objects.filter(code__in=[row[2] for row in found if row[2]]).values_list("code", "name"))
    hot = [Hot(people[pk], views, names.get(code, code or ""), last_at) for pk, views, code, last_at in found if pk in people]
    return hot[:LISTED]


def departures(user: User) -> list[Order]:
    """Paid orders that leave within seven days."""
    today = clock.today()
    soon = Order.objects.visible_to(user).filter(
        state=OrderState.PAID, departure__departs_on__gte=today, departure__departs_on__lte=today + dt.timedelta(days=7)
    )
    return list(soon.select_related("customer", "product", "departure").order_by("departure__departs_on", "id")[:LISTED])


@dataclasses.dataclass(frozen=True)
class Running:
    """A campaign on its way: messages asked of staff, and how many of them staff have confirmed."""

    campaign: Campaign
    asked: int
    confirmed: int


def running_campaigns() -> list[Running]:
    """Campaigns that wait for something, the newest first: two queries."""
    states = (CampaignState.IN_REVIEW, CampaignState.LAUNCHING, CampaignState.AWAITING_STAFF)
    campaigns = list(Campaign.objects.filter(state__in=states).order_by("-created_at")[:LISTED])
    counts = {
        row["campaign_id"]: row
        for row in Message.objects.filter(campaign_id__in=[campaign.pk for campaign in campaigns])
        .values("campaign_id")
        .annotate(
            asked=Count("id", filter=Q(task__isnull=False)), confirmed=Count("id", filter=Q(task__confirmed_at__isnull=False))
        )
    }
    empty = {"asked": 0, "confirmed": 0}
    return [
        Running(campaign, counts.get(campaign.pk, empty)["asked"], counts.get(campaign.pk, empty)["confirmed"])
        for campaign in campaigns
    ]


def setup_steps() -> list[tuple[str, bool]]:
    """The first steps of a new agency and whether each is done, in order: one query."""
    tables = (
        ("customers", Customer), ("tags", TagRule), ("resources", Resource),
        ("products", Product), ("segments", Segment), ("campaign", Campaign),
    )  # fmt: skip
    parts = ", ".join(f"EXISTS (SELECT 1 FROM {model._meta.db_table})" for _name, model in tables)  # noqa: S608 - our own tables
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {parts}")
        return [(name, done) for (name, _model), done in zip(tables, cursor.fetchone(), strict=True)]


def claimed_revenue(days: int = 30) -> Decimal:
    """What campaigns claim by last touch in the last days, net of refunds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(claim.amount), 0) FROM campaigns_attribution AS claim"
            " JOIN orders_order AS bought ON bought.id = claim.order_id WHERE bought.paid_at > now() - make_interval(days => %s)",
            [days],
        )
        return Decimal(cursor.fetchone()[0])
