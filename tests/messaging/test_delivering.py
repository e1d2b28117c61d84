"""One message to one customer, whoever asks for it: channel by channel, once per key, never while marketing rests."""

import datetime as dt

import pytest
import time_machine

from core import clock
from core.secrets import lookup_hash, seal
from core.worker import run_pending
from customers.choices import IdentityKind, RequestKind
from customers.models import Customer, DataRequest, Identity
from messaging.choices import MessageState, PauseReason, Reason, Route, TaskState, TouchPurpose
from messaging.models import MassTask, Message
from messaging.queries import explain
from messaging.services.delivering import Words, deliver
from messaging.services.direct import send_direct
from messaging.services.pauses import pause_marketing, pauses_of, resume_marketing
from staff.models import AgencyPolicy, User
from tests.messaging.conftest import Corp
from tests.messaging.people import NOON, consent, make_customer, make_member, plan

pytestmark = pytest.mark.django_db
WORDS = Words(text="{{name}}，您好！{{trip|您的行程}}明天出发", title="出发提醒")


def mini_user(customer: Customer) -> None:
    Identity.objects.create(
        customer=customer, kind=IdentityKind.MINI_OPENID, scope="", value_hash=lookup_hash("mini", f"o{customer.pk}"),
        value_sealed=seal(f"o{customer.pk}"),
    )  # fmt: skip


class TestPauses:
    def test_marketing_rests_until_its_time_and_service_goes_on(self) -> None:
        customer = make_customer(friend_of=make_member("lin"))
        consent(customer, purpose="service")
        assert pause_marketing(customer.pk, PauseReason.MOOD, NOON + dt.timedelta(days=3), "mood:1")
        assert not pause_marketing(customer.pk, PauseReason.MOOD, None, "mood:1")

        def reason(**fields: object) -> str:
            verdict = explain(plan(**fields), customer.pk)
            assert verdict is not None
            return verdict.reason

        assert reason() == Reason.PAUSED
        assert reason(purpose=TouchPurpose.SERVICE) == ""
        assert reason(at=NOON + dt.timedelta(days=4)) == ""

    def test_a_pause_without_an_end_is_ended_by_its_key(self) -> None:
        customer = make_customer(friend_of=make_member("lin"))
        pause_marketing(customer.pk, PauseReason.COMPLAINT, None, "complaint:1")
        pause_marketing(customer.pk, PauseReason.BY_HAND, None, "hand:1")
        verdict = explain(plan(), customer.pk)
        assert verdict is not None
        assert verdict.reason == Reason.COMPLAINT  # a complaint says more than a pause
        assert resume_marketing(customer.pk, "complaint:1") == 1
        assert [pause.reason for pause in pauses_of(customer.pk)] == [PauseReason.BY_HAND]
        assert resume_marketing(customer.pk) == 1
        verdict = explain(plan(), customer.pk)
        assert verdict is not None
        assert verdict.reason == ""

    def test_an_open_complaint_needs_no_pause(self) -> None:
        customer = make_customer(friend_of=make_member("lin"))
        asked = DataRequest.objects.create(
            customer=customer, kind=RequestKind.COMPLAINT, due_on=NOON.date(), created_at=NOON, words="..."
        )
        verdict = explain(plan(), customer.pk)
        assert verdict is not None
        assert verdict.reason == Reason.COMPLAINT
        DataRequest.objects.filter(pk=asked.pk).update(state="done")
        verdict = explain(plan(), customer.pk)
        assert verdict is not None
        assert verdict.reason == ""


class TestDeliver:
    def test_the_inbox_takes_it_and_a_second_call_changes_nothing(self, open_hours: AgencyPolicy) -> None:
        customer = make_customer("安")
        mini_user(customer)
        first = deliver(customer.pk, key="trip:7:t1", purpose=TouchPurpose.TRANSACTION, words=WORDS)
        again = deliver(customer.pk, key="trip:7:t1", purpose=TouchPurpose.TRANSACTION, words=WORDS)
        assert (first.channel, first.message_id) == (Route.INBOX, again.message_id)
        assert dict(first.why) == {"wecom": "no_relation", "subscribe": "no_words", "official": "no_words"}
        run_pending()
        message = Message.objects.get()
        assert (message.state, message.channel) == (MessageState.SENT, Route.INBOX)

    def test_wecom_fills_in_the_words_and_equal_words_share_a_task(self, corp: Corp) -> None:
        lin = corp.member("lin")
        an, bo = corp.friend(lin, "安"), corp.friend(lin, "博")
        for customer in (an, bo):
            deliver(customer.pk, key=f"a:{customer.pk}", purpose=TouchPurpose.MARKETING, words=WORDS, channels=[Route.WECOM])
            deliver(
                customer.pk,
                key=f"b:{customer.pk}",
                purpose=TouchPurpose.MARKETING,
                words=Words(text="大家好"),
                channels=["wecom"],
            )
        run_pending()
        texts = sorted((task["text"], sum(map(len, task["senders"].values()))) for task in corp.tasks())
        assert texts == [("博，您好！您的行程明天出发", 1), ("大家好", 2), ("安，您好！您的行程明天出发", 1)]
        assert {task.state for task in MassTask.objects.all()} == {TaskState.CREATED}

    def test_nobody_may_be_told(self, open_hours: AgencyPolicy) -> None:
        customer = make_customer(consents=False)
        mini_user(customer)
        told = deliver(customer.pk, key="x", purpose=TouchPurpose.MARKETING, words=WORDS)
        assert not told.is_queued
        assert dict(told.why)[Route.INBOX] == Reason.NO_CONSENT
        assert not Message.objects.exists()

    def test_quiet_hours_are_waited_for_and_the_governor_is_asked_again(self, db: None) -> None:
        AgencyPolicy.objects.create(quiet_start="21:00", quiet_end="09:00")
        customer = make_customer()
        mini_user(customer)
        with time_machine.travel(dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)) as traveller:  # 23:00 in Shanghai
            deliver(customer.pk, key="night", purpose=TouchPurpose.MARKETING, words=WORDS, channels=[Route.INBOX])
            deliver(customer.pk, key="trip", purpose=TouchPurpose.TRANSACTION, words=WORDS, channels=[Route.INBOX])
            run_pending()
            states = dict(Message.objects.values_list("key", "state"))
            assert states == {"single:night": MessageState.QUEUED, "single:trip": MessageState.SENT}
            assert Message.objects.get(key="single:night").send_at == dt.datetime(2026, 11, 19, 1, tzinfo=dt.UTC)
            pause_marketing(customer.pk, PauseReason.MOOD, None, "mood:2")
            traveller.shift(dt.timedelta(hours=11))
            send_direct("inbox")
        message = Message.objects.get(key="single:night")
        assert (message.state, message.reason) == (MessageState.SUPPRESSED, Reason.PAUSED)

    def test_more_important_words_go_first(self, open_hours: AgencyPolicy) -> None:
        lin = make_member("lin")
        customer = make_customer(friend_of=lin)
        mini_user(customer)
        deliver(
            customer.pk, key="trip", purpose=TouchPurpose.TRANSACTION, words=WORDS, channels=[Route.INBOX],
            send_at=clock.now() + dt.timedelta(hours=2),
        )  # fmt: skip
        verdict = explain(plan(at=clock.now()), customer.pk)
        assert verdict is not None
        assert verdict.reason == Reason.PRIORITY


def test_whoever_was_erased_or_joined_is_not_told(db: None) -> None:
    lin: User = make_member("lin")
    erased, joined, other = (make_customer(friend_of=lin) for _ in range(3))
    Customer.objects.filter(pk=erased.pk).update(erased_at=NOON)
    Customer.objects.filter(pk=joined.pk).update(merged_into=other)
    everybody: tuple[str, list[int]] = ("SELECT id FROM customers_customer", [])
    assert [explain(plan(audience=everybody), one.pk).reason for one in (erased, joined, other)] == ["erased", "erased", ""]  # type: ignore[union-attr]
