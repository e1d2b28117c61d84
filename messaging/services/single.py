"""One message to one customer, written by a person: the governor is asked, WeCom's member confirms."""

import secrets

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.jobs import enqueue
from core.parsers import is_clean
from customers.choices import Channel, Purpose
from customers.models import Customer
from messaging.choices import MessageState, Reason, TaskState
from messaging.models import Content, MassTask, Message
from messaging.queries import explain, quiet_end, single_plan
from messaging.rules import TEXT_BYTES, utf8_bytes
from messaging.services.broadcasts import cancel
from messaging.services.mass_tasks import create_mass_task
from staff.models import User
from staff.services import write_audit

OPEN = (TaskState.PENDING, TaskState.CREATING, TaskState.UNKNOWN)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('touch governor', 0))"


def send_single(customer: Customer, *, actor: User, text: str, purpose: str) -> Message:
    """Queue a WeCom message; the member who is the customer's friend confirms it in WeCom before it goes out.

    Refused with the governor's reason when it may not be sent now, and while another task with the same words has no
    number yet (its text is what an unclear call is settled by). The audit keeps no words.
    """
    text = text.strip()
    if not text or not is_clean(text) or utf8_bytes(text) > TEXT_BYTES:
        raise BadInput(_("A message has 1 to 4,000 bytes."), {"text": _("write something")})
    if purpose not in {Purpose.SERVICE, Purpose.MARKETING}:
        raise BadInput(_("A message is about service or about offers."), {"purpose": _("service or marketing")})
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
        plan = single_plan(customer.pk, purpose)
        verdict = explain(plan, customer.pk, is_quiet=quiet_end() is not None)
        if verdict is None or verdict.reason or verdict.sender_id is None:
            reason = str(Reason(verdict.reason).label) if verdict and verdict.reason else _("The customer is gone.")
            raise Refused(_("Held back: %(reason)s.") % {"reason": reason}, verdict.reason if verdict else "gone")
        if MassTask.objects.filter(state__in=OPEN, content__card_page="", content__text=text).exists():
            raise Refused(_("The same words are being sent just now; wait a moment, or change them."), "same_words")
        message = _queued(customer, text, purpose, verdict.sender_id)
        write_audit(actor, "message.written", customer, {"message": message.pk, "purpose": str(purpose)})
    return message


def _queued(customer: Customer, text: str, purpose: str, sender_id: int) -> Message:
    token, now = secrets.token_hex(16), clock.now()
    content = Content.objects.create(name=_("Message to one customer"), text=text)
    task = MassTask.objects.create(key=f"single:{token}", token=token, sender_id=sender_id, content=content, created_at=now)
    friend = customer.relationships.filter(user_id=sender_id, state="active").values_list("external_userid", flat=True).first()
    message = Message.objects.create(
        key=f"single:{token}", customer=customer, channel=Channel.WECOM, purpose=purpose, content=content, sender_id=sender_id,
        external_userid=friend or "", task=task, state=MessageState.QUEUED, created_at=now,
    )  # fmt: skip
    enqueue(create_mass_task, key=str(task.pk), task_id=task.pk)
    return message


def withdraw_single(message: Message, *, actor: User) -> None:
    """Take a message back that nobody has confirmed yet. Refused when it has gone out."""
    with transaction.atomic():
        tasks = MassTask.objects.filter(messages=message, campaign_id=None)
        if not cancel(tasks):
            raise Refused(_("This message has gone out already."), "gone_out")
        write_audit(actor, "message.withdrawn", message.customer, {"message": message.pk})
