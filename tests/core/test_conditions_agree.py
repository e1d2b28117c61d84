"""Random trees asked of random customers: the one SQL statement and the in-memory evaluator must always agree."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Departure, Destination, Product
from core.conditions import holds, load_snapshots, parse, select_evidence, select_matches, select_members
from customers.models import Activity, Consent, Customer, Identity, Portrait, Relationship, Suppression, Traveller
from membership.models import Account, GrowthEntry, Member, MemberTask, TaskDone
from orders.models import Order
from staff.models import Department, User
from tagging.models import CustomerTags, Interest

# Half past midnight in Shanghai, the eve of nothing special: "today" there is not "today" in UTC. And a leap-day birthday's day.
MOMENTS = (
    dt.datetime(2026, 3, 31, 16, 30, 0, 123457, tzinfo=dt.UTC),
    dt.datetime(2026, 2, 28, 15, 59, 59, 999999, tzinfo=dt.UTC),
    dt.datetime(2028, 2, 28, 16, 0, tzinfo=dt.UTC),
)
WINDOWS = (1, 7, 30)
KINDS = ("product.viewed", "product.searched", "order.paid")
MICRO = dt.timedelta(microseconds=1)
OFFSETS = tuple(
    dt.timedelta(days=days) + step
    for days in (0, *WINDOWS, 40)
    for step in (-MICRO, dt.timedelta(), MICRO, dt.timedelta(hours=8))
) + (dt.timedelta(minutes=30, microseconds=123457), dt.timedelta(minutes=30, microseconds=123458))
CITIES = ("杭州", "上海", "")
PROPS = st.one_of(
    st.sampled_from([None, [], "亲子", 5, True, ["theme"]]),  # props that are no object at all
    st.dictionaries(
        st.sampled_from(["theme", "product", "destination", "amount"]),
        st.sampled_from(["亲子", "海岛", "P01", "P02", "yunnan", "12.50", "1e3", "-0.5", " 7", "7\n", "", "5", 5, 0, 12.5, 1e3, 1e-7, -3,
                         10**15, None, True, False, [], ["亲子"], ["海岛", 3, None], {"亲子": 1}, [["亲子"]]]),
        max_size=4,
    ),
)  # fmt: skip

event = st.tuples(st.sampled_from(KINDS), st.sampled_from(OFFSETS), PROPS)
order = st.tuples(
    st.sampled_from(["placed", "paid", "completed", "closed", "refunded"]), st.sampled_from(OFFSETS), st.integers(0, 2)
)
few_kin = st.sampled_from(["child", "spouse", "self", "friend"])
person = st.fixed_dictionaries(
    {
        "city": st.sampled_from(CITIES),
        "gender": st.sampled_from(["", "female", "male"]),
        "birthday": st.sampled_from([None, dt.date(1992, 2, 29), dt.date(1993, 4, 1), dt.date(1993, 3, 31), dt.date(2000, 3, 1)]),
        "child_ages": st.lists(st.integers(0, 17), max_size=3),
        "has_owner": st.booleans(),
        "is_personalised": st.booleans(),
        "created": st.sampled_from(OFFSETS),
        "seen": st.none() | st.sampled_from(OFFSETS),
        "merged": st.sampled_from([False, False, False, True]),
        "tags": st.none() | st.lists(st.integers(1, 4), max_size=3, unique=True),
        "events": st.lists(event, max_size=6),
        "orders": st.lists(order, max_size=3),
        "consents": st.lists(st.tuples(st.sampled_from(["any", "wecom", "sms"]), st.booleans(), st.sampled_from(OFFSETS)), max_size=3,
                             unique_by=lambda row: row[0]),
        "kin": st.lists(st.tuples(few_kin, st.sampled_from([None, dt.date(2020, 3, 31), dt.date(2020, 4, 1), dt.date(1990, 1, 1)])),
                        max_size=2),
        "addresses": st.lists(st.sampled_from(["phone", "mini_openid"]), max_size=2, unique=True),
        "refused": st.booleans(),
        "cell": st.none() | st.tuples(*[st.none() | st.integers(1, 5)] * 3),
        "interests": st.lists(st.tuples(st.sampled_from(["亲子", "海岛"]), st.sampled_from(["0.010", "0.599", "0.600", "0.990"])),
                              max_size=2, unique_by=lambda row: row[0]),
        "tier": st.sampled_from([None, "", "base", "gold"]),
        "points": st.none() | st.sampled_from([0, 2, 3, 7]),
        "growth": st.lists(st.tuples(st.sampled_from([-3, 1, 2, 7]), st.sampled_from(OFFSETS)), max_size=3),
        "tasks": st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["done", "done", "waiting"]), st.sampled_from(OFFSETS)),
                          max_size=3),
        "relations": st.lists(st.tuples(st.sampled_from(["active", "deleted_by_customer"]), st.sampled_from(OFFSETS)), max_size=2),
    }
)  # fmt: skip

few = st.sampled_from
op = few([">=", "<=", "=", ">", "<"])
number = few([0, 1, 2, 3, 7, "12.5", "0.25"])
text_filter = st.fixed_dictionaries(
    {"name": few(["theme", "destination", "product", "amount"]),
     "in": st.lists(few(["亲子", "海岛", "yunnan", "sanya", "P01", "5", "none"]), min_size=1, max_size=2, unique=True)}
)  # fmt: skip
number_filter = st.fixed_dictionaries({"name": few(["amount", "product"]), "op": op, "value": few([0, 5, 7, "12.5", -3, 1000])})
part_filter = st.fixed_dictionaries(
    {"name": few(["theme", "product", "amount"]), "contains": few(["亲", "0", "1", ".", "%", "_"])}
)
any_filter = text_filter | number_filter | part_filter


def _event_leaf(measure: str) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[str, st.SearchStrategy[Any]] = {
        "measure": st.just(measure),
        "kinds": st.lists(few(KINDS), min_size=1, max_size=2, unique=True),
        "op": op,
        "value": number,
        "where": st.just([]) | st.lists(any_filter, min_size=1, max_size=2),
    }
    if measure in ("distinct", "sum"):
        needed["of"] = few(["product", "amount", "theme"])
    if measure == "decay":
        needed["half_life_days"] = few([1, 7, 30])
    return st.fixed_dictionaries(needed, optional={"window_days": few(WINDOWS)}).map(lambda args: {"event": args})


def _leaf(name: str, **args: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(args).map(
        lambda drawn: {name: {key: value for key, value in drawn.items() if value is not None}}
    )


ages = few([None, 0, 3, 6, 10, 32, 33, 34])
leaf = st.one_of(
    *(_event_leaf(measure) for measure in ("count", "days", "distinct", "sum", "decay", "since_last", "since_first")),
    _leaf("sequence", kinds=st.lists(few(KINDS), min_size=1, max_size=2, unique=True), then=few([None, "did", "did_not"]),
          then_kinds=st.lists(few(KINDS), min_size=1, max_size=2, unique=True), within_days=few([1, 7, 30]),
          window_days=few([None, *WINDOWS]), where=st.just(None) | st.lists(any_filter, min_size=1, max_size=2),
          then_where=st.just(None) | st.lists(any_filter, min_size=1, max_size=1)),
    _leaf("household", kinship=few([None, ["child"], ["spouse", "parent"]]), low=few([None, 0, 6]), high=few([None, 6, 40])),
    _leaf("reachable", channel=few(["wecom", "sms", "subscribe"])),
    _leaf("rfm_recency", low=few([1, 3, 5]), high=few([None, 5])),
    _leaf("rfm_monetary", high=few([1, 3])),
    _leaf("interest", themes=few([["亲子"], ["海岛", "亲子"]]), at_least=few([1, 60, 99])),
    _leaf("tags", has=few(["any", "all", "none"]), tags=st.lists(st.integers(1, 5), min_size=1, max_size=2, unique=True)),
    _leaf("tier", values=few([["gold"], ["base"], ["gold", "base"]]), **{"is": few([None, "in", "not_in"])}),
    _leaf("points", op=op, value=few([0, 2, 3, 7])),
    _leaf("growth", window_days=few([None, *WINDOWS]), op=op, value=few([0, 1, 2, 7])),
    _leaf("tasks_done", tasks=few([None, ["sign"], ["sign", "share"]]), window_days=few([None, *WINDOWS]), op=op, value=few([0, 1, 2])),
    _leaf("orders", measure=few(["count", "sum", "since_last"]), op=op, value=few([0, 1, 2, 30, 5000]),
          window_days=few([None, *WINDOWS]), states=few([None, ["placed", "closed"], ["refunded"], ["paid"]]),
          themes=few([None, ["亲子"], ["海岛", "亲子"]]), destinations=few([None, ["yunnan"], ["sanya"]])),
    _leaf("departure", low=few([-30, -1, 0]), high=few([0, 1, 14])),
    _leaf("city", values=st.just(["杭州"]), **{"is": few(["in", "not_in"])}),
    _leaf("city", **{"is": few(["filled", "empty"])}),
    _leaf("gender", values=st.just(["female"]), **{"is": few([None, "not_in"])}),
    _leaf("owner", **{"is": few(["filled", "empty"])}),
    _leaf("age", low=st.just(33), high=few([None, 33, 34])),
    _leaf("age", high=ages.filter(lambda age: age is not None)),
    _leaf("birthday", within_days=few([0, 1, 30, 365])),
    _leaf("child_age", low=few([None, 3]), high=few([None, 6, 10])),
    _leaf("created", days=few(WINDOWS), **{"is": few(["within", "before"])}),
    _leaf("seen", days=few(WINDOWS), **{"is": few(["within", "before"])}),
    _leaf("personalised", **{"is": few(["on", "off"])}),
    _leaf("friend", **{"is": few(["friend", "lost", "never"])}),
    _leaf("consent", purpose=st.just("marketing"), channel=few(["any", "wecom", "sms"]), **{"is": few(["granted", "refused"])}),
)  # fmt: skip
tree = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
    ),
    max_leaves=8,
)


@pytest.fixture
def world(db: None) -> dict[str, Any]:
    """Three products with themes and destinations, their departures, and one advisor."""
    places = [Destination.objects.create(code=code, name=code) for code in ("yunnan", "sanya")]
    themes = {"P01": ["亲子", "摄影"], "P02": ["海岛"], "5": []}
    products = [
        Product.objects.create(code=code, name=code, destination=places[index % 2], days=3, themes=names, price_from_amount=100)
        for index, (code, names) in enumerate(themes.items())
    ]
    departures = [
        Departure.objects.create(
            product=product,
            departs_on=dt.date(2026, 4, 1) + dt.timedelta(days=index),
            adult_amount=1000,
            child_amount=500,
            seats=50,
        )
        for index, product in enumerate(products)
    ]
    advisor = User.objects.create(username="advisor", department=Department.objects.create(name="总部"))
    tasks = [MemberTask.objects.create(code=code, kind="share", name=code) for code in ("sign", "share")]
    return {"departures": departures, "advisor": advisor, "tasks": tasks}


agreeing = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.django_db
@agreeing
@given(
    people=st.lists(person, min_size=6, max_size=8),
    questions=st.lists(leaf, min_size=20, max_size=40),
    at=st.sampled_from(MOMENTS),
)
def test_each_question_agrees(world: dict[str, Any], people: list[Any], questions: list[Any], at: dt.datetime) -> None:
    _agree(world, people, questions, at)


@pytest.mark.django_db
@agreeing
@given(people=st.lists(person, min_size=2, max_size=4), trees=st.lists(tree, min_size=2, max_size=6), at=st.sampled_from(MOMENTS))
def test_nested_trees_agree(world: dict[str, Any], people: list[Any], trees: list[Any], at: dt.datetime) -> None:
    _agree(world, people, trees, at)


def _agree(world: dict[str, Any], people: list[Any], trees: list[Any], at: dt.datetime) -> None:
    with transaction.atomic():
        ids = [_create(world, data, index, at) for index, data in enumerate(people)]
        _compare(ids, dict(enumerate(parse(raw) for raw in trees)), at)
        transaction.set_rollback(True)


def _compare(ids: list[int], nodes: dict[int, Any], at: dt.datetime) -> None:
    snapshots = load_snapshots(ids)
    present = Customer.objects.filter(merged_into__isnull=True).values_list("id", flat=True)
    wanted = {(i, number) for number, node in nodes.items() for i in present if holds(node, snapshots[i], at)}
    assert set(_rows(select_matches(nodes, at))) == wanted
    assert set(_rows(select_matches(nodes, at, ids[:2]))) == {pair for pair in wanted if pair[0] in ids[:2]}
    number, node = next(iter(nodes.items()))
    found = sorted(i for i, matched in wanted if matched == number)
    for asked in (None, ids):
        assert sorted(row[0] for row in _rows(select_members(node, at, asked))) == found
    told = _rows(select_evidence(nodes, sorted(wanted), at))
    assert sorted((row[0], row[1]) for row in told) == sorted(wanted)


def _rows(statement: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        return list(cursor.fetchall())


def _create(world: dict[str, Any], data: dict[str, Any], index: int, at: dt.datetime) -> int:
    customer = Customer.objects.create(
        city=data["city"], gender=data["gender"], birthday=data["birthday"], child_ages=data["child_ages"],
        owner=world["advisor"] if data["has_owner"] else None, created_at=at - data["created"],
        is_personalised=data["is_personalised"],
    )  # fmt: skip
    if data["merged"]:
        Customer.objects.filter(id=customer.id).update(merged_into=customer)
    if data["seen"] is not None:
        Activity.objects.create(customer=customer, first_seen_at=at - data["seen"], last_seen_at=at - data["seen"])
    if data["tags"] is not None:
        CustomerTags.objects.create(customer=customer, tag_ids=data["tags"])
    for channel, granted, ago in data["consents"]:
        Consent.objects.create(
            customer=customer, purpose="marketing", channel=channel, granted=granted, at=at - ago, source="test"
        )
    for place, (state, ago) in enumerate(data["relations"]):
        Relationship.objects.create(
            customer=customer, user=world["advisor"], external_userid=f"{index}-{place}", state=state, added_at=at - ago
        )
    _create_membership(customer, data, at, world)
    _create_ties(customer, data, f"{index}-{customer.id}", at)
    _create_events(customer.id, data["events"], at)
    _create_orders(world, customer, data["orders"], at)
    return int(customer.id)


def _create_membership(customer: Customer, data: dict[str, Any], at: dt.datetime, world: dict[str, Any]) -> None:
    if data["tier"] is not None:
        Member.objects.create(customer=customer, tier=data["tier"])
    if data["points"] is not None:
        Account.objects.create(customer=customer, balance=data["points"])
    for place, (amount, ago) in enumerate(data["growth"]):
        GrowthEntry.objects.create(customer=customer, key=f"{customer.pk}-{place}", amount=amount, code="earn", at=at - ago)
    for place, (task, state, ago) in enumerate(data["tasks"]):
        TaskDone.objects.create(customer=customer, task=world["tasks"][task], slot=str(place), state=state, at=at - ago)


def _create_ties(customer: Customer, data: dict[str, Any], name: str, at: dt.datetime) -> None:
    for kinship, birthday in data["kin"]:
        Traveller.objects.create(customer=customer, name="客", kinship=kinship, birthday=birthday)
    for kind in data["addresses"]:
        value = name.encode()
        Identity.objects.create(customer=customer, kind=kind, value_hash=value, value_sealed=b"-")
        if data["refused"]:
            Suppression.objects.create(kind=kind, value_hash=value, reason="test")
    if data["cell"] is not None:
        Portrait.objects.create(customer=customer, **dict(zip(("recency", "frequency", "monetary"), data["cell"], strict=True)))
    for theme, score in data["interests"]:
        Interest.objects.create(customer=customer, theme=theme, score=score, at=at)


def _create_events(customer_id: int, events: list[tuple[str, dt.timedelta, Any]], at: dt.datetime) -> None:
    with connection.cursor() as cursor:
        for kind, ago, props in events:
            cursor.execute(
                "INSERT INTO core_event (key, occurred_at, kind, customer_id, props) VALUES (%s, %s, %s, %s, %s::jsonb)",
                [uuid.uuid4(), at - ago, kind, customer_id, json.dumps(props)],
            )


def _create_orders(
    world: dict[str, Any], customer: Customer, orders: list[tuple[str, dt.timedelta, int]], at: dt.datetime
) -> None:
    for place, (state, ago, index) in enumerate(orders):
        departure, paid = world["departures"][index], state in ("paid", "completed", "refunded")
        Order.objects.create(
            no=f"{customer.id}-{place}", customer=customer, product=departure.product, departure=departure, state=state, adults=1,
            adult_amount=1000, child_amount=500, total_amount=1000, paid_amount=1000 if paid else 0,
            refunded_amount=1000 if state == "refunded" else 0, placed_at=at - ago, hold_until=at, paid_at=at - ago if paid else None,
        )  # fmt: skip
