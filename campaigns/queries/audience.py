"""A campaign's audience as the Touch Governor wants it."""

import datetime as dt

from campaigns.models import Campaign
from core import clock
from messaging.queries import Query, TouchPlan
from staff.models import AgencyPolicy
from tagging.models import Segment
from tagging.queries import condition_members
from tagging.queries.personal import is_personal


def touch_plan(campaign: Campaign, at: dt.datetime | None = None) -> TouchPlan:
    """What launching this campaign at `at` (now) would mean. A launched campaign keeps the condition it was launched with."""
    moment = at or clock.now()
    condition = campaign.segment_condition or campaign.segment.condition
    return TouchPlan(
        audience=_members(condition, moment), at=moment, policy=AgencyPolicy.current(), salt=campaign.salt,
        holdout_percent=campaign.holdout_percent, campaign_id=campaign.id, is_personal=is_personal(condition),
        channel=campaign.channel, template_id=campaign.content.template_id,
    )  # fmt: skip


def plan_for(segment: Segment, *, salt: str, holdout_percent: int, at: dt.datetime | None = None) -> TouchPlan:
    """The plan of a campaign that is still being written."""
    moment = at or clock.now()
    audience = _members(segment.condition, moment)
    return TouchPlan(
        audience=audience, at=moment, policy=AgencyPolicy.current(), salt=salt, holdout_percent=holdout_percent,
        is_personal=is_personal(segment.condition),
    )  # fmt: skip


def _members(condition: object, at: dt.datetime) -> Query:
    sql, params = condition_members(condition, at)
    return sql, dict(params)
