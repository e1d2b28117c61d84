"""The suppliers' contracts, stock and terms, rates of exchange, offers that two suppliers share, and the content library."""

import datetime as dt
import json
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from catalog.choices import ChargeUnit, ContentKind, PriceBasis, ResourceKind, StockState, SupplementKind
from catalog.models import (
    CancellationTier,
    ContentItem,
    DayInventory,
    Destination,
    ExchangeRate,
    RatePlan,
    RateRow,
    Resource,
    Sku,
    Supplement,
    Supplier,
)
from catalog.services.matching import match_resources
from staff.models import User

STOCK_DAYS = 90
LIBRARY = Path(__file__).parents[1] / "data" / "library.json"
# What suppliers keep of a cancelled booking: (days from, days to, percent).
TIERS = {
    "huizhou-stays": ((6, 4, 20), (3, 1, 40), (0, 0, 60)),
    "dianxi-ground": ((14, 8, 10), (7, 4, 30), (3, 1, 60), (0, 0, 100)),
    "yelin-supply": ((30, 15, 20), (14, 8, 50), (7, 0, 100)),
    "tianshan-travel": ((10, 4, 20), (3, 0, 80)),
}
TERMS: dict[str, dict[str, Any]] = {
    "huizhou-stays": {"pay_days_before": 15},
    "dianxi-ground": {"pay_days_before": -30},
    "yelin-supply": {"basis": PriceBasis.GROSS, "commission_percent": Decimal(12), "pay_days_before": 30, "is_live": True},
    "tianshan-travel": {"pay_days_before": 7},
}
# The same house in a second supplier's list, as that office writes it: (supplier, whose, name, price in percent, away).
TWINS = (
    ("yelin-supply", "YN-H01", "实力希尔顿酒店（大理）", 104, 0.0002),
    ("yelin-supply", "YN-H02", "英迪格酒店(大理古城店)", 97, 0.0001),
    ("yelin-supply", "YN-H04", "大理海街日出假日酒店", 103, 0.0003),
    ("yelin-supply", "YN-H05", "亚朵酒店(大理古城店)", 101, 0.0002),
    ("yelin-supply", "YN-H06", "全季酒店(大理古城店)", 98, 0.0001),
    ("yelin-supply", "YN-H08", "汉庭酒店(大理古城洱海门店)", 106, 0.0003),
    ("yelin-supply", "YN-H09", "丽江悦榕庄", 99, 0.0002),
    ("yelin-supply", "YN-H10", "和府洲际度假酒店", 105, 0.0009),
    ("yelin-supply", "YN-H12", "丽江束河亚朵酒店", 92, 0.0006),
    ("yelin-supply", "YN-H14", "全季酒店(丽江古城北门店)", 102, 0.0001),
    ("dianxi-ground", "SY-H03", "海棠湾威斯汀度假酒店", 103, 0.0002),
    ("dianxi-ground", "SY-H05", "三亚瑞吉度假酒店", 96, 0.0012),
    ("dianxi-ground", "SY-H08", "三亚湾海居铂尔曼", 104, 0.0004),
    ("dianxi-ground", "SY-H14", "如家酒店(三亚火车站二店)", 108, 0.0005),
)
RATES = (("USD", "7.1180", 3), ("JPY", "0.0472", 4), ("THB", "0.2085", 3), ("EUR", "7.7350", 3))
PICTURES = (
    ("yunnan", "苍山洱海", 210),
    ("sanya", "海棠湾的早晨", 190),
    ("yili", "六月草原", 110),
    ("huangshan", "云海松影", 230),
)


def load_contracts(today: dt.date, user: User) -> dict[str, int]:
    """Everything a buyer has agreed with the four suppliers, as of today; how many of what."""
    suppliers = {one.code: one for one in Supplier.objects.all()}
    _terms(suppliers)
    Resource.objects.bulk_create(_twins(suppliers))
    skus = list(_skus())
    Sku.objects.bulk_create(sku for sku, _record in skus)
    plans = [_plan(sku) for sku, _record in skus]
    RatePlan.objects.bulk_create(plans)
    RateRow.objects.bulk_create(
        row for plan, (_sku, low_high) in zip(plans, skus, strict=True) for row in _rows(plan, low_high, today)
    )
    Supplement.objects.bulk_create(one for plan in plans for one in _supplements(plan))
    DayInventory.objects.bulk_create(_stock([sku for sku, _record in skus], today), batch_size=5000)
    ExchangeRate.objects.bulk_create(_exchange(today))
    items = ContentItem.objects.bulk_create(_content(user))
    match_resources(ResourceKind.HOTEL)
    return {"contracts": len(plans), "contents": len(items)}


def _terms(suppliers: dict[str, Supplier]) -> None:
    for code, values in TERMS.items():
        Supplier.objects.filter(pk=suppliers[code].pk).update(**values)
    CancellationTier.objects.bulk_create(
        CancellationTier(supplier=suppliers[code], days_from=first, days_to=last, percent=percent)
        for code, tiers in TIERS.items()
        for first, last, percent in tiers
    )


def _twins(suppliers: dict[str, Supplier]) -> Iterator[Resource]:
    known = {one.external_id: one for one in Resource.objects.filter(external_id__in=[twin[1] for twin in TWINS])}
    for code, whose, name, percent, away in TWINS:
        one = known[whose]
        yield Resource(
            supplier=suppliers[code], external_id=f"{code[:2].upper()}-{whose}", kind=one.kind, destination_id=one.destination_id,
            name=name, city=one.city, latitude=one.latitude and one.latitude + away, longitude=one.longitude,
            price_amount=((one.price_amount or Decimal(0)) * percent / 100).quantize(Decimal(1)),
            attributes={"stars": one.attributes.get("stars"), "rooms": one.attributes.get("rooms", [])},
        )  # fmt: skip


def _skus() -> Iterator[tuple[Sku, tuple[int, int]]]:
    """Rooms of hotels, tickets that cost something, cars by their size; with the low and the high season's price."""
    for resource in Resource.objects.exclude(kind=ResourceKind.RESTAURANT).order_by("id"):
        if resource.kind == ResourceKind.HOTEL:
            for number, room in enumerate(resource.attributes.get("rooms", []), start=1):
                sku = Sku(resource=resource, code=f"R{number}", name=room["name"], sleeps=room["sleeps"])
                yield sku, (room["low"], room["high"])
        elif resource.kind == ResourceKind.ATTRACTION and resource.price_amount:
            price = int(resource.price_amount)
            yield Sku(resource=resource, code="ADT", name="成人票"), (price, price)
        elif resource.kind == ResourceKind.TRANSPORT and (seats := _seats(resource)):
            prices = (int(resource.attributes["low"]), int(resource.attributes["high"]))
            yield Sku(resource=resource, code=f"V{seats}", name=f"{seats}座商务车", seats=seats), prices


def _seats(resource: Resource) -> int:
    """A hired car's seats; 0 for what runs by a timetable."""
    found = re.match(r"(\d+)座", str(resource.attributes.get("note", "")))
    return int(found[1]) if found and resource.attributes.get("mode") == "car" else 0


def _plan(sku: Sku) -> RatePlan:
    return RatePlan(sku=sku, name="年度散客合同", currency="CNY", basis=PriceBasis.NET)


def _rows(plan: RatePlan, prices: tuple[int, int], today: dt.date) -> Iterator[RateRow]:
    """This year and the next: holidays and August at the high price, weekends between, the rest low."""
    low, high = (Decimal(price) for price in prices)
    unit = ChargeUnit.ROOM_NIGHT if plan.sku.sleeps else ChargeUnit.VEHICLE_DAY if plan.sku.seats else ChargeUnit.PERSON
    for year in (today.year, today.year + 1):
        for first, last, is_high in _seasons(year):
            if low == high or is_high:
                yield _row(plan, unit, (first, last), high if is_high else low)
                continue
            yield _row(plan, unit, (first, last), low, (1, 2, 3, 4, 7))
            yield _row(plan, unit, (first, last), (low + (high - low) * 2 / 5).quantize(Decimal(1)), (5, 6))


def _row(
    plan: RatePlan, unit: ChargeUnit, days: tuple[dt.date, dt.date], amount: Decimal, weekdays: Sequence[int] = ()
) -> RateRow:
    seats = plan.sku.seats
    return RateRow(
        plan=plan, starts_on=days[0], ends_on=days[1], weekdays=list(weekdays), charge_unit=unit, seats=seats, amount=amount
    )


def _seasons(year: int) -> Iterator[tuple[dt.date, dt.date, bool]]:
    edges = (
        (1, 1, False),
        (2, 1, True),
        (2, 21, False),
        (5, 1, True),
        (5, 6, False),
        (7, 10, True),
        (8, 26, False),
        (10, 1, True),
        (10, 8, False),
    )
    starts = [(dt.date(year, month, day), is_high) for month, day, is_high in edges]
    ends = [start - dt.timedelta(days=1) for start, _high in starts[1:]] + [dt.date(year, 12, 31)]
    return ((start, end, is_high) for (start, is_high), end in zip(starts, ends, strict=True))


def _supplements(plan: RatePlan) -> Iterator[Supplement]:
    if plan.sku.sleeps:
        yield Supplement(plan=plan, kind=SupplementKind.EXTRA_BED, position=0, amount=Decimal(150))
        yield Supplement(plan=plan, kind=SupplementKind.CHILD_NO_BED, position=1, amount=Decimal(60))
    elif not plan.sku.seats:
        yield Supplement(plan=plan, kind=SupplementKind.CHILD, position=0, age_from=0, age_to=5, percent=Decimal(0))
        yield Supplement(plan=plan, kind=SupplementKind.CHILD, position=1, age_from=6, age_to=17, percent=Decimal(50))


def _stock(skus: Sequence[Sku], today: dt.date) -> Iterator[DayInventory]:
    """Ninety days of rooms: mostly an allotment, fuller at weekends, some days asked for, some stopped."""
    for number, sku in enumerate(one for one in skus if one.sleeps):
        allotment = 4 + number % 7
        for ahead in range(STOCK_DAYS):
            day = today + dt.timedelta(days=ahead)
            dice = (number * 31 + day.toordinal() * 17) % 23
            busy = 2 if day.isoweekday() in {5, 6} else 0
            state = StockState.CLOSED if dice == 0 else StockState.ON_REQUEST if dice == 1 else StockState.AVAILABLE
            sold = min(allotment, dice * allotment // 23 + busy) if state == StockState.AVAILABLE else 0
            yield DayInventory(sku=sku, day=day, state=state, allotment=allotment, sold=sold, release_days=3 + number % 5)


def _exchange(today: dt.date) -> Iterator[ExchangeRate]:
    for at, (currency, rate, buffer) in enumerate(RATES):
        for back in range(0, 28, 3):
            wave = Decimal((at * 5 + back * 7) % 11 - 5) / 1000
            value = (Decimal(rate) * (1 + wave)).quantize(Decimal("0.0001"))
            yield ExchangeRate(currency=currency, day=today - dt.timedelta(days=back + 1), rate=value, buffer_percent=buffer)


def _content(user: User) -> Iterator[ContentItem]:
    places = dict(Destination.objects.values_list("code", "pk"))
    for told in json.loads(LIBRARY.read_text(encoding="utf-8")):
        place = places.get(told.pop("destination") or "")
        yield ContentItem(**told, destination_id=place, credit="本社定制师撰写", created_by=user)
    for code, title, hue in PICTURES:
        picture = _landscape(hue)
        yield ContentItem(
            kind=ContentKind.PICTURE, title=title, tags=["风光"], destination_id=places.get(code), credit="示例插画（程序绘制）",
            created_by=user, picture=picture, media_type="image/png", width=480, height=320,
        )  # fmt: skip


def _landscape(hue: int) -> bytes:
    """A drawn landscape of three ridges under a sky, 480 by 320, as a PNG."""
    width, height = 480, 320
    rows, columns = np.mgrid[0:height, 0:width].astype(float)
    sky = np.stack([235 - rows * 0.12, 240 - rows * 0.05 - hue * 0.08, 245 - rows * 0.02], axis=-1)
    for ridge in range(3):
        edge = (
            height * (0.45 + 0.16 * ridge)
            + 26 * np.sin(columns / (54 + 20 * ridge) + hue + ridge)
            + 9 * np.sin(columns / 17 + hue)
        )
        tint = np.array([140 - 38 * ridge, 165 - 30 * ridge + (hue % 40) / 4, 175 - 45 * ridge + hue % 23])
        sky = np.where((rows > edge)[..., None], tint, sky)
    pixels = np.clip(sky, 0, 255).astype(np.uint8)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, width * 3)], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
