"""What resources cost on a day: contract rates where there are some, else the price of the supplier's feed."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db.models import Prefetch

from catalog.choices import ChargeUnit, PriceBasis, ResourceKind, SupplementKind
from catalog.models import DayInventory, ExchangeRate, RatePlan, RateRow, Resource, Sku
from catalog.rules import Stock, stock
from core import clock

ZERO = Decimal(0)
_ROOM_KINDS = (SupplementKind.SINGLE_USE, SupplementKind.EXTRA_BED, SupplementKind.CHILD_NO_BED)
FEED_UNITS = {
    ResourceKind.ATTRACTION: ChargeUnit.PERSON, ResourceKind.HOTEL: ChargeUnit.ROOM_NIGHT,
    ResourceKind.RESTAURANT: ChargeUnit.PERSON, ResourceKind.TRANSPORT: ChargeUnit.PERSON,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class AgeRate:
    """A child's amount or percentage for ages from-to, both included."""

    age_from: int
    age_to: int
    amount: Decimal | None
    percent: Decimal | None


@dataclasses.dataclass(frozen=True)
class Rate:
    """What one unit costs on one day, in `currency`, as the supplier states it. `steps` are (seats, amount), `bands`
    (pax from, pax to, amount). `source` is "contract" or "feed"."""

    unit: ChargeUnit
    amount: Decimal
    currency: str = "CNY"
    commission_percent: Decimal = ZERO
    tax_percent: Decimal = ZERO
    ages: tuple[AgeRate, ...] = ()
    single_use: Decimal | None = None
    extra_bed: Decimal | None = None
    child_no_bed: Decimal | None = None
    steps: tuple[tuple[int, Decimal], ...] = ()
    bands: tuple[tuple[int, int, Decimal], ...] = ()
    source: str = "contract"


def feed_rate(resource: Resource) -> Rate | None:
    """The price of the supplier's feed, charged in the usual unit of its kind; None without a price."""
    if resource.price_amount is None:
        return None
    supplier = resource.supplier
    commission = supplier.commission_percent if supplier.basis == PriceBasis.GROSS else ZERO
    unit = FEED_UNITS[ResourceKind(resource.kind)]
    return Rate(unit, resource.price_amount, supplier.currency, commission, source="feed")


def contract_rates(wanted: Collection[tuple[int, dt.date]], pax: int) -> dict[tuple[int, dt.date], Rate]:
    """The rate of each (sku, day) for a group of `pax`; a pair without one is left out. Four queries at most."""
    if not wanted:
        return {}
    skus, days = {sku for sku, _day in wanted}, {day for _sku, day in wanted}
    rows = RateRow.objects.filter(starts_on__lte=max(days), ends_on__gte=min(days)).order_by("pax_from", "seats", "id")
    plans = RatePlan.objects.filter(sku__in=skus, is_active=True).order_by("-priority", "-id")
    by_sku: dict[int, list[RatePlan]] = {}
    for plan in plans.prefetch_related(Prefetch("rows", rows), "supplements"):
        by_sku.setdefault(plan.sku_id, []).append(plan)
    found = {(sku, day): _first(by_sku.get(sku, []), day, pax) for sku, day in wanted}
    return {key: rate for key, rate in found.items() if rate is not None}


def _first(plans: Sequence[RatePlan], day: dt.date, pax: int) -> Rate | None:
    return next((rate for plan in plans if (rate := rate_of(plan, day, pax))), None)


def rate_of(plan: RatePlan, day: dt.date, pax: int) -> Rate | None:
    """The plan's rate on a day; None where no row covers it."""
    weekday = day.isoweekday()
    rows = [row for row in plan.rows.all() if row.starts_on <= day <= row.ends_on and weekday in (row.weekdays or (weekday,))]
    adults = [row for row in rows if row.age_from is None]
    fitting = [row for row in adults if row.pax_from <= pax <= row.pax_to]
    if not adults or (not fitting and adults[0].charge_unit != ChargeUnit.PAX_BAND):
        return None
    head = (fitting or adults)[0]
    commission = plan.commission_percent if plan.basis == PriceBasis.GROSS else ZERO
    single_use, extra_bed, child_no_bed = (_supplement(plan, kind, head.amount) for kind in _ROOM_KINDS)
    return Rate(
        unit=ChargeUnit(head.charge_unit),
        amount=head.amount,
        currency=plan.currency,
        commission_percent=commission,
        tax_percent=plan.tax_percent,
        ages=_ages(plan, rows, pax),
        single_use=single_use,
        extra_bed=extra_bed,
        child_no_bed=child_no_bed,
        steps=tuple((row.seats, row.amount) for row in fitting if row.seats),
        bands=tuple((row.pax_from, row.pax_to, row.amount) for row in adults if row.charge_unit == ChargeUnit.PAX_BAND),
    )


def _ages(plan: RatePlan, rows: Sequence[RateRow], pax: int) -> tuple[AgeRate, ...]:
    fixed = [
        AgeRate(row.age_from, row.age_to if row.age_to is not None else row.age_from, row.amount, None)
        for row in rows
        if row.age_from is not None and row.pax_from <= pax <= row.pax_to
    ]
    children = [one for one in plan.supplements.all() if one.kind == SupplementKind.CHILD]
    shares = [AgeRate(one.age_from or 0, 17 if one.age_to is None else one.age_to, one.amount, one.percent) for one in children]
    return tuple(fixed + shares)


def _supplement(plan: RatePlan, kind: SupplementKind, adult: Decimal) -> Decimal | None:
    found = next((one for one in plan.supplements.all() if one.kind == kind), None)
    if found is None:
        return None
    return found.amount if found.amount is not None else (adult * (found.percent or ZERO) / 100).quantize(Decimal("0.01"))


def stock_of(wanted: Collection[tuple[int, dt.date]], pieces: int) -> dict[tuple[int, dt.date], Stock]:
    """Whether `pieces` of each (sku, day) can be had. A day without an inventory row must be asked for. One query."""
    today = clock.today()
    rows = DayInventory.objects.filter(sku__in={sku for sku, _day in wanted}, day__in={day for _sku, day in wanted})
    known = {(row.sku_id, row.day): row for row in rows}
    found: dict[tuple[int, dt.date], Stock] = {}
    for key in wanted:
        row, ahead = known.get(key), (key[1] - today).days
        found[key] = Stock.ASK if row is None else stock(row.state, row.allotment - row.sold, row.release_days, ahead, pieces)
    return found


def exchange_rates(day: dt.date) -> dict[str, ExchangeRate]:
    """The newest rate of every currency that was known on that day."""
    rows = ExchangeRate.objects.filter(day__lte=day).order_by("currency", "-day").distinct("currency")
    return {row.currency: row for row in rows}


def skus_of(resource_ids: Collection[int]) -> dict[int, list[Sku]]:
    """The active SKUs of resources."""
    found: dict[int, list[Sku]] = {}
    for sku in Sku.objects.filter(resource__in=resource_ids, is_active=True).order_by("id"):
        found.setdefault(sku.resource_id, []).append(sku)
    return found
