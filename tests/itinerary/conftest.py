"""A city with things to see, eat and sleep in, priced by its supplier's feed and by a contract; a customer who wants to go."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.choices import ResourceKind
from catalog.models import Resource, Supplier
from core import clock
from customers.models import Customer
from itinerary.choices import Receiver, RuleKind
from itinerary.models import Itinerary, PriceRule
from itinerary.services.editing import create_itinerary
from itinerary.services.requests import fill_itinerary
from staff.models import User

HOURS = [{"days": [1, 2, 3, 4, 5, 6, 7], "opens": 480, "closes": 1080, "seasons": ""}]
NET_MARK = "7319.31"  # a cost that no price can equal by chance


@pytest.fixture
def supplier(db: None) -> Supplier:
    """西湖地接."""
    return Supplier.objects.create(code="xihu", name="西湖地接社")


@pytest.fixture
def hangzhou_resources(supplier: Supplier) -> list[Resource]:
    """Six sights, four restaurants, two hotels around the West Lake."""
    rows = [(ResourceKind.ATTRACTION, f"景点{n}", Decimal(40 + n), Decimal("4.8") - n / Decimal(10)) for n in range(6)]
    rows += [(ResourceKind.RESTAURANT, f"饭店{n}", Decimal(80 + n), Decimal("4.5")) for n in range(6)]
    rows += [(ResourceKind.HOTEL, f"酒店{n}", Decimal(400 + 300 * n), Decimal("4.6")) for n in range(2)]
    made = []
    for at, (kind, name, price, rating) in enumerate(rows):
        made.append(
            Resource.objects.create(
                supplier=supplier, external_id=f"R{at}", kind=kind, name=name, city="杭州", address=f"湖滨路{at}号",
                latitude=30.240 + at / 1000, longitude=120.14 + at / 1000, price_amount=price, rating=rating, visit_minutes=90,
                attributes={} if kind == ResourceKind.HOTEL else {"hours": HOURS if kind == ResourceKind.ATTRACTION else []},
            )
        )  # fmt: skip
    return made


@pytest.fixture
def rules(db: None) -> None:
    """15 % markup, then 6 % tax within the price."""
    PriceRule.objects.create(name="加价", kind=RuleKind.SEQUENTIAL, percent=Decimal(15), position=1)
    PriceRule.objects.create(name="税", kind=RuleKind.OF_GROSS, percent=Decimal(6), receiver=Receiver.TAX, position=2)


@pytest.fixture
def customer(db: None, lin: User) -> Customer:
    """陈雨, looked after by 林岚."""
    return Customer.objects.create(name="陈雨", owner=lin)


@pytest.fixture
def starts_on() -> dt.date:
    """In six weeks."""
    return clock.today() + dt.timedelta(days=42)


@pytest.fixture
def trip(hangzhou_resources: list[Resource], rules: None, customer: Customer, lin: User, starts_on: dt.date) -> Itinerary:
    """Three days for two adults and a child of eight, filled from the catalogue."""
    itinerary = create_itinerary(
        title="杭州3日", starts_on=starts_on, days=3, adults=2, child_ages=[8], customer=customer, user=lin
    )
    fill_itinerary(itinerary, destinations=["杭州"], values={}, user=lin)
    return itinerary
