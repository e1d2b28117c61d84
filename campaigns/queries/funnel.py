"""What became of everybody in a campaign's audience. Every number is counted from rows, and checked against the others."""

import collections
import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection

from campaigns.choices import Arm
from campaigns.models import Campaign
from campaigns.rules.lift import ArmTotals, Lift, compare
from messaging.choices import MessageState, Reason

# One row per kind of fate. `at_platform`: the task exists there and took this person.
_FATES = """
SELECT recipient.arm, recipient.reason, coalesce(message.state, ''), coalesce(message.reason, ''),
    coalesce(CASE WHEN message.task_id IS NULL THEN message.state IN ('sent', 'uncertain')
        ELSE task.msgid <> '' AND message.state NOT IN ('queued', 'suppressed', 'failed') END, false) AS at_platform,
    message.clicked_at IS NOT NULL AS is_opened, task.confirmed_at IS NOT NULL AS is_confirmed, count(*)
FROM campaigns_recipient AS recipient
LEFT JOIN messaging_message AS message ON message.id = recipient.message_id
LEFT JOIN messaging_masstask AS task ON task.id = message.task_id
WHERE recipient.campaign_id = %s
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
# What the campaign may claim (last touch), and how many of these people had opened the card.
_CLAIMED = """
SELECT count(DISTINCT message.customer_id), count(*), coalesce(sum(claim.amount), 0),
    count(DISTINCT message.customer_id) FILTER (WHERE message.clicked_at IS NOT NULL),
    count(*) FILTER (WHERE claim.amount = 0)
FROM campaigns_attribution AS claim JOIN messaging_message AS message ON message.id = claim.message_id
WHERE claim.campaign_id = %s
"""
# Both arms over the same window from the launch, whatever they saw: net revenue of orders paid in it.
_ARMS = """
SELECT arm, count(*), count(*) FILTER (WHERE spent > 0), coalesce(sum(orders), 0), coalesce(sum(spent), 0),
    coalesce(sum(spent * spent), 0)
FROM (
    SELECT recipient.arm, recipient.customer_id, count(placed.id) AS orders,
        coalesce(sum(placed.paid_amount - placed.refunded_amount), 0) AS spent
    FROM campaigns_recipient AS recipient
    LEFT JOIN orders_order AS placed ON placed.customer_id = recipient.customer_id
        AND placed.paid_at >= %(start)s AND placed.paid_at < %(end)s
    WHERE recipient.campaign_id = %(campaign)s AND recipient.arm IN ('treated', 'holdout')
    GROUP BY recipient.arm, recipient.customer_id
) AS person
GROUP BY arm
"""


@dataclasses.dataclass(frozen=True)
class Check:
    """Two ways to count the same thing. `name` is a stable word."""

    name: str
    left: int
    right: int
    relation: str = "="

    @property
    def holds(self) -> bool:
        """Whether the two numbers agree."""
        return self.left == self.right if self.relation == "=" else self.left <= self.right


@dataclasses.dataclass
class Funnel:
    """Counts of people, and money in yuan. "Created" is at the platform, "delivered" is in the customer's chat."""

    audience: int = 0
    treated: int = 0
    holdout: int = 0
    excluded: int = 0
    excluded_by_reason: dict[str, int] = dataclasses.field(default_factory=dict)
    queued: int = 0
    held_back: int = 0
    held_back_by_reason: dict[str, int] = dataclasses.field(default_factory=dict)
    failed: int = 0
    cancelled_before: int = 0
    created: int = 0
    awaiting: int = 0
    awaiting_result: int = 0
    cancelled: int = 0
    expired: int = 0
    confirmed: int = 0
    delivered: int = 0
    not_friend: int = 0
    over_cap: int = 0
    opened: int = 0
    opened_early: int = 0
    ordered: int = 0
    ordered_after_opening: int = 0
    orders: int = 0
    refunded_orders: int = 0
    revenue: Decimal = Decimal(0)
    arms: dict[str, ArmTotals] = dataclasses.field(default_factory=dict)
    lift: Lift | None = None
    window_ends_at: dt.datetime | None = None
    checks: list[Check] = dataclasses.field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Whether every identity holds."""
        return all(check.holds for check in self.checks)


def funnel(campaign: Campaign) -> Funnel:
    """The campaign's numbers now, in four queries whatever its size."""
    result = Funnel()
    _count_fates(result, campaign.id)
    _add_claims(result, campaign.id)
    if campaign.launched_at:
        _add_arms(result, campaign, campaign.launched_at)
    result.checks = _checks(result)
    return result


def _rows(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


_SIMPLE = {
    MessageState.SENT: "delivered",
    MessageState.NOT_FRIEND: "not_friend",
    MessageState.OVER_CAP: "over_cap",
    MessageState.QUEUED: "queued",
    MessageState.SENDING: "queued",
    MessageState.UNKNOWN: "queued",
    MessageState.UNCERTAIN: "awaiting_result",
    MessageState.FAILED: "failed",
    MessageState.EXPIRED: "expired",
}


def _count_fates(result: Funnel, campaign_id: int) -> None:
    arms: collections.Counter[str] = collections.Counter()
    excluded: collections.Counter[str] = collections.Counter()
    held: collections.Counter[str] = collections.Counter()
    counts: collections.Counter[str] = collections.Counter()
    for arm, reason, state, late_reason, at_platform, is_opened, is_confirmed, people in _rows(_FATES, [campaign_id]):
        arms[arm] += people
        excluded[reason] += people if arm == Arm.EXCLUDED else 0
        held[late_reason] += people if state == MessageState.SUPPRESSED else 0
        counts["created"] += people if at_platform else 0
        for name in _fate_names(state, at_platform, is_opened, is_confirmed):
            counts[name] += people
    result.treated, result.holdout, result.excluded = arms[Arm.TREATED], arms[Arm.HOLDOUT], arms[Arm.EXCLUDED]
    result.audience = sum(arms.values())
    result.excluded_by_reason = _in_order(excluded)
    result.held_back_by_reason, result.held_back = _in_order(held), sum(held.values())
    for name, people in counts.items():
        setattr(result, name, people)
    result.confirmed = result.delivered + result.not_friend + result.over_cap


def _fate_names(state: str, at_platform: bool, is_opened: bool, is_confirmed: bool) -> list[str]:
    """The counters of the Funnel that one kind of fate adds to."""
    names = [_SIMPLE[MessageState(state)]] if state in _SIMPLE else []
    if state == MessageState.AWAITING_STAFF:
        names.append("awaiting_result" if is_confirmed else "awaiting")
    if state == MessageState.CANCELLED:
        names.append("cancelled" if at_platform else "cancelled_before")
    if is_opened:
        names.append("opened" if state == MessageState.SENT else "opened_early")
    return names


def _in_order(counts: collections.Counter[str]) -> dict[str, int]:
    return {reason: counts[reason] for reason in Reason.values if counts[reason]}


def _add_claims(result: Funnel, campaign_id: int) -> None:
    (row,) = _rows(_CLAIMED, [campaign_id])
    result.ordered, result.orders, result.revenue, result.ordered_after_opening, result.refunded_orders = row


def _add_arms(result: Funnel, campaign: Campaign, launched_at: dt.datetime) -> None:
    result.window_ends_at = launched_at + dt.timedelta(days=campaign.attribution_days)
    window = {"campaign": campaign.id, "start": launched_at, "end": result.window_ends_at}
    found = {arm: ArmTotals(*totals) for arm, *totals in _rows(_ARMS, window)}
    result.arms = {arm: found.get(arm, ArmTotals()) for arm in (str(Arm.TREATED), str(Arm.HOLDOUT))}
    result.lift = compare(result.arms[Arm.TREATED], result.arms[Arm.HOLDOUT], campaign.holdout_percent)


def _checks(funnel: Funnel) -> list[Check]:
    """Identities that must hold at every moment."""
    before = funnel.queued + funnel.held_back + funnel.failed + funnel.cancelled_before
    after = funnel.confirmed + funnel.awaiting + funnel.awaiting_result + funnel.cancelled + funnel.expired
    checks = [
        Check("audience", funnel.audience, funnel.treated + funnel.holdout + funnel.excluded),
        Check("excluded", funnel.excluded, sum(funnel.excluded_by_reason.values())),
        Check("messages", funnel.treated, before + funnel.created),
        Check("created", funnel.created, after),
        Check("opened", funnel.opened, funnel.delivered, "<="),
        Check("ordered", funnel.ordered, funnel.created, "<="),
        Check("claimed", funnel.ordered, funnel.orders, "<="),
    ]
    arms = funnel.arms
    if arms:
        checks.append(Check("arms", arms[Arm.TREATED].people + arms[Arm.HOLDOUT].people, funnel.treated + funnel.holdout))
    return checks


@dataclasses.dataclass(frozen=True)
class SenderRow:
    """One member of staff's part of a campaign."""

    user_id: int
    name: str
    tasks: int
    people: int
    waiting: int
    delivered: int
    not_friend: int
    over_cap: int
    opened: int
    ordered: int
    revenue: Decimal
    unconfirmed_tasks: int
    task_ids: list[int]
    confirmed_at: dt.datetime | None
    reminders: int
    last_reminder: dt.datetime | None
    states: list[str]
    errors: list[str]

    @property
    def is_confirmed(self) -> bool:
        """Whether this member has nothing left to confirm."""
        return self.unconfirmed_tasks == 0 and self.confirmed_at is not None


_SENDERS = """
SELECT task.sender_id, max(coalesce(nullif(member.display_name, ''), member.username)), count(DISTINCT task.id),
    coalesce(sum(part.people), 0), coalesce(sum(part.waiting), 0), coalesce(sum(part.delivered), 0),
    coalesce(sum(part.not_friend), 0), coalesce(sum(part.over_cap), 0), coalesce(sum(part.opened), 0),
    coalesce(sum(part.ordered), 0), coalesce(sum(part.revenue), 0),
    count(*) FILTER (WHERE task.state IN ('pending', 'creating', 'unknown', 'created')),
    array_agg(task.id ORDER BY task.id), max(task.confirmed_at), coalesce(sum(cardinality(task.reminders)), 0),
    max(task.reminders[cardinality(task.reminders)]), array_agg(DISTINCT task.state),
    array_remove(array_agg(DISTINCT task.error), '')
FROM messaging_masstask AS task
JOIN staff_user AS member ON member.id = task.sender_id
LEFT JOIN (
    SELECT message.task_id, count(*) AS people, count(*) FILTER (WHERE message.state = 'awaiting_staff') AS waiting,
        count(*) FILTER (WHERE message.state = 'sent') AS delivered,
        count(*) FILTER (WHERE message.state = 'not_friend') AS not_friend,
        count(*) FILTER (WHERE message.state = 'over_cap') AS over_cap,
        count(*) FILTER (WHERE message.state = 'sent' AND message.clicked_at IS NOT NULL) AS opened,
        count(claim.message_id) AS ordered, sum(claim.amount) AS revenue
    FROM messaging_message AS message
    LEFT JOIN (SELECT message_id, sum(amount) AS amount FROM campaigns_attribution WHERE campaign_id = %(campaign)s GROUP BY 1)
        AS claim ON claim.message_id = message.id
    WHERE message.campaign_id = %(campaign)s
    GROUP BY message.task_id
) AS part ON part.task_id = task.id
WHERE task.campaign_id = %(campaign)s
GROUP BY task.sender_id
ORDER BY 4 DESC, 1
"""


def senders(campaign_id: int) -> list[SenderRow]:
    """Who has to confirm how many, and what came of it; the largest part first."""
    return [SenderRow(*row) for row in _rows(_SENDERS, {"campaign": campaign_id})]


def sender_checks(result: Funnel, rows: list[SenderRow]) -> list[Check]:
    """The members' parts, counted from their tasks, must make up the whole."""
    return [
        Check("senders", result.treated, sum(row.people for row in rows)),
        Check("senders_delivered", result.delivered, sum(row.delivered for row in rows)),
        Check("senders_opened", result.opened, sum(row.opened for row in rows)),
        Check("senders_ordered", result.ordered, sum(row.ordered for row in rows)),
        Check("senders_revenue", int(result.revenue * 100), int(sum((row.revenue for row in rows), Decimal(0)) * 100)),
    ]
