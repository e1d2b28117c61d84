"""Is an event of a client acceptable? A whole batch is read in one go; what is broken costs only itself."""

import datetime as dt
import re
from typing import Annotated, Any

import msgspec

from core.event_types import BEHAVIOUR_KINDS

MAX_BATCH = 500
MAX_EVENT_BYTES = 16_384
MAX_PROPS = 40
FUTURE_TOLERANCE = dt.timedelta(minutes=5)  # phones' clocks are a little wrong; more than this is a lie
OLDEST = dt.timedelta(days=400)

Scalar = str | int | float | bool | None


UUID_TEXT = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
UuidText = Annotated[str, msgspec.Meta(min_length=36, max_length=36, pattern=UUID_TEXT)]


class EventIn(msgspec.Struct, gc=False):
    """One event as a client sends it. `customer`, where given, must be the public id of whoever is logged in.

    The form of `id` is looked at by `_row`, for a whole batch at once: a pattern here costs as much as all the rest.
    """

    id: Annotated[str, msgspec.Meta(min_length=36, max_length=36)]
    kind: Annotated[str, msgspec.Meta(max_length=64)]
    occurred_at: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    props: dict[Annotated[str, msgspec.Meta(max_length=64)], Scalar | list[Scalar]] = {}
    customer: UuidText | None = None


class Batch(msgspec.Struct):
    """A whole request, decoded in one go: the usual case."""

    events: list[EventIn]


class Item(msgspec.Struct, gc=False):
    """One event of a request on its way: its id, and either the start of a COPY row or why it is refused.

    `moment` is `at` as text; `customer` the claimed public id in lower case.
    """

    id: str
    row: bytes = b""
    at: dt.datetime | None = None
    moment: bytes = b""
    code: str = ""
    customer: str | None = None


_encode = msgspec.json.Encoder().encode
_decode_batch = msgspec.json.Decoder(Batch).decode
_decode_event = msgspec.json.Decoder(EventIn).decode
_decode_any = msgspec.json.Decoder().decode

# What a refusal code means to the person who reads the client's log (English msgids; translated where shown).
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
REFUSALS = {
    "malformed": "The event is not of the documented form.",
    "too_large": "The event is larger than 16 kB.",
    "unknown_kind": "Events of this kind are not accepted from clients.",
    "future": "The event lies in the future.",
    "too_old": "The event is more than 400 days old.",
    "unknown_customer": "The event names a customer who is not logged in here.",
    "batch_full": "A request holds at most 500 events; send this one again.",
}


def read_batch(body: bytes, now: dt.datetime) -> list[Item]:
    """Every event of a request as an Item, in order. msgspec.DecodeError when the request itself is no batch."""
    try:
        events: list[EventIn | bytes] = list(_decode_batch(body).events)
    except UNREADABLE:
        events = list(split_events(body))
    latest, earliest = now + FUTURE_TOLERANCE, now - OLDEST
    head = events[:MAX_BATCH]
    if are_uuids([event.id for event in head if isinstance(event, EventIn)]):
        items = [
            _row(event, earliest, latest) if isinstance(event, EventIn) else _item(event, earliest, latest) for event in head
        ]
    else:
        items = [_item(event, earliest, latest) for event in head]
    items.extend(Item(_id_of(event), code="batch_full") for event in events[MAX_BATCH:])
    return items


_UUIDS = re.compile(r"(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})*")


def are_uuids(ids: list[str]) -> bool:
    """Whether all ids, each of 36 characters, are UUIDs in the usual spelling."""
    return _UUIDS.fullmatch("".join(ids)) is not None


_START = re.compile(rb'\s*\{\s*"events"\s*:\s*\[')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


def split_events(body: bytes) -> list[bytes]:
    """The items of the events array, cut by brackets and strings alone: no item, however broken or deeply nested,
    can spoil its neighbours. msgspec.DecodeError when there is no such array or it does not end."""
    start = _START.match(body)
    if start is None:
        raise msgspec.DecodeError("no events array")
    items, depth, begin = [], 0, start.end()
    for token in _TOKEN.finditer(body, begin):
        char = token[0]
        if char in b"[{":
            depth += 1
        elif char in b"]}" and depth:
            depth -= 1
        elif depth == 0 and char in b",]":
            items.append(body[begin : token.start()])
            begin = token.end()
            if char == b"]":
                return [item for item in items if item.strip()]
    raise msgspec.DecodeError("the events array does not end")


def _item(event: EventIn | bytes, earliest: dt.datetime, latest: dt.datetime) -> Item:
    if isinstance(event, bytes):
        if len(event) > MAX_EVENT_BYTES:
            return Item(_id_of(event), code="too_large")
        try:
            event = _decode_event(event)
        except UNREADABLE:
            return Item(_id_of(event), code="malformed")
    return _row(event, earliest, latest) if are_uuids([event.id]) else Item(event.id, code="malformed")


_KINDS = {kind: f"\t{kind}\t".encode() for kind in BEHAVIOUR_KINDS}


def _row(event: EventIn, earliest: dt.datetime, latest: dt.datetime) -> Item:
    key, at, props = event.id.lower(), event.occurred_at, event.props
    kind = _KINDS.get(event.kind)
    if kind is None:
        return Item(key, code="unknown_kind")
    if not earliest <= at <= latest:
        return Item(key, code="future" if at > latest else "too_old")
    text = _encode(props)
    if len(text) > MAX_EVENT_BYTES:
        return Item(key, code="too_large")
    if len(props) > MAX_PROPS:
        return Item(key, code="malformed")
    if b"\\" in text:
        if b"\\u0000" in text:
            return Item(key, code="malformed")
        text = text.replace(b"\\", b"\\\\")
    moment = _encode(at)[1:-1]
    row = key.encode() + kind + moment + b"\t" + text
    return Item(key, row, at, moment, "", event.customer and event.customer.lower())


def _id_of(event: EventIn | bytes) -> str:
    """The client's id of an event that may be nonsense; empty when it has none."""
    if isinstance(event, EventIn):
        return event.id
    try:
        value: Any = _decode_any(event) if len(event) <= MAX_EVENT_BYTES else None
    except UNREADABLE:
        return ""
    found = value.get("id") if isinstance(value, dict) else None
    return found[:64] if isinstance(found, str) and "\x00" not in found else ""
