"""Products people look at, and a short way to say what a customer did."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from catalog.models import Destination, Product
from core import clock
from customers.models import Customer
from tagging.models import Tag, TagGroup, TagRule

Did = Callable[..., uuid.UUID]


@pytest.fixture
def products(db: None) -> dict[str, Product]:
    """A family trip to Yunnan and an island trip to Sanya."""
    made = {}
    for code, place, name, themes in (
        ("P01", ("yunnan", "云南"), "云南亲子 6 日", ["亲子"]),
        ("P02", ("sanya", "三亚"), "三亚海岛 5 日", ["海岛", "蜜月"]),
    ):
        destination = Destination.objects.create(code=place[0], name=place[1])
        made[code] = Product.objects.create(
            code=code, name=name, destination=destination, days=6, themes=themes, price_from_amount=3980
        )
    return made


@pytest.fixture
def did(products: dict[str, Product]) -> Did:
    """`did(customer, "product.viewed", days=2, product="P01")`: something that happened so many days ago."""

    def record(customer: Customer, kind: str, days: float = 1, **props: Any) -> uuid.UUID:
        key = uuid.uuid4()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_event (key, occurred_at, kind, customer_id, props) VALUES (%s, %s, %s, %s, %s::jsonb)",
                [key, clock.now() - dt.timedelta(days=days), kind, customer.pk, json.dumps(props)],
            )
        return key

    return record


@pytest.fixture
def family(db: None) -> Tag:
    """The tag 亲子 in an open group."""
    return Tag.objects.create(group=TagGroup.objects.create(name="兴趣"), name="亲子")


@pytest.fixture
def family_rule(family: Tag) -> TagRule:
    """亲子 for who viewed family products three times in 30 days; kept 14 days."""
    return make_rule(family, VIEWED_FAMILY, keep_days=14)


VIEWED_FAMILY = {
    "event": {
        "window_days": 30,
        "kinds": ["product.viewed"],
        "where": [{"name": "theme", "in": ["亲子"]}],
        "op": ">=",
        "value": 3,
    }
}


def make_rule(tag: Tag, condition: dict[str, Any], **fields: Any) -> TagRule:
    """A rule in force."""
    return TagRule.objects.create(tag=tag, name=f"{tag.name}规则", condition=condition, state="active", **fields)
