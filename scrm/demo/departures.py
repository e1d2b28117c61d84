"""On which days the packages leave and what they cost then: weekdays, seasons, public holidays."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any

import holidays

from scrm.demo import world

PAST_DAYS, COMING_DAYS = 180, 150


@dataclasses.dataclass(frozen=True)
class DepartureDay:
    """One date of a product with its prices in whole yuan and its seats."""

    product: str
    departs_on: dt.date
    adult: int
    child: int
    seats: int


@functools.cache
def _rules() -> dict[str, Any]:
    return dict(world.read("departures.json"))


def departure_days(today: dt.date, people: int = 2000) -> list[DepartureDay]:
    """Every departure from PAST_DAYS ago until COMING_DAYS ahead. `people` is how many customers want seats."""
    days = [today + dt.timedelta(days=offset) for offset in range(-PAST_DAYS, COMING_DAYS + 1)]
    surcharges = dict(holiday_surcharges(days[0].year, days[-1].year))
    scale = max(1, -(-people // 2000))
    return [day for product in world.products() for day in _of_product(product, days, surcharges, scale)]


def _of_product(
    product: world.Product, days: list[dt.date], surcharges: dict[dt.date, int], scale: int
) -> Iterator[DepartureDay]:
    rules, length = _rules(), _length(product)
    place = next(place for place in world.destinations() if place.code == product.destination)
    seats = product.max_people * rules["groups_per_date"][length] * scale
    for day in days:
        if day.isoweekday() not in rules["weekdays"][length] or day.month not in place.open_months:
            continue
        percent = _percent(product, day, surcharges.get(day, 0))
        yield DepartureDay(product.code, day, _price(product.adult, percent), _price(product.child, percent), min(seats, 30_000))


def _length(product: world.Product) -> str:
    rules = _rules()
    if product.days <= rules["short_days_up_to"]:
        return "short"
    return "long" if product.days >= rules["long_days_from"] else "middle"


def _percent(product: world.Product, day: dt.date, holiday: int) -> float:
    """The surcharge of a date in percent: the holiday's if there is one, else weekend and season together."""
    rules = _rules()
    if holiday:
        return float(holiday * rules["destination_holiday_factor"][product.destination])
    season = rules["season"]
    weekend = rules["weekend_surcharge_percent"][_length(product)] if day.isoweekday() == 6 else 0
    summer = season["summer_surcharge_percent"] if day.month in season["summer_months"] else 0
    low = season["low_discount_percent"] if day.month in season["low_months"] and product.destination != "sanya" else 0
    return float(weekend + summer - low)


def _price(usual: int, percent: float) -> int:
    """Rounded to ten yuan, as packages are priced."""
    return round(usual * (100 + percent) / 1000) * 10


def holiday_surcharges(first_year: int, last_year: int) -> Iterator[tuple[dt.date, int]]:
    """Surcharge in percent for every day around the public holidays; where two overlap the later named one counts."""
    calendar = holidays.country_holidays("CN", years=range(first_year, last_year + 1), language="zh_CN")
    for rule in _rules()["holidays"]:
        for day, name in sorted(calendar.items()):
            if rule["name"] in name and "休息日" not in name:
                around = range(-rule["days_before"], rule["days_after"] + 1)
                yield from ((day + dt.timedelta(days=offset), rule["surcharge_percent"]) for offset in around)
