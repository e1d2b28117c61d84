"""`{% guarded %}`: a masked value that those who may can ask to see."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

from staff.access import may_reveal
from staff.choices import FieldClass

register = template.Library()


@register.inclusion_tag("staff/guarded.html", takes_context=True)
def guarded(context: template.Context, masked: str, url: str, field_class: str = FieldClass.CONTACT) -> dict[str, Any]:
    """`{% guarded customer.phone_masked reveal_url %}`: `138****5678`, and a button that asks for a reason.

    `url` takes a POST with `reason` or `other`; its view calls `staff.services.reveal` and answers `staff.access.revealed`.
    """
    return {
        "masked": masked,
        "url": url,
        "allowed": may_reveal(context.get("user"), field_class),
        "reasons": [_("Returning the customer's call"), _("Checking an order"), _("Emergency on a trip")],
        "csrf_token": context.get("csrf_token"),
    }
