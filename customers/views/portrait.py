"""The portrait card of the 360 page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from customers.queries.portrait import owners_of, portrait_of
from customers.views.access import visible_customer
from staff.access import requires
from staff.models import User


@requires("customers.view")
@require_safe
def portrait_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Stage, RFM, when and where they answer, what they like and why we think so, who cared for them."""
    customer = visible_customer(request, customer_id)
    names = {user.pk: str(user) for user in User.objects.all()}
    context = {"customer": customer, "owners": owners_of(customer, names), **portrait_of(customer)}
    return render(request, "customers/portrait_panel.html", context)
