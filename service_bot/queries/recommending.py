"""Which product to offer in a talk: what was said of the trip, the customer's tags, dates, seats and budget decide.

Only what can be bought now is offered: on sale, with a coming date that has seats for the party.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from catalog.choices import SaleState
from catalog.models import Departure, Product
from core import clock
from messaging.understanding.trips import Turn, understand
from tagging.models import Interest

_WANTS = re.compile(
    r"推荐|有什么好(?:玩|的)|有(?:没有|啥|什么)[^，。？?]{0,12}(?:线路|路线|产品|团|行程|项目|玩法)|去哪(?:里|儿)?(?:玩|好|合适|比较)|(?:想|打算|准备|计划)(?:带|去|和|跟|找|出去|来)[^，。]{0,14}(?:玩|旅游|旅行|度假|转转|走走|散心)|"
    r"(?:想|打算|准备|计划)去[^，。？?]{1,8}(?:[，。？?！!]|$|玩|几天|\d|看看)|求(?:推荐|攻略|安利)|出(?:个|点)(?:主意|方案)|安利|适合(?:老人|孩子|亲子|情侣|蜜月|爸妈|一家)|哪(?:个|条)(?:线路|团|产品)|给(?:我|我们)?(?:介绍|选|挑)(?:个|一|几)?"
)
_CUSTOM = re.compile(r"定制|私家团|包团|独立(?:成)?团|一家一团|自己(?:定|设计)行程|专属行程|量身")
MOST_SCORED = 200


@dataclasses.dataclass(frozen=True)
class Offer:
    """A product that fits, why, and the departure that its price is of."""

    product: Product
    departure: Departure
    reasons: tuple[str, ...]
    score: float


def wants_idea(text: str) -> bool:
    """Whether the customer asks for a suggestion."""
    return bool(_WANTS.search(text))


def wants_custom(text: str) -> bool:
    """Whether the customer asks for a trip of their own."""
    return bool(_CUSTOM.search(text))


def slots_of(turns: Sequence[tuple[str, str]], today: dt.date) -> dict[str, Any]:
    """What a talk said of the wished trip, as plain values."""
    return dict(understand([Turn(role, text) for role, text in turns], today).values())


def offers(slots: Mapping[str, Any], customer_id: int | None, most: int = 3, shown: Sequence[str] = ()) -> list[Offer]:
    """Products that fit what was said and what the customer likes, best first; those in `shown` were offered already."""
    people = int(slots.get("adults") or 1) + len(slots.get("children_ages") or ())
    coming = _coming(max(people, 1), slots)
    likes = _likes(customer_id)
    products = Product.objects.filter(pk__in=list(coming), state=SaleState.ON_SALE).exclude(code__in=list(shown))
    found = [_scored(one, coming[one.pk], slots, likes) for one in products.select_related("destination")[:MOST_SCORED]]
    return sorted((one for one in found if one.score > 0), key=lambda one: (-one.score, one.product.pk))[:most]


def _coming(people: int, slots: Mapping[str, Any]) -> dict[int, Departure]:
    """Product -> the coming departure with enough seats that lies nearest to the wished date (soonest when none is wished)."""
    day = clock.today()
    bookable = Departure.objects.filter(departs_on__gt=day, is_closed=False, seats__gte=F("seats_taken") + people)
    found = bookable.order_by("departs_on")
    wished = _date(slots.get("start_date"))
    chosen: dict[int, Departure] = {}
    for one in found[:5_000]:
        held = chosen.get(one.product_id)
        if held is None or (wished and abs((one.departs_on - wished).days) < abs((held.departs_on - wished).days)):
            chosen[one.product_id] = one
    return chosen


def _date(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _likes(customer_id: int | None) -> dict[str, float]:
    """Topic -> how much more than others the customer likes it; nothing for nobody."""
    if customer_id is None:
        return {}
    rows = Interest.objects.filter(customer=customer_id).values_list("theme", "score")[:100]
    return {str(topic): float(score) for topic, score in rows}


def _scored(product: Product, departure: Departure, slots: Mapping[str, Any], likes: Mapping[str, float]) -> Offer:
    score, reasons = 0.2, []
    places = [str(one) for one in slots.get("destinations") or ()]
    names = {product.destination.name, *product.destination.cities}
    if places:
        fits = any(place in product.name or any(place in name or name in place for name in names) for place in places)
        score += 4.0 if fits else -6.0
        reasons += [_("wants to go to %(place)s") % {"place": product.destination.name}] if fits else []
    themes = set(map(str, slots.get("themes") or ()))
    if both := themes & set(product.themes):
        score += 1.5 * len(both)
        reasons.append(_("asked for %(themes)s") % {"themes": "、".join(sorted(both))})
    liked = [theme for theme in (*product.themes, product.destination.code) if likes.get(theme, 0) > 0]
    if liked:
        score += 0.6 * len(liked)
        reasons.append(_("likes %(themes)s") % {"themes": "、".join(liked[:3])})
    judged = [_of_party(product, slots), _of_budget(departure, slots), _of_days(product, slots), _of_date(departure, slots)]
    for more, reason in judged:
        score += more
        reasons += [reason] if reason else []
    return Offer(product, departure, tuple(reasons), score)


def _of_party(product: Product, slots: Mapping[str, Any]) -> tuple[float, str]:
    if slots.get("children_ages") and "亲子" in product.themes:
        return 1.2, _("travels with children")
    if slots.get("elders") and {"银发", "康养"} & set(product.themes):
        return 1.2, _("travels with elders")
    return 0.0, ""


def _of_budget(departure: Departure, slots: Mapping[str, Any]) -> tuple[float, str]:
    """The budget a head, where one was said; what costs over a fifth more is out."""
    amount = slots.get("budget_amount")
    if not isinstance(amount, int | float | Decimal) or isinstance(amount, bool):
        return 0.0, ""
    heads = int(slots.get("adults") or 1) + len(slots.get("children_ages") or ())
    each = Decimal(str(amount)) if slots.get("budget_per_person") else Decimal(str(amount)) / max(heads, 1)
    if departure.adult_amount <= each:
        return 1.0, _("within the budget")
    return (-1.0, "") if departure.adult_amount <= each * Decimal("1.2") else (-8.0, "")


def _of_days(product: Product, slots: Mapping[str, Any]) -> tuple[float, str]:
    days = slots.get("days")
    if not isinstance(days, int) or isinstance(days, bool):
        return 0.0, ""
    gap = abs(product.days - days)
    return (1.0, _("%(n)s days") % {"n": product.days}) if gap == 0 else (0.3, "") if gap == 1 else (-0.6 * gap, "")


def _of_date(departure: Departure, slots: Mapping[str, Any]) -> tuple[float, str]:
    wished = _date(slots.get("start_date"))
    if wished is None:
        return 0.0, ""
    gap = abs((departure.departs_on - wished).days)
    return (0.8, _("leaves on %(day)s") % {"day": f"{departure.departs_on:%m-%d}"}) if gap <= 3 else (-min(gap, 30) / 10, "")
