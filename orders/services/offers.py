"""Services, activities and goods: made, changed, put on sale; what can be had of them on which day."""

import datetime as dt
import secrets
from collections.abc import Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Destination, Product
from core import clock
from core.errors import BadInput, Refused
from orders.choices import OfferKind, OfferState
from orders.models import Offer

PLACE = "services"
DEAREST = Decimal("99999.99")
MOST_DAYS = 366
FREE_UNTIL_EVE = [{"days_before": 1, "fee_percent": 0}, {"days_before": 0, "fee_percent": 50}]
# Stock may be lowered to what is taken, never below; price and stock of a day in one statement.
_SET = """
INSERT INTO catalog_departure (product_id, departs_on, adult_amount, child_amount, seats, is_closed)
SELECT %(product)s, day, %(price)s, 0, %(pieces)s, false FROM unnest(%(days)s::date[]) AS day
ON CONFLICT (product_id, departs_on) DO UPDATE SET adult_amount = excluded.adult_amount,
    seats = greatest(excluded.seats, catalog_departure.seats_taken), is_closed = false
"""


@transaction.atomic
def make_offer(*, name: str, kind: str, text: str, price: Decimal, most_per_order: int = 10, is_shared: bool = False) -> Offer:
    """A new offer, a draft without days. BadInput for a name, kind or price that cannot be."""
    name, text = name.strip(), text.strip()
    _check(name, kind, text, price)
    place, _new = Destination.objects.get_or_create(code=PLACE, defaults={"name": _("Services and goods"), "cities": []})
    product = Product.objects.create(
        code=f"S{secrets.token_hex(6)}", name=name, destination=place, days=1, price_from_amount=price, state=SaleState.CUSTOM,
        max_people=200, cancellation=FREE_UNTIL_EVE,
    )  # fmt: skip
    return Offer.objects.create(
        product=product, kind=kind, text=text, most_per_order=most_per_order, is_shared=is_shared, state=OfferState.DRAFT
    )


def _check(name: str, kind: str, text: str, price: Decimal) -> None:
    wrong = {}
    if not 2 <= len(name) <= 80:
        wrong["name"] = _("must have 2 to 80 characters")
    if kind not in OfferKind.values:
        wrong["kind"] = _("must be one of %(allowed)s") % {"allowed": ", ".join(OfferKind.values)}
    if len(text) > 300:
        wrong["text"] = _("must have at most %(limit)s characters") % {"limit": 300}
    if not Decimal("0.01") <= price <= DEAREST or price != price.quantize(Decimal("0.01")):
        wrong["price"] = _("must be an amount from 0.01 to 99,999.99")
    if wrong:
        raise BadInput(_("Please check what you entered."), wrong)


@transaction.atomic
def edit_offer(*, offer: Offer, name: str, kind: str, text: str, price: Decimal, most_per_order: int) -> None:
    """Change what an offer is. Days already set keep their price until they are set anew; orders keep theirs for ever."""
    name, text = name.strip(), text.strip()
    _check(name, kind, text, price)
    Product.objects.filter(pk=offer.product_id).update(name=name, price_from_amount=price)
    Offer.objects.filter(pk=offer.pk).update(kind=kind, text=text, most_per_order=most_per_order)


def set_days(*, offer: Offer, days: Sequence[dt.date], pieces: int, price: Decimal | None = None) -> None:
    """So many pieces at this price (the offer's own) on these days. BadInput for days that are over, or too many of either."""
    amount = offer.product.price_from_amount if price is None else price
    if not days or len(days) > MOST_DAYS or min(days) < clock.today() or max(days) > clock.today() + dt.timedelta(days=2 * 366):
        raise BadInput(_("Please choose coming days."), {"first_on": _("must not be in the past")})
    if not 0 <= pieces <= 9999:
        raise BadInput(_("Please choose how many."), {"pieces": _("must be 0 to 9,999")})
    with connection.cursor() as cursor:
        cursor.execute(
            _SET, {"product": offer.product_id, "price": amount, "pieces": pieces, "days": [day.isoformat() for day in days]}
        )


def put_offer(*, offer: Offer, state: str) -> None:
    """On sale, or paused. Refused (no_days) for an offer that can be had on no day."""
    if state not in {OfferState.ON_SALE, OfferState.PAUSED}:
        raise ValueError(state)
    if state == OfferState.ON_SALE and not offer.product.departures.filter(departs_on__gte=clock.today()).exists():
        raise Refused(_("Say first on which days it can be had, and how much of it."), "no_days")
    Offer.objects.filter(pk=offer.pk).update(state=state)
