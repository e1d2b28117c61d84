"""The variants of a campaign: written on its page while it is a draft, decided by hand while it runs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Campaign
from campaigns.services.launch import choose_winner
from campaigns.services.variants import add_variant, remove_variant
from campaigns.views.actor import actor
from core import params
from core.errors import Refused
from staff.access import requires


def _back(campaign_id: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("campaigns:detail", args=[campaign_id]) + "#variants")


@require_POST
@requires("campaigns.edit")
def add(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """One more way to say it."""
    campaign = get_object_or_404(Campaign, id=campaign_id)
    tags = [params.whole("tag", value, 0) for value in request.POST.getlist("tags")[:20]]
    made = add_variant(
        campaign,
        name=params.text("name", request.POST.get("name"), 40),
        text=request.POST.get("text", ""),
        card_title=params.text("card_title", request.POST.get("card_title"), 64),
        weight=params.whole("weight", request.POST.get("weight"), 1, 1, 100),
        tag_ids=[tag for tag in tags if tag],
        actor=actor(request),
    )
    messages.success(request, _("Variant “%(name)s” was added.") % {"name": made.name})
    return _back(campaign_id)


@require_POST
@requires("campaigns.edit")
def remove(request: HttpRequest, campaign_id: int, variant_id: int) -> HttpResponse:
    """Take a variant away."""
    remove_variant(get_object_or_404(Campaign, id=campaign_id), variant_id, actor=actor(request))
    return _back(campaign_id)


@require_POST
@requires("campaigns.launch")
def decide(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """End the test now: what was opened most goes to everybody who waited."""
    campaign = get_object_or_404(Campaign, id=campaign_id)
    if campaign.decided_at or campaign.test_percent == 100 or not campaign.launched_at:
        raise Refused(_("There is no test to end."), "no_test")
    released = choose_winner(campaign)
    messages.success(request, _("Decided: %(n)s more people get the variant that won.") % {"n": released})
    return _back(campaign_id)
