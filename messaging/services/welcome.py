"""The first words to a new WeCom friend: at most once, and only within the 20 seconds that the platform allows.

What was said, and what was missed, is kept as a message like every other word to a customer.
"""

import logging

from core import clock
from customers.choices import Channel, Purpose
from customers.models import Relationship
from customers.queries.channels import welcome_text_of
from gateways.errors import GatewayError
from gateways.wecom import wecom
from messaging.choices import MessageState
from messaging.models import Message
from messaging.rules import is_welcome_in_time
from staff.models import AgencyPolicy

logger = logging.getLogger(__name__)

TOO_LATE = "too-late"


def welcome_contact(*, customer_id: int, user_id: int, welcome_code: str) -> bool:
    """Greet a new friend in the words of their channel, or the agency's; whether the greeting went out.

    A code that is spent or too old is recorded as missed, not retried: a second try could only come later still.
    """
    relation = Relationship.objects.filter(customer_id=customer_id, user_id=user_id).order_by("-added_at").first()
    if relation is None or not is_welcome_in_time(relation.added_at, clock.now()):
        logger.warning("welcome to customer %s missed: more than 20 s have passed", customer_id)
        _keep(relation, MessageState.EXPIRED, TOO_LATE)
        return False
    text = welcome_text_of(relation.channel_state) or AgencyPolicy.current().welcome_text
    try:
        wecom().send_welcome(welcome_code=welcome_code, text=text)
    except GatewayError as error:
        logger.warning("welcome to customer %s missed: %s", customer_id, error)
        _keep(relation, MessageState.EXPIRED, error.errcode)
        return False
    _keep(relation, MessageState.SENT)
    return True


def _keep(relation: Relationship | None, state: str, error: str = "") -> None:
    """One message per friendship and its beginning; a second run leaves the first one's word."""
    if relation is None:
        return
    sent_at = clock.now() if state == MessageState.SENT else None
    Message.objects.get_or_create(
        key=f"welcome:{relation.pk}:{int(relation.added_at.timestamp())}",
        defaults={
            "customer_id": relation.customer_id, "channel": Channel.WECOM, "purpose": Purpose.SERVICE,
            "sender_id": relation.user_id, "external_userid": relation.external_userid, "state": state,
            "error": error[:200], "sent_at": sent_at,
        },
    )  # fmt: skip
