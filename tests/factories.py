"""Plain functions that make one thing each; none of them builds the world."""

import datetime as dt
import secrets
import uuid
from typing import Any

from core import clock
from core.secrets import token_hash
from customers.models import Activity, Customer, MemberToken


def make_customer(name: str = "苏晴", **fields: Any) -> Customer:
    """A customer seen just now."""
    customer = Customer.objects.create(name=name, **fields)
    now = clock.now()
    Activity.objects.create(customer=customer, first_seen_at=now, last_seen_at=now)
    return customer


def make_token(customer: Customer, *, hours: int = 24) -> str:
    """A mini-program session; the plain token."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    MemberToken.objects.create(
        token_hash=token_hash(token),
        customer=customer,
        openid="o",
        appid="wx",
        created_at=now,
        expires_at=now + dt.timedelta(hours=hours),
    )
    return token


def make_event(**fields: Any) -> dict[str, Any]:
    """An event as the mini-program sends it."""
    at = (clock.now() - dt.timedelta(minutes=1)).isoformat()
    return {"id": str(uuid.uuid4()), "kind": "product.viewed", "occurred_at": at, "props": {"product": "P01"}, **fields}
