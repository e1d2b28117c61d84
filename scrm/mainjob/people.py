"""Customers: they scan an advisor's code, browse, receive a card, open it, order and pay."""

import dataclasses
import datetime as dt
import random
import uuid
from typing import Any

from scrm.mainjob.http import MiniProgram, Simulator, Wrong, until

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = ("雨桐", "子墨", "思远", "一诺", "晨曦", "若溪", "景行", "知夏", "安然", "沐阳", "清越", "南风")


@dataclasses.dataclass
class Person:
    """One customer of the story, with what the story wants of them."""

    number: int
    name: str
    advisor: str
    is_friend: bool
    has_consent: bool
    is_interested: bool
    phone: MiniProgram
    external_userid: str = ""
    openid: str = ""
    public_id: str = ""
    card: str = ""
    paid_fen: int = 0
    order_no: str = ""


@dataclasses.dataclass(frozen=True)
class Traits:
    """What the story wants of a person."""

    is_friend: bool
    has_consent: bool
    is_interested: bool


def make_person(number: int, advisor: str, random_: random.Random, url: str, traits: Traits) -> Person:
    """A person with a plausible name."""
    name = random_.choice(SURNAMES) + random_.choice(GIVEN)
    return Person(number, name, advisor, traits.is_friend, traits.has_consent, traits.is_interested, MiniProgram(url))


def arrive(person: Person, simulator: Simulator) -> None:
    """Scan the advisor's code (friends only), open the mini-program, agree to offers (or leave the question open)."""
    if person.is_friend:
        person.external_userid = simulator.do("customer/add", userid=person.advisor, name=person.name)["external_userid"]
    until(lambda: _log_in(person, simulator), f"customer {person.number} logs in")
    if person.has_consent:
        decision = {"purpose": "marketing", "channel": "any", "granted": True, "text_version": "1"}
        person.phone.post("consents", decision, expect=201)


def _log_in(person: Person, simulator: Simulator) -> bool:
    """One try to log in: WeChat's code is good once, so a new try takes a new code."""
    opened = simulator.do("customer/login_code", who=person.openid or person.external_userid, nickname=person.name)
    person.openid = opened["openid"]
    try:
        answer = person.phone.try_once("auth/login", {"code": opened["js_code"]})
    except (OSError, Wrong):
        return False
    person.phone.token, person.public_id = answer["token"], answer["customer"]["id"]
    return True


def browse(person: Person, wanted: list[str], others: list[str], mark: str, random_: random.Random) -> int:
    """Post a batch of events, once more as a bad network would, and one that must be refused; how many were accepted."""
    now = dt.datetime.now(dt.UTC)
    codes = wanted if person.is_interested else others
    events = [_event("product.viewed", now, {"product": code}) for code in (codes * 4)[:4]]
    events += [_event("product.favorited", now, {"product": codes[0]}), _event("product.searched", now, {"query": mark})]
    if person.is_interested:
        events.append(_event("product.searched", now, {"query": random_.choice(("带娃", "遛娃", "亲子酒店"))}))
    events += [_event("page.viewed", now, {"title": "首页"}) for _ in range(random_.randrange(3))]
    future = _event("product.viewed", now + dt.timedelta(days=3), {"product": codes[0]})
    results = person.phone.post("events:batch", {"events": [*events, future]})["results"]
    again = person.phone.post("events:batch", {"events": events})["results"]
    refused = [one["code"] for one in results if one["status"] == "rejected"]
    if refused != ["future"] or any(one["status"] != "duplicate" for one in again):
        raise AssertionError(f"events of {person.number}: {results} then {again}")
    return len(events)


def _event(kind: str, before: dt.datetime, props: dict[str, Any]) -> dict[str, Any]:
    at = before if before > dt.datetime.now(dt.UTC) else before - dt.timedelta(seconds=random.randrange(5, 3000))  # noqa: S311
    return {"id": str(uuid.uuid4()), "kind": kind, "occurred_at": at.isoformat(), "props": props}


def find_card(person: Person, simulator: Simulator, title: str) -> str:
    """The touch token of the card with this title on the customer's phone; empty when none came."""
    for line in simulator.do("customer/inbox", who=person.external_userid):
        for attachment in line.get("attachments", ()):
            card = attachment.get("miniprogram", {})
            if card.get("title") == title and "touch=" in card.get("page", ""):
                return str(card["page"].split("touch=")[1].split("&")[0])
    return ""


def open_card(person: Person, product: str) -> None:
    """Tap the card: the mini-program shows the product and tells us which touch it was."""
    person.phone.post(f"touches/{person.card}/open", {}, expect=200)
    person.phone.get(f"products/{product}")


def order_and_pay(person: Person, simulator: Simulator, product: str) -> None:
    """Order the first date with room, pay on the phone, wait until the order says so; what was paid, in fen, is remembered."""
    children = person.number % 2
    body = {"product": product, "departs_on": _departure(person, product, 2 + children), "adults": 2, "children": children}
    order = person.phone.post("orders", body | ({"touch": person.card} if person.card else {}), expect=201)
    person.order_no = order["no"]
    sheet = person.phone.post(f"orders/{order['no']}/pay", {})
    simulator.do("pay/confirm", prepay_id=sheet["package"].removeprefix("prepay_id="))
    paid = until(lambda: _paid(person), f"order {order['no']} is paid")
    person.paid_fen = int(paid["paid"])


def _departure(person: Person, product: str, seats: int) -> str:
    """The first date with room for so many: chosen when it is needed, for others buy meanwhile."""
    day = dt.date.today()  # noqa: DTZ011 - a month to begin looking in
    for offset in range(12):
        month = f"{day.year + (day.month - 1 + offset) // 12}-{(day.month - 1 + offset) % 12 + 1:02}"
        for date in person.phone.get(f"products/{product}/calendar?month={month}")["days"]:
            if date["seats_left"] >= seats and not date.get("is_closed"):
                return str(date["date"])
    raise Wrong(f"{product} has no departure with {seats} seats")


def _paid(person: Person) -> Any:
    order = person.phone.get(f"orders/{person.order_no}")
    return order if order["state"] == "paid" else None
