"""Tasks out of behaviour: one per customer, product and week; the strongest reason; ended by the customer's own order."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.choices import FollowUpReason, FollowUpState, Outcome
from campaigns.models import FollowUp
from campaigns.queries.follow_ups import tab_counts, task_cards, visible_to
from campaigns.services.follow_ups import (
    close_bought,
    finish_follow_up,
    make_follow_ups,
    reopen_follow_up,
    snooze_follow_up,
)
from campaigns.views.follow_ups import snoozed_until
from catalog.models import Product
from core.errors import Refused
from core.event_types import CustomerActive
from core.events import record
from core.models import Event
from core.worker import run_pending
from customers.models import Customer
from staff.models import User
from tests.campaigns.conftest import order
from tests.messaging.people import befriend, make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("product")]
NOW = dt.datetime(2026, 11, 18, 4, tzinfo=dt.UTC)  # Wednesday noon in Shanghai


@pytest.fixture(autouse=True)
def noon() -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def see(customer: Customer, hours_ago: float, *, kind: str = "product.viewed", product: str = "P01") -> None:
    at = NOW - dt.timedelta(hours=hours_ago)
    Event.objects.create(key=uuid.uuid4(), occurred_at=at, kind=kind, customer_id=customer.id, props={"product": product})


def test_three_views_in_48_hours(chen: User) -> None:
    keen, calm = make_customer("苏晴", friend_of=chen), make_customer(friend_of=chen)
    for hours in (1, 5, 47):
        see(keen, hours)
    for hours in (1, 5, 49):
        see(calm, hours)
    assert make_follow_ups([keen.id, calm.id]) == 1
    task = FollowUp.objects.get()
    assert (task.customer, task.assignee, task.reason, task.product_code) == (keen, chen, FollowUpReason.REPEATED_VIEWS, "P01")
    assert task.title == "反复浏览「云南亲子六日」"
    assert "云南亲子六日" in task.suggested_text
    assert task.due_at == NOW - dt.timedelta(hours=1)
    (evidence,) = task.evidence
    assert (evidence["views"], evidence["checkouts"], evidence["hours"]) == (3, 0, 48)


def test_views_of_different_products_do_not_add_up(chen: User) -> None:
    customer = make_customer(friend_of=chen)
    for product in ("P01", "P01", "P02"):
        see(customer, 1, product=product)
    assert make_follow_ups([customer.id]) == 0


def test_one_task_per_customer_product_and_week(chen: User) -> None:
    customer = make_customer(friend_of=chen)
    for hours in (1, 2, 3):
        see(customer, hours)
    make_follow_ups([customer.id])
    see(customer, 0.5)
    make_follow_ups([customer.id, customer.id])
    task = FollowUp.objects.get()
    assert task.evidence[0]["views"] == 4
    with time_machine.travel(NOW + dt.timedelta(days=5)):  # Monday
        for hours in (-118, -117, -116):
            see(customer, hours)
        make_follow_ups([customer.id])
    assert FollowUp.objects.count() == 2


def test_a_finished_task_stays_finished(chen: User) -> None:
    customer = make_customer(friend_of=chen)
    for hours in (1, 2, 3):
        see(customer, hours)
    make_follow_ups([customer.id])
    finish_follow_up(FollowUp.objects.get(), actor=chen, outcome=Outcome.CONTACTED)
    see(customer, 0.1)
    assert make_follow_ups([customer.id]) == 0
    assert FollowUp.objects.get().state == FollowUpState.DONE


def test_an_unpaid_checkout_is_the_stronger_reason_and_has_its_grace(chen: User) -> None:
    customer = make_customer(friend_of=chen)
    for hours in (1, 2, 3):
        see(customer, hours)
    make_follow_ups([customer.id])
    see(customer, 0.1, kind="checkout.started")
    make_follow_ups([customer.id])
    task = FollowUp.objects.get()
    assert (task.reason, task.title) == (FollowUpReason.CHECKOUT_UNPAID, "「云南亲子六日」下单未付")
    see(customer, 0.05, kind="quote.opened")
    make_follow_ups([customer.id])
    assert FollowUp.objects.get().reason == FollowUpReason.CHECKOUT_UNPAID


def test_a_placed_order_without_payment_is_a_checkout(chen: User) -> None:
    customer = make_customer(friend_of=chen)
    order(
        customer, paid_at=NOW, state="placed", placed_at=NOW - dt.timedelta(minutes=20), paid_amount=0
    ).__class__.objects.update(paid_at=None)
    make_follow_ups([customer.id])
    task = FollowUp.objects.get()
    assert (task.reason, task.due_at) == (FollowUpReason.CHECKOUT_UNPAID, NOW + dt.timedelta(minutes=10))


def test_an_opened_quote(chen: User) -> None:
    customer = make_customer(friend_of=chen)
    see(customer, 2, kind="quote.opened")
    make_follow_ups([customer.id])
    assert FollowUp.objects.get().reason == FollowUpReason.QUOTE_OPENED


def test_who_bought_needs_no_task_and_open_ones_end(chen: User) -> None:
    buyer = make_customer(friend_of=chen)
    for hours in (1, 2, 3):
        see(buyer, hours)
    make_follow_ups([buyer.id])
    bought = order(buyer, paid_at=NOW)
    assert close_bought(order_id=bought.id) == 1
    task = FollowUp.objects.get()
    assert (task.state, task.outcome, task.done_by) == (FollowUpState.DONE, Outcome.ORDERED, None)
    with pytest.raises(Refused):
        reopen_follow_up(task, actor=chen)
    FollowUp.objects.all().delete()
    assert make_follow_ups([buyer.id]) == 0


def test_whoever_talked_last_gets_it_else_the_owner(chen: User, wang: User) -> None:
    friend, owned = make_customer(), make_customer()
    befriend(friend, chen, last_chat_at=NOW - dt.timedelta(days=4))
    befriend(friend, wang, last_chat_at=NOW - dt.timedelta(days=1))
    Customer.objects.filter(id=owned.id).update(owner=chen)
    for customer in (friend, owned):
        see(customer, 1, kind="quote.opened")
    make_follow_ups([friend.id, owned.id])
    assert dict(FollowUp.objects.values_list("customer_id", "assignee_id")) == {friend.id: wang.id, owned.id: chen.id}


def test_new_behaviour_makes_tasks_by_itself_in_one_batch(chen: User) -> None:
    customers = [make_customer(friend_of=chen) for _ in range(5)]
    for customer in customers:
        see(customer, 1, kind="quote.opened")
        record(CustomerActive(customer.id), key=f"active:{customer.id}")
    run_pending("usual")
    assert FollowUp.objects.count() == 5


@pytest.mark.parametrize("people", [1, 25])
def test_the_same_queries_for_any_number_of_customers(chen: User, people: int, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    customers = [make_customer(friend_of=chen) for _ in range(people)]
    for customer in customers:
        see(customer, 1, kind="quote.opened")
    with django_assert_num_queries(6):  # the statement, and the customers' standing after it, each in its savepoint
        assert make_follow_ups([customer.id for customer in customers]) == people


class TestInbox:
    @pytest.fixture
    def tasks(self, chen: User) -> list[FollowUp]:
        """Due an hour ago, in three hours, tomorrow."""
        made = []
        for hours in (-1, 3, 24):
            customer = make_customer(f"c{hours}", friend_of=chen)
            made.append(
                FollowUp.objects.create(
                    key=f"k{hours}", customer=customer, assignee=chen, title="t", reason="quote_opened",
                    due_at=NOW + dt.timedelta(hours=hours), product_code="P01",
                )
            )  # fmt: skip
        return made

    def test_tabs(self, chen: User, tasks: list[FollowUp]) -> None:
        assert tab_counts(chen, NOW, mine=True) == {"now": 1, "today": 1, "later": 1, "done": 0}
        for tab, task in zip(("now", "today", "later"), tasks, strict=True):
            assert [card.task for card in task_cards(chen, tab, NOW, mine=True)] == [task]

    def test_today_ends_at_midnight_in_shanghai(self, chen: User, tasks: list[FollowUp]) -> None:
        FollowUp.objects.filter(id=tasks[1].id).update(due_at=dt.datetime(2026, 11, 18, 15, 59, tzinfo=dt.UTC))
        FollowUp.objects.filter(id=tasks[2].id).update(due_at=dt.datetime(2026, 11, 18, 16, 0, tzinfo=dt.UTC))
        assert tab_counts(chen, NOW, mine=True) == {"now": 1, "today": 1, "later": 1, "done": 0}

    def test_others_tasks_are_out_of_sight(self, chen: User, wang: User, lin: User, tasks: list[FollowUp]) -> None:
        assert visible_to(wang).count() == 0
        assert visible_to(lin).count() == 3
        assert visible_to(lin, mine=True).count() == 0

    def test_cards_take_two_queries(self, chen: User, tasks: list[FollowUp]) -> None:
        FollowUp.objects.update(due_at=NOW)
        with CaptureQueriesContext(connection) as captured:
            cards = task_cards(chen, "now", NOW, mine=True)
        assert len(cards) == 3
        assert {card.product for card in cards} == {Product.objects.get()}
        assert len(captured) == 2

    def test_done_and_undone(self, chen: User, tasks: list[FollowUp]) -> None:
        done = finish_follow_up(tasks[0], actor=chen, outcome=Outcome.NO_ANSWER)
        assert (done.state, done.outcome, done.done_by, done.done_at) == (FollowUpState.DONE, Outcome.NO_ANSWER, chen, NOW)
        with pytest.raises(Refused):
            finish_follow_up(tasks[0], actor=chen, outcome=Outcome.CONTACTED)
        back = reopen_follow_up(done, actor=chen)
        assert (back.state, back.outcome, back.done_by, back.done_at) == (FollowUpState.OPEN, "", None, None)

    @pytest.mark.parametrize("outcome", ["", "ordered", "nonsense"])
    def test_an_outcome_is_needed(self, chen: User, tasks: list[FollowUp], outcome: str) -> None:
        with pytest.raises(Refused):
            finish_follow_up(tasks[0], actor=chen, outcome=outcome)
        assert FollowUp.objects.filter(state=FollowUpState.OPEN).count() == 3

    def test_snoozing(self, chen: User, tasks: list[FollowUp]) -> None:
        assert snoozed_until("hour", NOW) == NOW + dt.timedelta(hours=1)
        assert snoozed_until("tomorrow", NOW) == dt.datetime(2026, 11, 19, 1, tzinfo=dt.UTC)
        assert snoozed_until("week", NOW) == dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
        assert snoozed_until("week", dt.datetime(2026, 11, 22, 17, tzinfo=dt.UTC)) == dt.datetime(2026, 11, 30, 1, tzinfo=dt.UTC)
        snooze_follow_up(tasks[0], until=snoozed_until("tomorrow", NOW))
        assert tab_counts(chen, NOW, mine=True)["later"] == 2
