"""The funnel: every person counted once, every identity holds at every step, both arms over one window."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Attribution, Campaign, Recipient
from campaigns.queries.funnel import Funnel, funnel, sender_checks, senders
from campaigns.queries.lists import mini_funnels
from campaigns.services.attribution import attribute_orders
from campaigns.services.launch import advance_campaigns, cancel_campaign, dispatch_campaign, launch_campaign
from core import clock
from core.models import Event
from core.worker import run_pending
from customers.choices import RelationState
from customers.models import Customer, Relationship
from messaging.choices import MessageState, Reason
from messaging.models import MassTask, Message
from messaging.services.mass_tasks import create_mass_task
from messaging.services.results import poll_mass_task
from messaging.services.touches import record_click
from staff.models import User
from tests.campaigns.conftest import order
from tests.messaging.conftest import Corp
from tests.messaging.people import make_customer

pytestmark = pytest.mark.django_db


def numbers(campaign: Campaign) -> Funnel:
    """The funnel, which must add up whenever one looks."""
    campaign.refresh_from_db()
    found = funnel(campaign)
    failed = [check for check in found.checks + sender_checks(found, senders(campaign.id)) if not check.holds]
    assert failed == []
    return found


@pytest.fixture
def launched(campaign: Campaign, friends: list[Customer], ops: User) -> Campaign:
    """Sent to thirty friends and three strangers; nothing at the platform yet."""
    for _ in range(3):
        make_customer()
    launch_campaign(campaign, actor=ops)
    dispatch_campaign(campaign.id)
    campaign.refresh_from_db()
    return campaign


def confirm(corp: Corp, userid: str, **how: object) -> None:
    msgid = next(made["msgid"] for made in corp.tasks() if userid in made["senders"])
    corp.simulator.do("staff/confirm", msgid=msgid, sender=userid, **how)


def look() -> None:
    for task in MassTask.objects.exclude(msgid=""):
        poll_mass_task(task.id)


def test_step_by_step(launched: Campaign, corp: Corp, friends: list[Customer]) -> None:
    treated = Recipient.objects.filter(arm="treated").count()
    held_out = 30 - treated
    found = numbers(launched)
    assert (found.audience, found.treated, found.holdout, found.excluded) == (33, treated, held_out, 3)
    assert (found.excluded_by_reason, found.queued, found.created) == ({Reason.NO_RELATION: 3}, treated, 0)

    run_pending("bulk")
    found = numbers(launched)
    assert (found.queued, found.created, found.awaiting, found.confirmed) == (0, treated, treated, 0)

    lost = Message.objects.filter(sender__username="sales1").order_by("id").first()
    assert lost is not None
    corp.simulator.do("customer/delete", userid="sales1", external_userid=lost.external_userid)
    confirm(corp, "sales1")
    look()
    first = Message.objects.filter(sender__username="sales1").count()
    found = numbers(launched)
    assert (found.confirmed, found.delivered, found.not_friend, found.awaiting) == (first, first - 1, 1, treated - first)
    assert Event.objects.filter(kind="message.sent").count() == found.delivered

    confirm(corp, "sales2")
    look()
    found = numbers(launched)
    assert (found.confirmed, found.delivered, found.awaiting) == (treated, treated - 1, 0)

    opened = list(Message.objects.filter(state=MessageState.SENT).select_related("task").order_by("id")[:4])
    for message in opened:
        assert record_click(token=message.task.token, customer_id=message.customer_id) is True  # type: ignore[union-attr]
    found = numbers(launched)
    assert found.opened == 4

    order(opened[0].customer, paid_at=clock.now())
    order(opened[0].customer, paid_at=clock.now())
    order(opened[1].customer, paid_at=clock.now(), adults=1)
    attribute_orders(customer_ids=[message.customer_id for message in opened])
    found = numbers(launched)
    assert (found.ordered, found.ordered_after_opening, found.orders) == (2, 2, 3)
    assert found.revenue == Decimal(3980 * 5)
    assert sum(row.ordered for row in senders(launched.id)) == 2


def test_what_was_held_back_refused_and_cancelled_is_counted(launched: Campaign, corp: Corp, ops: User) -> None:
    first, second = MassTask.objects.order_by("id")
    someone = Message.objects.filter(task=first).order_by("id").first()
    assert someone is not None
    Relationship.objects.filter(customer=someone.customer_id).update(state=RelationState.DELETED_BY_CUSTOMER)
    gone = Message.objects.filter(task=first).order_by("-id").first()
    assert gone is not None
    corp.simulator.do("staff/delete", userid=first.sender.wecom_userid, external_userid=gone.external_userid)
    create_mass_task(first.id)
    found = numbers(launched)
    assert (found.held_back, found.held_back_by_reason, found.failed) == (1, {Reason.NO_RELATION: 1}, 1)
    assert found.created == Message.objects.filter(task=first).count() - 2
    cancel_campaign(launched, actor=ops)
    run_pending()
    found = numbers(launched)
    assert found.cancelled_before == Message.objects.filter(task=second).count()
    assert found.cancelled == found.created
    assert found.awaiting == 0


def test_a_click_before_the_result_is_told_apart(launched: Campaign, corp: Corp) -> None:
    run_pending("bulk")
    confirm(corp, "sales1")
    message = Message.objects.filter(sender__username="sales1").select_related("task").first()
    assert message is not None
    record_click(token=message.task.token, customer_id=message.customer_id)  # type: ignore[union-attr]
    found = numbers(launched)
    assert (found.opened, found.opened_early) == (0, 1)
    run_pending("usual")
    found = numbers(launched)
    assert (found.opened, found.opened_early) == (1, 0)


def test_both_arms_over_one_window(launched: Campaign) -> None:
    treated = Recipient.objects.filter(arm="treated").select_related("customer").order_by("id")
    held_out = Recipient.objects.filter(arm="holdout").select_related("customer").order_by("id")
    launched.refresh_from_db()
    start = launched.launched_at
    assert start is not None
    order(treated[0].customer, paid_at=start)
    order(treated[0].customer, paid_at=start + dt.timedelta(days=6, hours=23), adults=1)
    order(treated[1].customer, paid_at=start + dt.timedelta(days=7))  # the window is closed
    order(treated[2].customer, paid_at=start - dt.timedelta(seconds=1))  # before it opened
    order(treated[3].customer, paid_at=start, refunded=3980 * 2)  # paid back in full
    order(held_out[0].customer, paid_at=start + dt.timedelta(days=1), refunded=980)
    found = numbers(launched)
    one, two = found.arms["treated"], found.arms["holdout"]
    assert (one.people, one.buyers, one.orders, one.revenue) == (found.treated, 1, 3, Decimal(3980 * 3))
    assert one.revenue_squares == Decimal(3980 * 3) ** 2
    assert (two.people, two.buyers, two.revenue) == (found.holdout, 1, Decimal(3980 * 2 - 980))
    assert found.lift is not None
    assert found.window_ends_at == start + dt.timedelta(days=7)


def test_the_page_asks_the_same_questions_for_any_number_of_people(launched: Campaign) -> None:
    with CaptureQueriesContext(connection) as captured:
        funnel(launched)
        senders(launched.id)
    assert len(captured) == 4
    launched.refresh_from_db()
    with CaptureQueriesContext(connection) as captured:
        mini_funnels([launched])
    assert len(captured) == 2


class TestAttribution:
    @pytest.fixture
    def sent(self, launched: Campaign, corp: Corp) -> list[Message]:
        """Everybody has it."""
        run_pending("bulk")
        corp.simulator.do("staff/confirm_all")
        look()
        return list(Message.objects.filter(state=MessageState.SENT).select_related("customer", "task").order_by("id"))

    def credited(self) -> dict[int, int]:
        return dict(Attribution.objects.values_list("order_id", "message_id"))

    def test_a_delivery_within_the_window_is_a_touch(self, sent: list[Message]) -> None:
        at = sent[0].sent_at
        assert at is not None
        inside = order(sent[0].customer, paid_at=at + dt.timedelta(days=6, hours=23))
        outside = order(sent[1].customer, paid_at=at + dt.timedelta(days=7, minutes=1))
        earlier = order(sent[2].customer, paid_at=at - dt.timedelta(minutes=1))
        attribute_orders(order_ids=[inside.id, outside.id, earlier.id])
        assert self.credited() == {inside.id: sent[0].id}

    def test_a_click_beats_a_later_delivery(self, sent: list[Message], corp: Corp) -> None:
        customer, member = sent[0].customer, sent[0].sender
        now = clock.now()
        other = Campaign.objects.create(
            name="x", segment=Campaign.objects.get().segment, content=sent[0].content, created_by=member
        )  # type: ignore[misc]
        later = Message.objects.create(
            key="later", customer=customer, channel="wecom", purpose="marketing", campaign_id=other.id, state=MessageState.SENT,
            sent_at=now + dt.timedelta(hours=2), sender=member,
        )  # fmt: skip
        bought = order(customer, paid_at=now + dt.timedelta(hours=3))
        attribute_orders(order_ids=[bought.id])
        assert self.credited() == {bought.id: later.id}
        record_click(token=sent[0].task.token, customer_id=customer.id)  # type: ignore[union-attr]
        attribute_orders(customer_ids=[customer.id])
        assert self.credited() == {bought.id: sent[0].id}

    def test_an_order_placed_from_the_card_is_proof_of_the_click(self, sent: list[Message]) -> None:
        now = clock.now()
        bought = order(
            sent[0].customer, paid_at=now + dt.timedelta(days=8), placed_at=now + dt.timedelta(days=7, hours=23), message=sent[0]
        )
        attribute_orders(order_ids=[bought.id])
        assert self.credited() == {bought.id: sent[0].id}
        assert Attribution.objects.get().touched_at == bought.placed_at

    def test_refunds_are_taken_off_and_nothing_is_counted_twice(self, sent: list[Message]) -> None:
        bought = order(sent[0].customer, paid_at=clock.now())
        for _ in range(3):
            attribute_orders(order_ids=[bought.id])
        assert Attribution.objects.get().amount == Decimal(3980 * 2)
        bought.refunded_amount = Decimal(1000)
        bought.save()
        attribute_orders(order_ids=[bought.id])
        assert Attribution.objects.get().amount == Decimal(3980 * 2 - 1000)

    def test_a_touch_that_turns_out_wrong_is_taken_back(self, sent: list[Message]) -> None:
        bought = order(sent[0].customer, paid_at=clock.now())
        attribute_orders(order_ids=[bought.id])
        Message.objects.filter(id=sent[0].id).update(state=MessageState.NOT_FRIEND, sent_at=None)
        attribute_orders(customer_ids=[sent[0].customer_id])
        assert self.credited() == {}

    def test_strangers_orders_are_nobodys(self, sent: list[Message]) -> None:
        held_out = Recipient.objects.filter(arm="holdout").select_related("customer")[0].customer
        bought = order(held_out, paid_at=clock.now())
        attribute_orders(order_ids=[bought.id])
        assert self.credited() == {}

    def test_late_news_credits_orders_paid_before_it_came(self, launched: Campaign, corp: Corp) -> None:
        """The customer pays before we hear that the message arrived: the fact of the delivery puts it right."""
        run_pending("bulk")
        corp.simulator.do("staff/confirm_all")
        message = Message.objects.filter(state=MessageState.AWAITING_STAFF).select_related("customer").first()
        assert message is not None
        with time_machine.travel(clock.now() + dt.timedelta(minutes=5)):
            bought = order(message.customer, paid_at=clock.now())
            attribute_orders(order_ids=[bought.id])
            assert self.credited() == {}
            look()
            advance_campaigns()
        assert self.credited() == {bought.id: message.id}
