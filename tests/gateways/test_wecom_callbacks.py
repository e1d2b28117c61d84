"""What WeCom sends us: opened when genuine, refused in one way when not. wechatpy seals, so that we do not check ourselves."""

import base64
import datetime as dt
import hashlib
import struct
import time
from urllib.parse import parse_qsl

import pytest
import xmltodict  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto

from gateways.errors import CallbackRefused
from gateways.simulator.defaults import SIM_SETTINGS
from gateways.wecom.callbacks import CallbackCrypto, dedupe_key, flatten_xml

CORP, TOKEN, KEY = (SIM_SETTINGS[name] for name in ("WECOM_CORP_ID", "WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY"))
NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
ADDED = (
    "<xml><ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1403610513</CreateTime>"
    "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_external_contact]]></Event>"
    "<ChangeType><![CDATA[add_external_contact]]></ChangeType><UserID><![CDATA[sales1]]></UserID>"
    "<ExternalUserID><![CDATA[wmAbc]]></ExternalUserID><State><![CDATA[c_7]]></State><WelcomeCode><![CDATA[W1]]></WelcomeCode></xml>"
)


class Stamps:
    """Remembers stamps as the database does."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, ...]] = set()

    def spend(self, *stamp: str) -> bool:
        known = stamp in self.seen
        self.seen.add(stamp)
        return not known


@pytest.fixture
def crypto() -> CallbackCrypto:
    return CallbackCrypto(TOKEN, KEY, CORP, Stamps().spend)


def sealed(
    message: str, *, corp: str = CORP, at: dt.datetime = NOW, nonce: str = "n0nce", token: str = TOKEN
) -> tuple[dict[str, str], bytes]:
    """A genuine callback, sealed by wechatpy: query and body."""
    timestamp = str(int(at.timestamp()))
    found = xmltodict.parse(WeChatCrypto(token, KEY, corp).encrypt_message(message, nonce, timestamp))["xml"]
    body = f"<xml><ToUserName><![CDATA[{corp}]]></ToUserName><Encrypt><![CDATA[{found['Encrypt']}]]></Encrypt></xml>"
    return {"msg_signature": found["MsgSignature"], "timestamp": timestamp, "nonce": nonce}, body.encode()


def signed(encrypt: str, *, at: dt.datetime = NOW, nonce: str = "n0nce") -> tuple[dict[str, str], bytes]:
    """Anything, with a right signature: what only someone who knows the token can make."""
    timestamp = str(int(at.timestamp()))
    signature = hashlib.sha1("".join(sorted((TOKEN, timestamp, nonce, encrypt))).encode()).hexdigest()
    body = f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()
    return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}, body


def raw(plain: bytes) -> str:
    """Encrypt bytes as they are, padding included."""
    key = base64.b64decode(KEY + "=")
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def refusal(crypto: CallbackCrypto, query: dict[str, str], body: bytes, at: dt.datetime = NOW) -> str:
    with pytest.raises(CallbackRefused) as caught:
        crypto.open_event(query, body, at)
    assert str(caught.value) == f"wecom callback refused: {caught.value.reason}"
    return caught.value.reason


class TestGenuine:
    def test_an_added_contact_becomes_plain_fields(self, crypto: CallbackCrypto) -> None:
        event = crypto.open_event(*sealed(ADDED), NOW)
        assert event.fields == {
            "ToUserName": "ww1",
            "FromUserName": "sys",
            "CreateTime": "1403610513",
            "MsgType": "event",
            "Event": "change_external_contact",
            "ChangeType": "add_external_contact",
            "UserID": "sales1",
            "ExternalUserID": "wmAbc",
            "State": "c_7",
            "WelcomeCode": "W1",
        }

    def test_chinese_and_nested_fields(self, crypto: CallbackCrypto) -> None:
        members = "<MemChangeList><Item>u1</Item><Item>u2</Item></MemChangeList>"
        message = f"<xml><Event>change_external_chat</Event><Name>亲子游 &amp; 摄影</Name>{members}</xml>"
        event = crypto.open_event(*sealed(message), NOW)
        assert event.fields == {"Event": "change_external_chat", "Name": "亲子游 & 摄影", "MemChangeList.Item": "u1,u2"}

    def test_within_five_minutes_either_way(self, crypto: CallbackCrypto) -> None:
        for number, seconds in enumerate((-300, 300)):
            query, body = sealed(ADDED, nonce=f"n{number}")
            assert crypto.open_event(query, body, NOW + dt.timedelta(seconds=seconds)).fields["UserID"] == "sales1"

    def test_the_url_check_is_answered_with_the_plain_echo(self, crypto: CallbackCrypto) -> None:
        query, body = sealed("3141592653589793")
        query["echostr"] = xmltodict.parse(body)["xml"]["Encrypt"]
        assert crypto.open_echo(query, NOW) == "3141592653589793"

    def test_the_platforms_own_example_of_the_documentation(self) -> None:
        crypto = CallbackCrypto("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7", Stamps().spend)
        query = dict(parse_qsl(
            "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780"
            "&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D"
        ))  # fmt: skip
        assert crypto.open_echo(query, dt.datetime.fromtimestamp(1409659589, dt.UTC)) == "1616140317555161061"


class TestRefused:
    def test_another_token(self, crypto: CallbackCrypto) -> None:
        assert refusal(crypto, *sealed(ADDED, token="guessed")) == "forged"

    @pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
    def test_a_changed_or_missing_query(self, crypto: CallbackCrypto, name: str) -> None:
        query, body = sealed(ADDED)
        assert refusal(crypto, {**query, name: query[name] + "1"}, body) == "forged"
        assert refusal(crypto, {**query, name: ""}, body) == "incomplete"
        assert refusal(crypto, {**query, name: "x" * 100_000}, body) == "incomplete"

    def test_a_replay(self, crypto: CallbackCrypto) -> None:
        query, body = sealed(ADDED)
        crypto.open_event(query, body, NOW)
        assert refusal(crypto, query, body) == "replayed"

    @pytest.mark.parametrize("seconds", [-301, 301, 86_400 * 30])
    def test_too_old_or_from_the_future(self, crypto: CallbackCrypto, seconds: int) -> None:
        assert refusal(crypto, *sealed(ADDED), NOW + dt.timedelta(seconds=seconds)) == "stale"

    def test_a_stamp_is_not_spent_by_a_forger(self) -> None:
        stamps = Stamps()
        crypto = CallbackCrypto(TOKEN, KEY, CORP, stamps.spend)
        refusal(crypto, *sealed(ADDED, token="guessed"))
        assert stamps.seen == set()

    def test_another_receiver(self, crypto: CallbackCrypto) -> None:
        assert refusal(crypto, *sealed(ADDED, corp="wwsomebodyelse")) == "wrong-receiver"

    def test_too_large(self, crypto: CallbackCrypto) -> None:
        assert refusal(crypto, {}, b" " * (64 * 1024 + 1)) == "too-large"

    @pytest.mark.parametrize(
        ("plain", "reason"),
        [
            (b"x" * 31 + b"\x00", "bad-padding"),
            (b"x" * 31 + b"\x21", "bad-padding"),
            (b"x" * 30 + b"\x01\x02", "bad-padding"),
            (b"\x20" * 32, "bad-length"),
            (b"r" * 16 + struct.pack(">I", 2**32 - 1) + b"\x0c" * 12, "bad-length"),
            (b"r" * 16 + struct.pack(">I", 0) + b"\x0c" * 12, "wrong-receiver"),
        ],
    )
    def test_right_signature_around_wrong_content(self, crypto: CallbackCrypto, plain: bytes, reason: str) -> None:
        assert refusal(crypto, *signed(raw(plain))) == reason

    @pytest.mark.parametrize(("encrypt", "reason"), [("%%%", "not-base64"), ("QUJD", "bad-length"), ("", "incomplete")])
    def test_right_signature_around_no_content(self, crypto: CallbackCrypto, encrypt: str, reason: str) -> None:
        assert refusal(crypto, *signed(encrypt)) == reason

    @pytest.mark.parametrize(
        ("message", "reason"),
        [
            ("<xml></xml>", "empty"),
            ("not xml", "malformed"),
            ("<xml><a></xml>", "malformed"),
            ("<xml><a>\x00</a></xml>", "malformed"),
            ('<!DOCTYPE x [<!ENTITY a "b">]><xml><a>&a;</a></xml>', "document-type"),
            ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><a>b</a></xml>', "document-type"),
            ("<xml>" + "<a>" * 9 + "</a>" * 9 + "</xml>", "too-deep"),
            ("<xml><a>&undefined;</a></xml>", "malformed"),
        ],
    )
    def test_right_signature_around_bad_xml(self, crypto: CallbackCrypto, message: str, reason: str) -> None:
        assert refusal(crypto, *sealed(message)) == reason

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"\xff\xfe", b"<xml>" * 10_000, b"<!DOCTYPE x><xml/>", b"<xml><Encrypt/></xml>"]
    )
    def test_no_envelope(self, crypto: CallbackCrypto, body: bytes) -> None:
        query, _body = sealed(ADDED)
        assert refusal(crypto, query, body) in {"malformed", "incomplete", "too-deep", "document-type"}

    @settings(deadline=None)  # the machine may be busy
    @given(
        body=st.binary(max_size=2000), signature=st.text(max_size=60), timestamp=st.text(max_size=30), nonce=st.text(max_size=60)
    )
    def test_whatever_comes_there_is_one_kind_of_error(self, body: bytes, signature: str, timestamp: str, nonce: str) -> None:
        crypto = CallbackCrypto(TOKEN, KEY, CORP, Stamps().spend)
        query = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": signature}
        with pytest.raises(CallbackRefused):
            crypto.open_event(query, body, NOW)
        with pytest.raises(CallbackRefused):
            crypto.open_echo(query, NOW)

    @settings(deadline=None)  # the machine may be busy
    @given(plain=st.binary(max_size=300).map(lambda data: data[: len(data) // 16 * 16]))
    def test_whatever_is_signed_there_is_one_kind_of_error(self, plain: bytes) -> None:
        crypto = CallbackCrypto(TOKEN, KEY, CORP, Stamps().spend)
        with pytest.raises(CallbackRefused):
            crypto.open_event(*signed(raw(plain)), NOW)


class TestDedupe:
    def test_retries_share_a_key_and_other_events_do_not(self) -> None:
        fields = flatten_xml(ADDED.encode())
        keys = {
            dedupe_key({**fields, **change})
            for change in ({}, {"CreateTime": "1403610514"}, {"UserID": "sales2"}, {"ExternalUserID": "wmB"})
        }
        assert len(keys) == 4
        assert dedupe_key({**fields, "WelcomeCode": "another"}) == dedupe_key(fields)
        assert all(len(key) == 68 and key.startswith("evt:") for key in keys)

    def test_messages_have_an_id(self) -> None:
        assert dedupe_key({"MsgId": "123456", "CreateTime": "1"}) == "msg:123456"


def test_a_wrong_key_stops_the_start() -> None:
    with pytest.raises(ValueError, match="43 characters"):
        CallbackCrypto(TOKEN, KEY[:-4], CORP, Stamps().spend)


def test_sixty_four_kilobytes_are_read_in_no_time() -> None:
    document = b"<xml>" + b"<a>b</a>" * 8_000 + b"</xml>"
    started = time.perf_counter()
    assert len(flatten_xml(document)["a"]) == 15_999
    assert time.perf_counter() - started < 0.5
