"""Follow-up tasks: an inbox to work through by keyboard."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.choices import Outcome
from campaigns.models import FollowUp
from campaigns.queries.follow_ups import TABS, tab_counts, task_cards, visible_to
from campaigns.services.follow_ups import HANDS_OUT, assign_follow_up, finish_follow_up, reopen_follow_up, snooze_follow_up
from campaigns.services.pushing import push_follow_up
from campaigns.views.actor import actor
from core import clock, params
from messaging.choices import Route
from staff.access import may, requires
from staff.choices import RowScope
from staff.models import User

SNOOZES = ("hour", "tomorrow", "week")


@require_safe
@requires("tasks.view")
def tasks(request: HttpRequest) -> HttpResponse:
    """Now, today, later, done."""
    return render(request, "campaigns/tasks.html", _context(request))


@require_safe
@requires("tasks.view")
def task_list(request: HttpRequest) -> HttpResponse:
    """The list as a fragment."""
    return render(request, "campaigns/_tasks.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    user, now = actor(request), clock.now()
    whose = request.POST if request.method == "POST" else request.GET
    tab = params.one_of("tab", whose.get("tab"), list(TABS), "now")
    sees_others = user.is_superuser or user.row_scope != RowScope.OWN
    mine = whose.get("mine", "" if may(user, "tasks.assign") else "1") == "1"
    return {
        "tab": tab,
        "mine": mine,
        "sees_others": sees_others,
        "counts": tab_counts(user, now, mine=mine),
        "tabs": [("now", _("Now")), ("today", _("Today")), ("later", _("Later")), ("done", _("Done"))],
        "cards": task_cards(user, tab, now, mine=mine),
        "may_work": may(user, "tasks.work"),
        **_buttons(user),
        "now": now,
    }


def _buttons(user: User) -> dict[str, SafeString | str]:
    """What can be done with a task: written out once for the page, the same on every card."""
    outcomes = [{"value": outcome.value, "label": outcome.label, "key": number} for number, outcome in enumerate(HANDS_OUT, 1)]
    snoozes = [("hour", _("In an hour")), ("tomorrow", _("Tomorrow 9:00")), ("week", _("Monday 9:00"))]
    everybody = User.objects.filter(is_active=True).exclude(wecom_userid=None).order_by("id")
    colleagues = (
        [{"value": one.pk, "label": str(one), "face": str(one)} for one in everybody] if may(user, "tasks.assign") else []
    )
    return {
        "outcome_buttons": _written("outcome", "btn small", outcomes),
        "snooze_buttons": _written("until", "item", [{"value": value, "label": label} for value, label in snoozes]),
        "colleague_buttons": _written("assignee", "item", colleagues),
    }


def _written(name: str, css: str, choices: list[dict[str, Any]]) -> SafeString | str:
    return render_to_string("campaigns/_choices.html", {"name": name, "css": css, "choices": choices}) if choices else ""


def _task(request: HttpRequest, task_id: int) -> FollowUp:
    return get_object_or_404(visible_to(actor(request)), id=task_id)


def _again(request: HttpRequest) -> HttpResponse:
    return render(request, "campaigns/_tasks.html", _context(request))


@require_POST
@requires("tasks.work")
def finish(request: HttpRequest, task_id: int) -> HttpResponse:
    """Done, with an outcome; can be undone from the toast."""
    outcome = params.one_of("outcome", request.POST.get("outcome"), [str(value) for value in HANDS_OUT], "")
    task = finish_follow_up(_task(request, task_id), actor=actor(request), outcome=outcome)
    text = _("%(who)s: %(outcome)s") % {"who": task.customer, "outcome": Outcome(outcome).label}
    messages.success(request, text, extra_tags=reverse("campaigns:task-reopen", args=[task_id]))
    return _again(request)


@require_POST
@requires("tasks.work")
def reopen(request: HttpRequest, task_id: int) -> HttpResponse:
    """Undo."""
    reopen_follow_up(_task(request, task_id), actor=actor(request))
    return HttpResponse(status=204)


@require_POST
@requires("tasks.work")
def snooze(request: HttpRequest, task_id: int) -> HttpResponse:
    """Not now."""
    choice = params.one_of("until", request.POST.get("until"), list(SNOOZES), "hour")
    task = snooze_follow_up(_task(request, task_id), until=snoozed_until(choice, clock.now()))
    messages.info(request, _("%(who)s comes back later.") % {"who": task.customer})
    return _again(request)


def snoozed_until(choice: str, at: dt.datetime) -> dt.datetime:
    """An hour from now, tomorrow at nine, or next Monday at nine, Shanghai time."""
    if choice == "hour":
        return at + dt.timedelta(hours=1)
    today = clock.shanghai_date(at)
    days = 1 if choice == "tomorrow" else 7 - today.weekday()
    return dt.datetime.combine(today + dt.timedelta(days=days), dt.time(9), tzinfo=clock.SHANGHAI)


@require_POST
@requires("tasks.work")
def push(request: HttpRequest, task_id: int) -> HttpResponse:
    """Send the task's message, as it stands in the card, through the Touch Governor."""
    task = _task(request, task_id)
    sent = push_follow_up(task, actor=actor(request), text=params.text("text", request.POST.get("text"), 2000))
    messages.success(
        request, _("%(who)s: handed over to %(channel)s.") % {"who": task.customer, "channel": Route(sent.channel).label}
    )
    return _again(request)


@require_POST
@requires("tasks.assign")
def assign(request: HttpRequest, task_id: int) -> HttpResponse:
    """Hand over to a colleague."""
    colleague = get_object_or_404(User, id=params.whole("assignee", request.POST.get("assignee"), 0), is_active=True)
    task = assign_follow_up(_task(request, task_id), assignee=colleague)
    messages.success(request, _("%(who)s is now with %(colleague)s.") % {"who": task.customer, "colleague": colleague})
    return _again(request)
