"""P3: one customer, from all sides."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from customers.choices import RelationState
from customers.models import Customer
from customers.queries import composer, profile
from customers.queries import timeline as timelines
from customers.views.access import visible_customer
from staff.access import actor, may, requires, revealed
from staff.services import reveal


@requires("customers.view")
@require_safe
def customer_detail(request: HttpRequest, customer_id: int) -> HttpResponse:
    """P3: facts left, timeline in the middle, what others know right; the last two come as fragments."""
    customer = visible_customer(request, customer_id)
    user = actor(request)
    context = {
        **_facts(customer), "facts": profile.facts_of(customer), "panels": _panels(customer.pk),
        "may_edit": may(user, "customers.edit"), "may_assign": may(user, "customers.assign"),
        "tabs": composer.tabs(user, customer.pk, "note"),
    }  # fmt: skip
    return render(request, "customers/detail.html", context)


def _facts(customer: Customer) -> dict[str, Any]:
    return {
        "customer": customer,
        "identities": profile.identities_of(customer),
        "relations": profile.relations_of(customer),
        "activity": profile.activity_of(customer),
        "friend_states": RelationState,
    }


def _panels(customer_id: int) -> list[str]:
    found = []
    for name in settings.CUSTOMER_PANELS:
        try:
            found.append(reverse(name, args=[customer_id]))
        except NoReverseMatch:
            continue
    return found


@requires("customers.view")
@require_safe
def peek(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The drawer that Space opens from a list."""
    customer = visible_customer(request, customer_id)
    days, _older = timelines.read_timeline(customer, group="", before=clock.now() + dt.timedelta(minutes=10))
    context = {**_facts(customer), "days": days[:3], "panels": _panels(customer.pk)[:2]}
    return render(request, "customers/peek.html", context)


@requires("customers.view")
@require_safe
def timeline(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One page of the timeline as a fragment."""
    customer = visible_customer(request, customer_id)
    group = params.one_of("group", request.GET.get("group"), list(timelines.GROUPS))
    before = _moment(request.GET.get("before")) or clock.now() + dt.timedelta(minutes=10)
    days, older = timelines.read_timeline(customer, group=group, before=before)
    is_first = not request.GET.get("before")
    context = {
        "customer": customer,
        "days": days,
        "older": older,
        "group": group,
        "is_first": is_first,
        "groups": timelines.GROUPS.items(),
    }
    return render(request, "customers/timeline.html", context)


def _moment(text: str | None) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo and clock.EARLIEST < moment < clock.LATEST else None


@requires("contact.reveal")
@require_POST
def reveal_phone(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Show the plain number for a minute, for a reason that is written down."""
    customer = visible_customer(request, customer_id)
    reveal(
        actor(request),
        customer,
        "phone",
        reason=request.POST.get("other") or request.POST.get("reason", ""),
        ip=request.META.get("REMOTE_ADDR"),
    )
    url = reverse("customers:reveal_phone", args=[customer_id])
    return revealed(request, value=profile.plain_phone(customer), masked=customer.phone_masked, url=url)
