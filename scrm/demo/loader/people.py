"""A chunk of customers into the database: who they are, whose friends, what they agreed to, what they did."""

import dataclasses
import datetime as dt
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.backends.utils import CursorWrapper
from pypinyin import lazy_pinyin

from core import clock
from core.event_types import ConsentChanged, ContactAdded, ContactLost, CustomerCreated, Fact, to_props
from core.events import event_key
from core.models import Event
from core.secrets import seal
from customers.choices import Channel, Gender, IdentityKind, Lifecycle, Purpose, RelationState
from customers.models import Activity, Consent, Customer, Identity, Note, Relationship
from customers.rules import mask_phone
from customers.services import keys
from customers.services.keys import Key
from scrm.demo import world
from scrm.demo.behaviour import KINDS, Behaviour, search_words
from scrm.demo.channels import state_of
from scrm.demo.loader.tables import copy, copy_lines, stable_uuid
from scrm.demo.population import DAY, HISTORY_DAYS, MARKETING, SALES, Population
from staff.models import User

EVENT_COLUMNS = ("key", "kind", "occurred_at", "props", "customer_id", "source")
TEXT_VERSION = "2026-01"
AWAY_DAYS = (60, 120)  # no sign of life: dormant, lost
_CUSTOMER = (
    "id", "public_id", "name", "name_pinyin", "name_initials", "nickname", "remark", "gender", "birthday", "city",
    "child_ages", "phone_masked",
    "lifecycle", "source", "owner_id", "department_id", "created_at", "updated_at", "is_personalised",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Chunk:
    """What belongs together: people, their behaviour, the id of the first of them, the stage each is in."""

    people: Population
    behaviour: Behaviour
    first_id: int
    lifecycle: Sequence[str]
    at: dt.datetime

    def id_of(self, index: int) -> int:
        """The customer's id of the person at an index."""
        return self.first_id + int(index)


def moment(seconds: float) -> dt.datetime:
    """Seconds since 1970 as an aware moment."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def write_people(cursor: CursorWrapper, chunk: Chunk, members: dict[str, User], rng: np.random.Generator) -> None:
    """Everything but orders."""
    copy(cursor, Customer, _CUSTOMER, _customers(chunk, members, rng))
    copy(cursor, Identity, _IDENTITY, _identities(chunk))
    copy(cursor, Relationship, _RELATION, _relations(chunk, members, rng))
    copy(cursor, Consent, _CONSENT, _consents(chunk, rng))
    copy(cursor, Activity, ("customer_id", "first_seen_at", "last_seen_at", "event_count"), _activity(chunk))
    copy_lines(cursor, Event, EVENT_COLUMNS, _behaviour(chunk, rng))
    copy(cursor, Event, EVENT_COLUMNS, _facts(chunk, members))


# --- Who they are -----------------------------------------------------------------------------------------


_SURNAMES_READ_OTHERWISE = {"曾": "zeng"}


@functools.cache
def _pinyin(part: str) -> str:
    return _SURNAMES_READ_OTHERWISE.get(part) or "".join(lazy_pinyin(part))


def _initials(name: str) -> str:
    return "".join(_pinyin(char)[:1] for char in name)


def _customers(chunk: Chunk, members: dict[str, User], rng: np.random.Generator) -> Iterator[Sequence[Any]]:
    people, keys = chunk.people, rng.bytes(16 * len(chunk.people))
    for i in range(len(people)):
        phone, owner = people.ids.phone[i], owner_of(people, i, members)
        name = people.name[i] if people.knows_name[i] or phone else ""
        created = moment(people.created_at[i])
        yield (
            chunk.id_of(i), stable_uuid(keys[16 * i : 16 * i + 16]), name, _pinyin(name[:1]) + _pinyin(name[1:]), _initials(name),
            people.nickname[i], _remark(people, i, name), Gender.FEMALE if people.female[i] else Gender.MALE,
            people.birthday[i] if phone else None, people.city[i], people.child_ages[i] if name else [],
            mask_phone(f"+86{phone}") if phone else "", chunk.lifecycle[i], people.source[i],
            owner.pk if owner else None, owner.department_id if owner else None, created, created,
            bool(people.profiling[i]),
        )  # fmt: skip


def owner_of(people: Population, index: int, members: dict[str, User]) -> User | None:
    """The member whose friend somebody is or was; nobody for those who only use the mini-program."""
    return members[SALES[people.friends.owner[index]]] if people.ids.external_userid[index] else None


def _remark(people: Population, index: int, name: str) -> str:
    """What the member wrote beside the contact; spouses are noted as such."""
    if not people.ids.external_userid[index] or not name:
        return ""
    leader = int(people.household[index]) - people.start
    return f"{name}（{people.name[leader]}爱人）" if leader != index else f"{name}-{people.city[index]}"


@dataclasses.dataclass(frozen=True)
class Trip:
    """As much of an order as the stage of its buyer depends on."""

    state: str
    departs_on: dt.date
    returns_on: dt.date


def lifecycle_of(people: Population, behaviour: Behaviour, trips: Mapping[int, Sequence[Trip]], at: dt.datetime) -> list[str]:
    """The stage each person is in: by trips first, then by quotes, then by how long they have been silent."""
    last = np.copy(people.created_at)
    np.maximum.at(last, behaviour.person, behaviour.at)
    silent = (at.timestamp() - last) / DAY
    quoted = set(behaviour.person[behaviour.kind == KINDS.index("quote.opened")].tolist())
    today = clock.shanghai_date(at)
    return [_stage(trips.get(i, ()), float(silent[i]), i in quoted, today) for i in range(len(people))]


def _stage(trips: Sequence[Trip], silent: float, is_quoted: bool, today: dt.date) -> str:
    bought = [trip for trip in trips if trip.state in ("paid", "completed")]
    if any(trip.departs_on <= today < trip.returns_on for trip in bought):
        return Lifecycle.TRAVELLING
    if bought:
        if silent > AWAY_DAYS[0]:
            return Lifecycle.AT_RISK
        return Lifecycle.ACTIVE if len(bought) > 1 else Lifecycle.FIRST_TIME
    if silent > AWAY_DAYS[1]:
        return Lifecycle.LOST
    if silent > AWAY_DAYS[0]:
        return Lifecycle.DORMANT
    return Lifecycle.QUOTED if is_quoted else Lifecycle.LEAD


_IDENTITY = ("customer_id", "kind", "scope", "value_hash", "value_sealed", "verified_at", "source", "created_at")


def claims_of(people: Population, index: int) -> list[Key]:
    """Every identity of one person."""
    ids = people.ids
    makers = (
        (keys.mini_openid, ids.openid[index]),
        (keys.unionid, ids.unionid[index]),
        (keys.external_userid, ids.external_userid[index]),
        (keys.phone, f"+86{ids.phone[index]}" if ids.phone[index] else ""),
    )
    return [make(value) for make, value in makers if value]


def _identities(chunk: Chunk) -> Iterator[Sequence[Any]]:
    for i in range(len(chunk.people)):
        created = moment(chunk.people.created_at[i])
        for claim in claims_of(chunk.people, i):
            source = "wecom" if claim.kind == IdentityKind.EXTERNAL_USERID else "mini"
            yield chunk.id_of(i), claim.kind, claim.scope, claim.hash, seal(claim.value), created, source, created


_RELATION = (
    "customer_id", "user_id", "external_userid", "state", "add_way", "channel_state", "added_at", "ended_at", "last_chat_at",
)  # fmt: skip


def _relations(chunk: Chunk, members: dict[str, User], rng: np.random.Generator) -> Iterator[Sequence[Any]]:
    friends, chats = chunk.people.friends, rng.random(len(chunk.people))
    by_staff = rng.random(len(chunk.people)) < 0.15
    for i in range(len(chunk.people)):
        owner = owner_of(chunk.people, i, members)
        if owner is None:
            continue
        has_left = bool(np.isfinite(friends.left_at[i]))
        end = friends.left_at[i] if has_left else chunk.at.timestamp()
        chat = moment(friends.added_at[i] + chats[i] * (end - friends.added_at[i])) if chats[i] > 0.35 else None
        external, way = chunk.people.ids.external_userid[i], int(friends.add_way[i])
        left = RelationState.DELETED_BY_STAFF if by_staff[i] else RelationState.DELETED_BY_CUSTOMER
        yield (
            chunk.id_of(i), owner.pk, external, left if has_left else RelationState.ACTIVE, way, state_of(external, way),
            moment(friends.added_at[i]), moment(end) if has_left else None, chat,
        )  # fmt: skip


_NOTES = ("微信里问：“{}”", "电话里提到：{}", "聊天记录：{}（下次主动发两条线路）", "客户原话：{}", "{}——已答应周末前给方案")


def write_notes(
    cursor: CursorWrapper,
    chunk: Chunk,
    said: Sequence[Sequence[world.Sentence]],
    members: dict[str, User],
    rng: np.random.Generator,
) -> None:
    """What members wrote down of some conversations."""
    copy(cursor, Note, ("customer_id", "author_id", "text", "created_at"), _notes(chunk, said, members, rng))


def _notes(
    chunk: Chunk, said: Sequence[Sequence[world.Sentence]], members: dict[str, User], rng: np.random.Generator
) -> Iterator[Sequence[Any]]:
    kept, form, when = (
        rng.random(len(chunk.people)) < 0.3,
        rng.integers(0, len(_NOTES), len(chunk.people)),
        rng.random(len(chunk.people)),
    )
    for i in range(len(chunk.people)):
        owner, words = owner_of(chunk.people, i, members), next((one.text for one in said[i] if one.theme), "")
        if owner and words and kept[i]:
            added = chunk.people.friends.added_at[i]
            at = moment(added + when[i] * (chunk.at.timestamp() - added))
            yield chunk.id_of(i), owner.pk, _NOTES[form[i]].format(words), at


# --- What they agreed to ------------------------------------------------------------------------------------


_CONSENT = ("customer_id", "purpose", "channel", "granted", "text_version", "source", "at", "is_current")


def _consents(chunk: Chunk, rng: np.random.Generator) -> Iterator[Sequence[Any]]:
    people, later = chunk.people, rng.random(len(chunk.people))
    for i in range(len(people)):
        at = moment(people.created_at[i])
        yield _consent(chunk, i, Purpose.SERVICE, True, at)
        yield _consent(chunk, i, Purpose.PROFILING, bool(people.profiling[i]), at)
        marketing = MARKETING[people.marketing[i]]
        if marketing in ("granted", "refused"):
            yield _consent(chunk, i, Purpose.MARKETING, marketing == "granted", at)
        elif marketing == "withdrawn":
            yield _consent(chunk, i, Purpose.MARKETING, True, at, current=False)
            changed = people.created_at[i] + later[i] * (chunk.at.timestamp() - people.created_at[i])
            yield _consent(chunk, i, Purpose.MARKETING, False, moment(changed))


def _consent(chunk: Chunk, index: int, purpose: str, granted: bool, at: dt.datetime, *, current: bool = True) -> Sequence[Any]:
    return chunk.id_of(index), purpose, Channel.ANY, granted, TEXT_VERSION, "mini", at, current


# --- What they did -----------------------------------------------------------------------------------------


def _activity(chunk: Chunk) -> Iterator[Sequence[Any]]:
    people, behaviour = chunk.people, chunk.behaviour
    first, last, count = np.copy(people.created_at), np.copy(people.created_at), np.zeros(len(people), dtype=np.int64)
    np.maximum.at(last, behaviour.person, behaviour.at)
    np.add.at(count, behaviour.person, 1)
    for i in range(len(people)):
        yield chunk.id_of(i), moment(first[i]), moment(last[i]), int(count[i])


@functools.cache
def _props(kind: int, product: int, place: int, word: int) -> str:
    props: dict[str, str] = {}
    if product >= 0:
        props["product"] = world.products()[product].code
    if place >= 0:
        props["destination"] = world.destinations()[place].code
    if word >= 0:
        props["query"] = search_words()[word]
    if KINDS[kind] == "page.viewed":
        props["page"] = "pages/index/index"
    return json.dumps(props, ensure_ascii=False)


def _behaviour(chunk: Chunk, rng: np.random.Generator) -> Iterator[str]:
    """COPY lines. Keys are version 4 uuids as clients make them."""
    events = chunk.behaviour
    raw = np.frombuffer(rng.bytes(16 * len(events)), dtype=np.uint8).reshape(-1, 16).copy()
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    keys = raw.tobytes().hex()
    times = np.datetime_as_string((events.at * 1000).astype("datetime64[ms]")).tolist()
    columns = (events.kind.tolist(), events.product.tolist(), events.place.tolist(), events.word.tolist(), events.person.tolist())
    for index, (kind, product, place, word, person) in enumerate(zip(*columns, strict=True)):
        props = _props(kind, product, place, word)
        yield f"{keys[32 * index : 32 * index + 32]}\t{KINDS[kind]}\t{times[index]}Z\t{props}\t{chunk.first_id + person}\tmini\n"


def fact_row(fact: Fact, key: str, at: dt.datetime, customer_id: int) -> Sequence[Any]:
    """A fact of the house as a row of the log."""
    return event_key(key), fact.kind, at, json.dumps(to_props(fact)), customer_id, "app"


def _facts(chunk: Chunk, members: dict[str, User]) -> Iterator[Sequence[Any]]:
    """What the house itself wrote down about each: known since, agreed to, friends with, left again."""
    people = chunk.people
    for i in range(len(people)):
        customer_id, created = chunk.id_of(i), moment(people.created_at[i])
        if people.created_at[i] >= people.active_from[i]:  # older facts are from before the history begins
            yield fact_row(
                CustomerCreated(customer_id, people.source[i]), f"customer.created:{customer_id}", created, customer_id
            )
            if MARKETING[people.marketing[i]] != "none":
                fact = ConsentChanged(customer_id, Purpose.MARKETING, Channel.ANY, MARKETING[people.marketing[i]] != "refused")
                yield fact_row(fact, f"consent.demo:{customer_id}", created, customer_id)
        yield from _friend_facts(chunk, i, owner_of(people, i, members))


def _friend_facts(chunk: Chunk, index: int, owner: User | None) -> Iterator[Sequence[Any]]:
    if owner is None:
        return
    customer_id, friends = chunk.id_of(index), chunk.people.friends
    added, left = float(friends.added_at[index]), float(friends.left_at[index])
    begins = (chunk.at - dt.timedelta(days=HISTORY_DAYS)).timestamp()
    if added >= begins:
        yield fact_row(ContactAdded(customer_id, owner.pk), f"contact.demo:{customer_id}", moment(added), customer_id)
    if begins <= left < np.inf:
        fact = ContactLost(customer_id, owner.pk, "customer")
        yield fact_row(fact, f"contact.demo.lost:{customer_id}", moment(left), customer_id)
