"""What to do next: the card of advice, and the composer's note."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from customers.queries import advice, composer
from customers.views.access import visible_customer
from staff.access import actor, may, requires


@requires("customers.view")
@require_safe
def advice_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A card of the 360 page: the next best step with its reason and one click, then at most two more."""
    customer, user = visible_customer(request, customer_id), actor(request)
    context = {
        "customer": customer, "advices": advice.next_actions(customer, user, clock.now()), "may_work": may(user, "tasks.work"),
        "may_write": any(tab.name == "message" for tab in composer.tabs(user, customer.pk, "")),
    }  # fmt: skip
    return render(request, "customers/advice_panel.html", context)


@requires("customers.edit")
@require_safe
def compose_note(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The composer with the note's form."""
    customer = visible_customer(request, customer_id)
    context = {"customer": customer, "tabs": composer.tabs(actor(request), customer.pk, "note")}
    return render(request, "customers/compose_note.html", context)
