"""The buttons of a campaign's page. Each is one service; what reaches customers is confirmed by typing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from campaigns.choices import CampaignState
from campaigns.models import Campaign
from campaigns.services import drafts
from campaigns.services import launch as launching
from campaigns.views.actor import actor
from core import params
from core.errors import Refused
from messaging.models import MassTask
from staff.access import requires


def _campaign(campaign_id: int) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("segment", "content"), id=campaign_id)


def _back(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The campaign's page again; for htmx a redirect that loads it whole."""
    url = reverse("campaigns:detail", args=[campaign_id])
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _confirmed(request: HttpRequest, expected: str) -> None:
    if request.POST.get("confirm", "").strip() != expected:
        raise Refused(_("Type “%(text)s” to confirm.") % {"text": expected}, "not_confirmed")


@require_POST
@requires("campaigns.edit")
def submit(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Ask a second person."""
    drafts.submit_campaign(_campaign(campaign_id), actor=actor(request))
    messages.success(request, _("Submitted. Somebody else with the right to approve can now agree."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.approve")
def approve(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The second person's yes."""
    drafts.approve_campaign(_campaign(campaign_id), actor=actor(request))
    messages.success(request, _("Approved. The campaign can be sent now."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.approve")
def give_back(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The second person's no, with a word why."""
    note = params.text("note", request.POST.get("note"), 200)
    drafts.return_campaign(_campaign(campaign_id), actor=actor(request), note=note)
    messages.info(request, _("Returned to its writer."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.launch")
def launch(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Send. The name must be typed."""
    campaign = _campaign(campaign_id)
    _confirmed(request, campaign.name)
    launched = launching.launch_campaign(campaign, actor=actor(request))
    if launched.state == CampaignState.SCHEDULED:
        messages.success(request, _("Scheduled. It starts by itself."))
    else:
        messages.success(request, _("On its way: tasks are being created for staff."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.launch")
def pause(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Hold back what is not at the platform yet."""
    launching.pause_campaign(_campaign(campaign_id), actor=actor(request))
    messages.warning(request, _("Paused. Tasks that staff already have stay with them."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.launch")
def resume(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Go on."""
    launching.resume_campaign(_campaign(campaign_id), actor=actor(request))
    messages.success(request, _("Going on."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.launch")
def cancel(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Stop for good. The name must be typed."""
    campaign = _campaign(campaign_id)
    _confirmed(request, campaign.name)
    launching.cancel_campaign(campaign, actor=actor(request))
    messages.warning(request, _("Cancelled. What was delivered stays delivered; nothing more is sent."))
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.view")
def refresh(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Ask the platform for results now."""
    asked = launching.refresh_campaign(_campaign(campaign_id))
    text = ngettext("Asking the platform about %(n)s task.", "Asking the platform about %(n)s tasks.", asked) % {"n": asked}
    messages.info(request, text if asked else _("All results are in already."))
    return _done(request, campaign_id)


@require_POST
@requires("campaigns.launch")
def remind(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Remind one member, or everybody who has not confirmed."""
    campaign = _campaign(campaign_id)
    sender = params.whole("sender", request.POST.get("sender"), 0)
    tasks = MassTask.objects.filter(campaign_id=campaign.id, **({"sender_id": sender} if sender else {}))
    count = launching.remind_senders(campaign, actor=actor(request), task_ids=list(tasks.values_list("id", flat=True)))
    if count:
        messages.success(request, ngettext("%(n)s reminder sent.", "%(n)s reminders sent.", count) % {"n": count})
    else:
        messages.warning(request, _("Nobody to remind: all confirmed, or three reminders in 24 hours already."))
    return _done(request, campaign_id)


def _done(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """A toast and fresh numbers for htmx, the page for others."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Trigger": "campaign-changed"})
    return _back(request, campaign_id)


@require_POST
@requires("campaigns.edit")
def duplicate(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """A new draft with the same words."""
    copy = drafts.duplicate_campaign(_campaign(campaign_id), actor=actor(request))
    messages.success(request, _("Copied as a draft."))
    return HttpResponseRedirect(reverse("campaigns:edit", args=[copy.id]))


@require_POST
@requires("campaigns.edit")
def delete(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Throw a draft away."""
    drafts.delete_draft(_campaign(campaign_id), actor=actor(request))
    messages.success(request, _("Draft deleted."))
    return HttpResponseRedirect(reverse("campaigns:index"))
