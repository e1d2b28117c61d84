"""Contract rates and date inventory: written here only."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from catalog.choices import ChargeUnit, PriceBasis, StockState, SupplementKind
from catalog.models import DayInventory, RatePlan, RateRow, Resource, Sku, Supplement
from catalog.rules import ALL_WEEKDAYS, days_of
from core.errors import BadInput, Refused


@dataclasses.dataclass(frozen=True)
class Row:
    """One amount of a contract; see RateRow."""

    starts_on: dt.date
    ends_on: dt.date
    amount: Decimal
    weekdays: tuple[int, ...] = ()
    pax: tuple[int, int] = (1, 999)
    ages: tuple[int, int] | None = None
    seats: int = 0


@transaction.atomic
def save_contract(
    *,
    resource: Resource,
    code: str,
    name: str,
    unit: ChargeUnit,
    rows: Sequence[Row],
    supplements: Iterable[tuple[SupplementKind, Decimal]] = (),
    currency: str = "CNY",
    commission_percent: Decimal = Decimal(0),
    tax_percent: Decimal = Decimal(0),
    sleeps: int = 0,
) -> Sku:
    """Give a resource's SKU the rates of a contract; rates the contract had before are replaced.

    BadInput for a row that ends before it starts, or an amount below zero, with nothing changed.
    """
    for row in rows:
        if row.ends_on < row.starts_on or row.amount < 0 or row.pax[1] < row.pax[0]:
            where = {"rows": row.starts_on.isoformat()}
            raise BadInput(_("A rate ends before it starts, or costs less than nothing."), where)
    sku, _new = Sku.objects.update_or_create(
        resource=resource, code=code, defaults={"name": name, "sleeps": sleeps, "is_active": True}
    )
    basis = PriceBasis.GROSS if commission_percent else PriceBasis.NET
    terms = {"currency": currency, "basis": basis, "commission_percent": commission_percent, "tax_percent": tax_percent}
    plan, _new = RatePlan.objects.update_or_create(sku=sku, name=name, defaults={**terms, "is_active": True})
    plan.rows.all().delete()
    plan.supplements.all().delete()
    RateRow.objects.bulk_create(_row(plan, unit, row) for row in rows)
    kinds = enumerate(supplements)
    Supplement.objects.bulk_create(Supplement(plan=plan, kind=kind, amount=amount, position=at) for at, (kind, amount) in kinds)
    return sku


def _row(plan: RatePlan, unit: ChargeUnit, row: Row) -> RateRow:
    ages = row.ages or (None, None)
    return RateRow(
        plan=plan, starts_on=row.starts_on, ends_on=row.ends_on, weekdays=list(row.weekdays), charge_unit=unit,
        pax_from=row.pax[0], pax_to=row.pax[1], age_from=ages[0], age_to=ages[1], seats=row.seats, amount=row.amount,
    )  # fmt: skip


@transaction.atomic
def set_inventory(
    *,
    sku: Sku,
    first: dt.date,
    last: dt.date,
    state: StockState,
    allotment: int = 0,
    release_days: int = 0,
    weekdays: Iterable[int] = ALL_WEEKDAYS,
) -> int:
    """Set what can be had of a SKU on every matching day; the number of days. What is sold stays sold: Refused (below_sold)
    when an allotment would fall below it."""
    days = list(days_of(first, last, weekdays))
    if state == StockState.AVAILABLE and DayInventory.objects.filter(sku=sku, day__in=days, sold__gt=allotment).exists():
        raise Refused(_("More is sold already on one of these days."), "below_sold")
    rows = [DayInventory(sku=sku, day=day, state=state, allotment=allotment, release_days=release_days) for day in days]
    fields = ["state", "allotment", "release_days"]
    DayInventory.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sku", "day"], update_fields=fields)
    return len(rows)


_TAKE = """
UPDATE catalog_dayinventory SET sold = sold + %(pieces)s
WHERE sku_id = %(sku)s AND day = ANY(%(days)s::date[])
    AND (state = 'freesale' OR (state = 'available' AND allotment - sold >= %(pieces)s))
"""


@transaction.atomic
def take_allotment(*, sku_id: int, days: Sequence[dt.date], pieces: int) -> None:
    """Take pieces of every day or of none. Refused (no_allotment) when a day has not enough."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"sku": sku_id, "days": list(days), "pieces": pieces})
        if cursor.rowcount != len(set(days)):
            raise Refused(_("Not enough is left on one of these days."), "no_allotment")


def give_back_allotment(*, sku_id: int, days: Sequence[dt.date], pieces: int) -> None:
    """Return what was taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_dayinventory SET sold = greatest(sold - %s, 0) WHERE sku_id = %s AND day = ANY(%s::date[])",
            [pieces, sku_id, list(days)],
        )
