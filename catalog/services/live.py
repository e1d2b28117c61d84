"""A supplier's own system: its list comes in as a feed like any file, its days as inventory and rates.

Whatever goes wrong there, the last good state stays here, and the offer says what the trouble is.
"""

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.choices import ChargeUnit, FeedRunState, PriceBasis, ResourceKind, StockState, SupplementKind
from catalog.models import DayInventory, LiveOffer, RatePlan, RateRow, Resource, Sku, Supplement, Supplier
from catalog.rules import is_price_jump
from catalog.services.feeds import read_feed, upload_feed
from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from gateways.errors import GatewayError
from gateways.octo import Day, Option, Product, octo
from staff.models import User
from staff.services import write_audit

AHEAD_DAYS = 60
PLAN = "OCTO"
PRICE_JUMP = "price_jump"
_STATES = {
    "AVAILABLE": StockState.AVAILABLE, "LIMITED": StockState.AVAILABLE, "FREESALE": StockState.FREESALE,
    "SOLD_OUT": StockState.SOLD_OUT, "CLOSED": StockState.CLOSED,
}  # fmt: skip
UNCOUNTED = 999


@job(Lane.BULK, coalesce=True)
def sync_live_suppliers() -> None:
    """Every few hours: read the list and the days of every supplier that sells through its own system."""
    for pk in Supplier.objects.filter(is_live=True, is_active=True).values_list("pk", flat=True):
        enqueue(sync_live_supplier, key=str(pk), supplier_id=pk)


@job(Lane.BULK, coalesce=True)
def sync_live_supplier(supplier_id: int) -> None:
    """Read the supplier's list through the ordinary feed (quarantine and all), then each offer's days. Safe to run twice."""
    supplier = Supplier.objects.get(pk=supplier_id)
    products = octo().products()
    run = upload_feed(
        supplier=supplier, filename="octo-products.json", content=feed_of(products), user=None, kind=ResourceKind.ATTRACTION
    )
    if run.state == FeedRunState.UPLOADED:
        read_feed(run.pk)
    for sku_id in connect_offers(supplier, products):
        enqueue(refresh_live_days, key=str(sku_id), sku_id=sku_id)


def feed_of(products: Iterable[Product]) -> bytes:
    """The supplier's list as the file it would have sent: a row a product, in the order of its ids."""
    rows = [
        {
            "编号": one.id, "名称": one.name, "地址": one.address, "价格": _lowest(one), "币种": one.currency, "描述": one.text,
            "纬度": str(one.place[0]) if one.place else "", "经度": str(one.place[1]) if one.place else "",
        }
        for one in sorted(products, key=lambda product: product.id)
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False).encode()


def _lowest(product: Product) -> str:
    prices = [price for option in product.options if (price := _adult_net(option)) is not None]
    return str(min(prices)) if prices else ""


def _adult_net(option: Option) -> Decimal | None:
    prices = [unit.price.net for unit in option.units if unit.price is not None and unit.type in {"ADULT", "TRAVELLER", ""}]
    return prices[0] if prices else next((unit.price.net for unit in option.units if unit.price is not None), None)


@transaction.atomic
def connect_offers(supplier: Supplier, products: Iterable[Product]) -> list[int]:
    """Give every resource the list brought its purchasable units; their ids. Options that are gone rest."""
    known = {one.external_id: one for one in Resource.objects.filter(supplier=supplier, gone_at__isnull=True)}
    skus: list[int] = []
    for product in products:
        resource = known.get(product.id)
        for option in product.options if resource is not None else ():
            sku, _new = Sku.objects.update_or_create(
                resource=resource, code=option.id[:60], defaults={"name": option.name, "is_active": True}
            )
            units = [
                {"id": one.id, "type": one.type, "name": one.name, "age_from": one.age_from, "age_to": one.age_to}
                for one in option.units
            ]
            ids = {"product_id": product.id, "option_id": option.id, "units": units}
            LiveOffer.objects.update_or_create(sku=sku, defaults=ids)
            skus.append(sku.pk)
    Sku.objects.filter(live__isnull=False, resource__supplier=supplier).exclude(pk__in=skus).update(is_active=False)
    return skus


@job(Lane.BULK, coalesce=True)
def refresh_live_days(sku_id: int, take_jump: bool = False) -> None:
    """Read the coming days of one offer: its stock and its prices. The last good days stay when the supplier does not answer,
    or when prices jumped fivefold and nobody said they are right (`take_jump`)."""
    offer = LiveOffer.objects.select_related("sku").get(sku_id=sku_id)
    today = clock.today()
    try:
        days = octo().calendar(offer.product_id, offer.option_id, today, today + dt.timedelta(days=AHEAD_DAYS))
    except GatewayError as error:
        LiveOffer.objects.filter(pk=offer.pk).update(trouble=error.errcode[:40])
        if error.retryable:
            raise
        return
    adult = next((unit["id"] for unit in offer.units if unit["type"] in {"ADULT", "TRAVELLER", ""}), None)
    adult = adult or (offer.units[0]["id"] if offer.units else "")
    with transaction.atomic():
        offer = LiveOffer.objects.select_for_update(of=("self",)).select_related("sku").get(pk=offer.pk)
        trouble = PRICE_JUMP if not take_jump and _jumped(offer.sku, days, adult) else ""
        if not trouble:
            _write_stock(offer.sku, days)
            _write_rates(offer, days, adult)
        LiveOffer.objects.filter(pk=offer.pk).update(trouble=trouble, checked_at=clock.now())


def _jumped(sku: Sku, days: Sequence[Day], unit: str) -> bool:
    old = {row.starts_on: row for row in RateRow.objects.filter(plan__sku=sku, plan__name=PLAN, age_from__isnull=True)}
    before = [row.amount for row in old.values()]
    after = [day.prices[unit].net for day in days if unit in day.prices]
    if not before or not after:
        return False
    return is_price_jump(sorted(before)[len(before) // 2], sorted(after)[len(after) // 2])


def _write_stock(sku: Sku, days: Sequence[Day]) -> None:
    sold = dict(DayInventory.objects.filter(sku=sku).values_list("day", "sold"))
    rows = [
        DayInventory(
            sku=sku, day=one.day, state=_STATES[one.status], sold=sold.get(one.day, 0),
            allotment=sold.get(one.day, 0) + (UNCOUNTED if one.vacancies is None else min(one.vacancies, 100_000)),
        )
        for one in days
    ]  # fmt: skip
    fields = ["state", "allotment"]
    DayInventory.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sku", "day"], update_fields=fields)


def _write_rates(offer: LiveOffer, days: Sequence[Day], adult: str) -> None:
    priced = [day for day in days if adult in day.prices]
    if not priced:
        return
    first = priced[0].prices[adult]
    terms = {"currency": first.currency, "basis": PriceBasis.NET, "is_active": True}
    plan, _new = RatePlan.objects.update_or_create(sku=offer.sku, name=PLAN, defaults=terms)
    plan.rows.all().delete()
    RateRow.objects.bulk_create(
        RateRow(plan=plan, starts_on=start, ends_on=end, charge_unit=ChargeUnit.PERSON, amount=amount)
        for start, end, amount in _runs([(day.day, day.prices[adult].net) for day in priced])
    )
    plan.supplements.all().delete()
    Supplement.objects.bulk_create(_children(plan, offer, priced, adult))


def _runs(priced: Iterable[tuple[dt.date, Decimal]]) -> Iterable[tuple[dt.date, dt.date, Decimal]]:
    """Neighbouring days of one price as one row: (first, last, amount)."""
    numbered = [(day - dt.timedelta(days=at), amount, day) for at, (day, amount) in enumerate(sorted(priced))]
    for _key, group in itertools.groupby(numbered, key=lambda one: one[:2]):
        days = list(group)
        yield days[0][2], days[-1][2], days[0][1]


def _children(plan: RatePlan, offer: LiveOffer, priced: Sequence[Day], adult: str) -> list[Supplement]:
    """Other units as a share of the adult's price, in percent of the first priced day."""
    whole = priced[0].prices[adult].net
    found: list[Supplement] = []
    for unit in offer.units:
        price = priced[0].prices.get(unit["id"])
        if unit["id"] == adult or unit["type"] not in {"CHILD", "YOUTH", "INFANT"} or price is None or not whole:
            continue
        percent = (100 * price.net / whole).quantize(Decimal("0.01"))
        ages = {"age_from": unit["age_from"], "age_to": unit["age_to"]}
        found.append(Supplement(plan=plan, kind=SupplementKind.CHILD, percent=percent, position=len(found), **ages))
    return found


def take_jump(*, sku_id: int, user: User) -> None:
    """A person says the prices that jumped are right. Refused when none wait."""
    offer = LiveOffer.objects.select_related("sku").filter(sku_id=sku_id, trouble=PRICE_JUMP).first()
    if offer is None:
        raise Refused(_("Nothing is waiting for approval here."), "nothing_waits")
    with transaction.atomic():
        write_audit(user, "live.jump_taken", offer.sku)
        enqueue(refresh_live_days, key=f"{sku_id}:jump", sku_id=sku_id, take_jump=True)


def live_state(trouble: str) -> Any:
    """A trouble in words; the bare word for one we do not know."""
    if trouble == PRICE_JUMP:
        return _("Prices jumped fivefold and were held back")
    return GatewayError("octo", "", trouble).user_text if trouble else ""
