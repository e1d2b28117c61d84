"""What the sidebar shows of a customer, in a handful of small queries."""

import datetime as dt
from typing import Any

from campaigns.choices import FollowUpState
from campaigns.models import FollowUp
from catalog.models import Product
from core.models import Event
from customers.models import Customer
from customers.queries.advice import next_actions
from itinerary.choices import QuoteState
from itinerary.models import QuoteVersion
from staff.models import User
from tagging.queries.names import tags_of

DAYS = 7


def customer_of(user: User, external_userid: str) -> Customer | None:
    """The customer behind a WeCom contact, within the user's row scope; a friend of the user's own always."""
    seen = Customer.objects.visible_to(user)
    found = seen.filter(relationships__external_userid=external_userid).first()
    return found or Customer.objects.filter(
        merged_into=None, relationships__external_userid=external_userid, relationships__user=user, relationships__state="active"
    ).first()  # fmt: skip


def sidebar_context(customer: Customer, user: User, at: dt.datetime) -> dict[str, Any]:
    """Portrait, advice, plans, tasks."""
    tasks = FollowUp.objects.filter(customer=customer, state=FollowUpState.OPEN).select_related("assignee").order_by("due_at")[:8]
    return {
        "customer": customer, "tags": tags_of([customer.pk]).get(customer.pk, [])[:14], "viewed": _viewed(customer.pk, at),
        "advice": next_actions(customer, user, at)[:3], "tasks": tasks, "quotes": _quotes(customer.pk, at),
    }  # fmt: skip


def _viewed(customer_id: int, at: dt.datetime) -> list[dict[str, Any]]:
    rows = Event.objects.filter(
        customer_id=customer_id, kind="product.viewed", occurred_at__gt=at - dt.timedelta(days=DAYS), occurred_at__lte=at
    ).order_by("-occurred_at").values_list("props__product", "occurred_at")[:60]  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    for code, moment in rows:
        if isinstance(code, str):
            found.setdefault(code, {"code": code, "at": moment, "times": 0})["times"] += 1
    products = {one.code: one for one in Product.objects.filter(code__in=found)}
    return [{**row, "product": products[code]} for code, row in found.items() if code in products][:6]


def _quotes(customer_id: int, at: dt.datetime) -> list[QuoteVersion]:
    sent = QuoteVersion.objects.filter(quote__itinerary__customer_id=customer_id, state=QuoteState.SENT, valid_until__gt=at)
    return list(sent.select_related("quote__itinerary").order_by("-sent_at")[:5])
