"""Tags that follow from the slots of a trip request, each with the words behind it: a pure function for tagging."""

from collections.abc import Callable, Iterator
from typing import Any

from messaging.understanding.tags import LUXURY_NIGHT, ChatTag
from messaging.understanding.trips import Slot, TripRequest

GRANDCHILD_AGE = 18
THEME_TAGS = {
    "蜜月": "蜜月游",
    "博物馆": "文化历史",
    "摄影": "摄影爱好者",
    "滑雪": "滑雪爱好者",
    "温泉": "温泉康养",
    "红色": "红色旅游",
    "美食": "美食爱好者",
    "海岛": "海岛度假",
    "研学": "研学游",
    "徒步": "徒步户外",
    "雪山": "雪山",
    "古镇": "古镇",
    "亲子": "亲子游",
    "购物": "购物",
    "潜水": "潜水爱好者",
    "露营": "露营",
    "避暑": "避暑",
}
TRANSPORT_TAGS = {"自驾": "自驾游", "邮轮": "邮轮"}
# Yuan per person and day at and above which a budget speaks of luxury, and at and below which of thrift.
LUXURY_DAY, THRIFT_DAY = 1500, 400


def trip_tags(trip: TripRequest) -> list[ChatTag]:
    """Tags of a trip request; a tag has one entry, with the slot that is the best evidence for it."""
    found: dict[str, ChatTag] = {}
    for name, slot in _tags(trip):
        known = found.get(name)
        if known is None or slot.confidence > known.confidence:
            found[name] = ChatTag(name, slot.message, slot.start, slot.end, slot.quote, slot.confidence)
    return list(found.values())


def _tags(trip: TripRequest) -> Iterator[tuple[str, Slot]]:
    for slot in trip.several.get("children_ages", []):
        if slot.value < GRANDCHILD_AGE:
            yield "亲子游", slot
    for theme in trip.several.get("themes", []):
        if theme.value in THEME_TAGS:
            yield THEME_TAGS[theme.value], theme
    for name, reader in _SINGLE.items():
        single = trip.single.get(name)
        tag = reader(single.value) if single else None
        if single and tag:
            yield tag, single
    yield from _party(trip)
    yield from _budget(trip)


_SINGLE: dict[str, Callable[[Any], str | None]] = {
    "elders": lambda value: "带老人出游" if value else None,
    "transport": TRANSPORT_TAGS.get,
    "hotel_star": lambda value: "高端酒店" if value >= 5 else "经济酒店" if value <= 2 else None,
    "pace": {"轻松": "慢节奏", "紧凑": "特种兵"}.get,
}


def _party(trip: TripRequest) -> Iterator[tuple[str, Slot]]:
    adults = trip.single.get("adults")
    if adults is None:
        return
    if adults.value == 1 and not trip.items("children_ages"):
        yield "独自出行", adults
    elif adults.value >= 10:
        yield "团体出行", adults


def _budget(trip: TripRequest) -> Iterator[tuple[str, Slot]]:
    """By person and day, where the budget, the people and the days are all known."""
    budget, days = trip.single.get("budget_amount"), trip.value("days")
    people = 1 if trip.value("budget_per_person") else (trip.value("adults") or 0) + len(trip.items("children_ages"))
    if budget is None or not days or not people:
        return
    each = budget.value / people / days
    if each >= max(LUXURY_DAY, LUXURY_NIGHT):
        yield "高预算", budget
    elif each <= THRIFT_DAY:
        yield "精打细算", budget
