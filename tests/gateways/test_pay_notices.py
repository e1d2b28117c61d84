"""WeChat Pay's notices: opened when the platform signed these very bytes just now, refused in one way otherwise."""

import base64
import datetime as dt
import functools
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.errors import CallbackRefused
from gateways.pay.live import LivePay
from gateways.shared_state import SharedState
from gateways.simulator.defaults import PLATFORM_PRIVATE_KEY, SIM_SETTINGS
from gateways.transport import Transport
from tests.gateways.conftest import Recorder
from tests.gateways.vendor import Vendor

PAID = {
    "appid": SIM_SETTINGS["MINI_APP_ID"],
    "mchid": SIM_SETTINGS["PAY_MCH_ID"],
    "out_trade_no": "SH20261124000001",
    "transaction_id": "4200002026112400000000000001",
    "trade_state": "SUCCESS",
    "success_time": "2026-11-24T10:34:56+08:00",
    "payer": {"openid": "o1"},
    "amount": {"total": 128000, "payer_total": 128000, "currency": "CNY", "payer_currency": "CNY"},
}
REFUNDED = {
    "mchid": SIM_SETTINGS["PAY_MCH_ID"],
    "out_trade_no": "SH20261124000001",
    "transaction_id": "4200002026112400000000000001",
    "out_refund_no": "R1",
    "refund_id": "50000",
    "refund_status": "SUCCESS",
    "success_time": "2026-11-25T09:00:00+08:00",
    "amount": {"total": 128000, "refund": 28000, "payer_total": 128000, "payer_refund": 28000},
}


def platform_key() -> RSAPrivateKey:
    key = load_pem_private_key(PLATFORM_PRIVATE_KEY.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def envelope(resource: Any, event: str = "TRANSACTION.SUCCESS", **changes: Any) -> bytes:
    """A notice's body around a sealed resource."""
    plain = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    key = changes.pop("key", SIM_SETTINGS["PAY_API_V3_KEY"])
    secret = base64.b64encode(AESGCM(key.encode()).encrypt(b"0123456789ab", plain, b"transaction")).decode()
    sealed = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": secret,
        "nonce": "0123456789ab",
        "associated_data": "transaction",
        **changes,
    }
    return json.dumps(
        {"id": "n1", "event_type": event, "resource_type": "encrypt-resource", "resource": sealed}, ensure_ascii=False
    ).encode()


def headers(
    body: bytes, *, age: int = 0, key: RSAPrivateKey | None = None, nonce: str = "abc", changes: dict[str, str] | None = None
) -> dict[str, str]:
    """The headers by which the platform signs these bytes."""
    stamp = str(int(time.time()) - age)
    signature = (key or platform_key()).sign(f"{stamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    found = {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Serial": SIM_SETTINGS["PAY_PUBLIC_KEY_ID"],
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }
    return {**found, **{f"Wechatpay-{name}": value for name, value in (changes or {}).items()}}


@pytest.fixture
def pay(vendor: Vendor, state: SharedState, recorder: Recorder) -> LivePay:
    """A client that remembers stamps in memory and would ask the scripted vendor for certificates."""
    seen: set[tuple[str, ...]] = set()

    def spend(*stamp: str) -> bool:
        known = stamp in seen
        seen.add(stamp)
        return not known

    return LivePay(SIM_SETTINGS, transport=Transport("pay", base_url=vendor.url), state=state, record=recorder, spend=spend)


def refusal(pay: LivePay, found: dict[str, str], body: bytes) -> str:
    with pytest.raises(CallbackRefused) as caught:
        pay.parse_notify(found, body)
    assert caught.value.source == "pay"
    return caught.value.reason


def test_a_payment(pay: LivePay) -> None:
    body = envelope(PAID)
    notice = pay.parse_notify(headers(body), body)
    assert (notice.event_type, notice.out_trade_no, notice.trade_state) == ("TRANSACTION.SUCCESS", "SH20261124000001", "SUCCESS")
    assert (notice.transaction_id, notice.amount_fen, notice.currency) == ("4200002026112400000000000001", 128000, "CNY")
    assert notice.success_at == dt.datetime(2026, 11, 24, 2, 34, 56, tzinfo=dt.UTC)
    assert notice.is_paid


def test_a_refund_is_not_a_payment(pay: LivePay) -> None:
    body = envelope(REFUNDED, "REFUND.SUCCESS")
    notice = pay.parse_notify(headers(body), body)
    assert (notice.event_type, notice.out_refund_no, notice.trade_state, notice.amount_fen) == (
        "REFUND.SUCCESS",
        "R1",
        "SUCCESS",
        28000,
    )
    assert not notice.is_paid


def test_djangos_names_of_headers(pay: LivePay) -> None:
    body = envelope(PAID)
    meta = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers(body).items()}
    assert pay.parse_notify({**meta, "wsgi.version": (1, 0)}, body).amount_fen == 128000  # type: ignore[dict-item]


def test_every_byte_counts(pay: LivePay) -> None:
    body = envelope(PAID)
    assert refusal(pay, headers(body), json.dumps(json.loads(body)).encode() + b" ") == "forged"


def test_a_replay(pay: LivePay) -> None:
    body = envelope(PAID)
    found = headers(body)
    pay.parse_notify(found, body)
    assert refusal(pay, found, body) == "replayed"


@pytest.mark.parametrize("age", [301, -330, 86_400])
def test_signed_too_long_ago_or_ahead(pay: LivePay, age: int) -> None:
    body = envelope(PAID)
    assert refusal(pay, headers(body, age=age), body) == "stale"


def test_signed_by_somebody_else(pay: LivePay) -> None:
    body = envelope(PAID)
    assert refusal(pay, headers(body, key=generate_private_key(65537, 2048)), body) == "forged"


def test_the_platforms_probe_must_fail(pay: LivePay) -> None:
    body = envelope(PAID)
    found = headers(body)
    assert refusal(pay, {**found, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + found["Wechatpay-Signature"]}, body) == "forged"


@pytest.mark.parametrize("name", ["Timestamp", "Nonce", "Signature", "Serial"])
def test_a_missing_header(pay: LivePay, name: str) -> None:
    body = envelope(PAID)
    assert refusal(pay, headers(body, changes={name: ""}), body) == "incomplete"


def test_another_algorithm_of_signature(pay: LivePay) -> None:
    body = envelope(PAID)
    assert refusal(pay, headers(body, changes={"Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}), body) == "incomplete"


def test_an_unknown_serial_asks_for_certificates_once(pay: LivePay, vendor: Vendor) -> None:
    body = envelope(PAID)
    for number in range(3):
        assert (
            refusal(pay, headers(body, nonce=f"n{number}", changes={"Serial": "5157F09EFDC096DE15EBE81A47057A7200000000"}), body)
            == "unknown-serial"
        )
    assert refusal(pay, headers(body, changes={"Serial": "../../etc"}), body) == "unknown-serial"
    assert [seen.path for seen in vendor.seen] == ["/api.mch.weixin.qq.com/v3/certificates"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (envelope({**PAID, "mchid": "1900000002"}), "wrong-receiver"),
        (envelope({**PAID, "appid": "wx_somebody_else"}), "wrong-receiver"),
        (envelope(PAID, key="k" * 32), "unreadable"),
        (envelope(PAID, associated_data="other"), "unreadable"),
        (envelope(PAID, algorithm="AEAD_SM4_GCM"), "unknown-algorithm"),
        (envelope(PAID, ciphertext="%%"), "unreadable"),
        (envelope(PAID, nonce=""), "unreadable"),
        (envelope(b"[1]"), "unreadable"),
        (envelope(b"not json"), "unreadable"),
        (envelope(b"[" * 100_00), "unreadable"),
        (envelope({**PAID, "amount": {"total": -1}}), "unreadable"),
        (envelope({**PAID, "amount": {"total": 1.5}}), "unreadable"),
        (envelope({**PAID, "amount": {"total": True}}), "unreadable"),
        (envelope({**PAID, "amount": []}), "unreadable"),
        (envelope({**PAID, "success_time": "yesterday"}), "unreadable"),
        (envelope({**PAID, "success_time": "2026-11-24T10:34:56"}), "unreadable"),
        (b'{"resource": null}', "unreadable"),
        (b"[]", "unreadable"),
        (b"", "unreadable"),
        (b"x" * 65_537, "too-large"),
    ],
)
def test_rightly_signed_but_not_for_us_or_not_readable(pay: LivePay, body: bytes, reason: str) -> None:
    assert refusal(pay, headers(body), body) == reason


@functools.cache
def lonely_client() -> LivePay:
    """Reading its keys takes a while; it reaches nobody."""
    state = SharedState("redis://127.0.0.1:1", "x")
    return LivePay(SIM_SETTINGS, transport=Transport("pay", base_url="http://127.0.0.1:1"), state=state)


@settings(deadline=None)  # the machine may be busy
@given(body=st.binary(max_size=500), values=st.lists(st.text(max_size=50), min_size=5, max_size=5))
def test_whatever_comes_there_is_one_kind_of_error(body: bytes, values: list[str]) -> None:
    names = ("Timestamp", "Nonce", "Signature", "Serial", "Signature-Type")
    with pytest.raises(CallbackRefused):
        lonely_client().parse_notify({f"Wechatpay-{name}": value for name, value in zip(names, values, strict=True)}, body)
