"""An itinerary's working version as one document, as its checks' stops, and as cost lines."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch

from catalog.choices import ChargeUnit
from catalog.models import Resource
from catalog.queries.rates import Rate, contract_rates, exchange_rates, feed_rate, stock_of
from catalog.rules import Stock
from itinerary.checks.plan import Stop
from itinerary.checks.verify import Verdict, verify
from itinerary.choices import BlockKind
from itinerary.models import Block, Day, Itinerary, ItineraryVersion, PriceRule
from itinerary.pricing.errors import CannotPrice
from itinerary.pricing.lines import AgePrice, CostLine, PaxBand, RoomPrices, VehicleStep
from itinerary.pricing.party import Party, Role
from itinerary.pricing.rounding import Rates, Rounding, buffered_rate
from itinerary.pricing.sheet import Terms
from itinerary.pricing.uplifts import Additive, OfGross, PerGroup, PerHead, Receiver, Sequential, Uplift

PRICE_STEP = Decimal(1)
UPLIFTS: Mapping[str, type[Uplift]] = {
    "additive": Additive,
    "sequential": Sequential,
    "of_gross": OfGross,
    "per_head": PerHead,
    "per_group": PerGroup,
}
TRAVELLERS = frozenset({Role.PAYER, Role.FOC})
FREE = frozenset({BlockKind.NOTE})
# Minutes to be at the station before it leaves, and minutes between it and the city where nobody knows its coordinates.
AT_STATION = {"flight": (75, 50), "train": (30, 25), "bus": (20, 20)}


def working(itinerary: Itinerary) -> ItineraryVersion:
    """The newest version."""
    return itinerary.versions.order_by("-number")[0]


def days_of(version: ItineraryVersion) -> list[Day]:
    """Its days with their blocks. Three queries."""
    blocks = Block.objects.select_related("resource__supplier", "resource__destination", "sku").order_by("position", "id")
    return list(version.days.order_by("number").prefetch_related(Prefetch("blocks", blocks)))


def document(itinerary: Itinerary, days: Sequence[Day]) -> dict[str, Any]:
    """The document that `itinerary.edits` works on."""
    return {
        "trip": {
            "title": itinerary.title,
            "starts_on": itinerary.starts_on.isoformat(),
            "adults": itinerary.adults,
            "child_ages": list(itinerary.child_ages),
            "child_beds": itinerary.child_beds,
            "singles": itinerary.singles,
            "foc": itinerary.foc,
        },
        "days": [
            {"title": day.title, "note": day.note, "blocks": [block_data(block) for block in day.blocks.all()]} for day in days
        ],
    }


def block_data(block: Block) -> dict[str, Any]:
    """A block as JSON; amounts as text."""
    return {
        "key": str(block.key),
        "kind": block.kind,
        "name": block.name,
        "resource": block.resource_id,
        "sku": block.sku_id,
        "starts": block.starts,
        "ends": block.ends,
        "meal": block.meal,
        "quantity": block.quantity,
        "is_locked": block.is_locked,
        "is_optional": block.is_optional,
        "alternative": block.alternative,
        "note": block.note,
        "internal_note": block.internal_note,
        "charge_unit": block.charge_unit,
        "price_amount": None if block.price_amount is None else str(block.price_amount),
        "price_reason": block.price_reason,
    }


def party_of(itinerary: Itinerary) -> Party:
    """Who travels. Raises CannotPrice for a party that cannot be roomed."""
    return Party(
        itinerary.adults, tuple(itinerary.child_ages), itinerary.child_beds, itinerary.singles, itinerary.foc, guides=1, drivers=1
    )


# --- what it costs -------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Priced:
    """Blocks with their rates: `lines` for the pricer, `missing` keys without a rate, `sold_out` keys, `to_ask` on request."""

    lines: list[CostLine]
    missing: set[str]
    sold_out: set[str]
    to_ask: set[str]


def priced(itinerary: Itinerary, days: Sequence[Day], picks: Mapping[str, str] | None = None) -> Priced:
    """Every block's cost line on its date, without optional ones; of blocks offered for choice the one in `picks` (group ->
    key), else the first."""
    party = party_of(itinerary)
    found = Priced([], set(), set(), set())
    chosen = {**_first_choices(days), **(picks or {})}
    dated = [(block, itinerary.starts_on + dt.timedelta(days=day.number - 1)) for day in days for block in day.blocks.all()]
    wanted = {(block.sku_id, date) for block, date in dated if block.sku_id}
    rates, stocks = contract_rates(wanted, party.payers), stock_of(wanted, 1) if wanted else {}
    for block, date in dated:
        key = str(block.key)
        if block.sku_id and stocks[block.sku_id, date] != Stock.YES:
            (found.sold_out if stocks[block.sku_id, date] == Stock.NO else found.to_ask).add(key)
        if block.is_optional or block.kind in FREE or (block.alternative and chosen[block.alternative] != key):
            continue
        rate = rate_of(block, rates.get((block.sku_id, date)) if block.sku_id else None)
        if rate is None:
            found.missing.add(key)
        else:
            found.lines.append(line_of(block, rate))
    return found


def _first_choices(days: Sequence[Day]) -> dict[str, str]:
    """Group -> key of the first block of it."""
    found: dict[str, str] = {}
    for day in days:
        for block in day.blocks.all():
            if block.alternative and not block.is_optional:
                found.setdefault(block.alternative, str(block.key))
    return found


def rate_of(block: Block, contract: Rate | None) -> Rate | None:
    """An override by hand, else the contract, else the price of the supplier's feed."""
    if block.price_amount is not None:
        usual = ChargeUnit.ROOM_NIGHT if block.kind == BlockKind.HOTEL else ChargeUnit.PERSON
        return Rate(ChargeUnit(block.charge_unit or usual), block.price_amount, source="hand")
    if contract is not None:
        return contract
    return feed_rate(block.resource) if block.resource is not None and block.resource.gone_at is None else None


def line_of(block: Block, rate: Rate) -> CostLine:
    """A block as a cost line; guides and drivers are bought for the group."""
    steps = tuple(VehicleStep(seats, amount) for seats, amount in rate.steps)
    unit = rate.unit
    if unit == ChargeUnit.VEHICLE_DAY and not steps:
        steps = (VehicleStep(45, rate.amount),)
    return CostLine(
        key=str(block.key),
        label=block.name,
        unit=unit,
        amount=rate.amount,
        currency=rate.currency,
        quantity=block.quantity,
        applies_to=TRAVELLERS,
        steps=steps,
        bands=tuple(PaxBand(*band) for band in rate.bands),
        ages=tuple(AgePrice(one.age_from, one.age_to, one.percent, one.amount) for one in rate.ages),
        room=RoomPrices(rate.single_use, rate.extra_bed, rate.child_no_bed),
        commission_percent=rate.commission_percent,
        tax_percent=rate.tax_percent,
        group=block.kind,
    )


def terms_of(channel: str, day: dt.date) -> tuple[Terms, list[dict[str, str]], dict[str, dict[str, str]]]:
    """The price rules and rates of exchange that hold on a day, and both as the data a quote freezes.

    Rules are chosen by sales channel alone. No argument says who asks.
    """
    rules = [rule for rule in PriceRule.objects.filter(is_active=True) if rule.channel in {"", channel}]
    found = {
        code: (row.rate, row.buffer_percent, buffered_rate(row.rate, row.buffer_percent))
        for code, row in exchange_rates(day).items()
    }
    rates = Rates("CNY", {code: buffered for code, (_rate, _buffer, buffered) in found.items()})
    frozen_rules = [
        {
            "name": rule.name,
            "kind": rule.kind,
            "percent": str(rule.percent),
            "amount": str(rule.amount),
            "receiver": rule.receiver,
            "groups": ",".join(rule.groups),
        }
        for rule in rules
    ]
    frozen_rates = {
        code: {"rate": str(rate), "buffer": str(buffer), "used": str(used)} for code, (rate, buffer, used) in found.items()
    }
    return Terms(tuple(_uplift(rule) for rule in rules), Rounding(price_step=PRICE_STEP), rates), frozen_rules, frozen_rates


def _uplift(rule: PriceRule) -> Uplift:
    shared: dict[str, Any] = {"label": rule.name, "receiver": Receiver(rule.receiver), "groups": frozenset(rule.groups)}
    if rule.kind in {"per_head", "per_group"}:
        return UPLIFTS[rule.kind](**shared, amount=rule.amount)  # type: ignore[call-arg]
    return UPLIFTS[rule.kind](**shared, percent=rule.percent)  # type: ignore[call-arg]


# --- whether it is possible -----------------------------------------------------------------------------------


def verdict_of(itinerary: Itinerary, days: Sequence[Day], costs: Priced | None) -> Verdict:
    """Check the version."""
    stops = [stop_of(block, day.number, itinerary, costs) for day in days for block in counted(day.blocks.all())]
    return verify(stops, days=len(days), people=itinerary.adults + len(itinerary.child_ages))


def counted(blocks: Iterable[Block]) -> Iterator[Block]:
    """What a day consists of: no optional blocks, of alternatives the first."""
    chosen: set[str] = set()
    for block in blocks:
        if block.is_optional or (block.alternative and block.alternative in chosen):
            continue
        chosen.add(block.alternative or str(block.key))
        yield block


def stop_of(block: Block, day: int, itinerary: Itinerary, costs: Priced | None) -> Stop:
    """A block as the checks see it."""
    resource, key = block.resource, str(block.key)
    date = itinerary.starts_on + dt.timedelta(days=day - 1)
    kind = BlockKind(block.kind)
    return Stop(
        key,
        day,
        kind,
        block.starts,
        block.ends,
        block.name,
        latitude=resource.latitude if resource else None,
        longitude=resource.longitude if resource else None,
        city=resource.city if resource else "",
        hours=open_spans(resource, date) if resource else None,
        visit_min=30 if kind == BlockKind.SIGHT else 0,
        meal=block.meal,
        locked=block.is_locked,
        buffer=_buffer(resource) if kind == BlockKind.TRANSPORT and resource else 0,
        beds=_slept_in(itinerary, block.sku.sleeps) if block.sku else 0,
        rate_missing=costs is not None and key in costs.missing,
        sold_out=costs is not None and key in costs.sold_out,
    )


def _buffer(resource: Resource) -> int:
    before, away = AT_STATION.get(str(resource.attributes.get("mode")), (0, 0))
    return before if resource.latitude is not None else before + away


def _slept_in(itinerary: Itinerary, sleeps: int) -> int:
    """How many people the booked rooms sleep; extra beds that are paid for count, who shares a parent's bed needs none."""
    party = party_of(itinerary)
    sharing = len(party.child_ages) - party.child_beds
    return sleeps * rooms_of(itinerary) + party.rooms.extra_beds + sharing if sleeps else 0


def rooms_of(itinerary: Itinerary) -> int:
    """How many rooms the travellers take."""
    rooms = party_of(itinerary).rooms
    return rooms.twins + rooms.singles


def open_spans(resource: Resource, date: dt.date) -> tuple[tuple[int, int], ...] | None:
    """The resource's opening times on a date; None where its supplier does not say."""
    spans = resource.attributes.get("hours")
    if not isinstance(spans, list) or not spans:
        return None
    season = "冬冬春春春夏夏夏秋秋秋冬"[date.month - 1]
    holds = [s for s in spans if date.isoweekday() in s.get("days", []) and (not s.get("seasons") or season in s["seasons"])]
    return tuple((int(span["opens"]), int(span["closes"])) for span in holds)


def guarded(itinerary: Itinerary, days: Sequence[Day]) -> tuple[Priced | None, str]:
    """The costs, or why the party cannot be costed (a code of CannotPrice)."""
    try:
        return priced(itinerary, days), ""
    except CannotPrice as error:
        return None, error.code
