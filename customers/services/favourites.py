"""Products a customer keeps in mind."""

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import clock
from core.errors import Refused
from customers.models import Customer, Favourite

MAX_FAVOURITES = 200


def names_of(codes: list[str]) -> dict[str, str]:
    """The products' names by code, from the app that has them (settings.NAME_SOURCES)."""
    found: dict[str, str] = import_string(settings.NAME_SOURCES["product"])(codes)
    return found


def add_favourite(customer: Customer, code: str) -> Favourite | None:
    """Keep a product; once is enough. None when there is no such product; Refused beyond two hundred."""
    if code not in names_of([code]):
        return None
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        kept = Favourite.objects.filter(customer=customer)
        known = kept.filter(product_code=code).first()
        if known is not None:
            return known
        if kept.count() >= MAX_FAVOURITES:
            raise Refused(_("At most %(limit)s favourites. Remove one first.") % {"limit": MAX_FAVOURITES}, "too_many")
        return Favourite.objects.create(customer=customer, product_code=code, created_at=clock.now())


def remove_favourite(customer: Customer, code: str) -> bool:
    """Keep it no longer; False when it was not kept."""
    return bool(Favourite.objects.filter(customer=customer, product_code=code).delete()[0])
