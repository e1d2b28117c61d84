"""Telling those who look after the desk, in WeCom."""

import logging

from django.conf import settings
from django.utils.translation import gettext as _

from core.choices import Lane
from core.jobs import job
from gateways.errors import GatewayError
from gateways.wecom import wecom
from messaging.choices import ChatState
from messaging.models import Conversation
from staff.choices import Role
from staff.models import User

logger = logging.getLogger(__name__)


@job(Lane.CHAT)
def tell_supervisors(conversation_id: int, why: str) -> None:
    """Tell those who look after the desk, in WeCom. No words of the customer leave the house with it."""
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None or conversation.state == ChatState.CLOSED:
        return
    chosen = User.objects.filter(is_active=True, role__in=[Role.ADMINISTRATOR, Role.OPERATIONS], wecom_userid__isnull=False)
    userids = [str(userid) for userid in chosen.values_list("wecom_userid", flat=True)[:10]]
    if not userids:
        return
    title = {"mood": _("A customer is very upset"), "late": _("A customer waits too long")}.get(
        why, _("A conversation needs you")
    )
    detail = _("Conversation %(id)s waits for a person.") % {"id": conversation.pk}
    try:
        wecom().send_staff_message(
            userids=userids, title=title, description=detail, url=f"{settings.PUBLIC_URL}/inbox/{conversation.pk}"
        )
    except GatewayError as error:
        if error.retryable:
            raise
        logger.warning("supervisors were not told of conversation %s: %s", conversation.pk, error)
