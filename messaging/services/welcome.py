"""The first words to a new WeCom friend: at most once, and only within the 20 seconds that the platform allows."""

import logging

from core import clock
from customers.models import Relationship
from gateways.errors import GatewayError
from gateways.wecom import wecom
from messaging.rules import is_welcome_in_time
from staff.models import AgencyPolicy

logger = logging.getLogger(__name__)


def welcome_contact(*, customer_id: int, user_id: int, welcome_code: str) -> bool:
    """Greet a new friend; whether the greeting went out. A code that is spent or too old is noted as missed, not retried:
    a second try could only come later still."""
    relation = Relationship.objects.filter(customer_id=customer_id, user_id=user_id).order_by("-added_at").first()
    if relation is None or not is_welcome_in_time(relation.added_at, clock.now()):
        logger.warning("welcome to customer %s missed: more than 20 s have passed", customer_id)
        return False
    try:
        wecom().send_welcome(welcome_code=welcome_code, text=AgencyPolicy.current().welcome_text)
    except GatewayError as error:
        logger.warning("welcome to customer %s missed: %s", customer_id, error)
        return False
    return True
