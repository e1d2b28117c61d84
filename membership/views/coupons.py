"""P19: coupon templates, giving coupons out, redeeming them."""

import csv
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock, params
from core.errors import BadInput, Refused
from customers.models import Customer
from membership.choices import CouponState, TemplateState
from membership.forms import IssueForm, TemplateForm, confirmation, new_key
from membership.models import Coupon, CouponBatch, CouponTemplate, Redemption
from membership.services.coupons import Redeemed, issue_codes, issue_coupon, issue_to_segment, redeem_code, void_coupon
from membership.services.records import move_template, save_template
from membership.views.tiers import actor
from staff.access import may, requires
from staff.services import write_audit
from tagging.models import Segment

VIEWS = {
    "active": TemplateState.ACTIVE,
    "draft": TemplateState.DRAFT,
    "paused": TemplateState.PAUSED,
    "ended": TemplateState.ENDED,
}


@requires("membership.view")
@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    """Coupons, the newest first, with what came of them."""
    view = params.one_of("view", request.GET.get("view"), list(VIEWS))
    text = params.text("q", request.GET.get("q"), 40)
    found = CouponTemplate.objects.order_by("-id")
    if view:
        found = found.filter(state=VIEWS[view])
    if text:
        found = found.filter(name__icontains=text)
    rows = list(found[:100])
    used = _figures([one.pk for one in rows])
    states = dict(CouponTemplate.objects.values_list("state").annotate(number=Count("id")))
    context = {
        "rows": [{"template": one, **used.get(one.pk, {"used": 0, "amount": 0})} for one in rows],
        "view": view, "q": text,
        "views": [(key, TemplateState(state).label, states.get(state, 0)) for key, state in VIEWS.items()],
        "may_manage": may(request.user, "membership.manage"), "may_redeem": may(request.user, "coupons.redeem"),
    }  # fmt: skip
    return render(request, "membership/coupons.html", context)


def _figures(ids: list[int]) -> dict[int, dict[str, Any]]:
    """Template -> how many were used, and what they took off in all."""
    kept = Redemption.objects.filter(coupon__template__in=ids, state="committed", returned_at__isnull=True)
    rows = kept.values("coupon__template_id").annotate(used=Count("id"), amount=Sum("amount"))
    return {row["coupon__template_id"]: {"used": row["used"], "amount": row["amount"]} for row in rows}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("membership.manage")
def new(request: HttpRequest) -> HttpResponse:
    """A new coupon; `from` copies the terms of another."""
    source = CouponTemplate.objects.filter(pk=params.whole("from", request.GET.get("from"), 0)).first()
    initial = {name: getattr(source, name) for name in TemplateForm.Meta.fields} if source else {}
    form = TemplateForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        template = save_template(form.filled(), by=actor(request))
        messages.success(request, _("A draft: look at it once more, then publish it."))
        return HttpResponseRedirect(reverse("membership:coupon", args=[template.pk]))
    return render(request, "membership/coupon_form.html", {"form": form}, status=422 if form.is_bound else 200)


def _detail(request: HttpRequest, template: CouponTemplate, form: IssueForm | None = None) -> dict[str, Any]:
    visible = Customer.objects.visible_to(actor(request))
    counts = dict(template.coupons.values_list("state").annotate(number=Count("id")))
    past = template.coupons.filter(state=CouponState.ISSUED, expires_at__lt=clock.now()).count()
    kept = Redemption.objects.filter(coupon__template=template, state="committed", returned_at__isnull=True)
    sums = kept.aggregate(amount=Sum("amount"), merchant=Sum("merchant_amount"), number=Count("id"))
    return {
        "template": template, "counts": counts, "past": past, "sums": sums, "form": form or IssueForm(initial={"key": new_key()}),
        "coupons": list(template.coupons.filter(customer__in=visible).select_related("customer").order_by("-id")[:20]),
        "batches": list(template.batches.select_related("created_by").order_by("-id")[:10]),
        "redemptions": list(
            kept.filter(coupon__customer__in=visible).select_related("coupon__customer", "staff").order_by("-id")[:10]
        ),
        "segments": list(Segment.objects.order_by("name").values_list("pk", "name")[:200]),
        "may_manage": may(request.user, "membership.manage"), "may_issue": may(request.user, "coupons.issue"),
        "is_open": template.state == TemplateState.ACTIVE, "confirm_word": confirmation(),
        "moves": _moves(template),
    }  # fmt: skip


def _moves(template: CouponTemplate) -> list[tuple[str, str, str]]:
    """(target, words, looks) of what can be done with the template now."""
    by_state = {
        TemplateState.DRAFT: [("active", _("Publish"), "primary")],
        TemplateState.ACTIVE: [("paused", _("Pause"), ""), ("ended", _("End"), "quiet")],
        TemplateState.PAUSED: [("active", _("Resume"), "primary"), ("ended", _("End"), "quiet")],
    }
    return by_state.get(TemplateState(template.state), [])


@requires("membership.view")
@require_safe
def detail(request: HttpRequest, template_id: int) -> HttpResponse:
    """One coupon: its terms, who has it, what it took off."""
    template = get_object_or_404(CouponTemplate, pk=template_id)
    return render(request, "membership/coupon.html", _detail(request, template))


@require_POST
@requires("membership.manage")
def set_state(request: HttpRequest, template_id: int) -> HttpResponse:
    """Publish, pause, resume or end."""
    template = get_object_or_404(CouponTemplate, pk=template_id)
    target = params.one_of("state", request.POST.get("state"), ["active", "paused", "ended"])
    if not target:
        raise BadInput(_("Choose one of the options."), {"state": _("Choose one of the options.")})
    move_template(template.pk, TemplateState(target), by=actor(request))
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("membership:coupon", args=[template.pk]))


@require_POST
@requires("coupons.issue")
def issue(request: HttpRequest, template_id: int) -> HttpResponse:
    """Give coupons out."""
    template = get_object_or_404(CouponTemplate, pk=template_id)
    form = IssueForm(request.POST)
    if form.is_valid():
        _issue(request, form, template)
    if form.errors:
        return render(request, "membership/coupon.html", _detail(request, template, form), status=422)
    return HttpResponseRedirect(reverse("membership:coupon", args=[template.pk]))


def _issue(request: HttpRequest, form: IssueForm, template: CouponTemplate) -> None:
    data, by = form.cleaned_data, actor(request)
    try:
        if data["how"] == "single":
            customer = Customer.objects.visible_to(by).filter(pk=data["customer"]).first()
            if customer is None:
                form.add_error("customer", _("There is no such customer."))
                return
            issue_coupon(customer.pk, template.pk, f"staff:{data['key']}", source="staff", by=by)
            messages.success(request, _("Given."))
        elif data["how"] == "segment":
            if not Segment.objects.filter(pk=data["segment"]).exists():
                form.add_error("segment", _("There is no such segment."))
                return
            batch = issue_to_segment(template.pk, data["segment"], key=f"segment:{data['key']}", by=by)
            messages.success(request, _("%(number)s customers have it.") % {"number": batch.issued})
        else:
            batch = issue_codes(template.pk, data["count"], key=f"codes:{data['key']}", by=by)
            messages.success(request, _("%(number)s codes are made.") % {"number": batch.issued})
    except Refused as refused:
        form.add_error(None, refused.message)


@require_POST
@requires("coupons.issue")
def codes(request: HttpRequest, template_id: int, batch_id: int) -> HttpResponse:
    """A batch's codes as a file; noted in the audit log."""
    batch = get_object_or_404(CouponBatch, pk=batch_id, template_id=template_id, is_codes=True)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="codes-{batch.pk}.csv"'}
    )
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow([_("code"), _("state")])
    for code, state in batch.coupons.order_by("pk").values_list("code", "state"):
        writer.writerow([code, CouponState(state).label])
    write_audit(actor(request), "coupon.codes_exported", batch, {"coupons": batch.issued})
    return response


@require_POST
@requires("coupons.issue")
def void(request: HttpRequest, template_id: int, coupon_id: int) -> HttpResponse:
    """Take an unused coupon away."""
    mine = Q(customer__in=Customer.objects.visible_to(actor(request)))
    coupon = get_object_or_404(Coupon.objects.filter(mine), pk=coupon_id, template_id=template_id)
    void_coupon(coupon.pk, reason=params.text("reason", request.POST.get("reason"), 80) or _("by staff"), by=actor(request))
    messages.success(request, _("Void."))
    return HttpResponseRedirect(reverse("membership:coupon", args=[template_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("coupons.redeem")
def redeem(request: HttpRequest) -> HttpResponse:
    """Scan or type a coupon's code at the counter."""
    context: dict[str, Any] = {"key": new_key(), "code": ""}
    if request.method == "POST":
        context["code"] = params.text("code", request.POST.get("code"), 40)
        key = params.text("key", request.POST.get("key"), 40) or new_key()
        try:
            context["done"] = _redeem(context["code"], key, request)
            context["code"] = ""
        except Refused as refused:
            context["refused"] = refused.message
    return render(request, "membership/redeem.html", context, status=422 if "refused" in context else 200)


def _redeem(code: str, key: str, request: HttpRequest) -> Redeemed:
    return redeem_code(code, key=f"desk:{key}", channel="store", by=actor(request))
