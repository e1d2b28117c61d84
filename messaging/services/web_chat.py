"""The website's chat: a visitor becomes a customer with their first message."""

import re

from customers.choices import IdentityKind
from customers.services.keys import Key
from customers.services.resolve import resolve
from customers.services.visitors import owner_of, stitch
from messaging.choices import ChatChannel, ChatKind
from messaging.models import Conversation, Line
from messaging.services.chats import Inbound, post_chat

SITE = "web"
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def conversation_of(visitor: str) -> Conversation | None:
    """The talk of a visitor's browser."""
    return Conversation.objects.filter(channel=ChatChannel.WEB, account=SITE, peer=visitor).first()


def post_web(visitor: str, *, text: str, key: str, choice: str = "") -> Line:
    """Take a visitor's message; what they did on the website becomes the customer's. Refused("too_fast")."""
    if not _UUID.match(visitor):
        raise ValueError("a visitor is a uuid")
    known = conversation_of(visitor)
    customer_id = known.customer_id if known else _customer_of(visitor)
    told = Inbound(ChatChannel.WEB, SITE, visitor, f"web:{visitor}:{key}", text, ChatKind.TEXT, choice)
    return post_chat(told, customer_id=customer_id)


def _customer_of(visitor: str) -> int:
    owner = owner_of(visitor)
    if owner > 0:
        return owner
    customer = resolve([Key(IdentityKind.TRACE, "web-chat", visitor)], source="web_chat").customer
    stitch(customer.pk, visitor)
    return int(customer.pk)
