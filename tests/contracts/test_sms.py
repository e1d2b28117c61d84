"""Our SMS client against the simulated Aliyun, over HTTP, its signature checked."""

from decimal import Decimal
from typing import Any

import pytest

from gateways.errors import CallbackRefused, GatewayError
from gateways.models import GatewayCall
from gateways.simulator import callbacks
from gateways.simulator.callbacks import Outgoing
from gateways.simulator.testing import SimulatorHandle
from gateways.sms import Sms, SmsReceipt, SmsReply, SmsReport, sms
from tests.contracts.caller import Application

pytestmark = pytest.mark.django_db
PHONE = "13800000001"


@pytest.fixture
def client(simulator: SimulatorHandle) -> Sms:
    """The client the settings choose."""
    return sms()


def send(client: Sms, **changes: Any) -> SmsReceipt:
    message = {
        "phone": PHONE,
        "template": "SMS_100000001",
        "params": {"name": "陈女士", "trip": "云南*亲子~6日"},
        "out_id": "msg:7",
    }
    return client.send(**{**message, **changes})


def pushed(simulator: SimulatorHandle) -> list[Outgoing]:
    application = Application()
    callbacks.deliver_due(simulator.world, application)
    return application.received


def test_a_message_its_report_and_the_answer(client: Sms, simulator: SimulatorHandle) -> None:
    receipt = send(client)
    assert receipt.biz_id
    (kept,) = simulator.world.state.sms
    assert (kept.phone, kept.template_code, kept.params) == (PHONE, "SMS_100000001", {"name": "陈女士", "trip": "云南*亲子~6日"})
    simulator.advance(3)
    (report,) = pushed(simulator)
    (found,) = client.parse_callback(report.query, report.body)
    assert isinstance(found, SmsReport)
    assert (found.biz_id, found.out_id, found.delivered, found.error) == (receipt.biz_id, "msg:7", True, "")
    simulator.do("customer/sms_reply", phone=PHONE, text="TD")
    (push,) = pushed(simulator)
    (reply,) = client.parse_callback(push.query, push.body)
    assert isinstance(reply, SmsReply)
    assert (reply.phone, reply.content) == (PHONE, "TD")


def test_the_call_is_noted_with_its_cost_and_without_the_number(client: Sms) -> None:
    receipt = send(client, phone=f"+86{PHONE}")
    (row,) = GatewayCall.objects.all()
    assert (row.vendor, row.api, row.outcome, row.cost_amount, row.request_id) == (
        "sms",
        "SendSms",
        "ok",
        Decimal("0.045"),
        receipt.request_id,
    )
    assert PHONE not in str(list(GatewayCall.objects.values()))


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"phone": "12345"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"template": "nothing"}, "isv.SMS_TEMPLATE_ILLEGAL"),
    ],
)
def test_what_the_vendor_refuses(client: Sms, changes: dict[str, str], errcode: str) -> None:
    with pytest.raises(GatewayError) as caught:
        send(client, **changes)
    assert (caught.value.errcode, caught.value.retryable, caught.value.ambiguous) == (errcode, False, False)
    assert "12345" not in str(caught.value)


def test_too_many_to_one_number_are_parked(client: Sms) -> None:
    send(client, template="SMS_CODE_1")
    with pytest.raises(GatewayError) as caught:
        send(client, template="SMS_CODE_1")
    assert (caught.value.errcode, caught.value.retry_in_seconds) == ("isv.BUSINESS_LIMIT_CONTROL", 3600)


def test_an_empty_account(client: Sms, simulator: SimulatorHandle) -> None:
    simulator.set(sms_balance=0)
    with pytest.raises(GatewayError, match=r"sms SendSms: isv\.AMOUNT_NOT_ENOUGH"):
        send(client)


@pytest.mark.parametrize(("kind", "errcode"), [("reset", "unreachable"), ("html", "bad-answer"), ("lost_reply", "unreachable")])
def test_a_lost_answer_may_have_been_a_message(client: Sms, simulator: SimulatorHandle, kind: str, errcode: str) -> None:
    simulator.fault(kind, host="dysmsapi", times=1)
    with pytest.raises(GatewayError) as caught:
        send(client)
    assert (caught.value.errcode, caught.value.ambiguous) == (errcode, True)


def test_a_forged_push_is_refused(client: Sms, simulator: SimulatorHandle) -> None:
    application = Application()
    callbacks.forge(simulator.world, "sms", "bad_signature", application)
    with pytest.raises(CallbackRefused):
        client.parse_callback(application.received[0].query, application.received[0].body)
