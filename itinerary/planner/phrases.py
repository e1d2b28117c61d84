"""Constraint texts for common wishes, so that a wish from a sentence, a form or a chat is one and the same thing."""

import json
from collections.abc import Iterable

_LOOP = "for activity in allactivities(plan):\n"
_MEALS = "['breakfast', 'lunch', 'dinner']"
_COUNTED = {
    "attraction": "activity_type(activity)=='attraction'",
    "restaurant": f"activity_type(activity) in {_MEALS}",
    "accommodation": "activity_type(activity)=='accommodation'",
    "intercity": "activity_type(activity) in ['airplane', 'train']",
}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _set(items: Iterable[str]) -> str:
    return "{" + ", ".join(_quoted(item) for item in items) + "}"


def preamble(days: int, people: int) -> list[str]:
    """What every trip asks: the days, the people, a ticket for each, cars enough."""
    return [
        f"result=(day_count(plan)=={days})",
        f"result=(people_count(plan)=={people})",
        f"result=True\n{_LOOP}"
        "  if activity_type(activity) in ['attraction', 'airplane', 'train'] "
        f"and activity_tickets(activity)!={people}: result=False\n"
        "  if innercity_transport_type(activity_transports(activity))=='metro' "
        f"and metro_tickets(activity_transports(activity))!={people}: result=False",
        f"result=True\n{_LOOP}  if innercity_transport_type(activity_transports(activity))=='taxi' "
        f"and taxi_cars(activity_transports(activity))!={(people + 3) // 4}: result=False",
    ]


def named(what: str, relation: str, items: Iterable[str]) -> str:
    """attraction, restaurant or accommodation by name; `relation`: all, any or none."""
    return _gathered(what, "activity_position(activity)", relation, items)


def typed(what: str, relation: str, items: Iterable[str]) -> str:
    """The same by type, cuisine or feature."""
    return _gathered(what, f"{what}_type(activity, target_city(plan))", relation, items)


def _gathered(what: str, value: str, relation: str, items: Iterable[str]) -> str:
    wanted = _set(items)
    test = {
        "all": f"({wanted}<=found)",
        "any": f"({wanted}&found)",
        "none": f"not({wanted}&found)",
        "only": f"(found<={wanted})",
    }[relation]
    return f"found=set()\n{_LOOP}  if {_COUNTED[what]}: found.add({value})\nresult={test}"


def budget(what: str, most: float) -> str:
    """At most so many yuan for: attraction, restaurant, accommodation, intercity, innercity or total."""
    ways = "    cost+=innercity_transport_cost(activity_transports(activity))\n"
    if what == "total":
        body = "    cost+=activity_cost(activity)\n" + ways
    elif what == "innercity":
        body = ways
    else:
        body = f"    if {_COUNTED[what]}: cost+=activity_cost(activity)\n"
    return f"cost=0\n{_LOOP}{body}result=(cost<={most:g})"


def price(what: str, most: float) -> str:
    """At most so many yuan for each: a room night, a meal per head, a ticket."""
    return f"result=True\n{_LOOP}  if {_COUNTED[what]} and activity_price(activity)>{most:g}: result=False"


def rooms(beds: int | None = None, count: int | None = None) -> str:
    """Beds per room and number of rooms."""
    tests = [f"room_type(activity)!={beds}"] if beds else []
    tests += [f"room_count(activity)!={count}"] if count else []
    lines = "".join(f"  if activity_type(activity)=='accommodation' and {test}: result=False\n" for test in tests)
    return f"result=True\n{_LOOP}{lines}"


def visit(place: str, start_by: str = "", end_from: str = "", minutes: int = 0) -> str:
    """A visit that starts by, ends from, or lasts at least."""
    tests = [f"activity_start_time(activity)<='{start_by}'"] if start_by else []
    tests += [f"activity_end_time(activity)>='{end_from}'"] if end_from else []
    tests += [f"activity_time(activity)>={minutes}"] if minutes else []
    head = f"result=False\n{_LOOP}  if activity_position(activity)=={_quoted(place)}:\n"
    return f"{head}    if {' and '.join(tests)}:\n      result=True"


def order(first: str, second: str) -> str:
    """First one place, then the other."""
    return (
        f"result=False\nfirst=0\nsecond=0\ni=0\n{_LOOP}  if activity_position(activity)=={_quoted(first)}:\n    first=i\n"
        f"  if activity_position(activity)=={_quoted(second)}:\n    second=i\n  i+=1\nif first<second:\n  result=True"
    )


def hotel_near(place: str, km: float) -> str:
    """The hotel within so many kilometres of a place."""
    return (
        f"result=False\nhotel=''\n{_LOOP}  if activity_type(activity)=='accommodation': hotel=activity_position(activity)\n"
        f"result=(poi_distance(target_city(plan), {_quoted(place)}, hotel)<={km:g})"
    )


def taxi_beyond(km: float) -> str:
    """A taxi for ways longer than that."""
    return (
        f"result=True\n{_LOOP}  if innercity_transport_type(activity_transports(activity)) != 'taxi' and "
        f"innercity_transport_distance(activity_transports(activity))>{km:g}:\n    result=False\n    break"
    )


def legs(go: str = "", back: str = "", not_go: str = "", not_back: str = "") -> str:
    """Train or airplane there and back; kinds wanted or not."""
    tests = [
        f"allactivities(plan)[{index}]['type'] {sign} '{kind}'"
        for index, sign, kind in ((0, "==", go), (-1, "==", back), (0, "!=", not_go), (-1, "!=", not_back))
        if kind
    ]
    return f"result=False\nif {' and '.join(tests)}:\n  result=True"


def modes(allowed: Iterable[str]) -> str:
    """Only these modes inside the city."""
    return (
        f"found=set()\n{_LOOP}  if activity_transports(activity)!=[]: "
        f"found.add(innercity_transport_type(activity_transports(activity)))\nresult=(found<={_set(allowed)})"
    )


def any_of(texts: Iterable[str]) -> str:
    """At least one of these wishes."""
    parts = "".join(f"{text.rstrip()}\nresult_list.append(result)\n" for text in texts)
    return f"result_list=[]\n{parts}result=False\nfor r in result_list:\n  result=result or r"
