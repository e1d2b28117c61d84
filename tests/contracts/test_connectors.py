"""The connectors against the simulated platforms, and what they bring in the log."""

import json
from typing import Any

import pytest
from django.test import Client

from core.models import Event
from core.worker import run_pending
from customers.choices import IdentityKind
from customers.models import Identity, Rejection, Source
from customers.services.connecting import check_connector, pull_due, pull_source, resync
from customers.services.sources import create_source
from gateways.connectors import connector
from gateways.models import InboundCallback
from gateways.simulator.connectors import douyin_order
from gateways.simulator.testing import SimulatorHandle
from staff.models import User

pytestmark = pytest.mark.django_db


def connect(kind: str, code: str) -> Source:
    return create_source(code=code, kind=kind, name=code, user=None)


def post(push: dict[str, Any], **headers: str) -> Any:
    return Client().post(push["path"], push["body"], content_type="application/json", headers={**push["headers"], **headers})


def test_douyin_orders_come_once_and_the_cursor_moves_with_them(simulator: SimulatorHandle, lin: User) -> None:
    source = connect("douyin_life", "douyin")
    pull_due()
    run_pending("bulk")
    source.refresh_from_db()
    first = Event.objects.filter(source="douyin").count()
    assert first == 145
    assert (source.error, source.cursor["after"].isdigit()) == ("", True)
    before = int(source.cursor["after"])
    buyers = {douyin_order(number)["open_id"] for number in range(before - 144, before + 1)}
    assert Identity.objects.filter(kind=IdentityKind.DOUYIN).count() == len(buyers)
    resync(source, from_start=True, user=lin)
    run_pending("bulk")
    source.refresh_from_db()
    assert (Event.objects.filter(source="douyin").count() - first in {0, 1}, int(source.cursor["after"]) >= before) == (
        True,
        True,
    )


def test_a_failure_is_written_on_the_source_and_the_cursor_stays(simulator: SimulatorHandle, lin: User) -> None:
    source = connect("douyin_life", "douyin")
    simulator.fault("http", path="goodlife", value=500)
    pull_source(source.pk)
    source.refresh_from_db()
    assert (bool(source.error), source.cursor, Event.objects.count()) == (True, {}, 0)


def test_a_crash_between_data_and_cursor_is_neither_lost_nor_doubled(
    simulator: SimulatorHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    from customers.services import connecting, outside

    source = connect("douyin_life", "douyin")
    judge = outside.judge

    def failing(*args: Any, **kwargs: Any) -> Any:
        judge(*args, **kwargs)
        raise MemoryError("killed")

    monkeypatch.setattr(connecting, "judge", failing)
    with pytest.raises(MemoryError):
        pull_source(source.pk)
    assert not Event.objects.filter(source="douyin").exists()
    monkeypatch.setattr(connecting, "judge", judge)
    pull_source(source.pk)
    assert Event.objects.filter(source="douyin").count() == 145


def test_douyin_webhooks(simulator: SimulatorHandle) -> None:
    connect("douyin_life", "douyin")
    check = post(simulator.do("connectors/douyin", check=True))
    assert (check.status_code, check.json()) == (200, {"challenge": 4711})
    order = simulator.do("connectors/douyin", order=3_000_000)
    assert [post(order).status_code for _ in range(5)] == [200] * 5
    assert InboundCallback.objects.filter(source="douyin").count() == 1
    assert post(order, **{"X-Douyin-Signature": "0" * 40}).status_code == 403
    assert post({**order, "body": order["body"] + " "}).status_code == 403
    assert post({**order, "headers": {"X-Douyin-Signature": order["headers"]["X-Douyin-Signature"]}}).status_code == 403
    assert post({**order, "path": "/callbacks/from/nobody"}).status_code == 403


def test_a_lead_of_xiaohongshu_is_a_customer_once(simulator: SimulatorHandle) -> None:
    connect("xiaohongshu", "xiaohongshu")
    lead = simulator.do("connectors/lead")
    assert [post(lead).status_code for _ in range(3)] == [200] * 3
    run_pending("usual")
    event = Event.objects.get(kind="lead.received")
    assert (event.props["campaign"], event.source, event.customer_id is not None) == ("春节亲子", "xiaohongshu", True)
    assert "13800005678" not in json.dumps(event.props)
    forged = {**json.loads(lead["body"]), "phone": "1", "lead_id": "other"}
    assert post({**lead, "body": json.dumps(forged)}).status_code == 403
    stale = {**json.loads(lead["body"]), "timestamp": "1"}
    assert post({**lead, "body": json.dumps(stale)}).status_code == 403


def test_an_alipay_code_becomes_an_identity(simulator: SimulatorHandle) -> None:
    connect("alipay", "alipay")
    good = {"path": "/callbacks/from/alipay", "body": json.dumps({"auth_code": "simcode0001"}), "headers": {}}
    assert post(good).status_code == 200
    run_pending("usual")
    assert Identity.objects.get().kind == IdentityKind.ALIPAY
    assert Event.objects.filter(kind="alipay.linked").count() == 1
    for bad in ("", "x", "a b c d e f g h", None, 7):
        assert post({**good, "body": json.dumps({"auth_code": bad})}).status_code == 403


def test_the_files_of_a_platform_come_in_with_their_faults_named(simulator: SimulatorHandle) -> None:
    source = connect("ota_file", "ctrip")
    pull_source(source.pk)
    source.refresh_from_db()
    assert Event.objects.filter(source="ctrip").count() == 7 * 7
    assert Rejection.objects.count() == 7
    assert source.cursor["after"].endswith(".csv")
    assert not Identity.objects.filter(kind=IdentityKind.PHONE).exists()


@pytest.mark.parametrize("kind", ["douyin_life", "xiaohongshu", "alipay", "ota_file"])
def test_health_names_what_is_wrong_and_how_to_mend_it(simulator: SimulatorHandle, settings: Any, kind: str) -> None:
    source = connect(kind, "it")
    assert [one.is_good for one in check_connector(source)] == [True] * len(check_connector(source))
    from gateways import connectors

    settings.VENDORS = {}
    connectors._build.cache_clear()
    try:
        (first, *_rest) = check_connector(source)
        assert (first.is_good, "环境" in first.fix or "environment" in first.fix) == (False, True)
    finally:
        connectors._build.cache_clear()
    assert connector("ticketing") is None
