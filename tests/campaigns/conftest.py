"""An agency with something to sell, somebody to send, and customers who are friends."""

import datetime as dt
from decimal import Decimal

import pytest

from campaigns.models import Campaign
from campaigns.services.drafts import Draft, create_campaign
from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product
from core import clock
from customers.models import Customer
from orders.choices import OrderState
from orders.models import Order
from staff.models import User
from tagging.models import Segment
from tests.messaging.conftest import Corp, corp, open_hours
from tests.messaging.people import PNG

__all__ = ["corp", "open_hours"]


@pytest.fixture
def product(db: None) -> Product:
    """Six days in Yunnan, 3,980 yuan."""
    place = Destination.objects.create(code="yunnan", name="云南")
    made = Product.objects.create(
        code="P01",
        name="云南亲子六日",
        destination=place,
        days=6,
        price_from_amount=3980,
        state=SaleState.ON_SALE,
        themes=["亲子"],
    )
    Departure.objects.create(
        product=made, departs_on=clock.today() + dt.timedelta(days=30), adult_amount=3980, child_amount=1980, seats=500
    )
    return made


@pytest.fixture
def everybody(db: None) -> Segment:
    """A segment that holds every lead, which is what these tests' customers are."""
    return Segment.objects.create(name="所有新客", condition={"lifecycle": {"values": ["lead"]}})


@pytest.fixture
def ops(db: None) -> User:
    """周文博, operations: writes and sends campaigns."""
    return User.objects.create_user("ops", password="x", display_name="周文博", role="operations", row_scope="all")


@pytest.fixture
def boss(db: None) -> User:
    """林岚, administrator: the second pair of eyes."""
    return User.objects.create_user("boss", password="x", display_name="林岚", role="administrator", row_scope="all")


@pytest.fixture
def campaign(everybody: Segment, product: Product, ops: User) -> Campaign:
    """A draft for everybody, with a hold-out of 20 %."""
    return create_campaign(draft(everybody), actor=ops)


def draft(segment: Segment, **fields: object) -> Draft:
    """What a campaign says, ready to be sent."""
    values: dict[str, object] = {
        "name": "早鸟", "segment": segment, "text": "早订先选团期,点开看看", "card_title": "云南六日", "product_code": "P01",
        "card_image": PNG, "holdout_percent": 20, "attribution_days": 7, "salt": "0123456789abcdef",
    }  # fmt: skip
    return Draft(**(values | fields))  # type: ignore[arg-type]


def order(customer: Customer, *, paid_at: dt.datetime, adults: int = 2, refunded: int = 0, **fields: object) -> Order:
    """A paid order of the product."""
    departure = fields.pop("departure", None) or Departure.objects.get()
    assert isinstance(departure, Departure)
    total = departure.adult_amount * adults
    number = Order.objects.count() + 1
    values: dict[str, object] = {
        "state": OrderState.PAID,
        "placed_at": paid_at,
        "hold_until": paid_at,
        "paid_at": paid_at,
        "paid_amount": total,
    }
    return Order.objects.create(
        no=f"T{number:06}", customer=customer, product_id=departure.product_id, departure=departure, adults=adults,
        adult_amount=departure.adult_amount, child_amount=departure.child_amount, total_amount=total,
        refunded_amount=Decimal(refunded), **(values | fields),
    )  # fmt: skip


@pytest.fixture
def friends(corp: Corp) -> list[Customer]:
    """Thirty friends of two members."""
    members = [corp.member("sales1"), corp.member("sales2")]
    return [corp.friend(members[index % 2], f"c{index}") for index in range(30)]
