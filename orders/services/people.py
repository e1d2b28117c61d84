"""Who travels on an order, and whom to call about it. Documents stay sealed with the traveller, numbers sealed here."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import BadInput, Refused
from core.secrets import seal
from customers.models import Traveller, TravellerDocument
from orders.choices import LineKind, OrderState
from orders.models import Order, OrderContact, OrderTraveller
from staff.rules import mask_phone

CHILD_YEARS = 12  # what the trade calls a child's place; documents of minors have rules of their own


@transaction.atomic
def name_travellers(*, order: Order, traveller_ids: Sequence[int]) -> list[OrderTraveller]:
    """Say who travels, in place of who was named before. At most as many as places were bought; fewer may be named at first.

    BadInput for somebody who is none of the customer's travellers; Refused (too_many, over) for more people than places, and
    when the order is closed or over.
    """
    if order.state not in {OrderState.PLACED, OrderState.PAID}:
        raise Refused(_("This order is closed or over."), "over")
    ids = list(dict.fromkeys(traveller_ids))
    found = {one.pk: one for one in Traveller.objects.filter(pk__in=ids, customer=order.customer_id, deleted_at__isnull=True)}
    if set(ids) - set(found):
        raise BadInput(_("This is none of your travellers."), {"travellers": _("object does not exist")})
    Order.objects.select_for_update().get(pk=order.pk)
    places = sum(line.quantity - line.returned_quantity for line in order.lines.filter(kind__in=[LineKind.ADULT, LineKind.CHILD]))
    if len(ids) > places:
        raise Refused(_("The order has %(places)s places.") % {"places": places}, "too_many")
    order.travellers.all().delete()
    documents = _documents(ids)
    return OrderTraveller.objects.bulk_create(
        OrderTraveller(
            order=order, traveller=found[one], name=found[one].name, document=documents.get(one),
            is_child=_is_child(found[one], order),
        )
        for one in ids
    )  # fmt: skip


def _documents(traveller_ids: Sequence[int]) -> dict[int, TravellerDocument]:
    """The document each of them will travel with: the one that is valid longest."""
    found = TravellerDocument.objects.filter(traveller__in=traveller_ids).order_by("expires_on", "pk")
    return {one.traveller_id: one for one in found}


def _is_child(traveller: Traveller, order: Order) -> bool:
    age = traveller.age_on(order.departure.departs_on)
    return age is not None and age < CHILD_YEARS


@transaction.atomic
def set_contact(*, order: Order, name: str, phone: str, emergency_name: str = "", emergency_phone: str = "") -> OrderContact:
    """Whom to call about the order, and in an emergency; phones in international form, kept sealed."""
    if not name.strip() or not phone:
        raise BadInput(_("Please say whom we may call."), {"name": _("is needed")})
    if bool(emergency_name.strip()) != bool(emergency_phone):
        raise BadInput(_("An emergency contact has a name and a phone."), {"emergency_phone": _("is needed")})
    contact, _new = OrderContact.objects.update_or_create(
        order=order,
        defaults={
            "name": name.strip()[:60], "phone_sealed": seal(phone), "phone_masked": mask_phone(phone),
            "emergency_name": emergency_name.strip()[:60],
            "emergency_sealed": seal(emergency_phone) if emergency_phone else None,
            "emergency_masked": mask_phone(emergency_phone) if emergency_phone else "",
        },
    )  # fmt: skip
    return contact
