"""One campaign: the last check before sending, and what became of it."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaigns.choices import CampaignState
from campaigns.models import Campaign
from campaigns.queries.audience import touch_plan
from campaigns.queries.credits import claims
from campaigns.queries.funnel import funnel, sender_checks, senders
from campaigns.queries.lists import product_of
from campaigns.queries.recipients import FATES, recipients
from campaigns.queries.variants import variant_rows
from campaigns.rules import launch as rules
from campaigns.services.launch import content_findings
from campaigns.views.actor import actor
from campaigns.views.editor import audience_context, sentence
from campaigns.views.picture import as_json, comparison, failed_checks, stages
from core import clock, params
from core.errors import BadInput
from messaging.choices import MessageState, Reason, Route
from messaging.queries import quiet_end
from staff.access import may, requires
from staff.models import AuditEntry
from tagging.models import Tag

STOP_POLLING = 286


def _campaigns() -> QuerySet[Campaign]:
    return Campaign.objects.select_related("segment", "content", "created_by", "approved_by", "winner").defer(
        "content__card_image"
    )


@require_safe
@requires("campaigns.view")
def detail(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The campaign's page: before the launch a last look, afterwards the results."""
    campaign = get_object_or_404(_campaigns(), id=campaign_id)
    context = _common(request, campaign)
    if campaign.launched_at is None:
        return render(request, "campaigns/review.html", context | _review(request, campaign))
    return render(request, "campaigns/results.html", context | _results(campaign) | _people(request, campaign))


def _common(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    user = request.user
    return {
        "campaign": campaign,
        "product": product_of(campaign),
        "history": _history(campaign),
        "may_edit": may(user, "campaigns.edit"),
        "may_launch": may(user, "campaigns.launch"),
        "may_approve": may(user, "campaigns.approve") and rules.may_approve(actor(request).id, campaign.created_by_id),
        "is_editable": campaign.state in rules.EDITABLE,
        "is_pausable": campaign.state in rules.PAUSABLE,
        "is_cancellable": campaign.state in rules.CANCELLABLE,
        "is_running": campaign.state in rules.RUNNING,
        "is_paused": campaign.state == CampaignState.PAUSED,
        "variants": variant_rows(campaign.id),
    }


def _history(campaign: Campaign) -> list[AuditEntry]:
    entries = AuditEntry.objects.select_related("actor").filter(object_type="campaigns.campaign", object_id=str(campaign.id))
    return list(entries.order_by("-at")[:12])


def _review(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    contents = [campaign.content, *(one.content for one in campaign.variants.select_related("content").order_by("position"))]
    findings = list(dict.fromkeys(found for content in contents for found in content_findings(campaign, content)))
    try:
        known = audience_context(actor(request), touch_plan(campaign))
    except BadInput as error:
        known = {"problem": error.message}
    needed = bool(known.get("needs_approval")) and campaign.approved_by_id is None
    blocked = any(finding.is_blocking for finding in findings)
    return known | {
        "findings": findings,
        "tag_choices": Tag.objects.order_by("group_id", "name").only("id", "name")[:400],
        "has_text": True,
        "sentence": sentence(campaign.segment),
        "is_blocked": blocked,
        "approval_missing": needed,
        "is_launchable": not blocked and not needed and "problem" not in known and known["reach"].reached > 0,
        "starts_at": max(filter(None, [campaign.launch_at, quiet_end()]), default=None),
        "now": clock.now(),
    }


def _results(campaign: Campaign) -> dict[str, Any]:
    numbers, rows = funnel(campaign), senders(campaign.id)
    by_members = sender_checks(numbers, rows) if campaign.channel == Route.WECOM else []
    checks = numbers.checks + by_members
    ends = numbers.window_ends_at
    return {
        "funnel": numbers,
        "stages": stages(numbers),
        "comparison": comparison(numbers),
        "rows": rows,
        "claims": claims(campaign.id),
        "broken": failed_checks(checks),
        "unconfirmed": [row for row in rows if row.unconfirmed_tasks],
        "window_open": ends is not None and ends > clock.now(),
        "seconds": _pace(campaign, ends is not None and ends > clock.now()),
        "progress": numbers.confirmed + numbers.awaiting_result,
    }


def _pace(campaign: Campaign, is_window_open: bool) -> int:
    """Seconds between two looks of an open page; 0: nothing will change."""
    if campaign.state in rules.RUNNING:
        return 3
    return 20 if is_window_open else 0


@require_safe
@requires("campaigns.view")
def live(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The numbers again, for an open page. Says when to stop asking."""
    campaign = get_object_or_404(_campaigns(), id=campaign_id)
    if campaign.launched_at is None:
        raise Http404
    shown = params.one_of("state", request.GET.get("state"), [str(value) for value in CampaignState.values])
    if shown and shown != campaign.state:  # the buttons of the page are no longer the right ones
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    context = _common(request, campaign) | _results(campaign)
    return render(request, "campaigns/_live.html", context, status=200 if context["seconds"] else STOP_POLLING)


@require_safe
@requires("campaigns.view")
def funnel_json(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The numbers of the page for programs."""
    campaign = get_object_or_404(_campaigns(), id=campaign_id)
    numbers, rows = funnel(campaign), senders(campaign.id)
    return JsonResponse(as_json(campaign, numbers, rows, numbers.checks + sender_checks(numbers, rows)))


@require_safe
@requires("campaigns.view")
def people(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The list of people as a fragment, filtered by what became of them."""
    campaign = get_object_or_404(_campaigns(), id=campaign_id)
    return render(request, "campaigns/_people.html", {"campaign": campaign} | _people(request, campaign))


def _people(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    fate = params.one_of("fate", request.GET.get("fate"), list(FATES), "all")
    sender = params.whole("sender", request.GET.get("sender"), 0) or None
    after = params.whole("after", request.GET.get("after"), 0)
    page, following = recipients(campaign, actor(request), fate=fate, sender_id=sender, after=after)
    return {"people": page, "people_next": following, "fate": fate, "fate_label": fate_label(fate), "fates": fate_choices()}


def fate_choices() -> list[tuple[str, str]]:
    """The filters of the list of people with their names."""
    return [(fate, fate_label(fate)) for fate in FATES]


def fate_label(fate: str) -> str:
    """The name of one filter."""
    from django.utils.translation import gettext as _

    named = {
        "all": _("Everybody"),
        "treated": _("Planned"),
        "holdout": _("Hold-out group"),
        "excluded": _("Held back"),
        "opened": _("Opened"),
        "ordered": _("Ordered"),
    }
    if fate in named:
        return named[fate]
    if fate.startswith("no:"):
        return str(Reason(fate[3:]).label)
    return str(MessageState(fate).label)


@require_safe
@requires("campaigns.view")
def card(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The picture on the card, as it is or was sent."""
    campaign = get_object_or_404(Campaign.objects.select_related("content"), id=campaign_id)
    if not campaign.content.card_image:
        raise Http404
    return HttpResponse(
        bytes(campaign.content.card_image), content_type="image/png", headers={"Cache-Control": "private, max-age=60"}
    )
