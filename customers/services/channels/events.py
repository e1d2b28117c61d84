"""What happens to codes and links: opened, scanned, first words, trouble."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from core import clock
from core.event_types import ChannelJoined
from core.events import record
from customers.choices import AlertKind
from customers.models import ContactWay, Customer, Relationship
from customers.queries.channels import channel_label, way_of_state
from customers.services.channels.alerts import close_alert, raise_alert
from customers.services.channels.pushing import push_soon

LOW_BALANCE = 20
OPENED = {"open_profile", "friend_request"}

_OPENED = """
INSERT INTO customers_wayday AS day (way_id, day, opened) VALUES (%s, %s, 1)
ON CONFLICT (way_id, day) DO UPDATE SET opened = day.opened + 1
"""


def count_open(way_id: int, at: dt.datetime) -> None:
    """Somebody opened a code's page or a link. Nobody is known yet, so only the day's number is kept."""
    with connection.cursor() as cursor:
        cursor.execute(_OPENED, [way_id, clock.shanghai_date(at)])


def hear_of_link(fields: Mapping[str, Any], at: dt.datetime) -> None:
    """A callback about an acquisition link or the quota: count it, or tell somebody. Unknown kinds change nothing."""
    change, link_id = str(fields.get("ChangeType", "")), str(fields.get("LinkId", ""))
    way = ContactWay.objects.filter(config_id=link_id).first() if link_id else None
    if change in ("balance_low", "balance_exhausted", "quota_expire_soon"):
        raise_alert(AlertKind.QUOTA_LOW, number=0 if change == "balance_exhausted" else None)
    elif change == "balance_increased":
        close_alert(AlertKind.QUOTA_LOW)
    elif way is not None and change in OPENED:
        count_open(way.pk, at)
    elif way is not None and change in ("delete_link", "link_unavailable"):
        raise_alert(AlertKind.LINK_BROKEN, way_id=way.pk)
    elif change == "customer_start_chat":
        note_first_words(str(fields.get("UserID", "")), str(fields.get("ExternalUserID", "")), at)


def note_first_words(userid: str, external_userid: str, at: dt.datetime) -> None:
    """A newcomer wrote to the member; later than known before, or nothing changes."""
    pair = Relationship.objects.filter(user__wecom_userid=userid, external_userid=external_userid)
    (pair.filter(last_chat_at__isnull=True) | pair.filter(last_chat_at__lt=at)).update(last_chat_at=at)


@transaction.atomic
def join_channel(customer_id: int, user_id: int, state: str) -> bool:
    """A new friendship came by a code: its channel is the customer's source if they had none, and is told on.

    False when the state is none of ours. Safe to run twice.
    """
    way = way_of_state(state)
    relation = Relationship.objects.filter(customer=customer_id, user=user_id, channel_state=state).order_by("-added_at").first()
    if way is None or relation is None:
        return False
    label = channel_label(way.channel)
    Customer.objects.filter(pk=customer_id, source__in=["", "wecom"]).update(source=label)
    fact = ChannelJoined(customer_id, user_id, way.channel_id, way.pk, list(way.channel.tag_ids))
    key = f"channel.joined:{way.pk}:{relation.pk}:{int(relation.added_at.timestamp())}"
    is_new = record(fact, key=key, occurred_at=relation.added_at)
    push_soon(way)
    return is_new
