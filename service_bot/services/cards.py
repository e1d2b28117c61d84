"""Cards of products in a chat: what is offered can be bought now, and what comes of it is the customer's own."""

import functools
import json
import secrets

import typst
from django.db import transaction
from django.utils.translation import gettext as _

from catalog.illustration import draw_cover
from catalog.models import Departure, Product
from catalog.queries.products import next_departures, product_on_sale
from core import clock
from core.errors import Refused
from messaging.choices import ChatKind
from messaging.models import ChatCard, Content, Conversation, Line
from messaging.services.chats import Words, say
from staff.models import User

NAME = "chat card"
_PAGE = """
#set page(width: 260pt, height: 208pt, margin: 0pt)
#image(bytes(sys.inputs.at("svg")), format: "svg", width: 100%, height: 100%, fit: "cover")
"""


@functools.lru_cache(maxsize=64)
def _picture(code: str, name: str, illustration: str, themes: tuple[str, ...]) -> bytes:
    svg = draw_cover(json.loads(illustration), key=code, title=name, themes=themes)
    return bytes(typst.compile(_PAGE.encode(), format="png", ppi=144, sys_inputs={"svg": svg}))


@transaction.atomic
def offer_card(
    conversation: Conversation, product: Product, departure: Departure, *, author: str, reasons: tuple[str, ...] = (),
    user: User | None = None, version: int | None = None, key: str = "",
) -> Line:  # fmt: skip
    """Put a product's card into a conversation, with a token for its click. Refused as `say` refuses; the price is the
    departure's as it stands now."""
    token = secrets.token_hex(16)
    content = _content_of(product)
    payload = {
        "product": product.code, "title": product.name[:40], "subtitle": product.subtitle, "content": content.pk,
        "price": f"¥{departure.adult_amount:,.0f} / 成人 · {departure.departs_on:%m-%d} 出发",
        "page": f"pages/product/index?code={product.code}&touch={token}", "reasons": list(reasons),
    }  # fmt: skip
    line = say(conversation.pk, Words(product.name, ChatKind.CARD, payload), author=author, user=user, version=version, key=key)
    ChatCard.objects.get_or_create(
        line=line,
        defaults={"customer_id": conversation.customer_id, "product_code": product.code, "token": token, "at": clock.now(),
                  "by_bot": user is None, "reasons": [reason[:60] for reason in reasons]},
    )  # fmt: skip
    return line


def _content_of(product: Product) -> Content:
    """The content that holds the card's picture; one per product, drawn anew when the name changed."""
    known = Content.objects.filter(name=NAME, product_code=product.code, card_title=product.name[:20]).first()
    if known is not None:
        return known
    picture = _picture(product.code, product.name, json.dumps(product.illustration, sort_keys=True), tuple(product.themes))
    return Content.objects.create(
        name=NAME, text=product.name, card_title=product.name[:20], product_code=product.code, card_image=picture,
        card_page=f"pages/product/index?code={product.code}",
    )  # fmt: skip


def card_of_code(code: str) -> tuple[Product, Departure]:
    """What a member of staff may put into a chat; Refused("not_for_sale") for what cannot be bought now."""
    product = product_on_sale(code)
    departure = next_departures([product.pk]).get(product.pk) if product else None
    if product is None or departure is None:
        raise Refused(_("This product cannot be ordered now."), "not_for_sale")
    return product, departure
