"""By which channels the members of a condition can be reached, and why the others cannot."""

import dataclasses
import datetime as dt

from django.db import OperationalError
from psycopg.errors import QueryCanceled

from core.conditions import Node, Statement, both, parse, select_members
from customers.choices import Channel, IdentityKind, Purpose
from messaging.choices import Reason
from messaging.queries import TouchPlan
from messaging.queries import preview as ask_governor
from staff.models import AgencyPolicy
from tagging.queries.members import PREVIEW_SECONDS, within_seconds


@dataclasses.dataclass(frozen=True)
class ChannelReach:
    """One channel: how many of the members it reaches, and for WeCom how many it does not, by the governor's reason."""

    channel: str
    label: str
    number: int
    lost: tuple[tuple[str, int], ...] = ()


# A verified phone or a mini-program identity, consent for the channel, and not on the suppression list.
_BY_IDENTITY = """
SELECT count(*) FROM ({members}) AS member
WHERE EXISTS (SELECT 1 FROM customers_identity AS own WHERE own.customer_id = member.id AND own.kind = %(identity)s)
    AND NOT EXISTS (SELECT 1 FROM customers_identity AS own JOIN customers_suppression AS entry
        ON entry.kind = own.kind AND entry.value_hash = own.value_hash WHERE own.customer_id = member.id)
"""
_IDENTITY = {Channel.SUBSCRIBE: IdentityKind.MINI_OPENID, Channel.SMS: IdentityKind.PHONE}


def reach(node: Node, at: dt.datetime) -> list[ChannelReach]:
    """Reach by channel for marketing, right now; empty when it takes too long."""
    try:
        return [_wecom(node, at), *(_by_identity(node, at, channel) for channel in _IDENTITY)]
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return []
        raise


def _wecom(node: Node, at: dt.datetime) -> ChannelReach:
    members = select_members(node, at, prefix="seg")
    found = ask_governor(TouchPlan((members.sql, dict(members.params)), at, AgencyPolicy.current()), sample=0)
    lost = tuple((str(Reason(reason).label), people) for reason, people in found.reasons.items() if people)
    return ChannelReach(Channel.WECOM, str(Channel.WECOM.label), found.reached, lost)


def _by_identity(node: Node, at: dt.datetime, channel: Channel) -> ChannelReach:
    agreed = parse({"consent": {"is": "granted", "purpose": Purpose.MARKETING.value, "channel": channel.value}})
    members = select_members(both(node, agreed), at)
    asked = Statement(_BY_IDENTITY.replace("{members}", members.sql), {**members.params, "identity": _IDENTITY[channel]})
    (number,) = within_seconds(asked, 0, PREVIEW_SECONDS)
    return ChannelReach(channel, str(channel.label), number)
