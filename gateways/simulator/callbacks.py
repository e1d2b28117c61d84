"""Callbacks to the application: a queue by virtual time, real crypto, retries, duplicates, late and lost ones.

A callback is built (timestamp, nonce, signature) at the moment it is sent, because the application rejects stale ones.
Due times are virtual: `advance` delivers what became due; a frozen clock holds back what is not due yet.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import requests

from gateways.simulator import wecom_crypto
from gateways.simulator.clock import rfc3339
from gateways.simulator.exchange import Json
from gateways.simulator.faults import FORGERIES, FaultRule
from gateways.simulator.journal import Entry, clipped, without_secrets
from gateways.simulator.pay import NOTIFY_RETRIES, settle_refunds, signature_headers
from gateways.simulator.pay_crypto import encrypt as pay_encrypt
from gateways.simulator.state import Delivery
from gateways.simulator.world import World

WECOM_RETRIES = (5.0, 5.0, 5.0)
SMS_RETRIES = (60.0, 60.0)
ANSWER_SECONDS = 5.0
WORKERS = 4
_RETRIES: dict[str, tuple[float, ...]] = {"wecom": WECOM_RETRIES, "pay": NOTIFY_RETRIES, "sms": SMS_RETRIES}
VENDORS: dict[str, Literal["wecom", "pay", "sms"]] = {"wecom": "wecom", "pay": "pay", "sms": "sms"}
_PATHS = {"wecom": "/callbacks/wecom", "sms": "/callbacks/sms", "pay": "/callbacks/pay"}


@dataclass(slots=True)
class Outgoing:
    """A callback ready to be sent."""

    url: str
    body: bytes
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


Transport = Callable[[Outgoing], tuple[int, str]]
_sessions = threading.local()


def over_http(outgoing: Outgoing) -> tuple[int, str]:
    """Send over HTTP; the status and the beginning of the answer. 0 when nobody answered within five seconds."""
    session = getattr(_sessions, "session", None)
    if session is None:
        session = _sessions.session = requests.Session()
        session.trust_env = False
    try:
        reply = session.request(
            outgoing.method,
            outgoing.url,
            params=outgoing.query,
            data=outgoing.body,
            headers=outgoing.headers,
            timeout=ANSWER_SECONDS,
        )
    except requests.RequestException as error:
        return 0, type(error).__name__
    return reply.status_code, reply.text[:2000]


def wecom_event(world: World, event: str, change_type: str, at: int | None = None, /, **fields: str) -> None:
    """Queue an event of WeCom for the application, of the second `at` (now by default). Empty fields are left out."""
    moment = at or world.wall()
    head = {"ToUserName": world.setting("WECOM_CORP_ID"), "FromUserName": "sys", "CreateTime": moment, "MsgType": "event"}
    payload: Json = {**head, "Event": event, "ChangeType": change_type, **{k: v for k, v in fields.items() if v}}
    world.callback(Delivery(0, "wecom", "", payload, world.now() + world.state.config.callback_delay))


def build(world: World, delivery: Delivery) -> Outgoing | None:
    """The callback as bytes; None while nobody has said where the application lives."""
    url = delivery.url or (world.state.config.public_url and world.state.config.public_url + _PATHS[delivery.vendor])
    if not url:
        return None
    return {"wecom": _build_wecom, "pay": _build_pay, "sms": _build_sms}[delivery.vendor](world, url, delivery)


def _build_wecom(world: World, url: str, delivery: Delivery) -> Outgoing:
    receiver = "ww_somebody_else" if delivery.twist == "wrong_receiver" else world.setting("WECOM_CORP_ID")
    message, spoilt = wecom_crypto.to_xml(delivery.payload), delivery.twist == "bad_padding"
    key, prefix = world.setting("WECOM_CALLBACK_AES_KEY"), world.letters(16).encode()
    encrypted = wecom_crypto.encrypt(key, prefix, message, receiver, bad_padding=spoilt)
    outer: Json = {"ToUserName": world.setting("WECOM_CORP_ID"), "AgentID": world.setting("WECOM_AGENT_ID"), "Encrypt": encrypted}
    query = wecom_query(world, encrypted, delivery.twist)
    return Outgoing(url, wecom_crypto.to_xml(outer).encode(), query, {"Content-Type": "text/xml"})


def wecom_query(world: World, encrypted: str, twist: str = "") -> dict[str, str]:
    """The signed query of a WeCom callback; `twist` spoils it in a chosen way."""
    stamp = str(int(time.time()) - (86_400 if twist == "stale" else 0))
    nonce = world.letters(100_000 if twist == "huge_nonce" else 16)
    sign = wecom_crypto.signature(world.setting("WECOM_CALLBACK_TOKEN"), stamp, nonce, encrypted)
    if twist == "bad_signature":
        sign = sign[::-1]
    return {"msg_signature": sign, "timestamp": stamp, "nonce": nonce}


def _build_pay(world: World, url: str, delivery: Delivery) -> Outgoing:
    kind = "transaction" if delivery.payload["event_type"].startswith("TRANSACTION") else "refund"
    nonce = world.letters(12)
    plain = json.dumps(delivery.payload["resource"], ensure_ascii=False).encode()
    resource = {"original_type": kind, "algorithm": "AEAD_AES_256_GCM", "associated_data": kind, "nonce": nonce}
    resource["ciphertext"] = pay_encrypt(world.setting("PAY_API_V3_KEY"), nonce, kind, plain)
    head = {"id": delivery.payload["notice"], "create_time": delivery.payload["create_time"], "resource_type": "encrypt-resource"}
    whole = {**head, "event_type": delivery.payload["event_type"], "summary": "通知", "resource": resource}
    body = json.dumps(whole, ensure_ascii=False).encode()
    headers = signature_headers(world, body, 86_400 if delivery.twist == "stale" else 0)
    if delivery.twist in FORGERIES and delivery.twist != "stale":
        headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
    return Outgoing(url, body, {}, {"Content-Type": "application/json", **headers})


def _build_sms(world: World, url: str, delivery: Delivery) -> Outgoing:
    body = json.dumps(delivery.payload["items"], ensure_ascii=False).encode()
    token = "forged" if delivery.twist in FORGERIES else world.setting("SMS_CALLBACK_TOKEN")
    return Outgoing(url, body, {"token": token}, {"Content-Type": "application/json"})


def take_due(world: World) -> Delivery | None:
    """The next callback whose time has come, taken out of the queue; None when nothing is due. Faults strike here."""
    with world.lock:
        settle_refunds(world)
        while (delivery := world.next_due()) and delivery.due_after <= world.now():
            del world.state.deliveries[delivery.id]
            if delivery.attempts or delivery.twist or _survives(world, delivery):
                return delivery
        return None


def next_due_seconds(world: World) -> float | None:
    """Seconds until the next callback or refund is due; None when nothing waits or the clock stands still."""
    with world.lock:
        if world.clock.frozen:
            return None
        times = [r.settles_after for r in world.state.refunds.values() if r.status == "PROCESSING"]
        if delivery := world.next_due():
            times.append(delivery.due_after)
        return max(min(times) - world.now(), 0.0) if times else None


def _survives(world: World, delivery: Delivery) -> bool:
    """Let a fault rule strike a callback at its first attempt; whether it goes out now."""
    fault = world.faults.pick("callback", delivery.vendor, _subject(delivery))
    return fault is None or _strike(world, delivery, fault)


def _subject(delivery: Delivery) -> str:
    payload = delivery.payload
    return str(payload.get("ChangeType") or payload.get("event_type") or payload.get("kind", ""))


def _strike(world: World, delivery: Delivery, fault: FaultRule) -> bool:
    if fault.kind == "drop":
        world.note("console", f"callback {delivery.vendor}", "dropped by a fault rule")
        return False
    if fault.kind == "delay":
        world.callback(replace(delivery, due_after=world.now() + fault.number(30), twist="late"))
        return False
    if fault.kind == "duplicate":
        for _ in range(int(fault.number(2)) - 1):
            world.callback(replace(delivery, id=0, due_after=world.now(), twist="copy"))
    else:
        delivery.twist = fault.kind
    return True


def send(world: World, delivery: Delivery, transport: Transport) -> int:
    """Send one callback, journal it, and queue the next attempt when it was not accepted. The HTTP status."""
    with world.lock:
        outgoing = build(world, delivery)
    if outgoing is None:
        return _put_off(world, delivery)
    started = time.perf_counter()
    status, reply = transport(outgoing)
    with world.lock:
        _journal(world, delivery, outgoing, status, reply, (time.perf_counter() - started) * 1000)
        if accepted(delivery.vendor, status):
            world.count(f"callbacks.{delivery.vendor}")
        elif delivery.twist not in FORGERIES:
            _try_again(world, delivery)
        world.changed()
    return status


def accepted(vendor: str, status: int) -> bool:
    """Whether the application took a callback, by the vendor's rule."""
    return status == 200 or (vendor == "pay" and status == 204)


def _put_off(world: World, delivery: Delivery) -> int:
    with world.lock:
        delivery.due_after = world.now() + 5
        world.callback(delivery)
    return 0


def _try_again(world: World, delivery: Delivery) -> None:
    retries = _RETRIES[delivery.vendor]
    if delivery.attempts >= len(retries):
        world.note("console", f"callback {delivery.vendor}", f"gave up after {delivery.attempts + 1} attempts")
        return
    delivery.due_after = world.now() + retries[delivery.attempts]
    delivery.attempts += 1
    world.callback(delivery)


def _journal(world: World, delivery: Delivery, outgoing: Outgoing, status: int, reply: str, took_ms: float) -> None:
    path = "/" + outgoing.url.split("/", 3)[-1] if outgoing.url.count("/") >= 3 else outgoing.url
    readable = json.dumps(delivery.payload, ensure_ascii=False)
    params = without_secrets({name: value[:64] for name, value in outgoing.query.items()})
    entry = Entry("callback", delivery.vendor, outgoing.method, path, params)
    entry.body, entry.status, entry.reply, entry.took_ms = clipped(readable), status, clipped(reply), round(took_ms, 1)
    entry.code = str(status)
    entry.at, entry.virtual_at, entry.fault = world.clock.wall(), world.now(), delivery.twist
    again = f" · attempt {delivery.attempts + 1}" if delivery.attempts else ""
    fooled = " · accepted a forgery!" if delivery.twist in FORGERIES and accepted(delivery.vendor, status) else ""
    entry.note = _subject(delivery) + again + fooled
    world.journal.add(entry)


def deliver_due(world: World, transport: Transport = over_http) -> int:
    """Send everything that is due, here and now; how many were sent."""
    sent = 0
    while delivery := take_due(world):
        send(world, delivery, transport)
        sent += 1
    return sent


def forge(world: World, vendor: str, twist: str, transport: Transport = over_http) -> int:
    """Send a callback that must be refused; the application's HTTP status."""
    if twist not in FORGERIES:
        raise ValueError(f"no forgery {twist!r}")
    with world.lock:
        world.state.serial += 1
        delivery = Delivery(world.state.serial, VENDORS[vendor], "", _forged_payload(world, vendor), world.now(), twist=twist)
    return send(world, delivery, transport)


def _forged_payload(world: World, vendor: str) -> Json:
    if vendor == "pay":
        resource = {"out_trade_no": "FORGED0001", "trade_state": "SUCCESS", "amount": {"total": 1}}
        made_at, notice = rfc3339(world.wall()), world.new_id("", 36)
        return {"event_type": "TRANSACTION.SUCCESS", "resource": resource, "create_time": made_at, "notice": notice}
    if vendor == "sms":
        return {"kind": "up", "items": [{"phone_number": "13800000000", "content": "TD", "send_time": "2026-01-01 00:00:00"}]}
    head = {"ToUserName": world.setting("WECOM_CORP_ID"), "FromUserName": "sys", "CreateTime": world.wall(), "MsgType": "event"}
    ids = {"UserID": "forged", "ExternalUserID": "forged"}
    return {**head, "Event": "change_external_contact", "ChangeType": "del_follow_user", **ids}


def verify_url(world: World, transport: Transport = over_http) -> tuple[bool, str]:
    """What the admin console does when the callback address is saved: GET with an encrypted echo, plain text back."""
    with world.lock:
        secret = world.letters(20)
        encrypted = wecom_crypto.encrypt(
            world.setting("WECOM_CALLBACK_AES_KEY"), world.letters(16).encode(), secret, world.setting("WECOM_CORP_ID")
        )
        query = {**wecom_query(world, encrypted), "echostr": encrypted}
        url = world.state.config.public_url + _PATHS["wecom"]
    status, reply = transport(Outgoing(url, b"", query, {}, "GET"))
    return status == 200 and reply == secret, reply[:200] or str(status)


class Deliverer:
    """A few threads that send callbacks as they become due."""

    def __init__(self, world: World, transport: Transport = over_http, workers: int = WORKERS) -> None:
        self.world, self.transport = world, transport
        self._stopping = False
        self._threads = [threading.Thread(target=self._run, name=f"callbacks-{n}", daemon=True) for n in range(workers)]

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the callbacks under way and end."""
        with self.world.lock:
            self._stopping = True
            self.world.doorbell.notify_all()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 1)

    def _run(self) -> None:
        while not self._stopping:
            delivery = self._take()
            if delivery is not None:
                send(self.world, delivery, self.transport)

    def _take(self) -> Delivery | None:
        with self.world.lock:
            delivery = take_due(self.world)
            if delivery is None and not self._stopping:
                seconds = next_due_seconds(self.world)
                self.world.doorbell.wait(min(seconds, 1.0) if seconds is not None else 1.0)
            return delivery
