"""What merchants and the agency see of merchants. Everything of a merchant goes through the merchant itself."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from catalog.models import Departure
from core import clock
from core.money import ZERO
from merchants.choices import DisputeState, StatementState
from merchants.models import Dispute, Listing, Merchant, MerchantUser, Redemption, Share, Statement
from orders.choices import OrderState
from orders.models import OrderLine
from staff.models import User

PAGE = 50
TREND_DAYS = 14


def work_of(user: User) -> MerchantUser | None:
    """For which merchant somebody works."""
    return MerchantUser.objects.select_related("merchant").filter(user=user).first()


@dataclasses.dataclass(frozen=True)
class Today:
    """A merchant's day: what was handed out and what for, what is expected, the fortnight, what waits."""

    redemptions: int
    gross: Decimal
    expected: int
    trend: list[int]
    newest: list[Redemption]
    unsettled: Decimal
    to_confirm: int


def today_of(merchant: Merchant) -> Today:
    """Five queries."""
    today = clock.today()
    start, end = clock.day_bounds(today)
    first = clock.day_bounds(today - dt.timedelta(days=TREND_DAYS - 1))[0]
    mine = Redemption.objects.filter(merchant=merchant, taken_back_at__isnull=True)
    by_day = dict.fromkeys((today - dt.timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)), 0)
    gross = ZERO
    for at, quantity, amount in mine.filter(at__gte=first).values_list("at", "quantity", "gross_amount"):
        by_day[clock.shanghai_date(at)] += quantity
        gross += amount if start <= at < end else ZERO
    expected = lines_of(merchant).filter(starts_on=today).aggregate(
        sum=Sum(F("quantity") - F("returned_quantity") - F("redeemed_quantity"))
    )  # fmt: skip
    net = F("gross_amount") - F("fee_amount") - F("points_cost_amount") - F("coupon_cost_amount")
    unsettled = mine.filter(statement__isnull=True).aggregate(sum=Sum(net))["sum"]
    return Today(
        by_day[today], gross, expected["sum"] or 0, list(by_day.values()),
        list(mine.select_related("by").order_by("-at")[:5]), unsettled or ZERO,
        Statement.objects.filter(merchant=merchant, state=StatementState.SENT).count(),
    )  # fmt: skip


def lines_of(merchant: Merchant) -> QuerySet[OrderLine]:
    """Paid lines of a merchant's offers. Of the buyer a merchant sees the name only."""
    mine = OrderLine.objects.filter(offer__in=merchant.listings.values("offer"))
    return mine.filter(order__state__in=[OrderState.PAID, OrderState.COMPLETED, OrderState.REFUNDED])


def orders_of(merchant: Merchant, text: str = "", day: dt.date | None = None) -> list[OrderLine]:
    """The newest of them, by number, name of the offer, or day."""
    found = lines_of(merchant)
    if text:
        found = found.filter(Q(order__no__startswith=text) | Q(name__icontains=text))
    if day:
        found = found.filter(starts_on=day)
    return list(found.select_related("order__customer").order_by("-pk")[:PAGE])


@dataclasses.dataclass(frozen=True)
class Goods:
    """An offer with what is left of it in the coming days, and when it can be had next."""

    listing: Listing
    days: int
    left: int
    next_on: dt.date | None


def goods_of(merchant: Merchant) -> list[Goods]:
    """Everything a merchant offers. Two queries."""
    listings = list(merchant.listings.select_related("offer__product").order_by("-pk"))
    products = [one.offer.product_id for one in listings]
    rows = Departure.objects.filter(product__in=products, departs_on__gte=clock.today(), is_closed=False)
    days: dict[int, list[Departure]] = {}
    for row in rows.order_by("departs_on"):
        days.setdefault(row.product_id, []).append(row)
    return [_goods(one, days.get(one.offer.product_id, [])) for one in listings]


def _goods(listing: Listing, days: list[Departure]) -> Goods:
    free = [day for day in days if day.seats > day.seats_taken]
    left = sum(day.seats - day.seats_taken for day in days)
    return Goods(listing, len(days), left, free[0].departs_on if free else None)


def redemptions_of(merchant: Merchant, statement: Statement | None = None) -> list[Redemption]:
    """The newest redemptions, or those of a statement (what it took back as well)."""
    found = Redemption.objects.filter(merchant=merchant)
    if statement is not None:
        found = found.filter(Q(statement=statement) | Q(back_statement=statement))
    return list(found.select_related("by").prefetch_related("disputes").order_by("-at")[: PAGE if statement is None else 2000])


def statements_of(merchant: Merchant) -> list[Statement]:
    """The newest first."""
    return list(Statement.objects.filter(merchant=merchant)[:PAGE])


@dataclasses.dataclass(frozen=True)
class MerchantRow:
    """A merchant in the agency's list."""

    merchant: Merchant
    offers: int
    redeemed: int
    net: Decimal
    to_pay: int
    disputes: int


def merchants_with_figures() -> list[MerchantRow]:
    """All merchants with the last thirty days. Four queries."""
    since = clock.now() - dt.timedelta(days=30)
    merchants = list(Merchant.objects.annotate(offers=Count("listings")).order_by("name"))
    net = Sum(F("gross_amount") - F("fee_amount") - F("points_cost_amount") - F("coupon_cost_amount"))
    lately = Redemption.objects.filter(at__gte=since, taken_back_at__isnull=True).values("merchant")
    sums: dict[int, dict[str, Any]] = {row["merchant"]: dict(row) for row in lately.annotate(n=Sum("quantity"), net=net)}
    confirmed = Statement.objects.filter(state=StatementState.CONFIRMED).values("merchant").annotate(n=Count("id"))
    to_pay = {row["merchant"]: row["n"] for row in confirmed}
    opened = Dispute.objects.filter(state=DisputeState.OPEN).values("redemption__merchant").annotate(n=Count("id"))
    disputes = {row["redemption__merchant"]: row["n"] for row in opened}
    return [
        MerchantRow(
            one, one.offers, sums.get(one.pk, {}).get("n") or 0, sums.get(one.pk, {}).get("net") or ZERO,
            to_pay.get(one.pk, 0), disputes.get(one.pk, 0),
        )
        for one in merchants
    ]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class MerchantStory:
    """A merchant's page for the agency."""

    merchant: Merchant
    goods: list[Goods]
    people: list[MerchantUser]
    statements: list[Statement]
    redemptions: list[Redemption]
    disputes: list[Dispute]
    shares: list[Share]


def story_of(merchant: Merchant) -> MerchantStory:
    """Everything about one merchant."""
    disputes = Dispute.objects.filter(redemption__merchant=merchant, state=DisputeState.OPEN)
    return MerchantStory(
        merchant, goods_of(merchant), list(merchant.people.select_related("user").order_by("-is_manager", "pk")),
        statements_of(merchant), redemptions_of(merchant)[:20],
        list(disputes.select_related("redemption", "opened_by").order_by("opened_at")),
        list(Share.objects.filter(redemption__merchant=merchant).order_by("-pk")[:20]),
    )  # fmt: skip
