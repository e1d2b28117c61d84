"""A message to one customer, out of the composer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from customers.choices import Purpose
from customers.models import Customer
from customers.queries import composer
from customers.queries.advice import next_actions
from messaging.models import Message
from messaging.queries import channels_for
from messaging.services.single import send_single, withdraw_single
from staff.access import actor, requires

PURPOSES = [str(Purpose.SERVICE), str(Purpose.MARKETING)]


def _customer(request: HttpRequest, customer_id: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(actor(request)), pk=customer_id)


@requires("tasks.work")
@require_safe
def compose(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The form with every channel, each that cannot be used with its reason; `?advice=` fills in that advice's draft."""
    return _form(request, _customer(request, customer_id))


def _form(request: HttpRequest, customer: Customer) -> HttpResponse:
    user = actor(request)
    purpose = params.one_of("purpose", request.GET.get("purpose"), PURPOSES, PURPOSES[0])
    code = params.text("advice", request.GET.get("advice"), 40)
    drafts = {one.code: one.draft for one in next_actions(customer, user, clock.now())} if code else {}
    channels = channels_for(customer, purpose)
    context = {
        "customer": customer, "tabs": composer.tabs(user, customer.pk, "message"), "channels": channels, "purpose": purpose,
        "purposes": [(value, Purpose(value).label) for value in PURPOSES], "may_send": not channels[0].code,
        "text": params.text("text", request.GET.get("text"), 4000) or drafts.get(code, ""),
        "waiting": Message.objects.filter(customer=customer, task__campaign_id=None, state__in=["queued", "awaiting_staff"])
        .select_related("sender").order_by("-id")[:3],
    }  # fmt: skip
    return render(request, "messaging/compose.html", context)


@requires("tasks.work")
@require_POST
def send(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Queue it, or 409 with the governor's reason; the toast takes it back."""
    customer = _customer(request, customer_id)
    purpose = params.one_of("purpose", request.POST.get("purpose"), PURPOSES, PURPOSES[0])
    message = send_single(customer, actor=actor(request), text=request.POST.get("text", ""), purpose=purpose)
    undo = reverse("messaging:withdraw", args=[customer.pk, message.pk])
    messages.success(request, _("%(who)s confirms it in WeCom, then it goes out.") % {"who": message.sender}, extra_tags=undo)
    return _form(request, customer)


@requires("tasks.work")
@require_POST
def withdraw(request: HttpRequest, customer_id: int, message_id: int) -> HttpResponse:
    """Take back what nobody has confirmed yet."""
    message = get_object_or_404(Message, pk=message_id, customer=_customer(request, customer_id), campaign_id=None)
    withdraw_single(message, actor=actor(request))
    messages.info(request, _("The message was taken back."))
    return HttpResponse(status=204)
