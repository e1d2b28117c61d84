"""What a code stands for."""

from merchants.models import Merchant
from orders.models import OrderLine
from orders.rules import clean_code


def line_of(merchant: Merchant, code: str) -> OrderLine | None:
    """The line with this code, if it is of an offer of this merchant's; a stranger's code does not exist."""
    text = clean_code(code)
    if not text:
        return None
    offers = merchant.listings.values("offer")
    return OrderLine.objects.select_related("order", "offer__product").filter(code=text[:16], offer__in=offers).first()
