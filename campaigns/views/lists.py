"""The list of campaigns."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from campaigns.choices import CampaignState
from campaigns.queries.lists import campaign_page, mini_funnels, state_counts
from campaigns.rules.launch import PAUSABLE
from campaigns.rules.starters import STARTERS
from campaigns.services.launch import pause_all
from campaigns.views.actor import actor
from core import params
from staff.access import may, requires


@require_safe
@requires("campaigns.view")
def index(request: HttpRequest) -> HttpResponse:
    """Campaigns, newest first, by state, each with its small funnel."""
    state = params.one_of("state", request.GET.get("state"), [str(value) for value in CampaignState.values])
    text = params.text("q", request.GET.get("q"), 60)
    campaigns, following = campaign_page(state, text, params.whole("after", request.GET.get("after"), 0) or None)
    counts = state_counts()
    context = {
        "rows": [(campaign, mini) for campaign, mini in _with_funnels(campaigns)],
        "state": state, "q": text, "next": following, "total": sum(counts.values()),
        "tabs": [(value, label, counts[value]) for value, label in CampaignState.choices if counts.get(value)],
        "pausable": sum(counts.get(value, 0) for value in PAUSABLE),
        "starters": STARTERS,
        "may_edit": may(request.user, "campaigns.edit"),
        "may_launch": may(request.user, "campaigns.launch"),
    }  # fmt: skip
    return render(request, "campaigns/index.html", context)


def _with_funnels(campaigns: list) -> list[tuple]:  # type: ignore[type-arg]
    minis = mini_funnels(campaigns)
    return [(campaign, minis.get(campaign.id)) for campaign in campaigns]


@require_POST
@requires("campaigns.launch")
def pause_everything(request: HttpRequest) -> HttpResponse:
    """The big red button."""
    paused = pause_all(actor=actor(request))
    messages.warning(
        request,
        ngettext("%(n)s campaign paused", "%(n)s campaigns paused", paused) % {"n": paused}
        if paused
        else _("Nothing was running."),
    )
    return HttpResponseRedirect(reverse("campaigns:index"))
