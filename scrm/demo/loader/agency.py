"""The agency itself into the database: staff, policy, suppliers, resources, packages and their departures."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection

from catalog.choices import ResourceKind, SaleState
from catalog.feeds.hours import parse_hours
from catalog.models import Departure, Destination, Product, Resource, Supplier
from itinerary.choices import RuleKind
from itinerary.models import PriceRule
from scrm.demo import world
from scrm.demo.departures import DepartureDay
from scrm.demo.loader.tables import copy
from staff.models import AgencyPolicy, Department, User

_SUPPLIER_OF = {"yunnan": "dianxi-ground", "sanya": "yelin-supply", "yili": "tianshan-travel"}
_OTHER_SUPPLIER = "huizhou-stays"
ALL_DAYS = range(1, 8)


def load_staff() -> dict[str, User]:
    """Departments, members and the agency's policy; members by user name. All share one demo password."""
    agency = world.agency()
    head = Department.objects.create(name=agency.name)
    departments = {name: Department.objects.create(name=name, parent=head) for name in agency.departments}
    password = make_password(agency.password)
    for member in world.staff():
        User.objects.create(
            username=member.username, password=password, display_name=member.display_name, role=member.role,
            row_scope=member.row_scope, department=departments[member.department], wecom_userid=member.username,
            is_staff=member.superuser, is_superuser=member.superuser,
        )  # fmt: skip
    AgencyPolicy(agency_name=agency.name, licence_no=agency.licence_no, emergency_phone=agency.emergency_phone).save()
    return {user.username: user for user in User.objects.select_related("department")}


def load_catalog(days: list[DepartureDay]) -> dict[str, int]:
    """Destinations, suppliers, resources, products and departures; the ids of the products by code."""
    places = {place.code: _destination(place) for place in world.destinations()}
    suppliers = {
        record.code: Supplier.objects.create(code=record.code, name=record.name, note=record.note) for record in world.suppliers()
    }
    Resource.objects.bulk_create(_resources(places, suppliers))
    PriceRule.objects.bulk_create(
        [
            PriceRule(name="旅行社责任险", kind=RuleKind.PER_HEAD, amount=Decimal(10), position=1),
            PriceRule(name="毛利", kind=RuleKind.OF_GROSS, percent=Decimal(15), position=2),
        ]
    )
    coming = [day for day in days if day.departs_on > days[0].departs_on + dt.timedelta(days=180)]
    products = Product.objects.bulk_create(_product(record, places, coming) for record in world.products())
    return {product.code: product.pk for product in products}


def _destination(record: world.Destination) -> Destination:
    names = ("code", "name", "cities", "latitude", "longitude", "summary", "illustration")
    return Destination.objects.create(**{name: getattr(record, name) for name in names})


def _product(record: world.Product, places: dict[str, Destination], coming: list[DepartureDay]) -> Product:
    terms = world.terms()[record.terms]
    included = [*terms.included, f"{record.min_people} 人成团，每团最多 {record.max_people} 人"]
    prices = [day.adult for day in coming if day.product == record.code]
    return Product(
        code=record.code, name=record.name, subtitle=record.subtitle, destination=places[record.destination], days=record.days,
        themes=record.themes, hotel_class=record.hotel_class, pace=record.pace,
        price_from_amount=Decimal(min(prices, default=record.adult)), highlights=record.highlights, outline=record.outline,
        included=included, excluded=terms.excluded, cancellation=terms.cancellation, min_people=1,
        max_people=record.max_people, illustration=record.illustration, state=SaleState.ON_SALE,
    )  # fmt: skip


def load_departures(days: list[DepartureDay], products: dict[str, int]) -> None:
    """The price calendar: row i is departure number i + 1."""
    columns = ("id", "product_id", "departs_on", "adult_amount", "child_amount", "seats", "is_closed")
    with connection.cursor() as cursor:
        rows = (
            (index, products[day.product], day.departs_on, day.adult, day.child, day.seats, False)
            for index, day in enumerate(days, start=1)
        )
        copy(cursor, Departure, columns, rows)


def take_seats(days: list[DepartureDay], free: list[int]) -> None:
    """Set how many seats of each departure are taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_departure AS departure SET seats_taken = new.taken"
            " FROM unnest(%s::bigint[], %s::int[]) AS new (id, taken)"
            " WHERE departure.id = new.id AND departure.seats_taken <> new.taken",
            [list(range(1, len(days) + 1)), [day.seats - left for day, left in zip(days, free, strict=True)]],
        )


# --- Resources -----------------------------------------------------------------------------------------


def _resources(places: dict[str, Destination], suppliers: dict[str, Supplier]) -> Iterator[Resource]:
    for kind, record, values in _described():
        place = places[record.destination]
        supplier = suppliers[_SUPPLIER_OF.get(record.destination, _OTHER_SUPPLIER)]
        yield Resource(supplier=supplier, external_id=record.id, kind=kind, destination=place, **values)


def _described() -> Iterator[tuple[ResourceKind, Any, dict[str, Any]]]:
    for attraction in world.attractions():
        yield ResourceKind.ATTRACTION, attraction, _attraction(attraction)
    for hotel in world.hotels():
        yield ResourceKind.HOTEL, hotel, _hotel(hotel)
    for restaurant in world.restaurants():
        yield ResourceKind.RESTAURANT, restaurant, _restaurant(restaurant)
    for line in world.lines():
        yield ResourceKind.TRANSPORT, line, _line(line)


def _attraction(record: world.Attraction) -> dict[str, Any]:
    open_days = tuple(day for day in ALL_DAYS if day not in record.closed_weekdays)
    names = ("themes", "setting", "child_friendly", "elder_friendly", "closed_weekdays")
    extra = {name: getattr(record, name) for name in names} | {"description": record.summary, **_hours(record.opening, open_days)}
    price, minutes = Decimal(record.ticket), record.visit_minutes
    return {**_place(record), "price_amount": price, "visit_minutes": minutes, "attributes": extra}


def _hotel(record: world.Hotel) -> dict[str, Any]:
    extra = {name: getattr(record, name) for name in ("brand", "stars", "tier", "district", "rooms", "facilities")}
    price = Decimal(min(room["low"] for room in record.rooms))
    return {**_place(record), "address": f"{record.city}{record.district}", "price_amount": price, "attributes": extra}


def _restaurant(record: world.Restaurant) -> dict[str, Any]:
    extra = {"cuisine": record.cuisine, "dishes": record.dishes, **_hours(record.opening, tuple(ALL_DAYS))}
    return {**_place(record), "price_amount": Decimal(record.per_head), "attributes": extra}


def _line(record: world.Line) -> dict[str, Any]:
    names = ("mode", "number", "origin", "target", "departs", "arrives", "minutes", "low", "high", "note")
    return {
        "name": f"{record.number} {record.origin}—{record.target}",
        "city": record.origin[:40],
        "price_amount": Decimal(record.low),
        "attributes": {name: getattr(record, name) for name in names},
    }


def _place(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("name", "city", "latitude", "longitude")}


def _hours(opening: list[str], days: tuple[int, ...]) -> dict[str, Any]:
    """The same form that the catalogue's feeds keep."""
    text = "，".join(opening)
    spans = parse_hours(text) or []
    return {"hours": [{**dataclasses.asdict(span), "days": list(days)} for span in spans], "hours_text": text}
