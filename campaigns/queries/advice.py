"""Open tasks as advice, and which advice has become a task already."""

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.choices import FollowUpReason, FollowUpState, Outcome
from campaigns.models import FollowUp
from customers.models import Customer
from customers.rules.next_action import Act, Advice
from staff.access import may
from staff.models import User

_TOPICS = {FollowUpReason.QUOTE_OPENED: "quote", FollowUpReason.CHECKOUT_UNPAID: "order"}


def advise(customer: Customer, user: User, at: dt.datetime) -> Iterator[Advice]:
    """The task that is due longest."""
    due = FollowUp.objects.filter(customer=customer, state=FollowUpState.OPEN, due_at__lte=at + dt.timedelta(hours=12))
    first = due.select_related("assignee").order_by("due_at").first()
    if first is None:
        return
    who = str(first.assignee) if first.assignee else _("nobody yet")
    reason = _("%(why)s; %(who)s takes care of it.") % {"why": first.get_reason_display(), "who": who}
    act = None
    if may(user, "tasks.work"):
        url = reverse("campaigns:task-done", args=[first.pk])
        act = Act(_("Done: contacted"), url, is_post=True, fields=(("outcome", str(Outcome.CONTACTED)),))
    topic = _TOPICS.get(FollowUpReason(first.reason), f"task:{first.pk}")
    yield Advice("task", topic, 82, "clipboard-check", first.title, reason, act, first.suggested_text)


def taken(customer_id: int, keys: list[str]) -> set[str]:
    """Which of these keys of advice are tasks, open or done."""
    return set(FollowUp.objects.filter(customer_id=customer_id, key__in=keys).values_list("key", flat=True))
