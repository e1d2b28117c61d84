"""Other systems that are connected: a till, the gates, an OTA's order files, Douyin; and what they sent in the last day.

Everything goes through the intake that checks, resolves and counts what strangers send, so that the page of data sources
and the timelines show what it made of it.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from core.clock import SHANGHAI
from core.secrets import unseal
from customers.choices import IdentityKind
from customers.models import Customer, Identity, Source
from customers.rules import mask_phone, read_batch
from customers.services.ingest import ACCEPTED, Request, ingest
from customers.services.outside import judge
from customers.services.sources import create_key, create_source
from scrm.demo.loader.load import Story, random_of

SOURCES = (
    ("pos", "pos", "湖滨文创店收银"),
    ("gate", "gate", "湖滨景区闸机"),
    ("ota", "ota_file", "携程订单文件"),
    ("douyin", "douyin_life", "抖音门店"),
)
VISITORS = 60
_OPENS, _CLOSES = 8, 21  # Shanghai's hours
_GOODS = (("丝绸扇", "68.00"), ("龙井礼盒", "198.00"), ("明信片", "25.00"), ("桂花糕", "39.90"))
_NAMESPACE = uuid.UUID("6a9f0b55-1a7e-4c4e-8a55-6f1c2d3e4f50")


class Refused(Exception):
    """The intake did not take what the demo sends."""


def connect_sources() -> dict[str, Source]:
    """The sources by code, with keys where they sign what they send."""
    made = {code: create_source(code=code, kind=kind, name=name, user=None) for code, kind, name in SOURCES}
    for code in ("pos", "gate"):
        create_key(made[code], user=None)
    return made


def tell_of(person: Customer, sources: dict[str, Source], days: Sequence[dt.datetime], product: str) -> None:
    """One person's traces: the till knows the phone, the OTA a name and a masked phone, the mini-program the log-in.

    `days`: of the order, the sale, then of every look at the product.
    """
    number = unseal(bytes(person.identities.get(kind=IdentityKind.PHONE).value_sealed))
    stranger = {"name": person.name, "masked_phone": mask_phone(number)}
    ordered = {"number": "C-2026-7781", "product": "千岛湖骑行两日", "amount": "1280.00", "channel": "ctrip"}
    sale = {"number": "POS-99120", "shop": "湖滨文创店", "amount": "268.00"}
    _send(sources["ota"], [_item("C-2026-7781", "ota.ordered", days[0], stranger, {**ordered, "people": 3})])
    _send(sources["pos"], [_item("POS-99120", "sale.made", days[1], {"phone": number, "phone_verified": True}, sale)])
    viewed = [
        {
            "id": str(uuid.uuid5(_NAMESPACE, moment.isoformat())), "kind": "product.viewed", "occurred_at": moment.isoformat(),
            "props": {"product": product},
        }
        for moment in days[2:]
    ]  # fmt: skip
    request = Request(b"", read_batch(json.dumps({"events": viewed}).encode(), days[-1]), customer_id=person.pk)
    ingest([request])
    if set(request.statuses) != {ACCEPTED}:
        raise Refused(", ".join(item.code for item in request.items))


def tell_of_a_day(story: Story, sources: dict[str, Source]) -> int:
    """What the till and the gates sent hour by hour since yesterday, and three items nobody could take; the items sent."""
    dice = random_of(story, 21)
    found = Identity.objects.filter(kind=IdentityKind.PHONE, customer__merged_into=None).order_by("pk")[:VISITORS]
    phones = [unseal(bytes(identity.value_sealed)) for identity in found]
    sent = 0
    for hour in _hours(story.wish.at):
        gates, sales = [], []
        for place in range(int(dice.integers(2, 6))):
            at, stamp = hour + dt.timedelta(minutes=int(dice.integers(0, 55))), f"{hour:%d%H}-{place}"
            who = {"phone": phones[int(dice.integers(len(phones)))], "phone_verified": True}
            props = {"site": "湖滨景区", "gate": f"{'南北'[place % 2]}门 {1 + place % 3} 号", "people": 1 + place % 4}
            gates.append(_item(f"G{stamp}", "gate.entered", at, who, props))
            if place % 2:
                goods, amount = _GOODS[int(dice.integers(len(_GOODS)))]
                props = {"number": f"POS-{stamp}", "shop": "湖滨文创店", "amount": amount, "items": [goods], "category": "文创"}
                sales.append(_item(f"P{stamp}", "sale.made", at + dt.timedelta(minutes=3), who, props))
        came = hour + dt.timedelta(minutes=59)
        _send(sources["gate"], gates, came)
        _send(sources["pos"], sales, came)
        sent += len(gates) + len(sales)
    wrong = [_item(f"P-{number}", "sale.made", story.wish.at, {}, {"number": f"POS-{number}"}) for number in range(3)]
    judge(sources["pos"], wrong)
    return sent + len(wrong)


def _hours(at: dt.datetime) -> Iterator[dt.datetime]:
    """The whole hours of the last day in which the site is open."""
    last = at.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=1)
    for back in range(22, -1, -1):
        hour = last - dt.timedelta(hours=back)
        if _OPENS <= hour.astimezone(SHANGHAI).hour < _CLOSES:
            yield hour


def _item(number: str, kind: str, at: dt.datetime, who: dict[str, Any], props: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "kind": kind, "occurred_at": at.isoformat(), "who": who, "props": props}


def _send(source: Source, items: list[dict[str, Any]], came: dt.datetime | None = None) -> None:
    for verdict in judge(source, items, at=came):
        if verdict.item.complaints:
            raise Refused(f"{source.code}: {verdict.item.complaints}")
