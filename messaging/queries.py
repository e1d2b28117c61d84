"""The Touch Governor: who may be reached now, and if not, why not. One SQL for preview and for sending."""

import dataclasses
import datetime as dt
import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from core import clock
from customers.choices import Channel, IdentityKind, Purpose
from customers.models import Customer, Identity
from messaging import rules
from messaging.choices import Obstacle, Reason
from staff.models import AgencyPolicy

Query = tuple[str, Any]

# Answers to our messages as the profile engine reads them: an opened card.
ANSWERS = """
SELECT customer_id, channel, clicked_at AS answered_at FROM messaging_message WHERE clicked_at IS NOT NULL
"""


@dataclasses.dataclass(frozen=True)
class TouchPlan:
    """What is about to be sent to many people by WeCom mass send.

    `audience` is a SELECT of customer ids with its parameters (a list, or a dict of names that do not begin with `g_`).
    `campaign_id` is left out of the caps' counts: it is the touch itself. `pending_before`: unconfirmed messages count
    only when they were queued before this moment (None: all), so that two waiting campaigns do not block each other.
    `at` is the moment whose calendar days the caps are made of. `is_personal`: the audience was chosen by what people did or
    by tags, so marketing leaves out those who turned personal recommendations off. `channel` is whose consent counts; only
    WeCom asks for a friendship.
    """

    audience: Query
    at: dt.datetime
    policy: AgencyPolicy
    salt: str = ""
    holdout_percent: int = 0
    campaign_id: int | None = None
    pending_before: dt.datetime | None = None
    purpose: str = Purpose.MARKETING
    is_personal: bool = False
    channel: str = Channel.WECOM


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the governor says about one person; `reason` is empty when the person may be reached."""

    customer_id: int
    sender_id: int | None
    reason: str
    platform_count: int
    house_count: int


@dataclasses.dataclass(frozen=True)
class Reach:
    """A dry run: how many people, why the others not, how many confirmations each sender has to give, a sample."""

    target: int
    reasons: dict[str, int]
    senders: dict[int, int]
    sample: list[int]

    @property
    def reached(self) -> int:
        """People who would get the message."""
        return self.target - sum(self.reasons.values())

    @property
    def steps(self) -> list[tuple[str, int, int]]:
        """The waterfall: (reason, people lost here, people left), in the governor's order."""
        left, steps = self.target, []
        for reason in Reason.values:
            lost = self.reasons.get(reason, 0)
            left -= lost
            steps.append((reason, lost, left))
        return steps


# Who sends: the member of staff who last talked to the customer, else the one who added them last.
SENDER = """
SELECT DISTINCT ON (rel.customer_id) rel.customer_id, rel.user_id, rel.external_userid
FROM customers_relationship AS rel
JOIN staff_user AS member ON member.id = rel.user_id AND member.is_active AND member.wecom_userid IS NOT NULL
WHERE rel.state = 'active' AND rel.customer_id IN (SELECT customer_id FROM audience)
ORDER BY rel.customer_id, rel.last_chat_at DESC NULLS LAST, rel.added_at DESC, rel.id
"""

# Consent: the channel's own entry decides; the general one where there is none. A general refusal also ends a
# channel's older grant. Nobody asked yet -> no consent; asked and refused, or on the suppression list -> opted out.
#
# What is known about a person is gathered by UNION ALL and GROUP BY, not by joins: however wrong the planner's guess of the
# audience's size, grouping is never quadratic (a nested loop over a CTE is: seconds at thousands, hours at millions).
_DECIDE = f"""
WITH audience AS MATERIALIZED (SELECT DISTINCT target.id AS customer_id FROM (%(audience)s) AS target (id)),
sender AS MATERIALIZED ({SENDER}),
consent AS (
    SELECT customer_id,
        coalesce(bool_or(NOT granted) FILTER (WHERE channel = %(g_channel)s), false)
        OR coalesce(max(at) FILTER (WHERE channel = 'any' AND NOT granted)
                    >= coalesce(max(at) FILTER (WHERE channel = %(g_channel)s AND granted), '-infinity'), false) AS refused
    FROM customers_consent
    WHERE is_current AND purpose = %(g_purpose)s AND channel IN ('any', %(g_channel)s)
      AND customer_id IN (SELECT customer_id FROM audience)
    GROUP BY customer_id
),
suppressed AS (
    SELECT DISTINCT identity.customer_id FROM customers_suppression AS entry
    JOIN customers_identity AS identity ON identity.kind = entry.kind AND identity.value_hash = entry.value_hash
    WHERE identity.customer_id IN (SELECT customer_id FROM audience)
),
impersonal AS (
    SELECT id AS customer_id FROM customers_customer
    WHERE NOT is_personalised AND %(g_personal)s AND id IN (SELECT customer_id FROM audience)
),
touches AS (
    SELECT customer_id,
        count(*) FILTER (WHERE is_mass AND at >= %(g_platform_start)s) AS platform_count,
        count(*) FILTER (WHERE purpose = 'marketing' AND at >= %(g_house_start)s) AS house_count
    FROM (
        SELECT customer_id, purpose, task_id IS NOT NULL AS is_mass, coalesce(sent_at, created_at) AS at
        FROM messaging_message
        WHERE state IN ('sent', 'awaiting_staff', 'queued') AND campaign_id IS DISTINCT FROM %(g_campaign)s
          AND (sent_at >= %(g_since)s
               OR (sent_at IS NULL AND created_at >= %(g_since)s
                   AND created_at < coalesce(%(g_pending_before)s::timestamptz, 'infinity')))
          AND customer_id IN (SELECT customer_id FROM audience)
    ) AS touch
    GROUP BY customer_id
),
signal AS (
    SELECT customer_id, NULL::bigint AS sender_id, NULL::text AS external_userid, NULL::boolean AS refused,
        false AS is_suppressed, false AS is_impersonal, 0 AS platform_count, 0 AS house_count FROM audience
    UNION ALL SELECT customer_id, user_id, external_userid, NULL, false, false, 0, 0 FROM sender
    UNION ALL SELECT customer_id, NULL, NULL, refused, false, false, 0, 0 FROM consent
    UNION ALL SELECT customer_id, NULL, NULL, NULL, true, false, 0, 0 FROM suppressed
    UNION ALL SELECT customer_id, NULL, NULL, NULL, false, true, 0, 0 FROM impersonal
    UNION ALL SELECT customer_id, NULL, NULL, NULL, false, false, platform_count, house_count FROM touches
),
person AS (
    SELECT customer_id, max(sender_id) AS sender_id, coalesce(max(external_userid), '') AS external_userid,
        bool_or(refused) AS refused, bool_or(is_suppressed) AS is_suppressed, bool_or(is_impersonal) AS is_impersonal,
        sum(platform_count)::integer AS platform_count, sum(house_count)::integer AS house_count
    FROM signal GROUP BY customer_id
),
verdict AS MATERIALIZED (
    SELECT customer_id, sender_id, external_userid, platform_count, house_count,
        CASE
            WHEN sender_id IS NULL AND %(g_channel)s = 'wecom' THEN 'no_relation'
            WHEN refused IS NULL THEN 'no_consent'
            WHEN refused OR is_suppressed THEN 'opted_out'
            WHEN is_impersonal THEN 'impersonal'
            WHEN %(g_is_quiet)s THEN 'quiet_hours'
            WHEN platform_count >= %(g_platform_limit)s THEN 'platform_cap'
            WHEN %(g_purpose)s = 'marketing' AND house_count >= %(g_house_limit)s THEN 'house_cap'
            WHEN %(g_holdout)s > 0
             AND ('x' || left(encode(sha256(convert_to(%(g_salt)s || ':' || customer_id, 'UTF8')), 'hex'), 8))
                 ::bit(32)::bigint %% 10000 < %(g_holdout)s THEN 'holdout'
            ELSE ''
        END AS reason
    FROM person
)
"""  # noqa: S608 - our own text; every value is a parameter


def decisions(plan: TouchPlan, *, is_quiet: bool = False) -> tuple[str, dict[str, Any]]:
    """`WITH ... verdict AS (customer_id, sender_id, external_userid, platform_count, house_count, reason)`, to which the
    caller appends its own SELECT, and the parameters by name.

    A broadcast is never refused for quiet hours: it waits until they end (`rules.quiet_until`), so `is_quiet` stays
    False there. It is the check of a single message that cannot wait.
    """
    audience, params = _named(plan.audience)
    return _DECIDE.replace("%(audience)s", audience), params | _parameters(plan, is_quiet)


def _parameters(plan: TouchPlan, is_quiet: bool) -> dict[str, Any]:
    platform = rules.platform_cap(plan.policy.platform_cap_rule, plan.at)
    house = rules.house_cap(plan.policy.house_cap_count, plan.policy.house_cap_days, plan.at)
    return {
        "g_channel": str(plan.channel), "g_purpose": str(plan.purpose), "g_is_quiet": is_quiet,
        "g_platform_start": platform.start, "g_platform_limit": platform.limit,
        "g_house_start": house.start, "g_house_limit": house.limit, "g_since": min(platform.start, house.start),
        "g_campaign": plan.campaign_id, "g_pending_before": plan.pending_before,
        "g_personal": plan.is_personal and plan.purpose == Purpose.MARKETING,
        "g_salt": plan.salt, "g_holdout": plan.holdout_percent * 100,
    }  # fmt: skip


def _named(query: Query) -> tuple[str, dict[str, Any]]:
    """A query with positional parameters rewritten to named ones, so that it can stand inside a larger one."""
    sql, params = query
    if isinstance(params, dict):
        return sql, dict(params)
    pieces = sql.replace("%%", "\x00").split("%s")
    if len(pieces) != len(params) + 1:
        raise ValueError("the audience's SQL and its parameters do not fit")
    joined = pieces[0] + "".join(f"%(a_{index})s{piece}" for index, piece in enumerate(pieces[1:]))
    return joined.replace("\x00", "%%"), {f"a_{index}": value for index, value in enumerate(params)}


_REACH = """
SELECT (SELECT count(*) FROM audience),
    (SELECT coalesce(jsonb_object_agg(reason, people), '{}')::text
     FROM (SELECT reason, count(*) AS people FROM verdict WHERE reason <> '' GROUP BY reason) AS held),
    (SELECT coalesce(jsonb_object_agg(sender_id, people), '{}')::text
     FROM (SELECT sender_id, count(*) AS people FROM verdict WHERE reason = '' GROUP BY sender_id) AS senders),
    ARRAY(SELECT customer_id FROM verdict WHERE reason = '' ORDER BY hashint8(customer_id) LIMIT %(g_sample)s)
"""


def preview(plan: TouchPlan, *, sample: int = 20) -> Reach:
    """How many people of the audience would really be reached, and why the others would not. Writes nothing."""
    sql, params = decisions(plan)
    with connection.cursor() as cursor:
        cursor.execute(sql + _REACH, params | {"g_sample": sample})
        target, reasons, senders, ids = cursor.fetchone()
    return Reach(target, json.loads(reasons), {int(sender): people for sender, people in json.loads(senders).items()}, ids)


_ONE = "SELECT customer_id, sender_id, reason, platform_count, house_count FROM verdict"


def explain(plan: TouchPlan, customer_id: int, *, is_quiet: bool = False) -> Verdict | None:
    """The governor's answer about one customer; None when the audience does not hold that person."""
    audience, params = _named(plan.audience)
    narrowed = f"SELECT target.id FROM ({audience}) AS target (id) WHERE target.id = %(g_one)s"  # noqa: S608
    sql, named = decisions(dataclasses.replace(plan, audience=(narrowed, params | {"g_one": customer_id})), is_quiet=is_quiet)
    with connection.cursor() as cursor:
        cursor.execute(sql + _ONE, named)
        row = cursor.fetchone()
    return Verdict(*row) if row else None


def quiet_end(at: dt.datetime | None = None) -> dt.datetime | None:
    """The end of the agency's quiet hours when it is quiet now (or at `at`), else None."""
    policy = AgencyPolicy.current()
    return rules.quiet_until(policy.quiet_start, policy.quiet_end, at or clock.now())


@dataclasses.dataclass(frozen=True)
class ChannelState:
    """Whether a channel can carry a message to one customer now; `reason` says in words why not."""

    channel: str
    label: str
    sender_id: int | None
    code: str
    reason: str


def channels_for(customer: Customer, purpose: str) -> list[ChannelState]:
    """Every channel with the governor's answer for a single message of this purpose, sent now."""
    return [_channel_state(customer, channel, purpose) for channel in (Channel.WECOM, Channel.SUBSCRIBE, Channel.SMS)]


def single_plan(customer_id: int, purpose: str, channel: str = Channel.WECOM) -> TouchPlan:
    """The plan of one message to one person, written by a person."""
    audience = ("SELECT id FROM customers_customer WHERE id = %s AND merged_into_id IS NULL", [customer_id])
    return TouchPlan(audience=audience, at=clock.now(), policy=AgencyPolicy.current(), purpose=purpose, channel=channel)


def _channel_state(customer: Customer, channel: Channel, purpose: str) -> ChannelState:
    verdict = explain(single_plan(customer.pk, purpose, channel), customer.pk, is_quiet=quiet_end() is not None)
    missing = _missing(customer, channel)
    told = verdict.reason if verdict else ""
    for_long = missing and (missing in {Obstacle.NO_PHONE, Obstacle.NO_MINI} or told in {"", Reason.QUIET_HOURS})
    code = missing if for_long else told  # what lasts says more than what ends at nine
    words = _reason_words(code, purpose)
    return ChannelState(str(channel), str(channel.label), verdict.sender_id if verdict else None, code, words)


def _reason_words(code: str, purpose: str) -> str:
    if code == Reason.NO_CONSENT and purpose != Purpose.MARKETING:
        return _("No consent to service messages")
    quiet = quiet_end() if code == Reason.QUIET_HOURS else None
    if quiet is not None:
        return _("Quiet hours until %(time)s") % {"time": f"{quiet.astimezone(clock.SHANGHAI):%H:%M}"}
    words: dict[str, Any] = dict(Reason.choices) | dict(Obstacle.choices)
    return str(words.get(code, ""))


def _missing(customer: Customer, channel: Channel) -> str:
    """What no consent can replace: an address on the channel, and what the platform asks for."""
    needed = {Channel.SMS: IdentityKind.PHONE, Channel.SUBSCRIBE: IdentityKind.MINI_OPENID}.get(channel)
    if needed is None:
        return ""
    if not Identity.objects.filter(customer=customer, kind=needed).exists():
        return Obstacle.NO_PHONE if channel == Channel.SMS else Obstacle.NO_MINI
    return Obstacle.TEMPLATE_ONLY if channel == Channel.SMS else Obstacle.NO_QUOTA


def touch_figures(only: str) -> str:
    """SQL of `customer_id, figure`: when a message of ours last reached the customer, for those that `only` picks."""
    rows = f"messaging_message WHERE state = 'sent' AND {only}"
    return f"SELECT customer_id, max(sent_at) AS figure FROM {rows} GROUP BY customer_id"  # noqa: S608
