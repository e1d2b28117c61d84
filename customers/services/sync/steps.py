"""What each step of a synchronisation asks the platform, and what it does with the answer."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from core import clock
from customers.choices import RelationState, RepairKind, SyncKind, SyncStep
from customers.models import SyncRepair, SyncRun
from customers.rules.friendships import Outcome
from customers.services.sync import library
from customers.services.sync.friendships import Change, apply_friendships, end_rows, friendships_of
from customers.services.sync.staff import save_members
from gateways.errors import GatewayError
from gateways.wecom import ContactPage, GroupChat, GroupChatPage, Member, TagGroup, wecom

MEMBERS_AT_ONCE, CHATS_AT_ONCE = 100, 20
SWEPT_AT_ONCE = 1_000
SUSPICIOUS, SUSPICIOUS_SHARE = 50, 0.2  # friends that may be gone in one night before somebody must look
NO_CONTACTS, NO_CHAT = "84061", "40050"
READING = ">"  # in the step of chats: the ids are known, the cursor holds the last one that was read


@dataclasses.dataclass
class Page:
    """An answer with the moment before it was asked for."""

    fetched_at: dt.datetime
    members: Sequence[Member] = ()
    serving: Sequence[str] = ()
    tags: Sequence[TagGroup] = ()
    contacts: ContactPage | None = None
    chats: GroupChatPage | None = None
    read: Sequence[tuple[str, GroupChat | None]] = ()


@dataclasses.dataclass
class Found:
    """What a page came to, and where the next one begins; `is_last` ends the step."""

    is_last: bool
    position: int = 0
    cursor: str = ""
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    repairs: dict[str, int] = dataclasses.field(default_factory=dict)


def fetch(run: SyncRun) -> Page:
    """Ask the platform for the page at the run's place. Outside any transaction."""
    page = Page(clock.now())
    match run.step:
        case SyncStep.STAFF:
            page.members, page.serving = wecom().list_members(), wecom().list_follow_users()
        case SyncStep.TAGS:
            page.tags = wecom().list_corp_tags()
        case SyncStep.CONTACTS:
            page.contacts = _contacts(run)
        case SyncStep.CHATS if run.cursor.startswith(READING):
            page.read = [(chat_id, _chat(chat_id)) for chat_id in _unread(run)]
        case SyncStep.CHATS:
            page.chats = wecom().list_group_chats(cursor=run.cursor)
    return page


def _batch(run: SyncRun) -> list[str]:
    return run.userids[run.position * MEMBERS_AT_ONCE : (run.position + 1) * MEMBERS_AT_ONCE]


def _contacts(run: SyncRun) -> ContactPage:
    userids = _batch(run)
    if not userids:
        return ContactPage((), "")
    try:
        return wecom().list_contacts(userids, run.cursor)
    except GatewayError as error:
        if error.errcode == NO_CONTACTS:
            return ContactPage((), "")
        raise


def _unread(run: SyncRun) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id FROM customers_syncseen WHERE run_id = %s AND userid = '' AND external_id > %s"
            " ORDER BY external_id LIMIT %s",
            [run.pk, run.cursor.removeprefix(READING), CHATS_AT_ONCE],
        )
        return [row[0] for row in cursor.fetchall()]


def _chat(chat_id: str) -> GroupChat | None:
    try:
        return wecom().get_group_chat(chat_id)
    except GatewayError as error:
        if error.errcode == NO_CHAT:
            return None
        raise


def apply(run: SyncRun, page: Page) -> Found:
    """Write a page's rows. In the transaction that moves the run's place."""
    match run.step:
        case SyncStep.STAFF:
            run.userids = sorted(page.serving)
            return Found(is_last=True, counts={"members": save_members(page.members, page.serving, page.fetched_at)})
        case SyncStep.TAGS:
            return _apply_tags(run, page)
        case SyncStep.CONTACTS:
            return _apply_contacts(run, page, page.contacts or ContactPage((), ""))
        case SyncStep.CHATS:
            return _apply_chats(run, page) if page.chats is None else _apply_chat_ids(run, page.chats)
    return _sweep(run)


def _apply_tags(run: SyncRun, page: Page) -> Found:
    changed = library.save_tags(page.tags, page.fetched_at)
    repairs = _repaired(run, RepairKind.TAG, [None] * changed)
    return Found(is_last=True, counts={"tags": sum(len(group.tags) for group in page.tags)}, repairs=repairs)


_SEEN = """
INSERT INTO customers_syncseen (run_id, userid, external_id)
SELECT %s, userid, external_id FROM unnest(%s::text[], %s::text[]) AS seen (userid, external_id) ON CONFLICT DO NOTHING
"""


def _see(run: SyncRun, userids: Sequence[str], ids: Sequence[str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [run.pk, list(userids), list(ids)])
        return int(cursor.rowcount)


def _apply_contacts(run: SyncRun, page: Page, contacts: ContactPage) -> Found:
    told = [item for contact in contacts.contacts for item in friendships_of(contact, page.fetched_at)]
    fresh = _see(run, [item.userid for item in told], [item.external_userid for item in told])
    changes = apply_friendships(told)
    cursor = contacts.next_cursor
    position = run.position if cursor else run.position + 1
    is_last = not cursor and position * MEMBERS_AT_ONCE >= len(run.userids)
    repairs: dict[str, int] = {}
    for kind, outcomes in ((RepairKind.ADDED, {Outcome.NEW, Outcome.REVIVED}), (RepairKind.CHANGED, {Outcome.CHANGED})):
        repairs |= _repaired(run, kind, [change for change in changes if change.outcome in outcomes])
    return Found(is_last, position, cursor, {"contacts": fresh}, repairs)


def _apply_chat_ids(run: SyncRun, chats: GroupChatPage) -> Found:
    _see(run, [""] * len(chats.chat_ids), chats.chat_ids)
    return Found(is_last=False, cursor=chats.next_cursor or READING)


def _apply_chats(run: SyncRun, page: Page) -> Found:
    if not page.read:
        return Found(is_last=True)
    changed = [
        None
        for chat_id, chat in page.read
        if (library.save_chat(chat, page.fetched_at) if chat else library.dismiss_chat(chat_id, page.fetched_at))
    ]
    last = page.read[-1][0]
    repairs = _repaired(run, RepairKind.CHAT, changed)
    return Found(False, run.position + len(page.read), READING + last, {"chats": len(page.read)}, repairs)


_GONE = """
SELECT rel.id FROM customers_relationship AS rel JOIN staff_user AS staff ON staff.id = rel.user_id
WHERE rel.state = 'active' AND rel.added_at < %(start)s AND (rel.fetched_at IS NULL OR rel.fetched_at < %(start)s)
    AND staff.wecom_userid = ANY(%(userids)s) AND NOT EXISTS (
        SELECT 1 FROM customers_syncseen AS seen
        WHERE seen.run_id = %(run)s AND seen.userid = staff.wecom_userid AND seen.external_id = rel.external_userid)
ORDER BY rel.id LIMIT %(most)s
"""
_GONE_CHATS = """
UPDATE customers_groupchat AS chat SET dismissed_at = now() WHERE dismissed_at IS NULL AND fetched_at < %(start)s
    AND NOT EXISTS (SELECT 1 FROM customers_syncseen AS seen
        WHERE seen.run_id = %(run)s AND seen.userid = '' AND seen.external_id = chat.chat_id)
"""


class TooManyGone(Exception):
    """The platform showed so few of our friends that the answer is more likely wrong than true: nothing is ended."""

    def __init__(self, seen: int, active: int) -> None:
        super().__init__(f"too many gone: {seen} of {active} friends were shown")


_SHOWN = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM customers_syncseen AS seen
    WHERE seen.run_id = %(run)s AND seen.userid = staff.wecom_userid AND seen.external_id = rel.external_userid))
FROM customers_relationship AS rel JOIN staff_user AS staff ON staff.id = rel.user_id
WHERE rel.state = 'active' AND rel.added_at < %(start)s AND staff.wecom_userid = ANY(%(userids)s)
"""


def _sweep(run: SyncRun) -> Found:
    """What the platform did not show any more is over; a thousand at a time. TooManyGone when most would be."""
    values: dict[str, Any] = {"start": run.started_at, "userids": run.userids, "run": run.pk, "most": SWEPT_AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, values)
        active, seen = cursor.fetchone() or (0, 0)
        if run.position == 0 and active - seen > max(SUSPICIOUS, active * SUSPICIOUS_SHARE):
            raise TooManyGone(seen, active)
        cursor.execute(_GONE, values)
        gone = [row[0] for row in cursor.fetchall()]
        end_rows(gone, RelationState.DELETED_BY_STAFF, clock.now(), run.started_at)
        repairs = _repaired(run, RepairKind.ENDED, gone)
        counts = {"ended": len(gone)}
        if len(gone) == SWEPT_AT_ONCE:
            return Found(False, run.position + 1, "", counts, repairs)
        cursor.execute(_GONE_CHATS, values)
        dismissed = int(cursor.rowcount)
    return Found(True, 0, "", counts, repairs | _repaired(run, RepairKind.CHAT, [None] * dismissed))


def _repaired(run: SyncRun, kind: str, what: Sequence[Change | int | None]) -> dict[str, int]:
    """A reconciliation says what it put right; a first walk has nothing to compare with."""
    if run.kind != SyncKind.RECONCILE or not what:
        return {}
    rows = [
        SyncRepair(run=run, kind=kind, relationship_id=each.relationship_id if isinstance(each, Change) else each)
        for each in what
    ]
    SyncRepair.objects.bulk_create(rows)
    return {kind: len(rows)}
