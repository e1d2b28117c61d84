"""A reply to a text message that asks for no more is a withdrawal."""

import json

import pytest
from django.conf import settings
from django.test import Client

from core.worker import run_pending
from customers.choices import Channel, IdentityKind, Purpose
from customers.models import Consent, Suppression
from customers.services.keys import phone
from customers.services.resolve import resolve
from customers.services.sms_replies import is_opt_out
from gateways.models import InboundCallback

pytestmark = pytest.mark.django_db


def push(content: str, number: str = "13800005678", token: str | None = None) -> int:
    item = {"phone_number": number, "content": content, "send_time": "2026-11-24 10:00:00"}
    url = f"/callbacks/sms?token={settings.VENDORS['SMS_CALLBACK_TOKEN'] if token is None else token}"
    return Client().post(url, json.dumps([item]), content_type="application/json").status_code


@pytest.mark.parametrize("text", ["TD", "td", "ＴＤ", "退订", " 退订。", "T", "N", "退订谢谢"])
def test_opt_out_words(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize("text", ["", "好的", "TODAY", "不退", "请问退改规则"])
def test_other_words(text: str) -> None:
    assert not is_opt_out(text)


def test_a_known_customer_withdraws_once_however_often_it_is_pushed() -> None:
    customer = resolve([phone("+8613800005678")], source="test").customer
    assert [push("TD") for _ in range(5)] == [200] * 5
    assert InboundCallback.objects.filter(source="sms").count() == 1
    run_pending("usual")
    entry = Consent.objects.get(customer=customer)
    assert (entry.purpose, entry.channel, entry.granted, entry.source) == (Purpose.MARKETING, Channel.SMS, False, "sms reply")
    assert InboundCallback.objects.filter(processed_at__isnull=True).count() == 0
    assert not Suppression.objects.exists()


def test_an_unknown_number_is_never_written_to_again() -> None:
    assert push("退订", "13900001111") == 200
    run_pending("usual")
    assert Suppression.objects.get().kind == IdentityKind.PHONE
    assert bytes(Suppression.objects.get().value_hash) == phone("+8613900001111").hash


def test_other_replies_change_nothing() -> None:
    resolve([phone("+8613800005678")], source="test")
    assert push("好的") == 200
    run_pending("usual")
    assert not Consent.objects.exists()


@pytest.mark.parametrize("token", ["", "forged", "é"])
def test_a_forged_push_is_refused(token: str) -> None:
    assert push("TD", token=token) == 403
    assert not InboundCallback.objects.exists()


@pytest.mark.parametrize(("body", "status"), [(b"", 403), (b"[1]", 403), (b"[" * 50_000, 403), (b"x" * 70_000, 413)])
def test_unreadable_pushes(body: bytes, status: int) -> None:
    url = f"/callbacks/sms?token={settings.VENDORS['SMS_CALLBACK_TOKEN']}"
    assert Client().post(url, body, content_type="application/json").status_code == status
    assert not InboundCallback.objects.exists()
