"""The one door of the pages to a customer."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from customers.models import Customer
from staff.access import actor


def visible_customer(request: HttpRequest, customer_id: int) -> Customer:
    """The customer if it is within the user's row scope; 404 otherwise, as if it did not exist."""
    return get_object_or_404(Customer.objects.visible_to(actor(request)).select_related("owner", "department"), pk=customer_id)
