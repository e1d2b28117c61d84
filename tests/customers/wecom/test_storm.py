"""A storm of callbacks, each three times and shuffled: every one has one effect, answers are quick, the end is the platform's.

And the welcome, which must be out within 20 seconds whatever else is going on.
"""

import random
import statistics
import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core.models import Event, Job
from core.worker import run_pending
from customers.models import Relationship
from customers.services.sync.runs import start_sync
from gateways.models import GatewayCall, InboundCallback
from gateways.simulator import callbacks as platform
from gateways.simulator import people
from gateways.simulator.state import Contact, Delivery
from gateways.simulator.testing import SimulatorHandle, _into
from messaging.choices import MessageState
from messaging.models import Message
from staff.models import User
from tests.customers.wecom.conftest import Corp, our_state, wait_five_minutes

ANSWER_SECONDS, WELCOME_SECONDS = 1.0, 20.0


def stories(corp: Corp, number: int) -> None:
    """So many callbacks of friends who come, are tagged, leave and are removed."""
    world = corp.simulator.world
    with world.lock:
        for place in range(number // 2):
            contact = Contact(f"wm{place:030d}", f"客{place}")
            userid = "chen" if place % 2 else "wang"
            people.add_friend(world, userid, contact, "", 1)
            if place % 5 == 0:
                people.end_friendship(world, userid, contact.external_userid, "customer")
            elif place % 5 == 1:
                people.end_friendship(world, userid, contact.external_userid, "staff")
            else:
                ids = {"UserID": userid, "ExternalUserID": contact.external_userid}
                platform.wecom_event(world, "change_external_contact", "edit_external_contact", **ids)


def storm(corp: Corp, number: int) -> list[float]:
    """Deliver each callback three times, shuffled; how long each answer took, in seconds."""
    stories(corp, number)
    with corp.simulator.world.lock:
        waiting = list(corp.simulator.world.state.deliveries.values())
        corp.simulator.world.state.deliveries.clear()
    assert len(waiting) == number
    shuffled = waiting * 3
    random.Random(20).shuffle(shuffled)
    send, took = _into(Client()), []
    for delivery in shuffled:
        started = time.perf_counter()
        status = platform.send(
            corp.simulator.world, Delivery(delivery.id, "wecom", "", delivery.payload, 0.0, twist="copy"), send
        )
        took.append(time.perf_counter() - started)
        assert status == 200
    return took


def hold(corp: Corp, number: int, time_machine: Any) -> None:
    took = storm(corp, number)
    run_pending()
    for _ in range(2):
        wait_five_minutes(time_machine)  # hidden newcomers are asked about again, and are gone
    assert InboundCallback.objects.count() == number
    assert InboundCallback.objects.filter(processed_at__isnull=True).count() == 0
    assert Event.objects.filter(kind="contact.added").count() == number // 2
    ended = sum(state != "active" for state in corp.platform_state().values())
    assert Event.objects.filter(kind="contact.lost").count() == ended
    assert our_state() == corp.platform_state()
    assert not Job.objects.filter(state="failed").exists()
    assert statistics.quantiles(took, n=100)[98] < ANSWER_SECONDS


@pytest.mark.django_db
def test_a_storm_of_callbacks(corp: Corp, time_machine: Any) -> None:
    corp.simulator.set(per_minute=1_000_000, per_hour=1_000_000)
    hold(corp, 300, time_machine)


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@pytest.mark.django_db
def test_a_storm_of_ten_thousand_callbacks(corp: Corp, time_machine: Any) -> None:
    corp.simulator.set(per_minute=1_000_000, per_hour=1_000_000)
    hold(corp, 10_000, time_machine)


@pytest.mark.django_db(transaction=True)
def test_the_welcome_is_in_time_also_while_a_synchronisation_keeps_the_bulk_lane_busy(
    simulator: SimulatorHandle, chen: User, wang: User
) -> None:
    corp = Corp(simulator)
    corp.plant("chen", *[f"客{n}" for n in range(450)])
    simulator.fault("slow", path="get_by_user", value=0.4)  # five pages: the walk takes two seconds and more
    start_sync()

    def walk() -> None:
        run_pending("bulk")
        connection.close()

    walker = threading.Thread(target=walk)
    walker.start()
    while corp.calls("batch/get_by_user") == 0:
        time.sleep(0.02)
    started = time.monotonic()
    ext = corp.add(name="小周")
    simulator.deliver(Client())
    run_pending("chat")
    seconds = time.monotonic() - started
    assert walker.is_alive()  # the walk was still under way
    greeted = [line for line in simulator.do("customer/inbox", external_userid=ext) if line["channel"] == "welcome"]
    walker.join()
    assert len(greeted) == 1
    assert seconds < WELCOME_SECONDS / 4
    assert Message.objects.get().state == MessageState.SENT
    assert Relationship.objects.filter(external_userid=ext, state="active").count() == 1


@pytest.mark.django_db
def test_a_code_that_has_expired_is_recorded_as_missed_and_not_tried_again(corp: Corp) -> None:
    ext = corp.add()
    corp.simulator.advance(21)
    corp.deliver()
    missed = Message.objects.get()
    assert (missed.state, missed.error, missed.sent_at) == (MessageState.EXPIRED, "41050", None)
    assert GatewayCall.objects.filter(api__endswith="send_welcome_msg").count() == 1
    assert not [line for line in corp.simulator.do("customer/inbox", external_userid=ext) if line["channel"] == "welcome"]
