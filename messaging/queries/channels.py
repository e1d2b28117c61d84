"""Which channels can carry a message to one customer, and what the other apps read of our messages."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from core import clock
from customers.models import Customer, Identity
from messaging import rules
from messaging.choices import Obstacle, Reason, Route, TouchPurpose
from messaging.models import NoticeEntry
from messaging.queries.governor import ADDRESS, TouchPlan, explain, quiet_end
from staff.models import AgencyPolicy

# Answers to our messages as the profile engine reads them: an opened card.
ANSWERS = """
SELECT customer_id, channel, clicked_at AS answered_at FROM messaging_message WHERE clicked_at IS NOT NULL
"""


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
    return [_channel_state(customer, channel, purpose) for channel in (Route.WECOM, Route.SUBSCRIBE, Route.SMS)]


def single_plan(
    customer_id: int, purpose: str, channel: str = Route.WECOM, *, template_id: str = "", own: Sequence[int] = ()
) -> TouchPlan:
    """The plan of one message to one person."""
    audience = ("SELECT id FROM customers_customer WHERE id = %s AND merged_into_id IS NULL", [customer_id])
    return TouchPlan(
        audience=audience, at=clock.now(), policy=AgencyPolicy.current(), purpose=purpose, channel=channel,
        template_id=template_id, rank=rules.rank(purpose, is_campaign=False), own=tuple(own),
    )  # fmt: skip


def notices_left(customer_id: int, template_id: str) -> int:
    """How many mini-program notices of this template the customer still allows."""
    lines = NoticeEntry.objects.filter(customer_id=customer_id, template_id=template_id)
    return max(0, lines.aggregate(total=Sum("change"))["total"] or 0)


def _channel_state(customer: Customer, channel: Route, purpose: str) -> ChannelState:
    verdict = explain(single_plan(customer.pk, purpose, channel), customer.pk, is_quiet=quiet_end() is not None)
    missing = _missing(customer, channel)
    told = verdict.reason if verdict else ""
    told = "" if told in {Reason.NO_ADDRESS, Reason.NO_QUOTA} else told
    for_long = missing and (missing in {Obstacle.NO_PHONE, Obstacle.NO_MINI} or told in {"", Reason.QUIET_HOURS})
    code = missing if for_long else told  # what lasts says more than what ends at nine
    words = _reason_words(code, purpose)
    return ChannelState(str(channel), str(channel.label), verdict.sender_id if verdict else None, code, words)


def _reason_words(code: str, purpose: str) -> str:
    if code == Reason.NO_CONSENT and purpose != TouchPurpose.MARKETING:
        return _("No consent to service messages")
    quiet = quiet_end() if code == Reason.QUIET_HOURS else None
    if quiet is not None:
        return _("Quiet hours until %(time)s") % {"time": f"{quiet.astimezone(clock.SHANGHAI):%H:%M}"}
    words: dict[str, Any] = dict(Reason.choices) | dict(Obstacle.choices)
    return str(words.get(code, ""))


def _missing(customer: Customer, channel: Route) -> str:
    """What no consent can replace: an address on the channel, and what the platform asks for."""
    needed = ADDRESS.get(channel)
    if needed is None:
        return ""
    if not Identity.objects.filter(customer=customer, kind=needed).exists():
        return Obstacle.NO_PHONE if channel == Route.SMS else Obstacle.NO_MINI
    return Obstacle.TEMPLATE_ONLY if channel == Route.SMS else Obstacle.NO_QUOTA


def touch_figures(only: str) -> str:
    """SQL of `customer_id, figure`: when a message of ours last reached the customer, for those that `only` picks."""
    rows = f"messaging_message WHERE state = 'sent' AND {only}"
    return f"SELECT customer_id, max(sent_at) AS figure FROM {rows} GROUP BY customer_id"  # noqa: S608
