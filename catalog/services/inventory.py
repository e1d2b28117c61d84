"""Contract rates and date inventory: written here only."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from catalog.choices import ChargeUnit, PriceBasis, StockState, SupplementKind
from catalog.models import DayInventory, RatePlan, RateRow, Resource, Sku, Supplement
from catalog.rules import ALL_WEEKDAYS, LONGEST_EDIT_DAYS, Season, days_of, first_overlap
from core.errors import BadInput, Refused
from staff.models import User
from staff.services import write_audit


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


@dataclasses.dataclass(frozen=True)
class Charge:
    """What a contract charges besides: an amount, or a percentage of the adult's; ages for a child's."""

    kind: SupplementKind
    amount: Decimal | None = None
    percent: Decimal | None = None
    ages: tuple[int | None, int | None] = (None, None)


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
    seats: int = 0,
    plan_name: str = "",
    charges: Sequence[Charge] = (),
    user: User | None = None,
) -> Sku:
    """Give a resource's SKU the rates of a contract; rates the contract had before are replaced.

    `plan_name` names the contract where a SKU has several (the SKU's own name by default). `supplements` are the amounts of
    charges that are nothing else. BadInput for a row that ends before it starts, an amount below zero, or two rows that
    price the same day, with nothing changed.
    """
    for row in rows:
        if row.ends_on < row.starts_on or row.amount < 0 or row.pax[1] < row.pax[0]:
            where = {"rows": row.starts_on.isoformat()}
            raise BadInput(_("A rate ends before it starts, or costs less than nothing."), where)
    _check_overlap(rows)
    sku, _new = Sku.objects.update_or_create(
        resource=resource, code=code, defaults={"name": name, "sleeps": sleeps, "seats": seats, "is_active": True}
    )
    basis = PriceBasis.GROSS if commission_percent else PriceBasis.NET
    terms = {"currency": currency, "basis": basis, "commission_percent": commission_percent, "tax_percent": tax_percent}
    plan, _new = RatePlan.objects.update_or_create(sku=sku, name=plan_name or name, defaults={**terms, "is_active": True})
    plan.rows.all().delete()
    plan.supplements.all().delete()
    RateRow.objects.bulk_create(_row(plan, unit, row) for row in rows)
    asked = [*(Charge(kind, amount) for kind, amount in supplements), *charges]
    Supplement.objects.bulk_create(_supplement(plan, charge, at) for at, charge in enumerate(asked))
    if user is not None:
        write_audit(user, "contract.saved", sku, {"plan": plan.name, "rows": len(rows), "charges": len(asked)})
    return sku


def _check_overlap(rows: Sequence[Row]) -> None:
    seasons = [Season(row.starts_on, row.ends_on, row.weekdays, row.pax, row.ages, row.seats) for row in rows]
    found = first_overlap(seasons)
    if found is not None:
        text = _("Rows %(one)s and %(other)s price the same day for the same people.") % {
            "one": found[0] + 1,
            "other": found[1] + 1,
        }
        raise BadInput(text, {"rows": text})


def _supplement(plan: RatePlan, charge: Charge, at: int) -> Supplement:
    if (charge.amount is None) == (charge.percent is None):
        raise BadInput(_("A supplement is an amount or a percentage."), {"charges": _("an amount or a percentage")})
    return Supplement(
        plan=plan, kind=charge.kind, amount=charge.amount, percent=charge.percent, position=at, age_from=charge.ages[0],
        age_to=charge.ages[1],
    )  # fmt: skip


@transaction.atomic
def rest_plan(*, plan_id: int, user: User) -> RatePlan:
    """Stop quoting from a contract, or start again; quotes made already keep their prices."""
    plan = RatePlan.objects.select_for_update(of=("self",)).select_related("sku").get(pk=plan_id)
    plan.is_active = not plan.is_active
    plan.save(update_fields=["is_active"])
    write_audit(user, "contract.resumed" if plan.is_active else "contract.rested", plan.sku, {"plan": plan.name})
    return plan


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
    if last < first or (last - first).days >= LONGEST_EDIT_DAYS:
        raise BadInput(_("Choose at most one year, the last day not before the first."), {"last": _("not before the first day")})
    days = list(days_of(first, last, weekdays))
    if state == StockState.AVAILABLE and DayInventory.objects.filter(sku=sku, day__in=days, sold__gt=allotment).exists():
        raise Refused(_("More is sold already on one of these days."), "below_sold")
    rows = [DayInventory(sku=sku, day=day, state=state, allotment=allotment, release_days=release_days) for day in days]
    fields = ["state", "allotment", "release_days"]
    DayInventory.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sku", "day"], update_fields=fields)
    return len(rows)


@transaction.atomic
def edit_stock(
    *, skus: Sequence[Sku], first: dt.date, last: dt.date, state: StockState, allotment: int, release_days: int,
    weekdays: Iterable[int], user: User,
) -> int:  # fmt: skip
    """Set the stock of several SKUs on every matching day, or of none; the number of days changed in all."""
    wanted = frozenset(weekdays)
    changed = sum(
        set_inventory(
            sku=sku, first=first, last=last, state=state, allotment=allotment, release_days=release_days, weekdays=wanted
        )
        for sku in skus
    )  # fmt: skip
    if not changed:
        raise BadInput(_("No day in this range falls on these weekdays."), {"weekdays": _("no such day")})
    detail = {"from": first.isoformat(), "to": last.isoformat(), "state": state.value, "allotment": allotment, "days": changed}
    for sku in skus:
        write_audit(user, "stock.edited", sku, detail)
    return changed


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
