"""The Touch Governor: who may be reached now, and if not, why not. One SQL for preview and for sending."""

import dataclasses
import datetime as dt
import json
from typing import Any

from django.db import connection

from core import clock
from customers.choices import IdentityKind
from messaging import rules
from messaging.choices import Reason, Route, TouchPurpose
from staff.models import AgencyPolicy

Query = tuple[str, Any]


@dataclasses.dataclass(frozen=True)
class TouchPlan:
    """What is about to be sent to many people by WeCom mass send.

    `audience` is a SELECT of customer ids with its parameters (a list, or a dict of names that do not begin with `g_`).
    `campaign_id` is left out of the caps' counts: it is the touch itself. `pending_before`: unconfirmed messages count
    only when they were queued before this moment (None: all), so that two waiting campaigns do not block each other.
    `at` is the moment whose calendar days the caps are made of. `is_personal`: the audience was chosen by what people did or
    by tags, so marketing leaves out those who turned personal recommendations off. `channel` is whose consent counts; only
    WeCom asks for a friendship, the others for an address. `template_id` is the notice whose balance counts. `rank` says how
    important it is (`rules.rank`): what waits for a person with a higher rank goes first. `own` are messages that the plan is
    about already, which are not held against themselves.
    """

    audience: Query
    at: dt.datetime
    policy: AgencyPolicy
    salt: str = ""
    holdout_percent: int = 0
    campaign_id: int | None = None
    pending_before: dt.datetime | None = None
    purpose: str = TouchPurpose.MARKETING
    is_personal: bool = False
    channel: str = Route.WECOM
    template_id: str = ""
    rank: int = rules.PROMOTION
    own: tuple[int, ...] = ()


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
# What is about an order or a trip under way rests on the contract and needs neither (PIPL 13(2)).
#
# What is known about a person is gathered by UNION ALL and GROUP BY, not by joins: however wrong the planner's guess of the
# audience's size, grouping is never quadratic (a nested loop over a CTE is: seconds at thousands, hours at millions). Each
# sign is one bit; parts that the channel or the purpose does not ask for are switched off by a constant.
_DECIDE = f"""
WITH audience AS MATERIALIZED (SELECT DISTINCT target.id AS customer_id FROM (%(audience)s) AS target (id)),
sender AS MATERIALIZED ({SENDER.replace("WHERE ", "WHERE %(g_is_wecom)s AND ")}),
consent AS (
    SELECT customer_id,
        coalesce(bool_or(NOT granted) FILTER (WHERE channel = %(g_channel)s), false)
        OR coalesce(max(at) FILTER (WHERE channel = 'any' AND NOT granted)
                    >= coalesce(max(at) FILTER (WHERE channel = %(g_channel)s AND granted), '-infinity'), false) AS refused
    FROM customers_consent
    WHERE is_current AND purpose = %(g_consent)s AND channel IN ('any', %(g_channel)s)
      AND customer_id IN (SELECT customer_id FROM audience)
    GROUP BY customer_id
),
touches AS (
    SELECT customer_id,
        count(*) FILTER (WHERE is_mass AND at >= %(g_platform_start)s) AS platform_count,
        count(*) FILTER (WHERE purpose = 'marketing' AND at >= %(g_house_start)s) AS house_count,
        coalesce(bool_or(is_waiting AND rank > %(g_rank)s), false) AS is_behind,
        count(*) FILTER (WHERE channel = 'kf' AND at >= %(g_window)s) AS kf_count
    FROM (
        SELECT customer_id, purpose, channel, task_id IS NOT NULL AS is_mass, coalesce(sent_at, created_at) AS at,
            state = 'queued' AND coalesce(send_at, created_at) < %(g_soon)s AS is_waiting,
            CASE purpose WHEN 'marketing' THEN CASE WHEN campaign_id IS NULL THEN 1 ELSE 0 END
                         WHEN 'transaction' THEN 3 ELSE 2 END AS rank
        FROM messaging_message
        WHERE state IN ('sent', 'awaiting_staff', 'queued', 'sending', 'unknown', 'uncertain')
          AND (%(g_campaign)s::bigint IS NULL OR campaign_id IS DISTINCT FROM %(g_campaign)s)
          AND (sent_at >= %(g_since)s
               OR (sent_at IS NULL AND created_at >= %(g_since)s
                   AND created_at < coalesce(%(g_pending_before)s::timestamptz, 'infinity')))
          AND customer_id IN (SELECT customer_id FROM audience) AND NOT id = ANY(%(g_own)s)
    ) AS touch
    GROUP BY customer_id
),
sign AS (
    SELECT id AS customer_id, CASE WHEN erased_at IS NOT NULL OR merged_into_id IS NOT NULL THEN 1 ELSE 2 END AS bits
    FROM customers_customer
    WHERE (erased_at IS NOT NULL OR merged_into_id IS NOT NULL OR (NOT is_personalised AND %(g_personal)s))
      AND id IN (SELECT customer_id FROM audience)
    UNION ALL
    SELECT identity.customer_id, 4 FROM customers_suppression AS entry
    JOIN customers_identity AS identity ON identity.kind = entry.kind AND identity.value_hash = entry.value_hash
    WHERE %(g_needs_consent)s AND identity.customer_id IN (SELECT customer_id FROM audience)
    UNION ALL
    SELECT customer_id, 8 FROM customers_datarequest
    WHERE kind = 'complaint' AND state IN ('open', 'working', 'blocked') AND %(g_is_marketing)s
      AND customer_id IN (SELECT customer_id FROM audience)
    UNION ALL
    SELECT customer_id, CASE reason WHEN 'complaint' THEN 8 ELSE 16 END FROM messaging_marketingpause
    WHERE ended_at IS NULL AND (until IS NULL OR until > %(g_at)s) AND %(g_is_marketing)s
      AND customer_id IN (SELECT customer_id FROM audience)
    UNION ALL
    SELECT customer_id, 32 FROM customers_identity
    WHERE kind = %(g_address)s AND customer_id IN (SELECT customer_id FROM audience)
    UNION ALL
    SELECT customer_id, 64 FROM messaging_noticeentry
    WHERE template_id = %(g_template)s AND %(g_channel)s = 'subscribe' AND customer_id IN (SELECT customer_id FROM audience)
    GROUP BY customer_id HAVING sum(change) > 0
    UNION ALL
    SELECT customer_id, 128 FROM core_event
    WHERE %(g_channel)s = 'kf' AND kind = 'chat.received' AND occurred_at >= %(g_window)s
      AND customer_id IN (SELECT customer_id FROM audience)
),
signal AS (
    SELECT customer_id, NULL::bigint AS sender_id, NULL::text AS external_userid, NULL::boolean AS refused, 0 AS bits,
        0 AS platform_count, 0 AS house_count, false AS is_behind, 0 AS kf_count FROM audience
    UNION ALL SELECT customer_id, user_id, external_userid, NULL, 0, 0, 0, false, 0 FROM sender
    UNION ALL SELECT customer_id, NULL, NULL, refused, 0, 0, 0, false, 0 FROM consent
    UNION ALL SELECT customer_id, NULL, NULL, NULL, bits, 0, 0, false, 0 FROM sign
    UNION ALL SELECT customer_id, NULL, NULL, NULL, 0, platform_count, house_count, is_behind, kf_count FROM touches
),
person AS (
    SELECT customer_id, max(sender_id) AS sender_id, coalesce(max(external_userid), '') AS external_userid,
        bool_or(refused) AS refused, bit_or(bits) AS bits, sum(platform_count)::integer AS platform_count,
        sum(house_count)::integer AS house_count, bool_or(is_behind) AS is_behind, sum(kf_count)::integer AS kf_count
    FROM signal GROUP BY customer_id
),
verdict AS MATERIALIZED (
    SELECT customer_id, sender_id, external_userid, platform_count, house_count,
        CASE
            WHEN bits & 1 > 0 THEN 'erased'
            WHEN sender_id IS NULL AND %(g_is_wecom)s THEN 'no_relation'
            WHEN bits & 32 = 0 AND NOT %(g_is_wecom)s THEN 'no_address'
            WHEN bits & 64 = 0 AND %(g_channel)s = 'subscribe' THEN 'no_quota'
            WHEN (bits & 128 = 0 OR kf_count >= 5) AND %(g_channel)s = 'kf' THEN 'window_closed'
            WHEN refused IS NULL AND %(g_needs_consent)s THEN 'no_consent'
            WHEN (refused OR bits & 4 > 0) AND %(g_needs_consent)s THEN 'opted_out'
            WHEN bits & 2 > 0 THEN 'impersonal'
            WHEN bits & 8 > 0 THEN 'complaint'
            WHEN bits & 16 > 0 THEN 'paused'
            WHEN %(g_is_quiet)s THEN 'quiet_hours'
            WHEN platform_count >= %(g_platform_limit)s AND %(g_is_wecom)s THEN 'platform_cap'
            WHEN %(g_is_marketing)s AND house_count >= %(g_house_limit)s THEN 'house_cap'
            WHEN is_behind AND %(g_is_marketing)s THEN 'priority'
            WHEN %(g_holdout)s > 0
             AND ('x' || left(encode(sha256(convert_to(%(g_salt)s || ':' || customer_id, 'UTF8')), 'hex'), 8))
                 ::bit(32)::bigint %% 10000 < %(g_holdout)s THEN 'holdout'
            ELSE ''
        END AS reason
    FROM person
)
"""  # noqa: S608 - our own text; every value is a parameter

# Who a channel's address belongs to. WeCom reaches a friendship, not an identity.
ADDRESS: dict[str, str] = {
    Route.SUBSCRIBE: IdentityKind.MINI_OPENID,
    Route.INBOX: IdentityKind.MINI_OPENID,
    Route.SMS: IdentityKind.PHONE,
    Route.OFFICIAL: IdentityKind.OA_OPENID,
    Route.KF: IdentityKind.EXTERNAL_USERID,
}


def decisions(plan: TouchPlan, *, is_quiet: bool = False) -> tuple[str, dict[str, Any]]:
    """`WITH ... verdict AS (customer_id, sender_id, external_userid, platform_count, house_count, reason)`, to which the
    caller appends its own SELECT, and the parameters by name.

    A broadcast is never refused for quiet hours: it waits until they end (`rules.quiet_until`), so `is_quiet` stays
    False there. It is the check of a single message that cannot wait; what is about a trip under way is exempt.
    """
    audience, params = _named(plan.audience)
    return _DECIDE.replace("%(audience)s", audience), params | _parameters(plan, is_quiet)


def _parameters(plan: TouchPlan, is_quiet: bool) -> dict[str, Any]:
    platform = rules.platform_cap(plan.policy.platform_cap_rule, plan.at)
    house = rules.house_cap(plan.policy.house_cap_count, plan.policy.house_cap_days, plan.at)
    is_marketing, is_contract = plan.purpose == TouchPurpose.MARKETING, plan.purpose == TouchPurpose.TRANSACTION
    return {
        "g_channel": str(plan.channel), "g_is_wecom": plan.channel == Route.WECOM, "g_is_quiet": is_quiet and not is_contract,
        "g_is_marketing": is_marketing, "g_needs_consent": not is_contract,
        "g_consent": str(TouchPurpose.SERVICE if is_contract else plan.purpose),
        "g_address": str(ADDRESS.get(plan.channel, "")), "g_template": plan.template_id,
        "g_platform_start": platform.start, "g_platform_limit": platform.limit,
        "g_house_start": house.start, "g_house_limit": house.limit, "g_since": min(platform.start, house.start),
        "g_campaign": plan.campaign_id, "g_pending_before": plan.pending_before, "g_own": list(plan.own),
        "g_personal": plan.is_personal and is_marketing, "g_at": plan.at, "g_rank": plan.rank,
        "g_window": plan.at - rules.KF_WINDOW, "g_soon": plan.at + rules.PRIORITY_SPAN,
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
     FROM (SELECT sender_id, count(*) AS people FROM verdict WHERE reason = '' AND sender_id IS NOT NULL GROUP BY 1) AS senders),
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
