"""P18: the points ledger: liability, proof, earning rules, adjustments by two people."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from core.errors import BadInput, Refused
from core.jobs import enqueue
from customers.models import Customer
from membership.forms import AdjustForm, new_key
from membership.models import Adjustment, EarnRule, Program, Proof
from membership.queries.points import liability
from membership.services.adjusting import decide_adjustment, request_adjustment
from membership.services.proof import prove_ledger
from membership.views.tiers import actor
from staff.access import may, requires


def _context(request: HttpRequest, form: AdjustForm | None = None) -> dict[str, Any]:
    visible = Customer.objects.visible_to(actor(request))
    asked = Adjustment.objects.filter(customer__in=visible).select_related("customer", "requested_by", "decided_by")
    program = Program.current()
    return {
        "tab": "points",
        "liability": liability(clock.now(), program),
        "proofs": list(Proof.objects.order_by("-day")[:7]),
        "rules": list(EarnRule.objects.order_by("id")),
        "program": program,
        "adjustments": list(asked.order_by("-id")[:20]),
        "form": form or AdjustForm(initial={"key": new_key()}),
        "may_propose": may(request.user, "points.propose"),
        "may_decide": may(request.user, "points.decide"),
        "may_manage": may(request.user, "membership.manage"),
        "me": actor(request),
    }


@requires("membership.view")
@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """What unused points may cost, whether the books agree, how points are earned, what was changed by hand."""
    return render(request, "membership/points.html", _context(request))


@require_POST
@requires("points.propose")
def adjust(request: HttpRequest) -> HttpResponse:
    """Ask for points to be changed; somebody else decides."""
    form = AdjustForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        customer = Customer.objects.visible_to(actor(request)).filter(pk=data["customer"]).first()
        if customer is None:
            form.add_error("customer", _("There is no such customer."))
        else:
            _try(form, customer.pk, request)
    if form.errors:
        return render(request, "membership/points.html", _context(request, form), status=422)
    messages.success(request, _("Asked for: a second person decides."))
    return HttpResponseRedirect(reverse("membership:points"))


def _try(form: AdjustForm, customer_id: int, request: HttpRequest) -> None:
    data = form.cleaned_data
    try:
        request_adjustment(customer_id, data["points"], reason=data["reason"], key=data["key"], by=actor(request))
    except BadInput as error:
        for name, complaint in error.fields.items():
            form.add_error(name, complaint)


@require_POST
@requires("points.decide")
def decide(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Say yes or no to what somebody else asked for."""
    asked = get_object_or_404(Adjustment, pk=adjustment_id, customer__in=Customer.objects.visible_to(actor(request)))
    is_approved = params.one_of("decision", request.POST.get("decision"), ["approve", "reject"], "reject") == "approve"
    try:
        decide_adjustment(asked.pk, is_approved=is_approved, by=actor(request))
        messages.success(request, _("Approved.") if is_approved else _("Not approved."))
    except Refused as refused:
        messages.error(request, refused.message)
    return HttpResponseRedirect(reverse("membership:points"))


@require_POST
@requires("membership.manage", "points.decide")
def prove(request: HttpRequest) -> HttpResponse:
    """Prove the ledger now instead of tonight."""
    enqueue(prove_ledger, key="by hand")
    messages.success(request, _("The books are being checked; look again in a moment."))
    return HttpResponseRedirect(reverse("membership:points"))
