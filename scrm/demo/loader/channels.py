"""Channels with a past: codes, shifts, newcomers of the last weeks, group chats, a member of staff on leave."""

import datetime as dt
import io
import json
from typing import Any

import segno
from django.db import connection

from core import clock
from customers.models import Absence, AcquisitionChannel, ContactWay, CorpMember, GroupChat, GroupMember, Shift, WayMember
from scrm.demo import channels
from scrm.demo.loader.load import Story
from staff.models import User

_SOURCE = """
UPDATE customers_customer AS customer SET source = first.label FROM (
    SELECT DISTINCT ON (rel.customer_id) rel.customer_id, coalesce(parent.name || ' · ', '') || channel.name AS label
    FROM customers_relationship AS rel JOIN customers_contactway AS way ON way.state = rel.channel_state
    JOIN customers_acquisitionchannel AS channel ON channel.id = way.channel_id
    LEFT JOIN customers_acquisitionchannel AS parent ON parent.id = channel.parent_id
    ORDER BY rel.customer_id, rel.added_at
) AS first WHERE first.customer_id = customer.id
"""
# People open a page more often than they add somebody; the same seed gives the same days.
_DAYS = """
INSERT INTO customers_wayday (way_id, day, opened)
SELECT way.id, (rel.added_at AT TIME ZONE 'Asia/Shanghai')::date, greatest(1, round(count(*) * %(openers)s)::int)
FROM customers_contactway AS way JOIN customers_relationship AS rel ON rel.channel_state = way.state
WHERE way.id = %(way)s AND rel.added_at > %(since)s GROUP BY 1, 2
"""


def load_channels(story: Story) -> int:
    """All of it; how many codes."""
    roots: dict[str, AcquisitionChannel] = {}
    for code in channels.CODES:
        _code(code, _channel(code, roots), story.members)
    with connection.cursor() as cursor:
        cursor.execute(_SOURCE)
        for code in channels.CODES:
            way = ContactWay.objects.get(state=code.state)
            since = story.wish.at - dt.timedelta(days=60)
            cursor.execute(_DAYS, {"way": way.pk, "openers": code.openers, "since": since})
    _members(story)
    _groups(story)
    today = clock.shanghai_date(story.wish.at)
    Absence.objects.create(
        user=story.members["sales3"], starts_on=today - dt.timedelta(days=1), ends_on=today + dt.timedelta(days=4), reason="年假"
    )
    return len(channels.CODES)


def _channel(code: channels.Code, roots: dict[str, AcquisitionChannel]) -> AcquisitionChannel:
    if code.root not in roots:
        roots[code.root] = AcquisitionChannel.objects.create(
            kind=code.kind, name=code.root, welcome_text=channels.WELCOMES.get(code.root, "")
        )
    root = roots[code.root]
    return AcquisitionChannel.objects.create(kind=code.kind, name=code.child, parent=root) if code.child else root


def _code(code: channels.Code, channel: AcquisitionChannel, members: dict[str, User]) -> None:
    picture = io.BytesIO()
    segno.make(f"https://work.weixin.qq.com/ct/{config_id(code)}", error="m").save(picture, kind="png", scale=8, border=3)
    way = ContactWay.objects.create(
        channel=channel, name=code.name, state=code.state, config_id=config_id(code), url=qr_code(code),
        picture=picture.getvalue(), spare=members["sales1"], pushed_at=clock.now(),
        pushed_userids=[name for name in code.members if name != "sales3"] or ["sales1"],
    )  # fmt: skip
    for place, name in enumerate(code.members):
        member = WayMember.objects.create(way=way, user=members[name], daily_cap=30 if code.share > 15 else None)
        if len(code.members) > 1:
            starts, ends = ((9, 14), (14, 21), (9, 21))[place % 3]
            Shift.objects.create(member=member, weekdays=list(range(7)), starts=dt.time(starts), ends=dt.time(ends))


def config_id(code: channels.Code) -> str:
    """The platform's name of a code."""
    return f"cw{code.state.removeprefix('c_')}".replace("_", "")


def qr_code(code: channels.Code) -> str:
    """Where the platform keeps its picture."""
    return f"https://wework.qpic.cn/wwpic/sim_{config_id(code)}/0"


def _members(story: Story) -> None:
    serving = {name for code in channels.CODES for name in code.members}
    CorpMember.objects.bulk_create(
        CorpMember(userid=name, name=user.display_name, user=user, serves=name in serving, fetched_at=story.wish.at)
        for name, user in story.members.items()
    )


def _groups(story: Story) -> None:
    for chat_id, name, owner, size in channels.GROUPS:
        created_at = story.wish.at - dt.timedelta(days=120)
        chat = GroupChat.objects.create(
            chat_id=chat_id, name=name, owner_userid=owner, created_at=created_at, fetched_at=story.wish.at
        )
        GroupMember.objects.create(chat=chat, userid=owner, is_external=False, joined_at=created_at)
        GroupMember.objects.bulk_create(
            GroupMember(chat=chat, userid=external, is_external=True, name=nickname, joined_at=created_at, join_scene=1)
            for external, nickname in _friends(owner, size)
        )


def _friends(owner: str, size: int) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rel.external_userid, customer.nickname FROM customers_relationship AS rel"
            " JOIN customers_customer AS customer ON customer.id = rel.customer_id"
            " JOIN staff_user AS staff ON staff.id = rel.user_id"
            " WHERE staff.wecom_userid = %s AND rel.state = 'active' ORDER BY rel.customer_id LIMIT %s",
            [owner, size],
        )
        return [(str(external), str(nickname)) for external, nickname in cursor.fetchall()]


def at_the_platform() -> bytes:
    """The same codes and group chats for the simulator's `groups/seed`."""
    ways = [
        {"config_id": way.config_id, "state": way.state, "users": way.pushed_userids, "remark": way.name[:30]}
        for way in ContactWay.objects.exclude(config_id="").defer("picture").order_by("pk")
    ]
    chats: list[dict[str, Any]] = []
    for chat in GroupChat.objects.order_by("pk").prefetch_related("members"):
        members = [member.userid for member in chat.members.all() if member.is_external]
        since = int(chat.created_at.timestamp()) if chat.created_at else 0
        chats.append(
            {"chat_id": chat.chat_id, "name": chat.name, "owner": chat.owner_userid, "create_time": since, "members": members}
        )
    return json.dumps({"ways": ways, "chats": chats}).encode()
