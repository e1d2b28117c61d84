"""A hundred and fifty little lives against an oracle written apart: decay, lifetime, exclusive groups, a person's word, evidence.

Each life is lived by four customers: its events come in order with the rules asked after each, in reverse, all at once, and
twice over. Whatever the way, the tags, their confidence and their evidence must be the oracle's.
"""

import dataclasses
import datetime as dt
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection

from core import clock
from core.event_types import CustomerActive
from customers.models import Customer
from staff.models import User
from tagging.handlers import on_customer_active
from tagging.models import CustomerTags, Tag, TagAssignment, TagGroup, TagRule
from tagging.services.manual import add_tag, remove_tag
from tagging.services.refresh import expire_tags, refresh_tags

NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
LIVES = 150
WAYS = ("in order", "in reverse", "at once", "twice")
VIEW, SHARE, QUOTE, ORDER = "product.viewed", "product.shared", "quote.opened", "order.placed"


@dataclasses.dataclass(frozen=True)
class Life:
    """What happened (hours ago, kind) and what a person said: "", give or never; to which tag."""

    events: tuple[tuple[int, str], ...]
    word: str
    about: str


def lives() -> list[Life]:
    chance = random.Random(11)
    edges = [0, 1, 23, 24, 7 * 24 - 1, 7 * 24, 7 * 24 + 1, 30 * 24 - 1, 30 * 24, 31 * 24, 90 * 24]
    found = []
    for _life in range(LIVES):
        hours = chance.sample([*edges, *range(2, 60 * 24, 7)], chance.randrange(9))
        events = tuple(sorted(((ago, chance.choice((VIEW, VIEW, VIEW, SHARE, QUOTE, ORDER))) for ago in hours), reverse=True))
        found.append(Life(events, chance.choice(("", "", "give", "never")), chance.choice(("often", "silver", "gold", "hot"))))
    return found


# name -> (group, condition, fields). "gold" outdoes "silver" by priority although silver stands first in the group.
RULES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "often": ("open", {"event": {"window_days": 30, "kinds": [VIEW], "op": ">=", "value": 3}}, {"keep_days": 14, "score": "0.80"}),
    "hot": ("open", {"event": {"window_days": 60, "kinds": [VIEW, SHARE], "measure": "decay", "half_life_days": 7, "op": ">=",
                               "value": "0.50"}}, {"removal": "fades", "half_life_days": 3}),
    "open quote": ("open", {"sequence": {"window_days": 60, "kinds": [QUOTE], "then": "did_not", "then_kinds": [ORDER],
                                         "within_days": 7}}, {"keep_days": 0}),
    "silver": ("one", {"event": {"window_days": 30, "kinds": [SHARE], "op": ">=", "value": 1}}, {"keep_days": 0}),
    "gold": ("one", {"event": {"window_days": 30, "kinds": [SHARE], "op": ">=", "value": 2}}, {"keep_days": 0, "priority": 5}),
    "quiet": ("open", {"not": {"event": {"window_days": 7, "kinds": [VIEW, SHARE], "op": ">=", "value": 1}}}, {"keep_days": 0}),
}  # fmt: skip


def oracle(life: Life) -> dict[str, float]:
    """Tag -> confidence, from the events alone."""

    def ages(days: int, *kinds: str) -> list[float]:
        return [ago / 24 for ago, kind in life.events if kind in kinds and ago < days * 24]

    found: dict[str, float] = {}
    views = len(ages(30, VIEW))
    heat = sum(0.5 ** (age / 7) for age in ages(60, VIEW, SHARE))
    shares = len(ages(30, SHARE))
    if views >= 3:
        found["often"] = 0.8 * (1 - 0.5 ** (views / 3))
    if heat >= 0.5:
        found["hot"] = 1 - 0.5 ** (heat / 0.5)
    for ago, kind in life.events:
        waited = kind == QUOTE and 7 * 24 <= ago < 60 * 24
        if waited and not any(then == ORDER and ago - 7 * 24 <= later < ago for later, then in life.events):
            found["open quote"] = 1
    if shares:
        found["gold" if shares >= 2 else "silver"] = 1 - 0.5 ** (shares / (2 if shares >= 2 else 1))
    if not ages(7, VIEW, SHARE):
        found["quiet"] = 1
    return after_a_word(life, found)


def after_a_word(life: Life, found: dict[str, float]) -> dict[str, float]:
    if life.word == "give":
        if life.about in ("silver", "gold"):
            found = {name: sure for name, sure in found.items() if name not in ("silver", "gold")}
        return {**found, life.about: 1}
    if life.word == "never":
        blocked = found.pop(life.about, None)
        shares = sum(1 for ago, kind in life.events if kind == SHARE and ago < 30 * 24)
        if life.about == "gold" and blocked is not None:
            found["silver"] = 1 - 0.5**shares  # the next of the group that matches
    return found


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[tuple[Life, str, int, int]]]:
    """Every life, its way, its customer; the database is asked once for all tests of this file and emptied after."""
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
        from django.db import transaction

        with transaction.atomic():
            yield live_all()
            transaction.set_rollback(True)


def live_all() -> list[tuple[Life, str, int, int]]:
    tags = rules()
    actor = User.objects.create(username="oracle", role="administrator", row_scope="all", is_superuser=True)
    found = [
        (life, way, number, Customer.objects.create(name=f"{way} {number}").pk)
        for number, life in enumerate(lives())
        for way in WAYS
    ]
    speak(actor, found, tags)
    for step in range(9):
        touched = [pk for life, way, number, pk in found if happen(life, way, number, pk, step)]
        on_customer_active([CustomerActive(pk) for pk in touched])
    refresh_tags([pk for _life, _way, _number, pk in found])
    return found


def rules() -> dict[str, Tag]:
    groups = {name: TagGroup.objects.create(name=name, is_exclusive=name == "one") for name in ("open", "one")}
    tags = {}
    for place, (name, (group, condition, fields)) in enumerate(RULES.items()):
        tags[name] = Tag.objects.create(group=groups[group], name=name, position=place)
        TagRule.objects.create(tag=tags[name], name=name, condition=condition, state="active", **fields)
    return tags


def speak(actor: User, found: list[tuple[Life, str, int, int]], tags: dict[str, Tag]) -> None:
    for name, tag in tags.items():
        given = [pk for life, _way, _number, pk in found if (life.word, life.about) == ("give", name)]
        never = [pk for life, _way, _number, pk in found if (life.word, life.about) == ("never", name)]
        add_tag(actor, given, tag)
        remove_tag(actor, never, tag, never_again=True)


def happen(life: Life, way: str, number: int, pk: int, step: int) -> bool:
    """The events of one step; whether there were any."""
    events = list(life.events)
    if way == "at once":
        now = events if step == 0 else []
    else:
        now = (events if way != "in reverse" else events[::-1])[step : step + 1]
    for ago, kind in now * (2 if way == "twice" else 1):
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"{way}{number}{ago}{kind}")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_event (key, occurred_at, kind, customer_id, props, source, recorded_at)"
                " SELECT %s, %s, %s, %s, %s::jsonb, 'test', %s WHERE NOT EXISTS (SELECT 1 FROM core_event WHERE key = %s)",
                [key, NOW - dt.timedelta(hours=ago), kind, pk, json.dumps({"product": "P01"}), clock.now(), key],
            )
    return bool(now)


@pytest.mark.parametrize("way", WAYS)
def test_every_life_has_the_tags_the_oracle_says(told: list[tuple[Life, str, int, int]], way: str) -> None:
    names = dict(Tag.objects.values_list("pk", "name"))
    held: dict[int, dict[str, float]] = {}
    for customer, tag, sure in TagAssignment.objects.filter(is_blocked=False).values_list("customer_id", "tag_id", "confidence"):
        held.setdefault(customer, {})[names[tag]] = float(sure)
    arrays = {row.customer_id: {names[pk] for pk in row.tag_ids} for row in CustomerTags.objects.all()}
    wrong = []
    for life, lived, _number, pk in told:
        if lived == way:
            meant, found = oracle(life), held.get(pk, {})
            if set(meant) != set(found) or any(abs(meant[name] - found[name]) > 0.01 for name in meant):
                wrong.append((life, meant, found))
            assert arrays.get(pk, set()) == set(found)
    assert wrong == []


def test_evidence_is_the_events_themselves(told: list[tuple[Life, str, int, int]]) -> None:
    often = Tag.objects.get(name="often")
    checked = 0
    for life, way, number, pk in told:
        row = TagAssignment.objects.filter(customer_id=pk, tag=often, source="rule").first()
        if row is not None:
            keys = {uuid.uuid5(uuid.NAMESPACE_OID, f"{way}{number}{ago}{kind}") for ago, kind in life.events if kind == VIEW}
            shown = [uuid.UUID(one["key"]) for one in row.evidence[0]["rows"]]
            assert 3 <= len(shown) <= 5
            assert set(shown) <= keys
            checked += 1
    assert checked > 40


def test_asking_again_changes_nothing(told: list[tuple[Life, str, int, int]]) -> None:
    assert refresh_tags([pk for _life, _way, _number, pk in told]) == 0


def test_a_lifetime_ends_and_confidence_fades(told: list[tuple[Life, str, int, int]]) -> None:
    """A month on nothing matches any more: what is kept 14 days and what fades both end, by hand stays."""
    ids = [pk for _life, _way, _number, pk in told]
    by_hand = TagAssignment.objects.filter(source="manual", is_blocked=False).count()
    with time_machine.travel(NOW + dt.timedelta(days=61), tick=False):
        refresh_tags(ids)
        fading = TagAssignment.objects.filter(tag__name="hot", source="rule").exclude(expires_at=None).first()
        kept = TagAssignment.objects.filter(tag__name="often", source="rule").exclude(expires_at=None).first()
        assert fading is not None
        assert kept is not None
        assert kept.expires_at == clock.now() + dt.timedelta(days=14)
        assert fading.expires_at is not None
        assert dt.timedelta(days=2) < fading.expires_at - clock.now() <= dt.timedelta(days=7)
    with time_machine.travel(NOW + dt.timedelta(days=76), tick=False):
        expire_tags()
        left = TagAssignment.objects.filter(is_blocked=False).exclude(tag__name="quiet").exclude(tag__name="open quote")
        assert left.count() == by_hand
        assert set(left.values_list("source", flat=True)) == {"manual"}
