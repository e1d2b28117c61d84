"""A second pricer that shares no code with the product's: it puts every person into a room and hands every bill around by hand.

Plain dicts in, plain dict out; long decimals instead of fractions, loops over people, days and pieces instead of formulas.
It exists to disagree with `itinerary.pricing` where one of the two is wrong.
"""

import decimal
from typing import Any

D = decimal.Decimal
LONG = decimal.Context(prec=90, rounding=decimal.ROUND_HALF_EVEN)


def _div(a: D, b: D | int) -> D:
    return LONG.divide(a, D(b))


def _mul(a: D, b: D | int) -> D:
    return LONG.multiply(a, D(b))


def _add(*parts: D) -> D:
    total = D(0)
    for part in parts:
        total = LONG.add(total, part)
    return total


def _cut(value: D, step: D, how: str) -> D:
    """Whole steps. First away with the dust of the 60th place, so that a true half is seen as one."""
    steps = _div(value, step).quantize(D(1).scaleb(-55), context=LONG)
    mode = {"half": decimal.ROUND_HALF_UP, "up": decimal.ROUND_CEILING, "down": decimal.ROUND_FLOOR}[how]
    return steps.quantize(D(1), rounding=mode, context=decimal.Context(prec=90, rounding=mode)) * step


def people_of(trip: dict[str, Any]) -> list[dict[str, Any]]:
    """Every payer with the way he sleeps: twin, alone, extra, floor (a child without a bed) or lap (an infant)."""
    children = sorted(trip["child_ages"], reverse=True)
    big = [age for age in children if age >= 2]
    bedded, floor = big[: trip["child_beds"]], big[trip["child_beds"] :]
    adults = [{"age": None, "sleeps": "alone" if number < trip["singles"] else "?"} for number in range(trip["adults"])]
    waiting = [one for one in adults if one["sleeps"] == "?"]
    while len(waiting) >= 2:
        waiting.pop()["sleeps"] = waiting.pop()["sleeps"] = "twin"
    kids = [{"age": age, "sleeps": "extra"} for age in bedded]
    if waiting and kids:
        waiting[0]["sleeps"], kids[0]["sleeps"] = "twin", "twin"
    elif waiting:
        waiting[0]["sleeps"] = "alone"
    kids += [{"age": age, "sleeps": "floor"} for age in floor]
    kids += [{"age": age, "sleeps": "lap"} for age in children if age < 2]
    return adults + kids


def price_trip(trip: dict[str, Any]) -> dict[str, Any] | str:
    """Prices by kind, cost, revenue, residue, margin; the text "no_band" where the group size has no rate."""
    people = people_of(trip)
    bills: list[dict[str, D]] = [{} for _ in people]  # by group of lines
    extra: dict[str, D] = {}  # what sleeping alone costs on top
    paid_out = D(0)
    seats = [index for index, one in enumerate(people) if one["sleeps"] != "lap"]
    for line in trip["lines"]:
        answer = _line(line, trip, people)
        if isinstance(answer, str):
            return answer
        own, alone, pot = answer
        everything = _add(*own, pot)
        for one in people:
            if one["sleeps"] == "alone":
                everything = _add(everything, alone)
        paid_out += _cut(everything, D("0.01"), "half")
        share = _div(pot, line["share_among"] or len(seats))
        group = line["group"]
        for index in range(len(people)):
            head = _add(own[index], share) if index in seats else own[index]
            bills[index][group] = bills[index].get(group, D(0)) + _cut(head, trip["line_step"], "half")
        extra[group] = extra.get(group, D(0)) + _cut(alone, trip["line_step"], "half")
    return _sell(trip, people, bills, extra, paid_out, len(seats))


def _line(line: dict[str, Any], trip: dict[str, Any], people: list[dict[str, Any]]) -> tuple[list[D], D, D] | str:
    """What each payer uses himself, what sleeping alone adds, and what all share, in yuan."""
    nobody = [D(0) for _ in people]
    money = _rate(line, trip)
    unit, for_payers = line["unit"], "payer" in line["applies_to"]
    followers = [role for role in ("foc", "guide", "driver") if role in line["applies_to"] for _ in range(trip[role])]
    if unit == "room_night":
        return _rooms(line, trip, people, money)
    if unit in {"person", "person_day", "pax_band"}:
        adult = line["amount"]
        if unit == "pax_band":
            size = sum(1 for one in people if one["sleeps"] != "lap")
            fitting = [band for band in line["bands"] if band[0] <= size <= band[1]]
            if not fitting:
                return "no_band"
            adult = fitting[0][2]
        own, pot = list(nobody), D(0)
        for _day in range(line["days"] if unit == "person_day" else 1):
            for _piece in range(line["quantity"]):
                for index, one in enumerate(people if for_payers else []):
                    own[index] = _add(own[index], _mul(_by_age(line, one["age"], adult), money))
                for _one in followers:
                    pot = _add(pot, _mul(adult, money))
        return own, D(0), pot
    return nobody, D(0), _mul(_bought_for_all(line, trip, people), money)


def _by_age(line: dict[str, Any], age: int | None, adult: D) -> D:
    if age is not None:
        for low, high, percent, amount in line["ages"]:
            if low <= age <= high:
                return amount if amount is not None else _div(_mul(adult, percent), 100)
    return adult


def _rate(line: dict[str, Any], trip: dict[str, Any]) -> D:
    """Yuan we pay for one listed unit of money."""
    kept = D(100) - line["commission"]
    taxed = D(100) + line["tax"]
    listed = D(1) if line["currency"] == "CNY" else trip["rates"][line["currency"]]
    return _div(_mul(_mul(listed, kept), taxed), 10_000)


def _rooms(line: dict[str, Any], trip: dict[str, Any], people: list[dict[str, Any]], money: D) -> tuple[list[D], D, D]:
    twin = line["amount"]
    single = twin if line["single_use"] is None else line["single_use"]
    extra = _div(twin, 2) if line["extra_bed"] is None else line["extra_bed"]
    nights = line["days"] * line["quantity"]
    a_night = {"twin": _div(twin, 2), "alone": _div(twin, 2), "extra": extra, "floor": line["no_bed"] or D(0), "lap": D(0)}
    own = [D(0) for _ in people]
    pot = D(0)
    for _night in range(nights):
        if "payer" in line["applies_to"]:
            own = [_add(sum_, _mul(a_night[one["sleeps"]], money)) for sum_, one in zip(own, people, strict=True)]
        if "foc" in line["applies_to"]:
            guests = trip["foc"]
            while guests > 0:
                pot = _add(pot, _mul(twin if guests >= 2 else single, money))
                guests -= 2
        for role in ("guide", "driver"):
            if role in line["applies_to"]:
                for _one in range(trip[role]):
                    pot = _add(pot, _mul(single, money))
    alone = _mul(_mul(_add(single, LONG.minus(_div(twin, 2))), money), nights) if "payer" in line["applies_to"] else D(0)
    return own, alone, pot


def _bought_for_all(line: dict[str, Any], trip: dict[str, Any], people: list[dict[str, Any]]) -> D:
    pieces = D(line["quantity"])
    price: D = line["amount"]
    if line["unit"] == "group":
        return price * pieces
    if line["unit"] == "booking":
        return price * pieces * D(trip["bookings"])
    if line["unit"] == "guide_day":
        return price * pieces * D(line["days"]) * D(trip["guide"])
    riders = len(people) + trip["foc"] + trip["guide"]
    best: tuple[int, D] | None = None
    for seats, amount in line["steps"]:
        if seats >= riders and (best is None or seats < best[0]):
            best = (seats, amount)
    if best is not None:
        return best[1] * pieces * D(line["days"])
    seats, amount = max(line["steps"])
    fleet = D(0)
    for _vehicle in range(0, riders, seats):
        fleet += amount
    return fleet * pieces * D(line["days"])


def _sell(
    trip: dict[str, Any], people: list[dict[str, Any]], bills: list[dict[str, D]], extra: dict[str, D], paid_out: D, seats: int
) -> dict[str, Any]:
    ways = [_up(trip, bill, one["sleeps"] != "lap", seats) for bill, one in zip(bills, people, strict=True)]
    prices: dict[str, D] = {}
    for one, way in zip(people, ways, strict=True):
        kind = (
            "adult"
            if one["age"] is None
            else {"twin": "child_twin", "extra": "child_bed", "floor": "child_no_bed", "lap": "infant"}[one["sleeps"]]
        )
        prices[kind if one["age"] is None else f"{kind}:{one['age']}"] = _cut(way[-1], trip["price_step"], trip["price_mode"])
    asked = [_cut(way[-1], trip["price_step"], trip["price_mode"]) for way in ways]
    supplement = _up(trip, extra, False, seats)
    for one in people:
        if one["sleeps"] == "alone":
            ways.append(supplement)
            asked.append(_cut(supplement[-1], trip["price_step"], trip["price_mode"]))
            prices["single_supplement"] = asked[-1]
    levels = [_cut(_add(*(way[level] for way in ways)), D("0.01"), "half") for level in range(len(trip["uplifts"]) + 1)]
    revenue = sum(asked, D(0))
    away = sum((levels[i + 1] - levels[i] for i, rule in enumerate(trip["uplifts"]) if rule["receiver"] != "house"), D(0))
    return {
        "prices": prices,
        "cost": paid_out,
        "revenue": revenue,
        "rounding": revenue - levels[-1],
        "margin": revenue - paid_out - away,
    }


def _up(trip: dict[str, Any], bill: dict[str, D], sits: bool, seats: int) -> list[D]:
    """The running total after each rule."""
    now = dict(bill)
    now.setdefault("", D(0))
    steps = [_settle(now, trip["between"])]
    for rule in trip["uplifts"]:
        for group in now:
            if rule["groups"] and group not in rule["groups"]:
                continue
            percent = rule["percent"]
            if rule["how"] == "additive":
                now[group] = _add(now[group], _div(_mul(bill.get(group, D(0)), percent), 100))
            elif rule["how"] == "sequential":
                now[group] = _div(_mul(now[group], D(100) + percent), 100)
            elif rule["how"] == "of_gross":
                now[group] = _div(_mul(now[group], 100), D(100) - percent)
        if sits and rule["how"] == "per_head":
            now[""] = _add(now[""], rule["amount"])
        if sits and rule["how"] == "per_group":
            now[""] = _add(now[""], _div(rule["amount"], seats))
        steps.append(_settle(now, trip["between"]))
    return steps


def _settle(now: dict[str, D], between: D | None) -> D:
    total = _add(*now.values())
    if between is None:
        return total
    neat = _cut(total, between, "half")
    now[""] = _add(now[""], neat, LONG.minus(total))
    return neat
