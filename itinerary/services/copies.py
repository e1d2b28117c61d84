"""Copies of itineraries: for other dates, as templates, from templates; and what another date does to the price."""

import dataclasses
import datetime as dt
from decimal import Decimal

from django.db import transaction

from core.money import ZERO
from customers.models import Customer
from itinerary.models import Itinerary
from itinerary.services.editing import clone_itinerary
from itinerary.services.quoting import quote_itinerary
from staff.models import User


@dataclasses.dataclass(frozen=True)
class Changed:
    """One thing whose cost is another: `before` or `after` is None where it has no price there."""

    name: str
    before: Decimal | None
    after: Decimal | None


@dataclasses.dataclass(frozen=True)
class Repriced:
    """Two itineraries' prices: totals (None where one cannot be priced) and the lines that differ."""

    source: Itinerary
    before: Decimal | None
    after: Decimal | None
    lines: list[Changed]

    @property
    def difference(self) -> Decimal:
        """By how much the copy is dearer."""
        return (self.after or ZERO) - (self.before or ZERO)


def repriced(source: Itinerary, copy: Itinerary) -> Repriced:
    """What the copy costs against its source, both by today's rates for their dates."""
    ones, others = quote_itinerary(source), quote_itinerary(copy)
    before = {(index, one.line.label): one.total for index, one in enumerate(ones.sheet.lines)} if ones.sheet else {}
    after = {(index, one.line.label): one.total for index, one in enumerate(others.sheet.lines)} if others.sheet else {}
    lines = [
        Changed(key[1], before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
    return Repriced(source, ones.sheet.revenue if ones.sheet else None, others.sheet.revenue if others.sheet else None, lines)


@transaction.atomic
def save_template(*, source: Itinerary, title: str, user: User) -> Itinerary:
    """Keep the plan as a template: its days and blocks, nobody's name, no dates that matter."""
    fresh = clone_itinerary(source=source, starts_on=source.starts_on, user=user)
    fresh.is_template, fresh.title = True, title.strip()[:80] or source.title
    fresh.save(update_fields=["is_template", "title"])
    return fresh


@transaction.atomic
def start_from_template(
    *, template: Itinerary, starts_on: dt.date, user: User, customer: Customer | None = None, adults: int | None = None
) -> Itinerary:
    """A trip with a template's days on other dates, priced by the rates of those."""
    fresh = clone_itinerary(source=template, starts_on=starts_on, user=user, customer=customer)
    if adults:
        fresh.adults = adults
        fresh.save(update_fields=["adults"])
    return fresh
