"""The one table of what other systems may tell us. Add a kind here and everything that shows or checks it follows."""

import dataclasses
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.conditions.params import Option
from customers.intake.fields import Date, Field, Flag, Money, Text, Whole, Words


@dataclasses.dataclass(frozen=True)
class EventKind:
    """One kind of event: its name in the log, its words, its look on the timeline, its fields."""

    kind: str
    label: Any
    sentence: Any
    icon: str
    group: str
    fields: tuple[Field, ...]
    tone: str = ""


@dataclasses.dataclass(frozen=True)
class SourceKind:
    """One kind of source: what it is, what it may send, where it hangs out."""

    code: str
    label: Any
    about: Any
    icon: str
    events: tuple[str, ...]
    connector: str = ""
    limits: tuple[Any, ...] = ()


_SITE = Text("site", _("site"), "湖滨景区")
_AMOUNT = Money("amount", _("amount (yuan)"), "58.00", required=True)
_ORDER = Text("number", _("order number"), "T20261124001", required=True, limit=64)
_PRODUCT = Text("product", _("product"), "西湖夜游", limit=120)

_EVENTS = (
    EventKind(
        "ticket.sold",
        _("bought a ticket"),
        _("Bought %(quantity)s × %(product)s, ¥%(amount)s"),
        "ticket",
        "order",
        (
            _ORDER,
            dataclasses.replace(_PRODUCT, required=True),
            Whole("quantity", _("quantity"), 2, required=True, low=1, high=1000),
            _AMOUNT,
            Date("visit_on", _("day of the visit"), "2026-11-25"),
            Text("window", _("ticket window or site"), "官网"),
        ),
        "info",
    ),
    EventKind(
        "ticket.redeemed",
        _("used a ticket"),
        _("Used the ticket %(product)s"),
        "circle-check",
        "visit",
        (
            _ORDER,
            _PRODUCT,
            Whole("quantity", _("quantity"), 2, low=1, high=1000),
            _SITE,
        ),
        "good",
    ),
    EventKind(
        "ticket.refunded",
        _("returned a ticket"),
        _("Returned a ticket, ¥%(amount)s"),
        "undo-2",
        "order",
        (
            _ORDER,
            _PRODUCT,
            _AMOUNT,
            Text("reason", _("reason"), "行程有变"),
        ),
        "warn",
    ),
    EventKind(
        "gate.entered",
        _("passed a gate in"),
        _("Entered %(site)s (%(gate)s)"),
        "log-in",
        "visit",
        (
            dataclasses.replace(_SITE, required=True),
            Text("gate", _("gate"), "南门 2 号", required=True),
            Text("ticket_no", _("ticket number"), "8848001", limit=64),
            Whole("people", _("people"), 3, low=1, high=500),
        ),
        "good",
    ),
    EventKind(
        "gate.left",
        _("passed a gate out"),
        _("Left %(site)s (%(gate)s)"),
        "log-out",
        "visit",
        (
            dataclasses.replace(_SITE, required=True),
            Text("gate", _("gate"), "北门 1 号", required=True),
            Whole("minutes", _("minutes inside"), 143, high=100_000),
        ),
    ),
    EventKind(
        "guide.started",
        _("took a guide device"),
        _("Took a guide device at %(site)s"),
        "headphones",
        "visit",
        (
            _SITE,
            Text("device", _("device"), "GD-0417", limit=64),
            Text("language", _("language"), "zh", limit=12),
        ),
    ),
    EventKind(
        "guide.listened",
        _("listened to a guide"),
        _("Listened to “%(spot)s”"),
        "headphones",
        "visit",
        (
            Text("spot", _("spot"), "雷峰塔", required=True),
            _SITE,
            Whole("seconds", _("seconds"), 95, high=86_400),
            Flag("finished", _("to the end"), True),
            Text("language", _("language"), "zh", limit=12),
        ),
    ),
    EventKind(
        "sale.made",
        _("bought at a till"),
        _("Bought for ¥%(amount)s at %(shop)s"),
        "shopping-bag",
        "order",
        (
            Text("number", _("receipt number"), "POS-99120", required=True, limit=64),
            _AMOUNT,
            Text("shop", _("shop"), "文创店", required=True),
            Words("items", _("articles"), ["丝绸扇", "明信片"]),
            Text("category", _("category"), "文创"),
            Text("paid_by", _("paid by"), "alipay", limit=20),
        ),
        "info",
    ),
    EventKind(
        "sale.refunded",
        _("returned a purchase"),
        _("Returned a purchase, ¥%(amount)s"),
        "undo-2",
        "order",
        (
            Text("number", _("receipt number"), "POS-99120", required=True, limit=64),
            _AMOUNT,
            Text("shop", _("shop"), "文创店"),
        ),
        "warn",
    ),
    EventKind(
        "parking.entered",
        _("parked"),
        _("Parked at %(lot)s"),
        "car",
        "visit",
        (
            Text("lot", _("car park"), "P2 停车场", required=True),
            _SITE,
        ),
    ),
    EventKind(
        "parking.left",
        _("left the car park"),
        _("Left %(lot)s after %(minutes)s minutes"),
        "car",
        "visit",
        (
            Text("lot", _("car park"), "P2 停车场", required=True),
            Whole("minutes", _("minutes parked"), 160, high=1_000_000),
            Money("amount", _("amount (yuan)"), "15.00"),
            _SITE,
        ),
    ),
    EventKind(
        "ota.ordered",
        _("ordered on another platform"),
        _("Ordered %(product)s on %(channel)s, ¥%(amount)s"),
        "globe",
        "order",
        (
            _ORDER,
            dataclasses.replace(_PRODUCT, required=True),
            _AMOUNT,
            Text("channel", _("platform"), "ctrip", required=True, limit=40),
            Whole("people", _("people"), 2, low=1, high=500),
            Date("departs_on", _("departs on"), "2026-12-20"),
            Text("state", _("state"), "paid", limit=20),
        ),
        "info",
    ),
    EventKind(
        "ota.redeemed",
        _("used a voucher"),
        _("Used the voucher %(product)s of %(channel)s"),
        "circle-check",
        "visit",
        (
            _ORDER,
            _PRODUCT,
            Text("channel", _("platform"), "douyin", required=True, limit=40),
            Money("amount", _("amount (yuan)"), "99.00"),
            Text("shop", _("shop"), "湖滨店"),
        ),
        "good",
    ),
    EventKind(
        "ota.cancelled",
        _("cancelled on another platform"),
        _("Cancelled %(number)s on %(channel)s"),
        "circle-x",
        "order",
        (
            _ORDER,
            _PRODUCT,
            Text("channel", _("platform"), "ctrip", required=True, limit=40),
            Money("amount", _("amount (yuan)"), "399.00"),
        ),
        "warn",
    ),
    EventKind(
        "order.imported",
        _("had an order elsewhere"),
        _("Order %(number)s elsewhere: %(product)s, ¥%(amount)s"),
        "file-down",
        "order",
        (
            _ORDER,
            _PRODUCT,
            _AMOUNT,
            Text("channel", _("platform"), "门市", limit=40),
            Whole("people", _("people"), 2, low=1, high=500),
            Date("departs_on", _("departs on"), "2026-05-01"),
            Text("state", _("state"), "已出行", limit=20),
        ),
    ),
    EventKind(
        "lead.received",
        _("left a lead"),
        _("Left a lead on %(channel)s: %(campaign)s"),
        "user-plus",
        "ask",
        (
            Text("channel", _("platform"), "xiaohongshu", required=True, limit=40),
            Text("campaign", _("campaign"), "春节亲子"),
            Text("number", _("lead number"), "XHS-L-1", limit=64),
            Text("city", _("city"), "杭州", limit=40),
        ),
        "accent",
    ),
    EventKind(
        "alipay.linked",
        _("linked an Alipay account"),
        _("Linked an Alipay account"),
        "wallet",
        "system",
        (Text("app", _("app"), "2021000000000000", limit=40),),
    ),
)
EVENTS: dict[str, EventKind] = {event.kind: event for event in _EVENTS}

_TICKETS = ("ticket.sold", "ticket.redeemed", "ticket.refunded")
_SOURCES = (
    SourceKind("ticketing", _("Ticketing system"), _("Tickets sold, used and returned."), "ticket", _TICKETS),
    SourceKind("gate", _("Gates"), _("Who went in and out, where."), "log-in", ("gate.entered", "gate.left", "ticket.redeemed")),
    SourceKind("guide", _("Guide devices"), _("What visitors listened to."), "headphones", ("guide.started", "guide.listened")),
    SourceKind("pos", _("Tills"), _("Sales in shops and restaurants."), "shopping-bag", ("sale.made", "sale.refunded")),
    SourceKind(
        "parking", _("Car parks"), _("Cars coming and going; no number plates."), "car", ("parking.entered", "parking.left")
    ),
    SourceKind(
        "ota",
        _("Travel platforms"),
        _("Orders on Ctrip, Fliggy, Meituan and others."),
        "globe",
        ("ota.ordered", "ota.redeemed", "ota.cancelled"),
    ),
)
_CONNECTED = (
    SourceKind(
        "douyin_life",
        _("Douyin life services"),
        _("Orders and vouchers of your Douyin shop."),
        "video",
        ("ota.ordered", "ota.redeemed", "ota.cancelled"),
        "douyin",
        (
            _("Available: orders, vouchers and webhooks of a merchant app."),
            _("Not available: private messages (closed to new apps) and lists of followers."),
            _("The field names of orders were not verified against a live account."),
        ),
    ),
    SourceKind(
        "xiaohongshu",
        _("Xiaohongshu leads"),
        _("Leads of advertisements, by webhook."),
        "heart",
        ("lead.received",),
        "xhs",
        (
            _("Available: leads of advertisements."),
            _("Not available: notes, comments and messages of users; whoever sells them scrapes."),
            _("The field names of leads were not verified against a live account."),
        ),
    ),
    SourceKind(
        "alipay",
        _("Alipay identity"),
        _("Who a user of your Alipay mini-program is."),
        "wallet",
        ("alipay.linked",),
        "alipay",
        (
            _("Available: the user's id, after the user allowed it in your Alipay mini-program."),
            _("Not available: a profile across apps. The Alipay mini-program itself is not part of this system."),
        ),
    ),
    SourceKind(
        "ota_file",
        _("Order files of a travel platform"),
        _("One file a day from the platform's folder."),
        "folder",
        ("ota.ordered",),
        "ota",
        (
            _("Available: order files under your contract; direct interfaces need one as well."),
            _("Not available: the traveller's phone number, which the platform masks; a match by name is a question for staff."),
        ),
    ),
)
SOURCES: dict[str, SourceKind] = {source.code: source for source in (*_SOURCES, *_CONNECTED)}
_ELSEWHERE = _("Outside the mini-program")


def options() -> tuple[Option, ...]:
    """The kinds as tag rules and segments may ask for them."""
    return tuple(Option(event.kind, event.label, _ELSEWHERE) for event in EVENTS.values())
