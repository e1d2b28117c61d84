"""The border's tables: calls noted, callbacks kept once, stamps spent once, old rows forgotten."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from core import clock
from gateways.errors import GatewayError
from gateways.models import GatewayCall, InboundCallback, UsedNonce
from gateways.queries import callback_fields
from gateways.services import (
    mark_callback_failed,
    mark_callback_processed,
    prune_gateway_log,
    record_call,
    spend_stamp,
    store_callback,
)

pytestmark = pytest.mark.django_db


class TestCalls:
    def test_a_call_that_worked(self) -> None:
        with record_call("sms", "SendSms") as note:
            note.cost_amount, note.request_id = Decimal("0.045"), "F655A8D5"
        row = GatewayCall.objects.get()
        assert (row.vendor, row.api, row.outcome, row.errcode) == ("sms", "SendSms", "ok", "")
        assert (row.cost_amount, row.request_id) == (Decimal("0.045000"), "F655A8D5")
        assert 0 <= row.duration_ms < 1000
        assert abs((clock.now() - row.started_at).total_seconds()) < 5

    @pytest.mark.parametrize(("ambiguous", "outcome"), [(False, "refused"), (True, "uncertain")])
    def test_a_call_that_failed(self, ambiguous: bool, outcome: str) -> None:
        with pytest.raises(GatewayError), record_call("wecom", "gettoken"):
            raise GatewayError("wecom", "gettoken", 40001, ambiguous=ambiguous, request_id="hint1")
        row = GatewayCall.objects.get()
        assert (row.outcome, row.errcode, row.request_id) == (outcome, "40001", "hint1")

    def test_a_broken_transaction_of_the_caller_does_not_fail_the_call(self, caplog: pytest.LogCaptureFixture) -> None:
        with transaction.atomic():
            with pytest.raises(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT no_such_column")
            with record_call("pay", "query") as note:
                note.request_id = "r1"
            transaction.set_rollback(True)
        assert "a gateway call was not noted in the database" in caplog.text
        assert GatewayCall.objects.count() == 0

    def test_a_caller_who_rolls_back_leaves_a_log_line(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(GatewayError), transaction.atomic(), record_call("wecom", "externalcontact/add_msg_template"):
            raise GatewayError("wecom", "externalcontact/add_msg_template", "timeout", ambiguous=True)
        assert GatewayCall.objects.count() == 0
        assert "gateway call wecom externalcontact/add_msg_template uncertain timeout (" in caplog.text


class TestCallbacks:
    def test_the_first_is_kept_and_its_retries_are_not(self) -> None:
        body = json.dumps({"UserID": "sales1", "Name": "张三"}, ensure_ascii=False)
        first = store_callback(source="wecom", dedupe_key="evt:1", body=body, kind="change_external_contact/add_external_contact")
        assert first is not None
        assert store_callback(source="wecom", dedupe_key="evt:1", body="{}") is None
        assert store_callback(source="pay", dedupe_key="evt:1", body="{}") is not None
        assert callback_fields(first) == {"UserID": "sales1", "Name": "张三"}
        row = InboundCallback.objects.get(pk=first)
        assert (row.kind, row.processed_at, row.error) == ("change_external_contact/add_external_contact", None, "")
        assert b"sales1" not in bytes(row.body)

    def test_its_work_is_marked_once(self) -> None:
        callback_id = store_callback(source="wecom", dedupe_key="evt:1", body="{}")
        assert callback_id is not None
        mark_callback_failed(callback_id, "x" * 300)
        assert InboundCallback.objects.get().error == "x" * 200
        mark_callback_processed(callback_id)
        done_at = InboundCallback.objects.get().processed_at
        assert done_at is not None
        mark_callback_failed(callback_id, "too late")
        row = InboundCallback.objects.get()
        assert (row.processed_at, row.error) == (done_at, "")


class TestStamps:
    def test_a_stamp_is_spent_once_per_source(self) -> None:
        assert spend_stamp("wecom", "1", "2", "3") is True
        assert spend_stamp("wecom", "1", "2", "3") is False
        assert spend_stamp("wecom", "1", "23", "") is True
        assert spend_stamp("pay", "1", "2", "3") is True

    def test_a_stamp_comes_back_when_storing_fails(self) -> None:
        with transaction.atomic():
            assert spend_stamp("wecom", "1", "2", "3") is True
            transaction.set_rollback(True)
        assert spend_stamp("wecom", "1", "2", "3") is True


def test_old_rows_are_forgotten() -> None:
    now = clock.now()
    for days in (1, 89, 91):
        GatewayCall.objects.create(vendor="sms", api="x", started_at=now - dt.timedelta(days=days), duration_ms=1, outcome="ok")
    for days in (29, 31):
        received_at = now - dt.timedelta(days=days)
        InboundCallback.objects.create(source="wecom", dedupe_key=str(days), body=b"", received_at=received_at)
    for minutes in (10, 70):
        UsedNonce.objects.create(fingerprint=bytes([minutes]) * 32, seen_at=now - dt.timedelta(minutes=minutes))
    prune_gateway_log()
    assert GatewayCall.objects.count() == 2
    assert list(InboundCallback.objects.values_list("dedupe_key", flat=True)) == ["29"]
    assert [bytes(stamp.fingerprint)[0] for stamp in UsedNonce.objects.all()] == [10]
