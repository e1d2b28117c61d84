"""A campaign's variants, test group and hours as the SQL that a launch runs (`campaigns.rules.split` says what it means)."""

from typing import Any

from campaigns.models import Campaign, Variant
from campaigns.rules import split as rules
from core.clock import SHANGHAI
from messaging.services.broadcasts import Split
from staff.models import AgencyPolicy

_BUCKET = (
    "(('x' || left(encode(sha256(convert_to(%(s_salt)s || ':{part}:' || verdict.customer_id, 'UTF8')), 'hex'), 8))"
    "::bit(32)::bigint %% 10000)"
)
_HOUR = """
CASE WHEN portrait.preferred_hour IS NULL OR NOT portrait.preferred_hour = ANY(%(s_hours)s::int[])
       OR portrait.preferred_hour = %(s_hour)s THEN NULL
     ELSE (date_trunc('day', %(s_at)s AT TIME ZONE 'Asia/Shanghai') + make_interval(hours => portrait.preferred_hour)
           + CASE WHEN portrait.preferred_hour <= %(s_hour)s THEN interval '1 day' ELSE interval '0' END)
          AT TIME ZONE 'Asia/Shanghai' END
"""


def split_of(campaign: Campaign, at: Any) -> Split:
    """The expressions for this campaign, launched at `at`."""
    variants = list(campaign.variants.order_by("position"))
    params: dict[str, Any] = {"s_salt": campaign.salt, "s_at": at}
    joins: list[str] = []
    content = _content(variants, params, joins)
    untagged = [one for one in variants if not one.tag_ids]
    waits = "false"
    if campaign.test_percent < 100 and len(untagged) > 1:
        params["s_test"] = campaign.test_percent * 100
        tagged = " OR ".join(f"own.tag_ids && %(s_tags_{one.position})s::int[]" for one in variants if one.tag_ids)
        waits = f"{_BUCKET.format(part='t')} >= %(s_test)s" + (f" AND NOT coalesce({tagged}, false)" if tagged else "")
    return Split(content, waits, _moment(campaign, at, params, joins), " ".join(joins), params)


def _content(variants: list[Variant], params: dict[str, Any], joins: list[str]) -> str:
    tagged, untagged = [one for one in variants if one.tag_ids], [one for one in variants if not one.tag_ids]
    if tagged:
        joins.append("LEFT JOIN tagging_customertags AS own ON own.customer_id = verdict.customer_id")
    cases = []
    for one in tagged:
        params[f"s_tags_{one.position}"] = list(one.tag_ids)
        cases.append(f"WHEN own.tag_ids && %(s_tags_{one.position})s::int[] THEN {int(one.content_id)}::bigint")
    for one, end in zip(untagged, rules.bounds([one.weight for one in untagged]) if untagged else (), strict=True):
        cases.append(f"WHEN {_BUCKET.format(part='v')} < {int(end)} THEN {int(one.content_id)}::bigint")
    return f"CASE {' '.join(cases)} ELSE %(g_content)s::bigint END" if cases else "%(g_content)s::bigint"


def _moment(campaign: Campaign, at: Any, params: dict[str, Any], joins: list[str]) -> str:
    """NULL (at once) except for people with a better hour, or for the later waves."""
    if campaign.at_best_hour:
        policy = AgencyPolicy.current()
        params["s_hours"] = [hour for hour in range(24) if not rules.is_quiet_hour(hour, policy.quiet_start, policy.quiet_end)]
        params["s_hour"] = at.astimezone(SHANGHAI).hour
        joins.append("LEFT JOIN customers_portrait AS portrait ON portrait.customer_id = verdict.customer_id")
        return _HOUR
    waves = rules.waves(campaign.stagger_minutes)
    if waves == 1:
        return "NULL::timestamptz"
    params |= {"s_waves": waves, "s_step": campaign.stagger_minutes * 60 / waves}
    wave = f"({_BUCKET.format(part='s')} * %(s_waves)s / 10000)"
    return f"CASE WHEN {wave} > 0 THEN %(s_at)s + make_interval(secs => {wave} * %(s_step)s) END"
