"""Reads over channels: the tree, what a state means, the funnel of each code."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from customers.choices import ChannelKind
from customers.models import AcquisitionChannel, ChannelAlert, ContactWay

_STATE_PREFIX = "c_"


def way_of_state(state: str) -> ContactWay | None:
    """The code behind a state that came with a newcomer; None when it is none of ours."""
    if not state.startswith(_STATE_PREFIX):
        return None
    return ContactWay.objects.select_related("channel", "channel__parent").filter(state=state).first()


def way_names(way_ids: set[int]) -> dict[int, str]:
    """Code id -> its channel and name, for the timeline."""
    found = ContactWay.objects.filter(pk__in=way_ids).select_related("channel").defer("picture")
    return {way.pk: f"{way.channel.name} · {way.name}" for way in found}


def channel_label(channel: AcquisitionChannel) -> str:
    """A channel with the one above it, as a customer's source says it; up to 40 characters."""
    return (f"{channel.parent.name} · {channel.name}" if channel.parent else channel.name)[:40]


def welcome_text_of(state: str) -> str:
    """What a newcomer of this state should read first; empty: the agency's own words."""
    way = way_of_state(state)
    if way is None:
        return ""
    parent = way.channel.parent
    return way.channel.welcome_text or (parent.welcome_text if parent else "")


@dataclasses.dataclass(frozen=True)
class Funnel:
    """One code's newcomers in a period. `opened` counts page views; the others count people who came in the period."""

    way_id: int
    opened: int = 0
    added: int = 0
    stayed: int = 0
    spoke: int = 0
    ordered: int = 0

    def __add__(self, other: "Funnel") -> "Funnel":
        """Both together, under the first one's number."""
        return Funnel(
            self.way_id, self.opened + other.opened, self.added + other.added, self.stayed + other.stayed,
            self.spoke + other.spoke, self.ordered + other.ordered,
        )  # fmt: skip


# Newcomers in the period by code; what they did since they came, whenever that was. Each test is one index probe.
_FUNNEL = """
WITH newcomer AS (
    SELECT way.id AS way_id, rel.customer_id, min(rel.added_at) AS added_at, bool_or(rel.state = 'active') AS stayed,
           bool_or(rel.last_chat_at >= rel.added_at) AS chatted
    FROM customers_contactway AS way JOIN customers_relationship AS rel ON rel.channel_state = way.state
    WHERE way.id = ANY(%(ways)s) AND rel.added_at >= %(start)s AND rel.added_at < %(end)s
    GROUP BY way.id, rel.customer_id
), counted AS (
    SELECT way_id, count(*) AS added, count(*) FILTER (WHERE stayed) AS stayed,
        count(*) FILTER (WHERE chatted OR EXISTS (SELECT 1 FROM core_event AS said WHERE said.customer_id = newcomer.customer_id
            AND said.occurred_at >= newcomer.added_at
            AND said.kind IN ('chat.received', 'advisor.asked', 'brief.started'))) AS spoke,
        count(*) FILTER (WHERE EXISTS (SELECT 1 FROM core_event AS paid WHERE paid.customer_id = newcomer.customer_id
            AND paid.occurred_at >= newcomer.added_at AND paid.kind = 'order.paid')) AS ordered
    FROM newcomer GROUP BY way_id
), seen AS (
    SELECT way_id, sum(opened) AS opened FROM customers_wayday
    WHERE way_id = ANY(%(ways)s) AND day >= %(first)s AND day <= %(last)s GROUP BY way_id
)
SELECT way.id, coalesce(seen.opened, 0), coalesce(counted.added, 0), coalesce(counted.stayed, 0),
    coalesce(counted.spoke, 0), coalesce(counted.ordered, 0)
FROM unnest(%(ways)s::bigint[]) AS way (id)
LEFT JOIN counted ON counted.way_id = way.id LEFT JOIN seen ON seen.way_id = way.id
"""


def funnels(way_ids: Sequence[int], first: dt.date, last: dt.date, bounds: tuple[dt.datetime, dt.datetime]) -> dict[int, Funnel]:
    """way id -> its funnel for the Shanghai days `first` to `last`, whose moments are `bounds`; one statement."""
    if not way_ids:
        return {}
    values: dict[str, Any] = {"ways": list(way_ids), "start": bounds[0], "end": bounds[1], "first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(_FUNNEL, values)
        return {row[0]: Funnel(*(int(cell) for cell in row)) for row in cursor.fetchall()}


def live_ways() -> list[ContactWay]:
    """Every code and link that is not withdrawn, by channel; the pictures stay where they are."""
    found = ContactWay.objects.filter(withdrawn_at__isnull=True).select_related("channel", "channel__parent", "spare")
    return list(found.defer("picture").order_by("channel_id", "id"))


def tree() -> list[tuple[AcquisitionChannel, list[AcquisitionChannel]]]:
    """The channels that are in use: each root with its children."""
    found = list(AcquisitionChannel.objects.filter(archived_at__isnull=True).order_by("id"))
    order = {kind: place for place, kind in enumerate(ChannelKind.values)}
    roots = sorted((c for c in found if c.parent_id is None), key=lambda c: (order.get(c.kind, 99), c.pk))
    return [(root, [c for c in found if c.parent_id == root.pk]) for root in roots]


def open_alerts() -> list[ChannelAlert]:
    """What somebody should see to, the newest first."""
    found = ChannelAlert.objects.filter(closed_at__isnull=True).select_related("way", "way__channel", "user")
    return list(found.order_by("-opened_at")[:50])


def tag_choices(channel: AcquisitionChannel | None) -> list[dict[str, object]]:
    """The tags of the app above that a channel may give, each with whether it does."""
    chosen = set(channel.tag_ids) if channel else set()
    found: dict[int, str] = import_string(settings.TAG_CHOICES)()
    return [{"id": tag_id, "name": name, "chosen": tag_id in chosen} for tag_id, name in found.items()]


def tag_names_of(channel: AcquisitionChannel) -> list[str]:
    """What the tags of a channel are called."""
    found: dict[int, str] = import_string(settings.TAG_CHOICES)()
    return [found[tag_id] for tag_id in channel.tag_ids if tag_id in found]
