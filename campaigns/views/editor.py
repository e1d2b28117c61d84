"""Writing a campaign: the steps, and the fragments that answer while one writes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.forms import CampaignForm, fresh_values, values_of
from campaigns.models import Campaign
from campaigns.queries.audience import plan_for
from campaigns.rules.launch import EDITABLE, needs_approval
from campaigns.rules.starters import STARTERS, starter
from campaigns.rules.wording import check_content
from campaigns.services.cards import card_image
from campaigns.services.drafts import Draft, create_campaign, update_campaign
from campaigns.views.actor import actor
from catalog.models import Product
from core import params
from core.conditions import parse, say
from core.errors import BadInput, Refused
from customers.models import Customer
from messaging.choices import Reason
from messaging.queries import Reach, TouchPlan, explain, preview, quiet_end
from messaging.rules import TEXT_BYTES, TITLE_BYTES
from staff.access import requires
from staff.models import AgencyPolicy, User
from tagging.models import Segment


@require_http_methods(["GET", "POST"])
@requires("campaigns.edit")
def new(request: HttpRequest) -> HttpResponse:
    """Begin a campaign, perhaps from a template or with a segment chosen elsewhere."""
    if request.method == "POST":
        return _save(request, None)
    values = fresh_values() | {"segment": request.GET.get("segment", "")}
    chosen = starter(request.GET.get("template", ""))
    if chosen:
        values |= {"name": chosen.name, "text": chosen.text, "card_title": chosen.card_title}
        product = Product.objects.filter(state="on_sale", themes__contains=[chosen.theme]).first() if chosen.theme else None
        values |= {"product": product.code} if product else {}
    return _page(request, CampaignForm(initial=values), None)


@require_http_methods(["GET", "POST"])
@requires("campaigns.edit")
def edit(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Change a draft."""
    campaign = get_object_or_404(Campaign.objects.select_related("content"), id=campaign_id)
    if campaign.state not in EDITABLE:
        raise Refused(_("This campaign was launched; copy it to change it."), "not_editable")
    if request.method == "POST":
        return _save(request, campaign)
    return _page(request, CampaignForm(initial=values_of(campaign)), campaign)


def _save(request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
    form = CampaignForm(request.POST)
    if not form.is_valid():
        return _page(request, form, campaign, status=422)
    draft = _draft(form.cleaned_data)
    saved = update_campaign(campaign, draft, actor=actor(request)) if campaign else create_campaign(draft, actor=actor(request))
    messages.success(request, _("Saved. Check everything once more, then send."))
    return HttpResponseRedirect(reverse("campaigns:detail", args=[saved.id]))


def _draft(clean: dict[str, Any]) -> Draft:
    product: Product = clean["product"]
    return Draft(
        name=clean["name"],
        segment=clean["segment"],
        text=clean["text"],
        card_title=clean["card_title"],
        product_code=product.code,
        card_image=card_image(product),
        holdout_percent=clean["holdout_percent"],
        attribution_days=clean["attribution_days"],
        salt=clean["salt"],
        launch_at=clean["launch_at"],
        stagger_minutes=clean["stagger_minutes"],
        at_best_hour=clean["at_best_hour"],
        test_percent=clean["test_percent"],
        test_hours=clean["test_hours"],
    )


def _page(request: HttpRequest, form: CampaignForm, campaign: Campaign | None, status: int = 200) -> HttpResponse:
    policy = AgencyPolicy.current()
    context = {
        "form": form,
        "campaign": campaign,
        "segments": [(segment, sentence(segment)) for segment in Segment.objects.order_by("-last_count", "name")],
        "products": Product.objects.filter(state="on_sale").select_related("destination").order_by("code"),
        "starters": STARTERS,
        "policy": policy,
        "text_bytes": TEXT_BYTES,
        "title_bytes": TITLE_BYTES,
        "chosen_segment": str(form["segment"].value() or ""),
        "chosen_product": str(form["product"].value() or ""),
    }
    return render(request, "campaigns/editor.html", context, status=status)


def sentence(segment: Segment) -> str:
    """The segment's condition in words; empty when it can no longer be read."""
    try:
        return say(parse(segment.condition))
    except BadInput:
        return ""


@require_safe
@requires("campaigns.edit")
def audience(request: HttpRequest) -> HttpResponse:
    """The audience panel while writing: who would really be reached, and why the others not."""
    segment = Segment.objects.filter(id=params.whole("segment", request.GET.get("segment"), 0)).first()
    if segment is None:
        return render(request, "campaigns/_audience.html", {"segment": None})
    holdout = params.whole("holdout_percent", request.GET.get("holdout_percent"), 0, 0, 50)
    plan = plan_for(segment, salt=params.text("salt", request.GET.get("salt"), 16), holdout_percent=holdout)
    context = audience_context(actor(request), plan) | {"segment": segment, "sentence": sentence(segment), "may_ask": True}
    return render(request, "campaigns/_audience.html", context)


def audience_context(user: User, plan: TouchPlan) -> dict[str, Any]:
    """What the audience panel shows: the waterfall, the senders' work, a sample."""
    reach = preview(plan)
    names = {member.id: str(member) for member in User.objects.filter(id__in=reach.senders)}
    ordered = sorted(reach.senders.items(), key=lambda pair: (-pair[1], pair[0]))
    people = {customer.id: customer for customer in Customer.objects.visible_to(user).filter(id__in=reach.sample)}
    policy = plan.policy
    return {
        "reach": reach,
        "steps": waterfall_steps(reach),
        "senders": [(names.get(sender, "?"), number) for sender, number in ordered],
        "most": ordered[0][1] if ordered else 1,
        "sample": [people[customer_id] for customer_id in reach.sample if customer_id in people],
        "needs_approval": needs_approval(reach.reached, policy.approval_limit, is_approved=False),
        "approval_limit": policy.approval_limit,
        "quiet_end": quiet_end(),
    }


def waterfall_steps(reach: Reach) -> list[dict[str, Any]]:
    """The waterfall's rows: the target, each loss, what is left. Reasons that hold back nobody are left out."""
    losses = [
        {"label": Reason(reason).label, "value": -lost, "css": "c5" if reason == Reason.HOLDOUT else "mute"}
        for reason, lost, _left in reach.steps
        if lost
    ]
    return [
        {"label": _("Audience"), "value": reach.target, "total": True, "css": "c8"},
        *losses,
        {"label": _("Expected reach"), "value": reach.reached, "total": True, "css": "c1"},
    ]


@require_safe
@requires("campaigns.edit")
def why(request: HttpRequest) -> HttpResponse:
    """Why somebody is not in it: candidates by name, or the governor's answer about one of them."""
    user = actor(request)
    segment = get_object_or_404(Segment, id=params.whole("segment", request.GET.get("segment"), 0))
    name = params.text("who", request.GET.get("who"), 40)
    chosen = params.whole("customer", request.GET.get("customer"), 0)
    visible = Customer.objects.visible_to(user)
    if not chosen:
        typed = Q(name__startswith=name) | Q(nickname__startswith=name) | Q(name_pinyin__startswith=name.lower())
        found = visible.filter(typed).order_by("id")[:8] if name else []
        return render(request, "campaigns/_why.html", {"found": found, "who": name, "segment": segment})
    customer = get_object_or_404(visible, id=chosen)
    holdout = params.whole("holdout_percent", request.GET.get("holdout_percent"), 0, 0, 50)
    plan = plan_for(segment, salt=params.text("salt", request.GET.get("salt"), 16), holdout_percent=holdout)
    verdict = explain(plan, customer.id)
    label = Reason(verdict.reason).label if verdict and verdict.reason else ""
    sender = User.objects.filter(id=verdict.sender_id).first() if verdict and verdict.sender_id else None
    return render(
        request,
        "campaigns/_why.html",
        {"customer": customer, "verdict": verdict, "reason": label, "sender": sender, "policy": plan.policy, "segment": segment},
    )


@require_POST
@requires("campaigns.edit")
def check(request: HttpRequest) -> HttpResponse:
    """Remarks on a text while it is being written."""
    text, title = request.POST.get("text", ""), request.POST.get("card_title", "")
    if len(text) > 2 * TEXT_BYTES or len(title) > 2 * TEXT_BYTES:
        raise BadRequest
    product = Product.objects.filter(code=params.text("product", request.POST.get("product"), 20)).first()
    findings = check_content(text, title, product.price_from_amount if product else None)
    return render(request, "campaigns/_findings.html", {"findings": findings, "has_text": bool(text.strip())})
