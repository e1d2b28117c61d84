"""Erasure: nothing of the person stays, nothing brings them back, and their orders keep the books straight."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum
from redis import Redis

from campaigns.models import FollowUp
from catalog.models import Departure
from core import clock
from core.errors import Refused
from core.event_types import CustomerActive
from core.events import record
from core.models import Event, IdempotencyRecord, Job
from core.secrets import lookup_hash, seal
from customers.choices import DocumentKind, IdentityKind, RequestKind
from customers.models import (
    Customer,
    DataRequest,
    ErasedIdentity,
    Erasure,
    Favourite,
    Household,
    HouseholdMember,
    Identity,
    Note,
    Relationship,
    Traveller,
    TravellerDocument,
)  # fmt: skip
from customers.services import consents, notes, suppressions
from customers.services.erasure import delete_expired_orders, erase, erased_among, obstacles
from customers.services.erasure_list import complete_erasure_list
from orders.choices import OrderState, PaymentState
from orders.models import Order, Payment
from orders.services.placing import place_order
from staff.models import User
from staff.services import write_audit
from tests.factories import make_customer, make_token
from tests.messaging.people import make_touch
from tests.orders.conftest import departure, product

__all__ = ["departure", "product"]
pytestmark = pytest.mark.django_db

NAME, NICK, PHONE, NATIONAL = "欧阳锦瑟", "锦瑟无端五十弦", "+8613812345678", "13812345678"
OPENID, UNIONID, EXTERNAL, PASSPORT = "oErasedOpenid0001", "oErasedUnion0001", "wmErasedExternal0001", "E12345678"
TRACES = (NAME, NICK, NATIONAL, OPENID, UNIONID, EXTERNAL, PASSPORT, "锦瑟家的小宝", "她对海鲜过敏")


def hits() -> dict[str, str]:
    """Every column of every table of the database that holds one of the traces, as text or as bytes."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for table, column, kind in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            for trace in TRACES:
                wanted = trace
                if kind == "bytea":
                    wanted = "".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in trace.encode())
                cursor.execute(f'SELECT count(*) FROM "{table}" WHERE strpos({text}, %s) > 0', [wanted])
                if cursor.fetchone()[0]:
                    found[f"{table}.{column}"] = trace
    return found


@pytest.fixture
def erasures(tmp_path: Path, settings: Any) -> Path:
    """A list of erasures of this test's own."""
    settings.ERASURE_LIST = tmp_path / "kept" / "erasures.jsonl"
    return Path(settings.ERASURE_LIST)


def identify(customer: Customer, kind: str, scope: str, value: str) -> None:
    Identity.objects.create(
        customer=customer, kind=kind, scope=scope, value_hash=lookup_hash(f"{kind}:{scope}", value), value_sealed=seal(value),
        verified_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def jinse(chen: User, departure: Departure) -> Customer:
    """欧阳锦瑟, of whom every corner of the house knows something."""
    absorbed = make_customer("", nickname=NICK)
    customer = make_customer(
        NAME, nickname=NICK, name_pinyin="ouyangjinse", remark="锦瑟家的小宝", city="杭州", owner=chen, birthday=dt.date(1988, 5, 1),
        phone_masked="138****5678", department=chen.department,
    )  # fmt: skip
    Customer.objects.filter(pk=absorbed.pk).update(merged_into=customer)
    identify(customer, IdentityKind.PHONE, "", PHONE)
    identify(customer, IdentityKind.MINI_OPENID, "wx1", OPENID)
    identify(customer, IdentityKind.UNIONID, "", UNIONID)
    identify(customer, IdentityKind.EXTERNAL_USERID, "ww1", EXTERNAL)
    Relationship.objects.create(customer=customer, user=chen, external_userid=EXTERNAL, added_at=clock.now())
    traveller = Traveller.objects.create(customer=customer, name="锦瑟家的小宝", birthday=dt.date(2019, 1, 1))
    TravellerDocument.objects.create(
        traveller=traveller, kind=DocumentKind.PASSPORT, number_sealed=seal(PASSPORT), last_four="5678", consent_version="1",
        consent_source="mini", consent_at=clock.now(),
    )  # fmt: skip
    home = Household.objects.create(name=f"{NAME}一家")
    HouseholdMember.objects.create(household=home, customer=customer)
    notes.add_note(customer, author=chen, text="她对海鲜过敏")
    write_audit(chen, "customer.edited", customer, {"fields": ["name"]})
    consents.set_consent(customer, purpose="marketing", channel="any", granted=True, text_version="1", source="mini")
    suppressions.suppress_customers([customer.pk], reason="asked")
    Favourite.objects.create(customer=customer, product_code="P01", created_at=clock.now())
    record(CustomerActive(customer.pk), key=f"active:{customer.pk}")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_event (key, occurred_at, kind, customer_id, props) VALUES (%s, now(), 'product.searched', %s, %s)",
            [uuid.uuid4(), customer.pk, json.dumps({"text": f"{NAME} {NATIONAL}"})],
        )
    FollowUp.objects.create(key="k", customer=customer, assignee=chen, title=f"回访{NAME}", reason="unpaid", due_at=clock.now())
    message = make_touch(customer, chen, clock.now())
    type(message).objects.filter(pk=message.pk).update(external_userid=EXTERNAL)
    IdempotencyRecord.objects.create(scope=f"me:{customer.pk}", key="k" * 8, request_hash="x", status=200, body={"name": NAME})
    DataRequest.objects.create(
        customer=customer, kind=RequestKind.COMPLAINT, words=f"我是{NAME}", due_on=clock.today(), created_at=clock.now()
    )
    make_token(customer)
    past = place_order(customer=customer, product=departure.product, departs_on=departure.departs_on, adults=1)
    ended = clock.now() - dt.timedelta(days=30)
    Order.objects.filter(pk=past.pk).update(state=OrderState.PAID, paid_at=ended, paid_amount=past.total_amount)
    Order.objects.filter(pk=past.pk).update(state=OrderState.COMPLETED)
    Departure.objects.filter(pk=past.departure_id).update(departs_on=clock.today() - dt.timedelta(days=30))
    Payment.objects.create(
        order=past, out_trade_no="T1", transaction_id="4200001", amount=past.total_amount, openid=OPENID,
        state=PaymentState.PAID, paid_at=ended,
    )  # fmt: skip
    customer.refresh_from_db()
    return customer


def erased(customer: Customer, capture: Any, actor: User | None = None) -> Erasure:
    with capture(execute=True):
        return erase(customer, actor=actor)


def test_the_story_leaves_traces_to_find(jinse: Customer) -> None:
    assert {"customers_customer.name", "customers_note.text", "core_event.props", "orders_payment.openid"} <= set(hits())


def test_nothing_is_left_in_the_database(
    jinse: Customer, erasures: Path, lin: User, django_capture_on_commit_callbacks: Any
) -> None:
    totals = Order.objects.aggregate(total=Sum("total_amount"), paid=Sum("paid_amount"))
    done = erased(jinse, django_capture_on_commit_callbacks, lin)
    assert hits() == {}
    assert Order.objects.aggregate(total=Sum("total_amount"), paid=Sum("paid_amount")) == totals
    shell = Customer.objects.get(pk=jinse.pk)
    assert (shell.name, shell.birthday, shell.phone_masked, shell.is_personalised, shell.erased_at) == (
        "", None, "", False, done.at,
    )  # fmt: skip
    assert (shell.owner, shell.department) == (jinse.owner, jinse.department)  # the branch still sees its orders
    assert (
        Note.objects.count() == Traveller.objects.count() == TravellerDocument.objects.count() == Favourite.objects.count() == 0
    )
    assert Event.objects.filter(customer_id=jinse.pk).count() == 0
    assert not Job.objects.filter(args__contains={"props": {"customer_id": jinse.pk}}).exists()
    assert DataRequest.objects.get().customer is None


def test_tombstones_and_the_suppression_list_survive(
    jinse: Customer, erasures: Path, django_capture_on_commit_callbacks: Any, django_assert_num_queries: Any
) -> None:
    done = erased(jinse, django_capture_on_commit_callbacks)
    gone = lookup_hash("external_userid:ww1", EXTERNAL)
    with django_assert_num_queries(1):
        found = erased_among("external_userid", "ww1", [gone, lookup_hash("external_userid:ww1", "wmOther")])
    assert found == {gone: done.at}
    assert erased_among("external_userid", "ww2", [gone]) == {}
    assert erased_among("external_userid", "ww1", []) == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_suppression WHERE value_hash = %s", [lookup_hash("phone:", PHONE)])
        assert cursor.fetchone()[0] == 1
    assert ErasedIdentity.objects.count() == 4


def test_after_a_restore_the_list_erases_them_again(
    jinse: Customer, erasures: Path, lin: User, django_capture_on_commit_callbacks: Any
) -> None:
    """Rolling back to before the erasure is what a restored backup is: the list alone remembers."""
    backup = transaction.savepoint()
    erased(jinse, django_capture_on_commit_callbacks, lin)
    transaction.savepoint_rollback(backup)
    assert "customers_customer.name" in hits()
    assert Erasure.objects.count() == 0
    told = erasures.read_text()
    assert not any(trace in told for trace in TRACES)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("replay_erasures")
    assert hits() == {}
    assert Erasure.objects.count() == 1
    assert erased_among("phone", "", [lookup_hash("phone:", PHONE)])
    with django_capture_on_commit_callbacks(execute=True):
        call_command("replay_erasures", str(erasures))
    assert Erasure.objects.count() == 1


def test_who_came_back_by_their_own_act_is_not_erased_by_a_replay(
    jinse: Customer, erasures: Path, django_capture_on_commit_callbacks: Any
) -> None:
    erased(jinse, django_capture_on_commit_callbacks)
    again = make_customer("新来的")
    identify(again, IdentityKind.PHONE, "", PHONE)
    call_command("replay_erasures")
    assert Customer.objects.get(pk=again.pk).name == "新来的"


def test_a_lost_line_of_the_list_is_written_the_next_night(
    jinse: Customer, erasures: Path, django_capture_on_commit_callbacks: Any
) -> None:
    erased(jinse, django_capture_on_commit_callbacks)
    erasures.write_text('{"customer_id": 1, "tru')
    assert complete_erasure_list() == 1
    assert complete_erasure_list() == 0


def test_redis_keeps_nothing(jinse: Customer, erasures: Path, django_capture_on_commit_callbacks: Any) -> None:
    cache.set(f"seen:{OPENID}", "x", 600)
    cache.set("someone", f"{NATIONAL} and more", 600)
    cache.set("other", "nobody", 600)
    erased(jinse, django_capture_on_commit_callbacks)
    assert (cache.get(f"seen:{OPENID}"), cache.get("someone"), cache.get("other")) == (None, None, "nobody")
    with Redis.from_url(django_settings.REDIS_URL) as client:
        assert not [key for key in client.scan_iter() if OPENID.encode() in key]


def test_an_unpaid_order_and_a_trip_to_come_stand_in_the_way_and_nothing_changes(
    jinse: Customer, departure: Departure, erasures: Path
) -> None:
    Departure.objects.update(departs_on=clock.today() + dt.timedelta(days=9))
    place_order(customer=jinse, product=departure.product, departs_on=clock.today() + dt.timedelta(days=9), adults=1)
    assert [obstacle.code for obstacle in obstacles(jinse)] == ["unpaid_order"]
    booked = place_order(customer=jinse, product=departure.product, departs_on=clock.today() + dt.timedelta(days=9), adults=1)
    Order.objects.filter(pk=booked.pk).update(state=OrderState.PAID, paid_at=clock.now(), paid_amount=booked.total_amount)
    assert [obstacle.code for obstacle in obstacles(jinse)] == ["unpaid_order", "running_trip"]
    before = hits()
    with pytest.raises(Refused) as refused:
        erase(jinse, actor=None)
    assert refused.value.code == "erasure_blocked"
    assert hits() == before
    assert Erasure.objects.count() == 0


def test_the_orders_go_when_their_three_years_are_over(
    jinse: Customer, erasures: Path, django_capture_on_commit_callbacks: Any
) -> None:
    done = erased(jinse, django_capture_on_commit_callbacks)
    assert done.orders_until is not None
    assert delete_expired_orders() == 0
    assert Order.objects.count() == 1
    last_day = dt.datetime.combine(done.orders_until, dt.time(12), tzinfo=clock.SHANGHAI)
    with time_machine.travel(last_day, tick=False):
        assert delete_expired_orders() == 0
    with time_machine.travel(last_day + dt.timedelta(days=1), tick=False):
        assert delete_expired_orders() == 1
        assert delete_expired_orders() == 0
    assert (Order.objects.count(), Payment.objects.count()) == (0, 0)
    assert not Customer.objects.filter(pk=jinse.pk).exists()
    assert Erasure.objects.count() == 1
    assert Decimal(0) == (Order.objects.aggregate(total=Sum("total_amount"))["total"] or 0)
