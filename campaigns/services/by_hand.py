"""Follow-up tasks that a person writes."""

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.choices import FollowUpReason, FollowUpState
from campaigns.models import FollowUp
from core import clock
from core.errors import BadInput, Refused
from core.parsers import is_clean
from customers.models import Customer
from customers.services.standing import refresh_standing
from staff.models import User

MOST_DAYS = 400


def add_follow_up(
    customer: Customer,
    *,
    actor: User,
    title: str,
    text: str = "",
    due_at: dt.datetime | None = None,
    assignee: User | None = None,
    key: str = "",
) -> tuple[FollowUp, bool]:
    """Give somebody (the writer, unless said otherwise) something to do for a customer; the task and whether it is new.

    `key` makes it once only: advice taken up twice is one task. Due now when no time is given.
    """  # fmt: skip
    title, text, now = title.strip(), text.strip(), clock.now()
    if not 1 <= len(title) <= 80 or len(text) > 2000 or not is_clean(title) or not is_clean(text):
        raise BadInput(_("Say in 1 to 80 characters what is to be done."), {"title": _("1 to 80 characters")})
    due = due_at or now
    if not now - dt.timedelta(days=1) <= due <= now + dt.timedelta(days=MOST_DAYS):
        raise BadInput(_("The task must be due within the next 400 days."), {"due": _("not a day to come")})
    own = key.startswith(f"advice:{customer.pk}:") and len(key) <= 120
    values = {
        "customer": customer, "assignee": assignee or actor, "title": title, "suggested_text": text, "due_at": due,
        "reason": FollowUpReason.ADVICE if own else FollowUpReason.BY_HAND,
        "evidence": [{"by": actor.pk}], "created_at": now,
    }  # fmt: skip
    with transaction.atomic():
        task, is_new = FollowUp.objects.get_or_create(key=key if own else f"hand:{uuid.uuid4().hex}", defaults=values)
        refresh_standing([customer.pk])
    return task, is_new


def withdraw_follow_up(task: FollowUp, *, actor: User) -> None:
    """Undo of `add_follow_up`, for its writer, while nobody has worked on it."""
    with transaction.atomic():
        mine = FollowUp.objects.filter(pk=task.pk, state=FollowUpState.OPEN, evidence__contains=[{"by": actor.pk}])
        if not mine.delete()[0]:
            raise Refused(_("This task is somebody's work already; finish it instead."), "task_moved")
        refresh_standing([task.customer_id])
