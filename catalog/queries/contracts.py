"""Contracts and stock as staff see them: one supplier's units, one unit's month, one supplier's month."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Max, Min, Prefetch, Q, When

from catalog.choices import ChargeUnit, ResourceKind, StockState
from catalog.models import CancellationTier, DayInventory, ExchangeRate, RatePlan, RateRow, Sku, Supplier
from catalog.queries.products import holidays_of
from catalog.queries.rates import Rate, contract_rates
from catalog.rules import Stock, month_bounds, month_grid, stock
from core import clock

MOST_SKUS = 80
STALE_DAYS = 7
# Rooms and cars first: they are what runs out.
_KIND_ORDER = Case(
    When(resource__kind=ResourceKind.HOTEL, then=0), When(resource__kind=ResourceKind.TRANSPORT, then=1), default=2
)


@dataclasses.dataclass(frozen=True)
class ContractRow:
    """A purchasable unit of a supplier: its contracts' price range, until when they run, the stock of the next 30 days."""

    sku: Sku
    low: Decimal | None
    high: Decimal | None
    ends_on: dt.date | None
    plans: int
    currency: str
    unit: str
    days: int
    left: int

    @property
    def is_ending(self) -> bool:
        """Whether the contract runs out within thirty days, or has."""
        return self.ends_on is not None and (self.ends_on - clock.today()).days <= 30


def contracts_of(supplier: Supplier) -> list[ContractRow]:
    """The units of a supplier by resource. Three queries whatever their number."""
    found = Sku.objects.filter(resource__supplier=supplier, is_active=True).select_related("resource", "live")
    skus = list(found.order_by(_KIND_ORDER, "resource__name", "id")[: MOST_SKUS * 3])
    ids = [one.pk for one in skus]
    adults = Q(plan__is_active=True, age_from__isnull=True)
    rows = RateRow.objects.filter(adults, plan__sku__in=ids).values("plan__sku")
    priced = {
        row["plan__sku"]: row
        for row in rows.annotate(
            low=Min("amount"), high=Max("amount"), until=Max("ends_on"), plans=Count("plan", distinct=True),
            currency=Max("plan__currency"), unit=Max("charge_unit"),
        )
    }  # fmt: skip
    today = clock.today()
    coming = DayInventory.objects.filter(sku__in=ids, day__range=(today, today + dt.timedelta(days=29)))
    open_days = coming.filter(state__in=[StockState.AVAILABLE, StockState.FREESALE]).values("sku").annotate(days=Count("id"))
    left = {row["sku"]: row["days"] for row in open_days}
    return [_contract(sku, priced.get(sku.pk), left.get(sku.pk, 0)) for sku in skus]


def _contract(sku: Sku, row: Mapping[str, Any] | None, days: int) -> ContractRow:
    if row is None:
        return ContractRow(sku, None, None, None, 0, "", "", days, 0)
    unit = str(ChargeUnit(str(row["unit"])).label)
    return ContractRow(
        sku, row["low"], row["high"], row["until"], row["plans"], row["currency"], unit, days, 0
    )  # fmt: skip


def tiers_of(supplier: Supplier) -> list[CancellationTier]:
    """What the supplier keeps of a cancelled booking, the farthest days first."""
    return list(CancellationTier.objects.filter(supplier=supplier).order_by("-days_from"))


def sku_with_plans(sku_id: int) -> Sku | None:
    """A unit with its contracts and their rows. Four queries."""
    rows = Prefetch("rows", RateRow.objects.order_by("starts_on", "pax_from", "age_from", "id"))
    plans = Prefetch("plans", RatePlan.objects.order_by("-is_active", "-priority", "-id").prefetch_related(rows, "supplements"))
    found = Sku.objects.select_related("resource__supplier", "live").prefetch_related(plans)
    return found.filter(pk=sku_id).first()


@dataclasses.dataclass(frozen=True)
class StockDay:
    """A unit on a day: what it costs a group, what can be had. `mood` is yes, few, ask, no, closed, past or none."""

    date: dt.date
    in_month: bool
    rate: Rate | None
    row: DayInventory | None
    holiday: str
    is_past: bool

    @property
    def left(self) -> int:
        """What is left of the allotment."""
        return max(0, self.row.allotment - self.row.sold) if self.row else 0

    @property
    def mood(self) -> str:
        """How the day stands."""
        return mood_of(self.row, self.date)


def mood_of(row: DayInventory | None, day: dt.date) -> str:
    """How a day stands, for its colour: past, none, closed, no, ask, few (a quarter or less), yes."""
    ahead = (day - clock.today()).days
    if ahead < 0:
        return "past"
    if row is None:
        return "none"
    if row.state == StockState.CLOSED:
        return "closed"
    found = stock(row.state, row.allotment - row.sold, row.release_days, ahead, 1)
    if found == Stock.YES:
        is_few = row.state == StockState.AVAILABLE and (row.allotment - row.sold) * 4 <= row.allotment
        return "few" if is_few else "yes"
    return "ask" if found == Stock.ASK else "no"


def month_of_sku(sku: Sku, month: dt.date, pax: int) -> list[list[StockDay]]:
    """The weeks of a month with the unit's price for a group and its stock. Four queries."""
    first, following = month_bounds(month)
    days = [first + dt.timedelta(days=at) for at in range((following - first).days)]
    rates = contract_rates([(sku.pk, day) for day in days], pax)
    rows = {row.day: row for row in DayInventory.objects.filter(sku=sku, day__gte=first, day__lt=following)}
    holidays, today = holidays_of(month.year), clock.today()
    return [
        [
            StockDay(
                cell.date, cell.in_month, rates.get((sku.pk, cell.date)), rows.get(cell.date) if cell.in_month else None,
                holidays.get(cell.date, ""), cell.date < today,
            )
            for cell in week
        ]
        for week in month_grid(month)
    ]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class StockCell:
    """One unit on one day of the supplier's month."""

    day: dt.date
    mood: str
    text: str
    said: str


@dataclasses.dataclass(frozen=True)
class StockRow:
    """One unit through the month."""

    sku: Sku
    cells: list[StockCell]


def stock_month(supplier: Supplier, month: dt.date, kind: str = "") -> tuple[list[dt.date], list[StockRow]]:
    """The days of a month and the units of a supplier through it. Two queries."""
    first, following = month_bounds(month)
    days = [first + dt.timedelta(days=at) for at in range((following - first).days)]
    found = Sku.objects.filter(resource__supplier=supplier, is_active=True).select_related("resource")
    if kind:
        found = found.filter(resource__kind=kind)
    skus = list(found.order_by(_KIND_ORDER, "resource__name", "id")[:MOST_SKUS])
    rows = DayInventory.objects.filter(sku__in=skus, day__gte=first, day__lt=following)
    known = {(row.sku_id, row.day): row for row in rows}
    return days, [StockRow(sku, [_cell(known.get((sku.pk, day)), day) for day in days]) for sku in skus]


def _cell(row: DayInventory | None, day: dt.date) -> StockCell:
    mood = mood_of(row, day)
    if row is None:
        return StockCell(day, mood, "", "—")
    is_counted = row.state == StockState.AVAILABLE
    text = str(max(0, row.allotment - row.sold)) if is_counted else {"freesale": "∞", "on_request": "?"}.get(row.state, "×")
    said = f"{row.get_state_display()} {row.allotment - row.sold}/{row.allotment}" if is_counted else str(row.get_state_display())
    return StockCell(day, mood, text, said)


@dataclasses.dataclass(frozen=True)
class Currency:
    """A currency's newest rate, the one with the buffer in it, what it was lately."""

    newest: ExchangeRate
    buffered: Decimal
    history: list[float]
    is_stale: bool


def currencies() -> list[Currency]:
    """Every currency we know. One query."""
    by_code: dict[str, list[ExchangeRate]] = {}
    for row in ExchangeRate.objects.order_by("currency", "day"):
        by_code.setdefault(row.currency, []).append(row)
    today = clock.today()
    return [_currency(rows, today) for rows in by_code.values()]


def _currency(rows: Sequence[ExchangeRate], today: dt.date) -> Currency:
    newest = rows[-1]
    buffered = (newest.rate * (1 + newest.buffer_percent / 100)).quantize(Decimal("0.00000001"))
    return Currency(newest, buffered, [float(row.rate) for row in rows[-30:]], (today - newest.day).days > STALE_DAYS)
