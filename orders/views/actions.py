"""The buttons of an order's page. Each is one service."""

from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import params
from core.errors import BadInput, Refused
from orders.choices import RefundState
from orders.forms import RefundForm
from orders.models import Order, Refund
from orders.queries.detail import story_of
from orders.services import refunds
from orders.services.placing import cancel_order
from orders.views.pages import detail_context, order_or_404
from staff.access import may, requires
from staff.models import User


def _back(request: HttpRequest, order: Order) -> HttpResponse:
    """The order's page again; for htmx a redirect that loads it whole."""
    url = reverse("orders:detail", args=[order.no])
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


@require_POST
@requires("orders.create")
def cancel(request: HttpRequest, no: str) -> HttpResponse:
    """Close an unpaid order."""
    order = cancel_order(order=order_or_404(request, no), by=cast(User, request.user))
    messages.success(request, _("Closed: the seats are free again."))
    return _back(request, order)


@require_POST
@requires("orders.refund_request", "orders.refund_execute")
def refund(request: HttpRequest, no: str) -> HttpResponse:
    """Ask for a refund; who may execute refunds sends it at once, others leave it to finance."""
    order, executes = order_or_404(request, no), may(request.user, "orders.refund_execute")
    form = RefundForm(request.POST, must_confirm=executes)
    if form.is_valid():
        _try_refund(form, order, cast(User, request.user), executes=executes)
    if form.errors:
        context = detail_context(request, story_of(order), form)
        return render(request, "orders/refund_form.html", context, status=422)
    sent, asked = _("On its way: WeChat Pay usually needs a few minutes."), _("Asked for: finance decides.")
    messages.success(request, sent if executes else asked)
    return _back(request, order)


def _try_refund(form: RefundForm, order: Order, user: User, *, executes: bool) -> None:
    data = form.cleaned_data
    try:
        with transaction.atomic():
            asked = refunds.request_refund(
                order_id=order.pk, amount=data["amount"], reason=data["reason"], key=data["key"], user=user
            )
            if executes and asked.state == RefundState.REQUESTED:  # a second click finds it on its way
                refunds.execute_refund(refund=asked, user=user)
    except BadInput as error:
        form.add_error("amount", error.fields.get("amount", error.message))
    except Refused as error:
        form.add_error("amount", error.message)


@require_POST
@requires("orders.refund_execute")
def decide(request: HttpRequest, no: str, refund_id: int) -> HttpResponse:
    """Say yes or no to a refund somebody asked for."""
    order = order_or_404(request, no)
    asked = get_object_or_404(Refund.objects.select_related("payment__order"), pk=refund_id, payment__order=order)
    if params.one_of("decision", request.POST.get("decision"), ["execute", "decline"], "decline") == "execute":
        refunds.execute_refund(refund=asked, user=cast(User, request.user))
        messages.success(request, _("On its way: WeChat Pay usually needs a few minutes."))
    else:
        refunds.decline_refund(refund=asked, user=cast(User, request.user))
        messages.info(request, _("Not approved. Nothing was refunded."))
    return _back(request, order)
