"""Direct channels: claimed, rendered, called, marked; and what a lost answer or a dead worker means on each of them."""

import datetime as dt

import pytest
import time_machine
from django.conf import settings as django_settings

from core import clock
from core.models import Event
from core.secrets import lookup_hash, seal
from customers.choices import IdentityKind
from customers.models import Customer, Identity
from gateways.many import Fate, Outcome, Parcel
from gateways.simulator.testing import SimulatorHandle
from messaging.choices import BatchState, MessageState, PauseReason, Reason, Route, TouchPurpose
from messaging.models import Message, NoticeEntry, SendBatch
from messaging.queries import notices_left
from messaging.services.claiming import claim
from messaging.services.delivering import Notice, Words, deliver
from messaging.services.direct import send_waiting
from messaging.services.marking import look_after_batches, settle_unknown, tell_sent
from messaging.services.pauses import pause_marketing
from staff.models import AgencyPolicy
from tests.messaging.people import consent, make_customer

pytestmark = pytest.mark.django_db
SMS = Notice("SMS_200000001", {"name": "{{name}}", "trip": "{{trip|行程}}"})
NOTICE = Notice("T_TRIP", {"thing1": "{{trip}}", "thing2": "{{nickname}}"})
OFFICIAL = Notice("OA_TRIP", {"first": "{{name}}，您的{{trip}}要出发了"})
WORDS = Words(notices={Route.SMS: SMS, Route.SUBSCRIBE: NOTICE, Route.OFFICIAL: OFFICIAL})
KINDS = {Route.SMS: IdentityKind.PHONE, Route.SUBSCRIBE: IdentityKind.MINI_OPENID, Route.OFFICIAL: IdentityKind.OA_OPENID}


@pytest.fixture(autouse=True)
def _awake(simulator: SimulatorHandle, open_hours: AgencyPolicy) -> None:
    """No quiet hours, and a fresh platform."""


def person(simulator: SimulatorHandle, channel: str, number: int, *, nickname: str = "") -> Customer:
    """Somebody who can be reached on the channel, in both worlds."""
    customer = make_customer(f"客{number}")
    consent(customer, purpose="service")
    Customer.objects.filter(pk=customer.pk).update(nickname=nickname or f"n{number}")
    address = f"1380000{number:04d}" if channel == Route.SMS else f"o{number:027d}"
    scope = django_settings.VENDORS["MINI_APP_ID"] if channel == Route.SUBSCRIBE else ""
    Identity.objects.create(
        customer=customer, kind=KINDS[Route(channel)], scope=scope, value_hash=lookup_hash(channel, address),
        value_sealed=seal(address),
    )  # fmt: skip
    if channel == Route.OFFICIAL:
        simulator.do("official/follow", openids=[address])
    if channel == Route.SUBSCRIBE:
        simulator.do("seed", mini_users=[{"openid": address}])
        with simulator.world.lock:
            simulator.world.state.mini_users[address].subscribe["T_TRIP"] = 1
        NoticeEntry.objects.create(customer=customer, template_id="T_TRIP", change=1, key=f"accept:{number}")
    return customer


def ask(customer: Customer, channel: str, key: str = "a", purpose: str = TouchPurpose.SERVICE) -> Message:
    told = deliver(
        customer.pk, key=f"{key}:{customer.pk}", purpose=purpose, words=WORDS, channels=[channel], params={"trip": "云南六日"}
    )
    assert told.is_queued, dict(told.why)
    return Message.objects.get(pk=told.message_id or 0)


def effects(simulator: SimulatorHandle, channel: str) -> list[int]:
    """How many messages each person got, at the platform."""
    with simulator.world.lock:
        state = simulator.world.state
        if channel == Route.OFFICIAL:
            return sorted(one.received for one in state.followers.values())
        if channel == Route.SMS:
            phones = [one.phone for one in state.sms]
            return sorted(phones.count(phone) for phone in set(phones))
        return sorted(1 - one.subscribe.get("T_TRIP", 0) for one in state.mini_users.values())


@pytest.mark.parametrize("channel", [Route.SMS, Route.SUBSCRIBE, Route.OFFICIAL])
def test_everybody_gets_it_once(simulator: SimulatorHandle, channel: str) -> None:
    people = [person(simulator, channel, number) for number in range(5)]
    for customer in people:
        ask(customer, channel)
    assert send_waiting(channel, seconds=20, size=2) is False
    assert effects(simulator, channel) == [1] * 5
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}
    tell_sent()
    tell_sent()
    assert Event.objects.filter(kind="message.sent").count() == 5


def test_a_lost_answer_under_a_key_is_asked_for_again(simulator: SimulatorHandle) -> None:
    for number in range(4):
        ask(person(simulator, Route.OFFICIAL, number), Route.OFFICIAL)
    simulator.fault("lost_reply", path="template/send", times=2)
    simulator.fault("http", path="template/send", value=503, times=1, skip=1)
    with time_machine.travel(clock.now()) as traveller:
        for _ in range(6):
            send_waiting(Route.OFFICIAL, seconds=20)
            traveller.shift(30)
    assert effects(simulator, Route.OFFICIAL) == [1] * 4
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}


def test_a_lost_answer_is_settled_by_a_query_where_there_is_one(simulator: SimulatorHandle) -> None:
    for number in range(4):
        ask(person(simulator, Route.SMS, number), Route.SMS)
    simulator.fault("lost_reply", host="dysmsapi", times=1)
    simulator.fault("reset", host="dysmsapi", times=1, skip=1)
    send_waiting(Route.SMS, seconds=20)
    assert Message.objects.filter(state=MessageState.UNKNOWN).count() == 2
    with time_machine.travel(clock.now() + dt.timedelta(seconds=40)):
        settle_unknown(Route.SMS)
        send_waiting(Route.SMS, seconds=20)
    assert effects(simulator, Route.SMS) == [1] * 4
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}


def test_a_lost_answer_is_never_repeated_where_nobody_knows(simulator: SimulatorHandle) -> None:
    customer = person(simulator, Route.SUBSCRIBE, 1)
    message = ask(customer, Route.SUBSCRIBE)
    simulator.fault("lost_reply", path="subscribe/send", times=1)
    send_waiting(Route.SUBSCRIBE, seconds=20)
    send_waiting(Route.SUBSCRIBE, seconds=20)
    message.refresh_from_db()
    assert message.state == MessageState.UNCERTAIN
    assert effects(simulator, Route.SUBSCRIBE) == [1]
    assert notices_left(customer.pk, "T_TRIP") == 0


@pytest.mark.parametrize(
    ("channel", "state"),
    [(Route.OFFICIAL, MessageState.QUEUED), (Route.SMS, MessageState.UNKNOWN), (Route.SUBSCRIBE, MessageState.UNCERTAIN)],
)
def test_a_worker_that_died_leaves_what_its_channel_allows(simulator: SimulatorHandle, channel: str, state: str) -> None:
    message = ask(person(simulator, channel, 1), channel)
    claim(channel)
    with time_machine.travel(clock.now() + dt.timedelta(seconds=django_settings.JOB_LEASE_SECONDS * 4 + 1)):
        look_after_batches()
    message.refresh_from_db()
    assert (message.state, SendBatch.objects.get().state) == (state, BatchState.LOST)


def test_no_notice_left_is_a_reason_and_the_platform_corrects_our_ledger(simulator: SimulatorHandle) -> None:
    customer = person(simulator, Route.SUBSCRIBE, 1)
    NoticeEntry.objects.create(customer=customer, template_id="T_TRIP", change=2, key="more")
    ask(customer, Route.SUBSCRIBE, "a")
    ask(customer, Route.SUBSCRIBE, "b")
    send_waiting(Route.SUBSCRIBE, seconds=20)
    assert sorted(Message.objects.values_list("state", "error")) == [("failed", "43101"), ("sent", "")]
    assert notices_left(customer.pk, "T_TRIP") == 0
    told = deliver(customer.pk, key="c", purpose=TouchPurpose.SERVICE, words=WORDS, channels=[Route.SUBSCRIBE])
    assert dict(told.why) == {Route.SUBSCRIBE: Reason.NO_QUOTA}


def test_braces_in_a_nickname_are_only_text(simulator: SimulatorHandle) -> None:
    customer = person(simulator, Route.SUBSCRIBE, 1, nickname="{{name}}\n{{trip}}")
    ask(customer, Route.SUBSCRIBE)
    send_waiting(Route.SUBSCRIBE, seconds=20)
    with simulator.world.lock:
        (line,) = [line for lines in simulator.world.state.customer_lines.values() for line in lines]
    assert line.content["data"] == {"thing1": "云南六日", "thing2": "{{name}} {{trip}}"}


def test_what_changed_since_is_seen_when_it_is_claimed(simulator: SimulatorHandle) -> None:
    paused, erased, fine = (person(simulator, Route.OFFICIAL, number) for number in range(3))
    for customer in (paused, erased, fine):
        ask(customer, Route.OFFICIAL, purpose=TouchPurpose.MARKETING)
    pause_marketing(paused.pk, PauseReason.MOOD, None, "m")
    Customer.objects.filter(pk=erased.pk).update(erased_at=clock.now())
    send_waiting(Route.OFFICIAL, seconds=20)
    found = dict(Message.objects.values_list("customer_id", "reason"))
    assert found == {paused.pk: Reason.PAUSED, erased.pk: Reason.ERASED, fine.pk: ""}
    assert sum(effects(simulator, Route.OFFICIAL)) == 1


def test_a_vendor_that_is_not_there_costs_nothing_but_time(simulator: SimulatorHandle) -> None:
    message = ask(person(simulator, Route.OFFICIAL, 1), Route.OFFICIAL)

    class Nowhere:
        def outcomes(self) -> list[Outcome]:
            return [Outcome(Fate.LATER, "unreachable")]

    def send(parcels: list[Parcel]) -> Nowhere:
        assert len(parcels) == 1
        return Nowhere()

    with time_machine.travel(clock.now()) as traveller:
        for _ in range(6):
            send_waiting(Route.OFFICIAL, seconds=5, send=send)
            traveller.shift(dt.timedelta(hours=1))
    message.refresh_from_db()
    assert (message.state, message.error, message.attempts) == (MessageState.FAILED, "unreachable", 6)
