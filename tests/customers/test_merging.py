"""Merging loses nothing and can be undone exactly, whatever there was and in whatever order."""

import datetime as dt
import itertools
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from campaigns.models import FollowUp
from catalog.models import Departure, Destination, Product
from core import clock
from core.errors import Refused
from core.event_types import MessageSent, OrderPaid
from core.events import record
from core.models import Event
from core.secrets import token_hash
from core.worker import run_pending
from customers.choices import Kinship
from customers.models import (
    Consent,
    Customer,
    EventHome,
    Favourite,
    Household,
    HouseholdMember,
    Identity,
    MemberToken,
    Merge,
    MergeReview,
    Note,
    Relationship,
    Standing,
    Traveller,
)  # fmt: skip
from customers.queries.places import places
from customers.rules import read_batch
from customers.services import consents, keys
from customers.services.ingest import Request, ingest
from customers.services.merging import merge_customers, sweep_stragglers, undo_merge
from customers.services.resolve import resolve
from customers.services.standing import refresh_standing
from messaging.models import Message
from orders.models import Order
from orders.services.placing import place_order
from staff.models import AuditEntry, User
from tagging.models import CustomerTags, Tag, TagAssignment, TagGroup
from tagging.services.manual import add_tag, remove_tag
from tests.factories import make_customer, make_event, make_token

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
FACTS = ("event", "note", "phone", "openid", "consent", "tag", "never", "friend", "favourite", "traveller", "household", "task")


class World:
    """A few customers about whom things become known."""

    def __init__(self, actor: User) -> None:
        self.actor = actor
        self.people = [make_customer(name) for name in ("苏晴", "", "陆遥")]
        group = TagGroup.objects.create(name="兴趣")
        self.tags = [Tag.objects.create(group=group, name=name) for name in ("亲子", "海岛")]

    def learn(self, who: int, what: str, detail: int) -> None:
        getattr(self, f"_{what}")(self.people[who], detail)

    def _event(self, one: Customer, detail: int) -> None:
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"{one.pk}:{detail}")
        Event.objects.get_or_create(
            key=key, occurred_at=NOW - dt.timedelta(days=detail), kind="product.viewed", customer_id=one.pk
        )

    def _note(self, one: Customer, detail: int) -> None:
        Note.objects.create(customer=one, text=str(detail))

    def _phone(self, one: Customer, detail: int) -> None:
        resolve([keys.phone(f"+86138000{one.pk % 100:02d}{detail:03d}")], source="test", known=one)

    def _openid(self, one: Customer, detail: int) -> None:
        resolve([keys.mini_openid(f"o-{one.pk}-{detail}")], source="test", known=one)

    def _consent(self, one: Customer, detail: int) -> None:
        consents.set_consent(
            one,
            purpose=("marketing", "profiling")[detail % 2],
            channel="any",
            granted=detail % 3 > 0,
            text_version="1",
            source="test",
        )

    def _tag(self, one: Customer, detail: int) -> None:
        add_tag(self.actor, [one.pk], self.tags[detail % 2])

    def _never(self, one: Customer, detail: int) -> None:
        remove_tag(self.actor, [one.pk], self.tags[detail % 2], never_again=True)

    def _friend(self, one: Customer, detail: int) -> None:
        Relationship.objects.get_or_create(user=self.actor, external_userid=f"e{one.pk}-{detail}", customer=one, added_at=NOW)

    def _favourite(self, one: Customer, detail: int) -> None:
        Favourite.objects.get_or_create(customer=one, product_code=f"P{detail % 2}", defaults={"created_at": NOW})

    def _traveller(self, one: Customer, detail: int) -> None:
        Traveller.objects.create(customer=one, name=f"旅客{detail}", kinship=Kinship.CHILD)

    def _household(self, one: Customer, _detail: int) -> None:
        if not HouseholdMember.objects.filter(customer=one).exists():
            HouseholdMember.objects.create(household=Household.objects.create(), customer=one, kinship=Kinship.SELF)

    def _task(self, one: Customer, detail: int) -> None:
        FollowUp.objects.get_or_create(key=f"t{one.pk}-{detail}", customer=one, title="回访", reason="paid", due_at=NOW)


def picture() -> dict[str, list[str]]:
    """Every row that names a customer, and the customers themselves; without the log's entries about merging itself."""
    tables = {place.table for place in places() if place.how != "stay"} | {"customers_customer"}
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            but = " WHERE kind NOT LIKE 'customer.%%merged'" if table == "core_event" else ""
            cursor.execute(f"SELECT to_jsonb(row)::text FROM {table} AS row{but} ORDER BY 1")
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def owners(table: str, people: list[Customer]) -> dict[str, int]:
    """Row -> whose it is, for a table with an id."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, customer_id FROM {table}")
        return {str(pk): owner for pk, owner in cursor.fetchall()}


facts = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(FACTS), st.integers(0, 5)), max_size=14)
calm = settings(
    max_examples=15, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@calm
@given(facts=facts, pairs=st.lists(st.sampled_from([(0, 1), (1, 0), (0, 2), (2, 1)]), min_size=1, max_size=2, unique=True))
def test_undoing_merges_brings_back_every_row(lin: User, facts: list[tuple[int, str, int]], pairs: list[tuple[int, int]]) -> None:
    with transaction.atomic():
        world = World(lin)
        for fact in facts:
            world.learn(*fact)
        done: list[tuple[Merge, dict[str, list[str]]]] = []
        for survivor, absorbed in pairs:
            before = picture()
            ids = world.people[survivor].pk, world.people[absorbed].pk
            if Customer.objects.filter(pk__in=ids, merged_into__isnull=False).exists():
                continue
            done.append((merge_customers(*ids, evidence=[], source="test"), before))
            for table in (
                "customers_note",
                "customers_identity",
                "customers_consent",
                "tagging_tagassignment",
                "customers_traveller",
            ):
                assert ids[1] not in owners(table, world.people).values()
        for merge, before in reversed(done):
            undo_merge(merge, actor=lin)
            assert picture() == before
        transaction.set_rollback(True)


@calm
@given(facts=facts, first=st.booleans())
def test_merges_of_merges_are_undone_in_any_order(lin: User, facts: list[tuple[int, str, int]], first: bool) -> None:
    """A joins B, B joins C; whichever is undone first, in the end every row is where it was."""
    with transaction.atomic():
        world = World(lin)
        for fact in facts:
            world.learn(*fact)
        tables = ("customers_note", "customers_identity", "customers_traveller", "campaigns_followup", "customers_relationship")
        before = {table: owners(table, world.people) for table in tables}
        events = dict(Event.objects.filter(kind="product.viewed").values_list("key", "customer_id"))
        a, b, c = (one.pk for one in world.people)
        inner, outer = merge_customers(b, a, evidence=[], source="test"), merge_customers(c, b, evidence=[], source="test")
        for merge in (inner, outer) if first else (outer, inner):
            undo_merge(merge, actor=lin)
        assert {table: owners(table, world.people) for table in tables} == before
        assert dict(Event.objects.filter(kind="product.viewed").values_list("key", "customer_id")) == events
        assert not Customer.objects.filter(merged_into__isnull=False).exists()
        transaction.set_rollback(True)


def test_what_comes_after_a_merge_goes_home_with_the_log_in_it_came_under(lin: User) -> None:
    stays, goes = make_customer("苏晴"), make_customer("苏晴")
    token, own = make_token(goes), make_token(stays)
    merge = merge_customers(stays.pk, goes.pk, evidence=[{"kind": "phone"}], source="test")
    late, kept = make_event(customer=str(goes.public_id)), make_event()
    for plain, event in ((token, late), (own, kept)):
        request = Request(token_hash(plain), read_batch(json.dumps({"events": [event]}).encode(), clock.now()))
        ingest([request])
        assert request.statuses == ["accepted"]  # the app may still call itself by the old public id
    assert set(Event.objects.filter(kind="product.viewed").values_list("customer_id", flat=True)) == {stays.pk}
    undo_merge(merge, actor=lin)
    where = dict(Event.objects.filter(kind="product.viewed").values_list("key", "customer_id"))
    assert where == {uuid.UUID(late["id"]): goes.pk, uuid.UUID(kept["id"]): stays.pk}
    assert set(MemberToken.objects.values_list("customer_id", "home_id")) == {(goes.pk, None), (stays.pk, None)}
    assert not EventHome.objects.exists()


def test_orders_and_messages_after_a_merge_go_home_too(lin: User) -> None:
    stays, goes = make_customer("苏晴"), make_customer("苏小姐")
    for one in (stays, goes):
        Relationship.objects.create(
            customer=one, user=lin, external_userid=f"wm{one.pk}", state="active", add_way=1, added_at=clock.now()
        )
    log_in = MemberToken.objects.get(token_hash=token_hash(make_token(goes)))
    product = Product.objects.create(
        code="P01", name="大理6日", days=6, price_from_amount=Decimal(3980), state="on_sale",
        destination=Destination.objects.create(code="yunnan", name="云南", cities=["大理"]),
    )  # fmt: skip
    day = clock.today() + dt.timedelta(days=30)
    Departure.objects.create(product=product, departs_on=day, adult_amount=3980, child_amount=2980, seats=9)
    before = place_order(customer=goes, product=product, departs_on=day, adults=1)
    merge = merge_customers(stays.pk, goes.pk, evidence=[], source="test", actor=lin)
    run_pending()
    log_in.refresh_from_db()
    hers = place_order(customer=stays, product=product, departs_on=day, adults=1, home_id=log_in.home_id)
    own = place_order(customer=stays, product=product, departs_on=day, adults=2)
    Order.objects.update(state="paid", paid_at=clock.now(), paid_amount=F("total_amount"))
    record(OrderPaid(stays.pk, hers.pk, hers.total_amount), key=f"order.paid:{hers.pk}")
    for one in (stays, goes):
        message = Message.objects.create(
            key=f"m{one.pk}", customer=stays, channel="wecom", purpose="service", state="sent", external_userid=f"wm{one.pk}"
        )
        record(MessageSent(stays.pk, message.pk), key=f"message.sent:{message.pk}")
    refresh_standing([stays.pk])
    assert Standing.objects.get(customer=stays).value_amount == 4 * 3980
    undo_merge(merge, actor=lin)
    assert set(Order.objects.filter(customer=goes).values_list("pk", flat=True)) == {before.pk, hers.pk}
    assert set(Order.objects.filter(customer=stays).values_list("pk", flat=True)) == {own.pk}
    assert set(Order.objects.values_list("home_id", flat=True)) == {None}
    assert dict(Message.objects.values_list("key", "customer_id")) == {f"m{stays.pk}": stays.pk, f"m{goes.pk}": goes.pk}
    for kind, at_goes, at_stays in (("order.placed", 2, 1), ("order.paid", 1, 0), ("message.sent", 1, 1)):
        told = Event.objects.filter(kind=kind)
        assert (told.filter(customer_id=goes.pk).count(), told.filter(customer_id=stays.pk).count()) == (at_goes, at_stays), kind
    assert dict(Standing.objects.values_list("customer_id", "value_amount")) == {stays.pk: 2 * 3980, goes.pk: 2 * 3980}


def test_what_arrives_while_a_merge_commits_follows_and_still_goes_back(lin: User) -> None:
    stays, goes = make_customer("苏晴"), make_customer("苏晴")
    merge = merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    note = Note.objects.create(customer=goes, text="写在合并的瞬间")
    run_pending("usual")
    assert Note.objects.get(pk=note.pk).customer == stays
    assert sweep_stragglers(goes.pk) == 0
    undo_merge(merge, actor=lin)
    assert Note.objects.get(pk=note.pk).customer == goes


def test_the_more_restrictive_consent_is_in_force_and_a_later_word_is_kept(lin: User) -> None:
    stays, goes = make_customer("苏晴"), make_customer("苏晴")
    decide: dict[str, Any] = {"purpose": "marketing", "channel": "any", "text_version": "1", "source": "mini"}
    consents.set_consent(goes, granted=False, **decide)
    consents.set_consent(stays, granted=True, **decide)
    merge = merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    assert Consent.objects.get(is_current=True).granted is False
    consents.set_consent(Customer.objects.get(pk=stays.pk), granted=True, **{**decide, "text_version": "2"})
    undo_merge(merge, actor=lin)
    assert set(Consent.objects.filter(is_current=True).values_list("customer_id", "granted", "text_version")) == {
        (stays.pk, True, "2"), (goes.pk, False, "1")
    }  # fmt: skip


def test_a_merge_is_audited_told_and_can_be_undone_once(lin: User) -> None:
    stays, goes = make_customer("苏晴"), make_customer("")
    Customer.objects.filter(pk=goes.pk).update(city="杭州")
    merge = merge_customers(stays.pk, goes.pk, evidence=[{"kind": "unionid"}], source="wecom", actor=lin)
    assert Customer.objects.get(pk=stays.pk).city == "杭州"
    with pytest.raises(Refused):
        merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    undo_merge(merge, actor=lin)
    assert Customer.objects.get(pk=stays.pk).city == ""
    with pytest.raises(Refused):
        undo_merge(merge, actor=lin)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["customers.merge", "customers.unmerge"]
    assert AuditEntry.objects.first().detail["evidence"] == [{"kind": "unionid"}]  # type: ignore[union-attr]
    assert set(Event.objects.values_list("kind", flat=True)) == {"customer.merged", "customer.unmerged"}
    assert MergeReview.objects.get().state == "different"


def test_who_was_told_apart_is_never_joined_by_a_key(lin: User) -> None:
    one, other = (resolve([keys.unionid(value)], source="test").customer for value in ("u1", "u2"))
    undo_merge(merge_customers(one.pk, other.pk, evidence=[], source="test"), actor=lin)
    again = resolve([keys.unionid("u1"), keys.unionid("u2")], source="test")
    assert (again.customer, again.merged, again.reviews, again.disputed) == (one, 0, 0, True)
    assert Customer.objects.filter(merged_into__isnull=True).count() == 2


def test_tags_of_both_are_together_and_apart_again(lin: User) -> None:
    world = World(lin)
    stays, goes, _other = world.people
    world.learn(0, "tag", 0)
    world.learn(1, "tag", 1)
    world.learn(1, "never", 0)
    merge = merge_customers(stays.pk, goes.pk, evidence=[], source="test")
    assert CustomerTags.objects.get(customer=stays).tag_ids == [world.tags[1].pk]
    assert TagAssignment.objects.get(customer=stays, tag=world.tags[0]).is_blocked
    undo_merge(merge, actor=lin)
    assert CustomerTags.objects.get(customer=stays).tag_ids == [world.tags[0].pk]
    assert CustomerTags.objects.get(customer=goes).tag_ids == [world.tags[1].pk]


# --- the same facts, in any order, make the same people ---------------------------------------------------

VALUES = [keys.Key(kind, "", f"{kind}{n}") for kind in ("unionid", "mini_openid", "alipay") for n in range(3)]
PHONES = [keys.phone(f"+8613800000{n:03d}") for n in range(3)]


def told(values: list[keys.Key]) -> st.SearchStrategy[list[list[keys.Key]]]:
    return st.lists(st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True), min_size=1, max_size=7)


def groups(facts: list[list[keys.Key]]) -> set[frozenset[keys.Key]]:
    """Connected keys, by the book."""
    found: list[set[keys.Key]] = []
    for fact in facts:
        met = [group for group in found if group & set(fact)]
        found = [group for group in found if group not in met] + [set(fact).union(*met)]
    return {frozenset(group) for group in found}


def people(values: list[keys.Key]) -> set[frozenset[keys.Key]]:
    """Keys by the customer who holds them."""
    by_hash = {key.hash: key for key in values}
    rows = sorted((owner, bytes(value)) for owner, value in Identity.objects.values_list("customer_id", "value_hash"))
    assert not Customer.objects.filter(pk__in=[owner for owner, _value in rows], merged_into__isnull=False).exists()
    return {frozenset(by_hash[value] for _owner, value in many) for _owner, many in itertools.groupby(rows, lambda row: row[0])}


@calm
@given(facts=told(VALUES + PHONES[:1]), data=st.data())
def test_the_same_facts_in_any_order_with_any_duplicates_make_the_same_people(
    facts: list[list[keys.Key]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=3))))
    with transaction.atomic():
        for fact in order:
            resolve(fact, source="test")
        assert people(VALUES + PHONES) == groups(facts)
        assert not MergeReview.objects.exists()
        transaction.set_rollback(True)


@calm
@given(facts=told(VALUES + PHONES), data=st.data())
def test_with_several_phones_the_people_and_their_open_questions_are_the_same_in_any_order(
    lin: User, facts: list[list[keys.Key]], data: st.DataObject
) -> None:
    """Nobody is joined over two phones without a person; when staff say yes to every question, the same people remain."""
    from customers.services.reviews import confirm_review

    with transaction.atomic():
        for fact in data.draw(st.permutations(facts)):
            with_phone = set(Identity.objects.filter(kind="phone").values_list("customer_id", flat=True))
            before = set(Merge.objects.values_list("pk", flat=True))
            resolve(fact, source="test")
            for merge in Merge.objects.exclude(pk__in=before):
                assert not {merge.survivor_id, merge.absorbed_id} <= with_phone
        while (review := MergeReview.objects.filter(state="open").first()) is not None:
            confirm_review(review, actor=lin)
        assert people(VALUES + PHONES) == groups(facts)
        transaction.set_rollback(True)
