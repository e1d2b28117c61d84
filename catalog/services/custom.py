"""The private product behind a custom trip: one departure, its seats taken, shown in no list and to no other customer."""

import datetime as dt
import secrets
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Destination, Product

CUSTOM_CODE = "custom"


def make_custom_product(
    *, name: str, days: int, starts_on: dt.date, people: int, amounts: tuple[Decimal, Decimal], cancellation: list[dict[str, Any]]
) -> Departure:
    """A product of its own for one trip, with the one departure that its travellers fill. `amounts`: adult, child."""
    destination, _new = Destination.objects.get_or_create(code=CUSTOM_CODE, defaults={"name": _("Custom trips"), "cities": []})
    product = Product.objects.create(
        code=f"C{secrets.token_hex(6)}", name=name[:80], destination=destination, days=days, price_from_amount=amounts[0],
        cancellation=cancellation, max_people=people, state=SaleState.CUSTOM,
    )  # fmt: skip
    return Departure.objects.create(
        product=product, departs_on=starts_on, adult_amount=amounts[0], child_amount=amounts[1], seats=people, seats_taken=people,
        is_closed=True,
    )  # fmt: skip
