"""A task out of the composer on a customer's page."""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.queries.follow_ups import visible_to
from campaigns.services.by_hand import add_follow_up, withdraw_follow_up
from campaigns.views.actor import actor
from core import clock, params
from core.errors import BadInput
from customers.models import Customer
from customers.queries import composer
from staff.access import may, requires
from staff.models import User


def _customer(request: HttpRequest, customer_id: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)


@require_safe
@requires("tasks.work")
def task_form(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The composer with the task's form."""
    customer, user = _customer(request, customer_id), actor(request)
    tomorrow = dt.datetime.combine(clock.today() + dt.timedelta(days=1), dt.time(9), tzinfo=clock.SHANGHAI)
    context = {
        "customer": customer, "tabs": composer.tabs(user, customer.pk, "task"), "due": tomorrow.strftime("%Y-%m-%dT%H:%M"),
        "colleagues": User.objects.filter(is_active=True).order_by("id") if may(user, "tasks.assign") else [], "me": user,
    }  # fmt: skip
    return render(request, "campaigns/_compose_task.html", context)


@require_POST
@requires("tasks.work")
def task_add(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Make the task; the toast takes it back."""
    customer, user = _customer(request, customer_id), actor(request)
    chosen = params.whole("assignee", request.POST.get("assignee"), 0)
    assignee = get_object_or_404(User, pk=chosen, is_active=True) if chosen and may(user, "tasks.assign") else user
    task, is_new = add_follow_up(
        customer, actor=user, assignee=assignee, title=params.text("title", request.POST.get("title"), 80),
        text=params.text("text", request.POST.get("text"), 2000), due_at=_due(request.POST.get("due")),
        key=params.text("key", request.POST.get("key"), 120),
    )  # fmt: skip
    undo = reverse("campaigns:task-withdraw", args=[task.pk]) if is_new else ""
    text = _("%(who)s has the task “%(title)s”.") % {"who": task.assignee, "title": task.title}
    messages.success(request, text, extra_tags=undo)
    return HttpResponse(status=204, headers={"HX-Trigger": "advice-changed"})


def _due(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)
    except ValueError as error:
        raise BadInput(_("The task must be due within the next 400 days."), {"due": _("not a day to come")}) from error


@require_POST
@requires("tasks.work")
def task_withdraw(request: HttpRequest, task_id: int) -> HttpResponse:
    """Undo."""
    withdraw_follow_up(get_object_or_404(visible_to(actor(request)), id=task_id), actor=actor(request))
    return HttpResponse(status=204, headers={"HX-Trigger": "advice-changed"})
