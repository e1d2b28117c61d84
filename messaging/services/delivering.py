"""One message to one customer, for anyone in the house: `deliver` asks the governor channel by channel, and queues.

A direct channel's message goes out by `messaging.services.direct`; WeCom's waits for the member's confirmation. Quiet
hours are no refusal: the message waits, and the governor is asked again when it is due.
"""

import dataclasses
import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from core import clock
from core.errors import BadInput
from core.jobs import enqueue
from core.parsers import is_clean
from customers.models import Customer
from messaging import rules
from messaging.choices import MessageState, Reason, Route, TaskState, TouchPurpose
from messaging.models import Content, MassTask, Message
from messaging.queries import explain, quiet_end, single_plan
from messaging.queries.people import facts_of
from messaging.rules.wording import fill
from messaging.services.direct import DIRECT, wake
from messaging.services.mass_tasks import create_mass_task

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('touch governor', 0))"
NO_WORDS = "no_words"
NOBODY = "gone"
# The order in which channels are tried when nobody says otherwise: what people read, before what costs money.
PREFERENCE = (Route.WECOM, Route.SUBSCRIBE, Route.OFFICIAL, Route.INBOX, Route.SMS)


@dataclasses.dataclass(frozen=True)
class Notice:
    """What a templated channel (mini-program notice, official account, SMS) says: its template, and the text of each field."""

    template_id: str
    fields: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Words:
    """What is to be said, channel by channel. Texts may hold variables (`messaging.rules.wording`).

    `text` is for WeCom, WeCom customer service and the inbox (with `title`); a card needs `card_title`, `card_page` and
    `card_image` (PNG). `notices` are for the templated channels: a channel without its notice is not used.
    """

    text: str = ""
    title: str = ""
    card_title: str = ""
    card_page: str = ""
    product_code: str = ""
    card_image: bytes | None = None
    notices: Mapping[str, Notice] = dataclasses.field(default_factory=dict)

    def fits(self, channel: str) -> bool:
        """Whether there is anything to say on this channel."""
        return channel in self.notices if channel in rules.TEMPLATED else bool(self.text.strip())


@dataclasses.dataclass(frozen=True)
class Delivered:
    """What became of a request: the message and its channel, or why each channel could not (`why`: channel -> reason code)."""

    message_id: int | None
    channel: str
    why: Mapping[str, str]

    @property
    def is_queued(self) -> bool:
        """Whether a message is on its way."""
        return self.message_id is not None


def deliver(
    customer_id: int,
    *,
    key: str,
    purpose: str,
    words: Words,
    channels: Sequence[str] = (),
    params: Mapping[str, str] | None = None,
    send_at: dt.datetime | None = None,
) -> Delivered:
    """Queue one message by the first channel that may carry it, in the caller's transaction.

    `key` is a pure function of why it is sent ("journey:7:42:step3"): a second call with it changes nothing and gives the
    first one's message. `purpose` is one of `TouchPurpose`; `channels` the order to try (the customer's own preference
    first, then `PREFERENCE`); `params` are variables beside the customer's own. `send_at`: not before. When no channel may,
    nothing is written, so the same key may try again later.
    """
    _check(purpose, words)
    full_key = f"single:{key}"
    if len(full_key) > 120:
        raise BadInput("the key of a message is too long", {"key": key[:40]})
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
        known = Message.objects.filter(key=full_key).first()
        if known:
            return Delivered(known.pk, known.channel, {})
        why: dict[str, str] = {}
        for channel in channels or preference(customer_id):
            reason, sender_id = _may(customer_id, purpose, channel, words)
            if not reason:
                message = _queue(customer_id, full_key, purpose, channel, words, dict(params or {}), send_at, sender_id)
                return Delivered(message.pk, channel, why)
            why[channel] = reason
        return Delivered(None, "", why)


def preference(customer_id: int) -> list[str]:
    """The channels to try: the one the customer answers on, then the house's order."""
    liked = Customer.objects.filter(pk=customer_id).values_list("portrait__preferred_channel", flat=True).first()
    first = [liked] if liked in Route.values else []
    return [*first, *(channel for channel in PREFERENCE if channel not in first)]


def _check(purpose: str, words: Words) -> None:
    if purpose not in TouchPurpose.values:
        raise BadInput("unknown purpose of a message", {"purpose": purpose})
    if rules.utf8_bytes(words.text) > rules.TEXT_BYTES or not is_clean(words.text):
        raise BadInput("a message has at most 4,000 bytes", {"text": "too long"})


def _may(customer_id: int, purpose: str, channel: str, words: Words) -> tuple[str, int | None]:
    """(reason against, sender); quiet hours are none."""
    if not words.fits(channel) or channel not in {Route.WECOM, *DIRECT}:
        return NO_WORDS, None
    template = words.notices[channel].template_id if channel in words.notices else ""
    verdict = explain(single_plan(customer_id, purpose, channel, template_id=template), customer_id)
    if verdict is None:
        return NOBODY, None
    if not verdict.reason and channel == Route.WECOM and verdict.sender_id is None:
        return Reason.NO_RELATION, None
    return verdict.reason, verdict.sender_id


def _queue(
    customer_id: int, key: str, purpose: str, channel: str, words: Words, params: dict[str, str], send_at: dt.datetime | None,
    sender_id: int | None,
) -> Message:  # fmt: skip
    now = clock.now()
    values: dict[str, Any] = {
        "key": key, "customer_id": customer_id, "channel": channel, "purpose": purpose, "state": MessageState.QUEUED,
        "created_at": now, "sender_id": sender_id, "params": params or None,
    }  # fmt: skip
    due = max(filter(None, [send_at, _quiet(purpose, max(now, send_at or now))]), default=None)
    if channel == Route.WECOM:
        return _queue_at_member(values, words, due)
    message = Message.objects.create(content=_content(channel, words), send_at=due or now, **values)
    wake(channel, due)
    return message


def _quiet(purpose: str, at: dt.datetime) -> dt.datetime | None:
    return None if purpose == TouchPurpose.TRANSACTION else quiet_end(at)


def _queue_at_member(values: dict[str, Any], words: Words, due: dt.datetime | None) -> Message:
    """WeCom: the text is filled in now, as one task says one thing; equal words for the same member share a task."""
    customer_id, sender_id = values["customer_id"], values["sender_id"]
    facts = facts_of([customer_id]).get(customer_id, {})
    text = fill(words.text, {**facts, **(values["params"] or {})})
    friend = (
        Customer.objects.get(pk=customer_id).relationships.filter(user_id=sender_id, state="active")
        .values_list("external_userid", flat=True).first()
    )  # fmt: skip
    task = _open_task(sender_id, text, words, due) or _new_task(sender_id, text, words, due)
    message = Message.objects.create(task=task, content_id=task.content_id, external_userid=friend or "", send_at=due, **values)
    enqueue(create_mass_task, key=str(task.pk), run_at=due, task_id=task.pk)
    return message


def _open_task(sender_id: int, text: str, words: Words, due: dt.datetime | None) -> MassTask | None:
    """A task of ours to this member with these very words that nobody has called for yet."""
    if words.card_page:
        return None
    waiting = MassTask.objects.select_for_update().filter(
        key__startswith="deliver:", sender_id=sender_id, state=TaskState.PENDING, campaign_id=None, start_at=due,
        cancel_requested_at=None, content__text=text, content__card_page="",
    )  # fmt: skip
    return waiting.order_by("id").first()


def _new_task(sender_id: int, text: str, words: Words, due: dt.datetime | None) -> MassTask:
    token, now = secrets.token_hex(16), clock.now()
    content = Content.objects.create(
        name=words.title[:60] or words.card_title[:60] or "1:1", text=text, card_title=words.card_title,
        card_page=words.card_page, product_code=words.product_code, card_image=words.card_image if words.card_page else None,
    )  # fmt: skip
    return MassTask.objects.create(
        key=f"deliver:{token}", token=token, sender_id=sender_id, content=content, start_at=due, created_at=now
    )


def _content(channel: str, words: Words) -> Content:
    """The words of a direct channel; equal ones are kept once."""
    notice = words.notices.get(channel)
    values: dict[str, Any] = {
        "name": (words.title or words.card_title or words.text or channel)[:60],
        "text": "" if notice else words.text, "card_title": "" if notice else words.card_title, "card_page": words.card_page,
        "product_code": words.product_code, "template_id": notice.template_id if notice else "",
        "fields": dict(notice.fields) if notice else {},
    }  # fmt: skip
    return Content.objects.filter(**values, card_image=None).order_by("id").first() or Content.objects.create(**values)
