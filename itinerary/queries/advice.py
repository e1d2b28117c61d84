"""What a person should look at although nothing forbids selling it: budget, pace, margin, exchange rates, too low a price."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from catalog.queries.rates import exchange_rates
from core import clock
from itinerary.checks.verify import Issue, issue
from itinerary.choices import BlockKind
from itinerary.models import Day, Itinerary
from itinerary.planner.catalogue import Code
from itinerary.pricing.sheet import Sheet

MARGIN_FLOOR = Decimal(8)  # percent
RATE_AGE = dt.timedelta(days=7)
EASY_SIGHTS = 3


def advice_of(
    itinerary: Itinerary, days: Sequence[Day], sheet: Sheet | None, exchange: Mapping[str, Mapping[str, str]]
) -> list[Issue]:
    """Issues of the whole (day 0) and of its days. One query where another currency is used."""
    wishes = itinerary.planning.get("wishes", {})
    return [*_pace(days, wishes), *_money(itinerary, sheet, wishes), *_rates(sheet, exchange)]


def _pace(days: Sequence[Day], wishes: Mapping[str, object]) -> Iterator[Issue]:
    if wishes.get("pace") != "轻松":
        return
    sights = Counter(day.number for day in days for block in day.blocks.all() if block.kind == BlockKind.SIGHT)
    for day, count in sights.items():
        if count > EASY_SIGHTS:
            yield issue(Code.PACE, day, sights=count)


def _money(itinerary: Itinerary, sheet: Sheet | None, wishes: Mapping[str, object]) -> Iterator[Issue]:
    if sheet is None or not sheet.revenue:
        return
    people = itinerary.adults + len(itinerary.child_ages)
    budget = Decimal(str(wishes.get("budget_amount") or 0)) * (people if wishes.get("budget_per_person") else 1)
    if 0 < budget < sheet.revenue:
        yield issue(Code.BUDGET, 0, total=sheet.revenue, budget=budget)
    if sheet.margin < 0:
        yield issue(Code.LEGAL, 0)
    elif sheet.margin_percent < MARGIN_FLOOR:
        yield issue(Code.MARGIN, 0, margin=sheet.margin_percent, floor=MARGIN_FLOOR)


def _rates(sheet: Sheet | None, exchange: Mapping[str, Mapping[str, str]]) -> Iterator[Issue]:
    used = {one.line.currency for one in sheet.lines} & set(exchange) if sheet else set()
    if not used:
        return
    for code, row in exchange_rates(clock.today()).items():
        age = clock.today() - row.day
        if code in used and age > RATE_AGE:
            yield issue(Code.FX_AGE, 0, currency=code, days=age.days)
