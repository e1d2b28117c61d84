"""Facts straight from the catalogue's rows: what a trip costs, when it leaves, what is left, what it includes.

Every figure is read from the row at the moment of the answer; nothing is copied into the knowledge.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Product, Resource
from core import clock
from service_bot.retrieval.attributes import STRONG
from service_bot.retrieval.facts import FactBase, Turn
from service_bot.rules.moves import Candidate

MOST_RESOURCES = 5_000
_PRICE, _DATES, _SEATS, _DAYS = "价格", "团期", "余位", "天数"
_CHILD, _INCLUDED, _CANCEL, _PLAN = "儿童价", "费用包含", "退改", "行程安排"
_ADDRESS, _HOURS, _PHONE = "地址", "开放时间", "电话"


def names(today: dt.date) -> tuple[Any, ...]:
    """What the catalogue's fact base is built from, to see whether it is still current."""
    products = tuple(
        Product.objects.filter(state=SaleState.ON_SALE).order_by("pk").values_list("pk", "name", "destination__name")
    )
    return (
        today,
        products,
        Resource.objects.filter(gone_at__isnull=True).order_by("-updated_at").values_list("updated_at").first(),
    )


def build(version: tuple[Any, ...]) -> tuple[FactBase, dict[str, tuple[str, int]]]:
    """The base and thing -> (product or resource, id). Products first: of one name, what can be bought counts."""
    things: dict[str, tuple[str, int]] = {}
    facts: list[tuple[str, str]] = []
    aliases: list[tuple[str, str]] = []
    for pk, name, _destination in version[1]:
        things[name] = ("product", pk)
        facts += [(name, attribute) for attribute in _OF_PRODUCT]
        aliases += [(part, name) for part in name.replace("·", " ").split() if len(part) >= 4]
    rows = Resource.objects.filter(gone_at__isnull=True, destination__isnull=False).order_by("-rating", "pk")
    for pk, name, address, attributes in rows.values_list("pk", "name", "address", "attributes")[:MOST_RESOURCES]:
        if name not in things:
            things[name] = ("resource", pk)
            facts += [(name, attribute) for attribute in _known_of(address, attributes)]
    return FactBase(facts, aliases), things


def _known_of(address: str, attributes: dict[str, Any]) -> list[str]:
    return [
        name
        for name, known in ((_ADDRESS, address), (_HOURS, attributes.get("hours_text")), (_PHONE, attributes.get("phones")))
        if known
    ]


def facts_of(base: FactBase, things: dict[str, tuple[str, int]], text: str, talk: Sequence[Turn]) -> list[Candidate]:
    """What the rows say to a question about a thing that it, or the talk, names."""
    hits = base.ask(text, talk, most=1)
    if not hits or hits[0].strength < STRONG * 0.9:
        return []
    hit = hits[0]
    kind, pk = things[hit.entity]
    said = _of_product(pk, hit.attribute) if kind == "product" else _of_resource(pk, hit.attribute)
    if not said:
        return []
    title = f"{hit.entity} · {hit.attribute}"
    return [Candidate(kind, str(pk), title, said, 0.97 if hit.named else 0.95, certain=True, entity=hit.entity)]


def _of_product(pk: int, attribute: str) -> str:
    product = Product.objects.filter(pk=pk, state=SaleState.ON_SALE).first()
    return _OF_PRODUCT[attribute](product) if product else ""


def _of_resource(pk: int, attribute: str) -> str:
    row = Resource.objects.filter(pk=pk, gone_at__isnull=True).first()
    if row is None:
        return ""
    phones = "、".join(map(str, row.attributes.get("phones") or ()))
    value = {_ADDRESS: row.address, _HOURS: str(row.attributes.get("hours_text") or ""), _PHONE: phones}.get(attribute, "")
    return f"{row.name}，{attribute}：{value}" if value else ""


def _coming(product: Product, most: int = 4) -> list[Departure]:
    found = Departure.objects.filter(product=product, departs_on__gt=clock.today(), is_closed=False).order_by("departs_on")
    return [one for one in found[:20] if one.seats > one.seats_taken][:most]


def _no_dates(product: Product) -> str:
    return _("%(name)s has no date on sale at the moment.") % {"name": product.name}


def _price(product: Product) -> str:
    dates = _coming(product, 3)
    if not dates:
        return _no_dates(product)
    parts = [f"{one.departs_on:%m-%d} 成人 ¥{one.adult_amount:,.0f} / 儿童 ¥{one.child_amount:,.0f}" for one in dates]
    return f"{product.name}：" + "；".join(parts)


def _child(product: Product) -> str:
    dates = _coming(product, 1)
    if not dates:
        return _no_dates(product)
    return f"{product.name}：{dates[0].departs_on:%m-%d} 出发，儿童 ¥{dates[0].child_amount:,.0f}（成人 ¥{dates[0].adult_amount:,.0f}）"  # noqa: E501


def _dates(product: Product) -> str:
    dates = _coming(product)
    if not dates:
        return _no_dates(product)
    return f"{product.name} 近期团期：" + "、".join(f"{one.departs_on:%m-%d}（余{one.seats - one.seats_taken}）" for one in dates)


def _seats(product: Product) -> str:
    return _dates(product)


def _days(product: Product) -> str:
    return f"{product.name}：全程 {product.days} 天 {product.days - 1} 晚"


def _included(product: Product) -> str:
    kept, out = "、".join(map(str, product.included[:6])), "、".join(map(str, product.excluded[:4]))
    return f"{product.name} 费用包含：{kept}" + (f"；不含：{out}" if out else "") if kept else ""


def _cancel(product: Product) -> str:
    """The product's own cancellation tiers, each from its days on."""
    tiers = sorted(product.cancellation, key=lambda tier: -int(tier.get("days_before", 0)))
    if not tiers:
        return ""
    parts = [f"出发前 {tier['days_before']} 天及以上收 {tier['fee_percent']}%" for tier in tiers]
    return f"{product.name} 退改：" + "，".join(parts) + "（占订单金额）"


def _plan(product: Product) -> str:
    titles = [str(day.get("title") or "") if isinstance(day, dict) else str(day) for day in product.outline[:10]]
    return (
        f"{product.name}：" + "；".join(f"D{number} {title}" for number, title in enumerate(titles, 1) if title) if titles else ""
    )


_OF_PRODUCT: dict[str, Callable[[Product], str]] = {
    _PRICE: _price, _DATES: _dates, _SEATS: _seats, _DAYS: _days, _CHILD: _child, _INCLUDED: _included, _CANCEL: _cancel,
    _PLAN: _plan,
}  # fmt: skip
