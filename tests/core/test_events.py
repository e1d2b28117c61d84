import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.db import connection

from core import clock
from core.event_types import FACTS, OrderPaid, from_props, to_props
from core.events import record
from core.models import Event
from core.services import ensure_event_partitions


@pytest.mark.django_db
def test_a_fact_is_appended_once_whatever_its_time() -> None:
    paid = OrderPaid(customer_id=1, order_id=7, amount=Decimal("12.30"))
    assert record(paid, key="order.paid:7") is True
    assert record(paid, key="order.paid:7", occurred_at=clock.now() + dt.timedelta(days=40)) is False
    assert Event.objects.filter(kind="order.paid").values_list("props", "customer_id").get() == (
        {"customer_id": 1, "order_id": 7, "amount": "12.30"}, 1,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_one_key_append_once() -> None:
    outcomes: list[bool] = []
    barrier = threading.Barrier(8)

    def write() -> None:
        barrier.wait()
        try:
            outcomes.append(record(OrderPaid(1, 7, Decimal("1.00")), key="order.paid:7"))
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]
    assert Event.objects.filter(kind="order.paid").count() == 1


def test_facts_survive_the_log_and_unknown_fields_of_newer_code() -> None:
    paid = OrderPaid(1, 7, Decimal("12.30"))
    assert from_props("order.paid", {**to_props(paid), "added_later": 1}) == paid


def test_every_kind_is_a_noun_and_what_happened() -> None:
    assert all(kind.count(".") == 1 and kind.islower() for kind in FACTS)


@pytest.mark.django_db
def test_partitions_are_made_ahead_and_take_in_what_an_import_left_outside() -> None:
    far = dt.datetime(2031, 5, 3, tzinfo=dt.UTC)
    record(OrderPaid(1, 7, Decimal("1.00")), key="order.paid:7", occurred_at=far)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM core_event")
        assert cursor.fetchone() == ("core_event_default",)
        cursor.execute("SELECT core_ensure_event_partitions('2031-05-01', '2031-05-31')")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT tableoid::regclass::text FROM core_event")
        assert cursor.fetchone() == ("core_event_203105",)
    ensure_event_partitions()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('core_event_' || to_char(now() + interval '3 months', 'YYYYMM')) IS NOT NULL")
        assert cursor.fetchone() == (True,)
