"""Sending a campaign out: the frozen audience, its messages and tasks; pausing and stopping."""

import datetime as dt

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.choices import CampaignState
from campaigns.models import Campaign
from campaigns.queries.audience import touch_plan
from campaigns.queries.split import split_of
from campaigns.queries.variants import tried
from campaigns.rules import launch as rules
from campaigns.rules.split import winner
from campaigns.rules.wording import Finding, check_content, check_direct
from campaigns.services.attribution import attribute_buyers
from campaigns.services.drafts import locked
from catalog.models import Product
from core import clock
from core.choices import Lane
from core.errors import Later, Refused
from core.jobs import enqueue, job
from messaging.choices import Route
from messaging.models import Content, MassTask
from messaging.queries import preview, quiet_end
from messaging.services.broadcasts import (
    VERDICTS,
    cancel_tasks,
    pause_tasks,
    queue_broadcast,
    release_waiting,
    start_tasks,
)
from messaging.services.results import refresh_results, remind
from staff.models import AgencyPolicy, User
from staff.services import write_audit


def launch_campaign(campaign: Campaign, *, actor: User) -> Campaign:
    """Freeze the question and let the campaign go: at once, at its hour, or when the quiet hours end.

    Refused when nobody would be reached, when the words are not allowed, or when a second person must still agree.
    The audience itself is frozen by the job, in one transaction, at the moment of sending.
    """
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state not in rules.EDITABLE:
            raise Refused(_("This campaign was launched already."), "already_launched")
        _refuse_bad_content(current)
        current.segment_condition = current.segment.condition
        reach = preview(touch_plan(current)).reached
        if reach == 0:
            raise Refused(_("Nobody in this segment can be reached now."), "nobody")
        limit = AgencyPolicy.current().approval_limit
        if rules.needs_approval(reach, limit, is_approved=current.approved_by_id is not None):
            message = _("More than %(limit)s people: somebody else must approve first.") % {"limit": limit}
            raise Refused(message, "approval_needed")
        _start(current)
        write_audit(actor, "campaigns.launch", current, {"reach": reach})
    return current


def _start(campaign: Campaign) -> None:
    now = clock.now()
    due = max(filter(None, [campaign.launch_at, quiet_end(max(now, campaign.launch_at or now))]), default=now)
    campaign.state = CampaignState.SCHEDULED if due > now else CampaignState.LAUNCHING
    campaign.error, campaign.launch_at = "", due if due > now else campaign.launch_at
    campaign.save(update_fields=["state", "error", "launch_at", "segment_condition"])
    enqueue(dispatch_campaign, key=str(campaign.id), run_at=due if due > now else None, campaign_id=campaign.id)


def _refuse_bad_content(campaign: Campaign) -> None:
    contents = [campaign.content, *(one.content for one in campaign.variants.select_related("content"))]
    product = Product.objects.filter(code=campaign.content.product_code).first()
    if campaign.channel == Route.WECOM and (product is None or not all(one.card_image for one in contents)):
        raise Refused(_("Choose a product for the card first."), "no_card")
    blocking = {found.word for content in contents for found in content_findings(campaign, content) if found.is_blocking}
    if blocking:
        raise Refused(_("The text cannot be sent as it is: %(words)s") % {"words": "、".join(sorted(blocking))}, "wording")


def content_findings(campaign: Campaign, content: Content) -> list[Finding]:
    """What there is to say about one text of a campaign on its channel; the price is compared with the product's."""
    product = Product.objects.filter(code=content.product_code).first()
    price = product.price_from_amount if product else None
    if campaign.channel == Route.WECOM:
        return check_content(content.text, content.card_title, price)
    return check_direct(campaign.channel, content.template_id, content.text, content.fields, price)


@job(Lane.BULK, coalesce=True)
def dispatch_campaign(campaign_id: int) -> None:
    """Take the snapshot and start the tasks, once. Checks the hour, the quiet hours and the campaign's state anew."""
    with transaction.atomic():
        campaign = locked(campaign_id)
        if campaign.state not in {CampaignState.SCHEDULED, CampaignState.LAUNCHING}:
            return
        now = clock.now()
        due = max(filter(None, [campaign.launch_at, quiet_end(now)]), default=now)
        if due > now and campaign.launched_at is None:
            raise Later((due - now).total_seconds() + 0.1, "not yet")
        if campaign.launched_at is None:
            take_snapshot(campaign)
        start_tasks(campaign_id)


LATE_RESULTS = dt.timedelta(hours=1)

# The same verdicts that queued the messages: whoever has no reason against them is treated, and has a message.
_RECIPIENTS = f"""
INSERT INTO campaigns_recipient (campaign_id, customer_id, arm, reason, message_id, variant_id)
SELECT %(campaign)s, verdict.customer_id,
    CASE verdict.reason WHEN '' THEN 'treated' WHEN 'holdout' THEN 'holdout' ELSE 'excluded' END, verdict.reason, message.id,
    CASE WHEN verdict.reason = '' AND NOT verdict.waits THEN variant.id END
FROM {VERDICTS} AS verdict
LEFT JOIN campaigns_variant AS variant ON variant.campaign_id = %(campaign)s AND variant.content_id = verdict.content_id
LEFT JOIN messaging_message AS message
  ON message.campaign_id = %(campaign)s AND message.customer_id = verdict.customer_id AND verdict.reason = ''
ON CONFLICT (campaign_id, customer_id) DO NOTHING
"""  # noqa: S608 - a constant; every value is a parameter


def take_snapshot(campaign: Campaign, at: dt.datetime | None = None) -> int:
    """Freeze the audience with arm and reason, and queue the messages, in the caller's transaction; people in it.

    `at` is the moment of sending (now), which a history written afterwards may give.
    """
    plan = touch_plan(campaign, at)
    queue_broadcast(plan, content_id=campaign.content_id, split=split_of(campaign, plan.at))
    with connection.cursor() as cursor:
        cursor.execute(_RECIPIENTS, {"campaign": campaign.id})
        people = int(cursor.rowcount)
    campaign.state, campaign.launched_at = CampaignState.LAUNCHING, plan.at
    campaign.save(update_fields=["state", "launched_at"])
    return people


# What is open of a direct campaign is counted from its messages, of a WeCom campaign from its tasks.
_ADVANCE = """
UPDATE campaigns_campaign AS campaign
SET state = CASE WHEN task.open_tasks = 0 THEN 'finished' WHEN task.waiting = 0 THEN 'awaiting_staff' ELSE campaign.state END,
    finished_at = CASE WHEN task.open_tasks = 0 THEN %(now)s ELSE NULL END
FROM (
    SELECT running.id, count(entry.id) FILTER (WHERE entry.state IN ('pending', 'creating', 'unknown')) AS waiting,
        count(entry.id) FILTER (WHERE entry.state IN ('pending', 'creating', 'unknown', 'created', 'confirmed')) AS open_tasks
    FROM campaigns_campaign AS running LEFT JOIN messaging_masstask AS entry ON entry.campaign_id = running.id
    WHERE running.state IN ('launching', 'awaiting_staff') AND running.launched_at IS NOT NULL AND running.channel = 'wecom'
    GROUP BY running.id
    UNION ALL
    SELECT running.id, 1, count(*) FILTER (WHERE message.state IN ('queued', 'sending', 'unknown'))
    FROM campaigns_campaign AS running LEFT JOIN messaging_message AS message ON message.campaign_id = running.id
    WHERE running.state = 'launching' AND running.launched_at IS NOT NULL AND running.channel <> 'wecom'
    GROUP BY running.id
) AS task
WHERE campaign.id = task.id AND campaign.state IN ('launching', 'awaiting_staff')
  AND (task.open_tasks = 0 OR (task.waiting = 0 AND campaign.state <> 'awaiting_staff'))
"""


@job(Lane.USUAL, coalesce=True)
def advance_campaigns() -> None:
    """Move running campaigns on by what their tasks say: all at the platform, all over. Deliveries that became known
    after a payment are credited here, set-based, as a mass send ends with ten thousand of them at once."""
    now = clock.now()
    recent = Q(state__in=rules.RUNNING) | Q(finished_at__gt=now - LATE_RESULTS)
    ids = list(Campaign.objects.filter(recent, launched_at__isnull=False).values_list("id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, {"now": now})
    attribute_buyers(ids)


@job(Lane.USUAL, coalesce=True)
def choose_winners() -> None:
    """Where the hours of a test are over, the words that were opened most go to everybody who waited for them."""
    now = clock.now()
    waiting = Campaign.objects.filter(test_percent__lt=100, decided_at=None, launched_at__isnull=False, state__in=rules.RUNNING)
    for campaign in waiting.order_by("id"):
        if campaign.launched_at and campaign.launched_at + dt.timedelta(hours=campaign.test_hours) <= now:
            choose_winner(campaign)


def choose_winner(campaign: Campaign) -> int:
    """End a campaign's test now; people released. Without any opening to go by, the first variant wins."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.decided_at is not None or current.state not in rules.RUNNING:
            return 0
        best = winner(tried(current.id))
        variant = current.variants.filter(id=best.variant_id).first() if best else None
        variant = variant or current.variants.filter(tag_ids=[]).order_by("position").first()
        current.winner, current.decided_at = variant, clock.now()
        current.save(update_fields=["winner", "decided_at"])
        released = release_waiting(current.id, variant.content_id if variant else current.content_id)
        with connection.cursor() as cursor:
            cursor.execute(_ADOPT, {"campaign": current.id, "variant": variant.id if variant else None})
    return released


_ADOPT = """
UPDATE campaigns_recipient SET variant_id = %(variant)s
WHERE campaign_id = %(campaign)s AND arm = 'treated' AND variant_id IS NULL
"""


def pause_campaign(campaign: Campaign, *, actor: User) -> int:
    """Hold back what is not at the platform yet; tasks held. What staff already have stays with them."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state not in rules.PAUSABLE:
            raise Refused(_("There is nothing left to pause: staff have all tasks. You can cancel."), "nothing_to_pause")
        current.state = CampaignState.PAUSED
        current.save(update_fields=["state"])
        held = pause_tasks(current.id)
        write_audit(actor, "campaigns.pause", current, {"tasks": held})
    return held


def resume_campaign(campaign: Campaign, *, actor: User) -> None:
    """Go on after a pause."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state != CampaignState.PAUSED:
            raise Refused(_("This campaign is not paused."), "not_paused")
        current.state = CampaignState.LAUNCHING if current.launched_at else CampaignState.SCHEDULED
        current.save(update_fields=["state"])
        enqueue(dispatch_campaign, key=str(current.id), campaign_id=current.id)
        write_audit(actor, "campaigns.resume", current, {})


def cancel_campaign(campaign: Campaign, *, actor: User) -> int:
    """Stop: nothing more is created, and staff can no longer confirm; tasks stopped. What was delivered stays delivered."""
    with transaction.atomic():
        current = locked(campaign.id)
        if current.state not in rules.CANCELLABLE:
            raise Refused(_("This campaign is not running."), "not_running")
        current.state, current.finished_at = CampaignState.CANCELLED, clock.now()
        current.save(update_fields=["state", "finished_at"])
        stopped = cancel_tasks(current.id)
        write_audit(actor, "campaigns.cancel", current, {"tasks": stopped})
    return stopped


def pause_all(*, actor: User) -> int:
    """The big red button: hold back every campaign that is scheduled or being dispatched; how many."""
    running = Campaign.objects.filter(state__in=rules.PAUSABLE).order_by("id")
    paused = 0
    for campaign in running:
        try:
            pause_campaign(campaign, actor=actor)
        except Refused:  # it moved on in this moment
            continue
        paused += 1
    return paused


def refresh_campaign(campaign: Campaign) -> int:
    """Ask the platform for results now; tasks asked about."""
    return refresh_results(campaign.id)


def remind_senders(campaign: Campaign, *, actor: User, task_ids: list[int]) -> int:
    """Remind members of staff who have not confirmed; how many reminders go out."""
    ours = list(MassTask.objects.filter(campaign_id=campaign.id, id__in=task_ids).order_by("id").values_list("id", flat=True))
    with transaction.atomic():
        count = remind(ours)
        write_audit(actor, "campaigns.remind", campaign, {"tasks": ours, "reminded": count})
    return count
