"""WeCom's callbacks: each is only a hint; what the platform says when asked is the truth.

They come late, twice and in any order. A newcomer's callback runs on the chat lane, because the welcome must go out
within 20 seconds; everything else waits on the usual lane, where many hints about one contact cost one question.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from customers.choices import RelationState
from customers.queries.friendships import friends_of
from customers.rules.friendships import wait_seconds
from customers.services.channels.events import hear_of_link
from customers.services.sync import library
from customers.services.sync.friendships import Friendship, apply_friendships, end_friendships, friendships_of
from gateways import services as border
from gateways.errors import GatewayError
from gateways.queries import callback_fields
from gateways.wecom import CallbackEvent, Contact, wecom

logger = logging.getLogger(__name__)

ADDED = {"add_external_contact", "add_half_external_contact"}
LEFT, REMOVED = "del_follow_user", "del_external_contact"
GONE = {"84061", "40096"}  # also for some seconds after a friendship began
NO_CHAT = "40050"
Fields = Mapping[str, Any]


def receive_callback(event: CallbackEvent, body: str) -> None:
    """Keep a verified callback and remember to work on it; a retry of the vendor changes nothing. In a transaction."""
    change = event.fields.get("ChangeType", "")
    kind = f"{event.fields.get('Event', '')}/{change}"
    callback_id = border.store_callback(source="wecom", dedupe_key=event.dedupe_key, body=body, kind=kind)
    if callback_id is not None:
        work = welcome_callback if change in ADDED else _worker(event.fields.get("Event", ""))
        enqueue(work, key=str(callback_id), callback_id=callback_id)


def _worker(event: str) -> Any:
    """The job for an event: an app above may take its own (settings.CALLBACK_WORK), all others are about contacts."""
    dotted = settings.CALLBACK_WORK.get(event)
    return import_string(dotted) if dotted else apply_callbacks


@job(Lane.CHAT)
def welcome_callback(callback_id: int) -> None:
    """Somebody made friends with a member: bring our picture in line at once, so that the welcome is in time."""
    fields = callback_fields(callback_id)
    _follow_contact(fields.get("ExternalUserID", ""), [fields])
    border.mark_callback_processed(callback_id)


@job(Lane.USUAL, batch=True)
def apply_callbacks(many: Sequence[dict[str, Any]]) -> None:
    """Bring our picture in line with what these callbacks hint at: one question per contact, chat, tag."""
    by_subject: dict[tuple[str, str], list[tuple[int, Fields]]] = defaultdict(list)
    for args in many:
        fields = callback_fields(args["callback_id"])
        by_subject[_subject(fields)].append((args["callback_id"], fields))
    for (event, subject), hints in by_subject.items():
        _follow(event, subject, [fields for _, fields in hints])
        for callback_id, _fields in hints:
            border.mark_callback_processed(callback_id)


def _subject(fields: Fields) -> tuple[str, str]:
    event = str(fields.get("Event", ""))
    name = {"change_external_contact": "ExternalUserID", "change_external_chat": "ChatId", "change_external_tag": "Id"}.get(event)
    return event, str(fields.get(name, "")) if name else ""


def _follow(event: str, subject: str, hints: Sequence[Fields]) -> None:
    """What is unknown, or says not whom it is about, is kept and changes nothing."""
    if event == "customer_acquisition":
        for fields in hints:
            hear_of_link(fields, _moment(fields))
    elif not subject:
        return
    elif event == "change_external_contact":
        _follow_contact(subject, hints)
    elif event == "change_external_chat":
        follow_chat(subject)
    elif event == "change_external_tag":
        _follow_tag(subject, {str(fields.get("TagType", "")) for fields in hints})


def _moment(fields: Fields) -> dt.datetime:
    """When it happened, by the platform's clock; now when it does not say."""
    created = str(fields.get("CreateTime", ""))
    if created.isascii() and created.isdigit() and len(created) <= 10:
        return dt.datetime.fromtimestamp(int(created), dt.UTC)
    return clock.now()


# --- contacts -----------------------------------------------------------------------------------------


def _follow_contact(external_userid: str, hints: Sequence[Fields]) -> None:
    if not external_userid:
        return
    fetched_at = clock.now()
    contact = _ask(external_userid)
    shown = {follow.userid for follow in contact.follow_users} if contact else set()
    additions = [fields for fields in hints if fields.get("ChangeType") in ADDED and fields.get("UserID")]
    unseen = [fields for fields in additions if fields["UserID"] not in shown]
    waits = [wait for fields in unseen if (wait := wait_seconds(_moment(fields), fetched_at)) is not None]
    with transaction.atomic():
        apply_friendships([_as_hinted(external_userid, fields) for fields in unseen])
        if contact is not None:
            codes = {fields["UserID"]: str(fields.get("WelcomeCode", "")) for fields in additions}
            apply_friendships(friendships_of(contact, fetched_at, codes))
        if waits:
            enqueue(
                refetch_contact, key=f"{external_userid}:{int(fetched_at.timestamp())}",
                run_at=fetched_at + dt.timedelta(seconds=min(waits)), external_userid=external_userid,
                since=min(int(_moment(fields).timestamp()) for fields in unseen),
            )  # fmt: skip
        else:
            _end_unshown(external_userid, shown, hints, fetched_at)
        _end_left(external_userid, hints)


def _ask(external_userid: str) -> Contact | None:
    try:
        return wecom().get_contact(external_userid)
    except GatewayError as error:
        if error.errcode in GONE:
            return None
        raise


def _as_hinted(external_userid: str, fields: Fields) -> Friendship:
    """A newcomer the platform does not show (yet): what the callback says is all there is, and the first answer outdoes it."""
    at = _moment(fields)
    return Friendship(
        userid=str(fields["UserID"])[:64], external_userid=external_userid, created_at=at, fetched_at=at,
        state=str(fields.get("State", ""))[:30], welcome_code=str(fields.get("WelcomeCode", "")),
    )  # fmt: skip


def _end_unshown(external_userid: str, shown: set[str], hints: Sequence[Fields], fetched_at: dt.datetime) -> None:
    """Friendships that the platform does not show are over: the member ended them."""
    told = {str(f.get("UserID")): _moment(f) for f in hints if f.get("ChangeType") == REMOVED}
    for userid in friends_of(external_userid) - shown:
        at = min(told.get(userid, fetched_at), fetched_at)
        end_friendships({(userid, external_userid)}, RelationState.DELETED_BY_STAFF, at, fetched_at=fetched_at)


def _end_left(external_userid: str, hints: Sequence[Fields]) -> None:
    """The platform goes on showing who was left by the customer: here the callback is the only word there is."""
    for fields in hints:
        if fields.get("ChangeType") == LEFT and fields.get("UserID"):
            pair = (str(fields["UserID"]), external_userid)
            end_friendships({pair}, RelationState.DELETED_BY_CUSTOMER, _moment(fields))


@job(Lane.USUAL)
def refetch_contact(external_userid: str, since: int) -> None:
    """Ask again about a newcomer whom the platform did not show; who is still hidden after two minutes is gone."""
    fetched_at = clock.now()
    contact = _ask(external_userid)
    shown = {follow.userid for follow in contact.follow_users} if contact else set()
    hidden = friends_of(external_userid) - shown
    wait = wait_seconds(dt.datetime.fromtimestamp(since, dt.UTC), fetched_at) if hidden else None
    with transaction.atomic():
        if contact is not None:
            apply_friendships(friendships_of(contact, fetched_at))
        if wait is not None:
            run_at = fetched_at + dt.timedelta(seconds=wait)
            key = f"{external_userid}:{int(fetched_at.timestamp())}"
            enqueue(refetch_contact, key=key, run_at=run_at, external_userid=external_userid, since=since)
        else:
            _end_unshown(external_userid, shown, [], fetched_at)


# --- group chats and tags -----------------------------------------------------------------------------


def follow_chat(chat_id: str) -> None:
    """Bring our picture of one group chat in line with the platform's."""
    fetched_at = clock.now()
    try:
        chat = wecom().get_group_chat(chat_id)
    except GatewayError as error:
        if error.errcode != NO_CHAT:
            raise
        library.dismiss_chat(chat_id, fetched_at)
    else:
        library.save_chat(chat, fetched_at)


def _follow_tag(tag_id: str, kinds: set[str]) -> None:
    fetched_at = clock.now()
    if "tag_group" in kinds:
        library.save_tags(wecom().list_corp_tags(group_ids=[tag_id]), fetched_at, only=[tag_id])
    else:
        library.save_tags(wecom().list_corp_tags(tag_ids=[tag_id]), fetched_at, only=[tag_id])
