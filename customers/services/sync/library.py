"""The corp's tag library and its group chats, as last fetched."""

import datetime as dt
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import connection, transaction

from customers.choices import IdentityKind
from customers.models import CorpTag, GroupChat
from customers.services.erasure import erased_among
from customers.services.keys import external_userid
from gateways.wecom import GroupChat as ToldChat
from gateways.wecom import GroupMember, TagGroup

_SAVE_TAGS = """
INSERT INTO customers_corptag AS old (tag_id, name, group_id, group_name, position, fetched_at)
SELECT tag_id, name, group_id, group_name, position, %s
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) AS told (tag_id, name, group_id, group_name, position)
ON CONFLICT (tag_id) DO UPDATE SET name = EXCLUDED.name, group_id = EXCLUDED.group_id, group_name = EXCLUDED.group_name,
    position = EXCLUDED.position, fetched_at = EXCLUDED.fetched_at
WHERE old.fetched_at <= EXCLUDED.fetched_at AND (old.name, old.group_id, old.group_name, old.position)
    IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.group_id, EXCLUDED.group_name, EXCLUDED.position)
"""


@transaction.atomic
def save_tags(groups: Sequence[TagGroup], fetched_at: dt.datetime, *, only: Collection[str] | None = None) -> int:
    """The library as told at `fetched_at`; how many tags are new, changed or gone.

    `only` names the tags or groups that were asked about; without it the answer is the whole library.
    """
    rows = [(tag.id, tag.name[:64], group.group_id, group.name[:64], tag.order) for group in groups for tag in group.tags]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE_TAGS, [fetched_at, *(_columns(rows, 5))])
        changed = int(cursor.rowcount)
    gone = CorpTag.objects.filter(fetched_at__lte=fetched_at).exclude(tag_id__in=[row[0] for row in rows])
    if only is not None:
        gone = gone.filter(tag_id__in=only) | gone.filter(group_id__in=only)
    return changed + gone.delete()[0]


_SAVE_CHAT = """
INSERT INTO customers_groupchat AS old (chat_id, name, owner_userid, notice, created_at, fetched_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (chat_id) DO UPDATE SET name = EXCLUDED.name, owner_userid = EXCLUDED.owner_userid, notice = EXCLUDED.notice,
    created_at = EXCLUDED.created_at, dismissed_at = NULL, fetched_at = EXCLUDED.fetched_at
WHERE old.fetched_at <= EXCLUDED.fetched_at
RETURNING id, (xmax = 0)
"""
_SAVE_MEMBERS = """
INSERT INTO customers_groupmember AS old (chat_id, userid, is_external, name, joined_at, join_scene)
SELECT %s, userid, is_external, name, joined_at, join_scene
FROM unnest(%s::text[], %s::bool[], %s::text[], %s::timestamptz[], %s::int[])
    AS told (userid, is_external, name, joined_at, join_scene)
WHERE NOT EXISTS (SELECT 1 FROM customers_groupmember AS same WHERE same.chat_id = %s AND same.userid = told.userid
    AND same.left_at IS NULL AND same.name = told.name AND same.joined_at IS NOT DISTINCT FROM told.joined_at)
ON CONFLICT (chat_id, userid) DO UPDATE SET name = EXCLUDED.name, joined_at = EXCLUDED.joined_at,
    join_scene = EXCLUDED.join_scene, left_at = NULL
"""
_LEFT = "UPDATE customers_groupmember SET left_at = %s WHERE chat_id = %s AND left_at IS NULL AND NOT (userid = ANY(%s))"


@transaction.atomic
def save_chat(chat: ToldChat, fetched_at: dt.datetime) -> bool:
    """A group chat as told at `fetched_at`; whether anything differed. People who were erased are left out."""
    before = GroupChat.objects.filter(chat_id=chat.chat_id).values_list("name", "owner_userid", "notice", "dismissed_at").first()
    head = (chat.name[:128], chat.owner[:64], chat.notice)
    with connection.cursor() as cursor:
        cursor.execute(_SAVE_CHAT, [chat.chat_id, *head, chat.created_at, fetched_at])
        written = cursor.fetchone()
        if written is None:
            return False
        rows = [
            (each.userid[:64], each.kind == 2, each.name[:64], each.joined_at, each.join_scene)
            for each in _remembered(chat.members)
        ]
        cursor.execute(_SAVE_MEMBERS, [written[0], *_columns(rows, 5), written[0]])
        changed = int(cursor.rowcount)
        cursor.execute(_LEFT, [fetched_at, written[0], [row[0] for row in rows]])
        return bool(changed + int(cursor.rowcount)) or before != (*head, None)


def _remembered(members: Sequence[GroupMember]) -> list[GroupMember]:
    """Each member once, without those who were erased and have not joined again since."""
    once = {member.userid: member for member in members}
    hashes = {external_userid(member.userid).hash: member.userid for member in once.values() if member.kind == 2}
    scope = settings.VENDORS["WECOM_CORP_ID"]
    for value, at in erased_among(IdentityKind.EXTERNAL_USERID, scope, hashes).items():
        joined_at = once[hashes[value]].joined_at
        if joined_at is None or joined_at <= at:
            del once[hashes[value]]
    return list(once.values())


def dismiss_chat(chat_id: str, at: dt.datetime) -> bool:
    """The group chat is gone; False when it was known to be, or is not known, or was seen later than `at`."""
    open_chats = GroupChat.objects.filter(chat_id=chat_id, dismissed_at__isnull=True, fetched_at__lte=at)
    return bool(open_chats.update(dismissed_at=at, fetched_at=at))


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
