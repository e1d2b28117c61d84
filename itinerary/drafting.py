"""A first plan from what the catalogue has in a city: near things on one day, meals between, a hotel for every night. Pure."""

import dataclasses
from collections.abc import Sequence

from itinerary.checks.plan import Stop, leg
from itinerary.checks.verify import retime
from itinerary.choices import BlockKind

SHORT_MORNING = 170  # minutes that two visits may take before lunch
PER_DAY = {"轻松": 2, "紧凑": 4}
USUAL_PER_DAY = 3
MORNING, EVENING = 540, 1080


@dataclasses.dataclass(frozen=True)
class Offer:
    """A resource that may be used: `score` the higher the better, `price` a head or room in yuan.

    `hours` are its opening times day by day of the trip: None unknown, () closed on that day.
    """

    resource: int
    kind: BlockKind
    name: str
    city: str
    latitude: float | None
    longitude: float | None
    hours: tuple[tuple[tuple[int, int], ...] | None, ...]
    minutes: int
    score: float
    price: float


@dataclasses.dataclass(frozen=True)
class Placed:
    """An offer at its place in the plan."""

    offer: Offer
    stop: Stop


def draft(
    offers: Sequence[Offer], *, days: int, pace: str = "", musts: Sequence[str] = (), hotel_top: float | None = None
) -> list[list[Placed]]:
    """Days of placed offers, deterministic. A day goes from the best sight left to its nearest neighbours, those wished for
    first; what cannot fit its opening hours is left for another day. An empty list where the city has nothing to see."""
    sights = sorted((o for o in offers if o.kind == BlockKind.SIGHT), key=lambda o: (-_wished(o, musts), -o.score, o.resource))
    meals = sorted((o for o in offers if o.kind == BlockKind.MEAL), key=lambda o: (-o.score, o.resource))
    hotel = _hotel([o for o in offers if o.kind == BlockKind.HOTEL], sights[: days * USUAL_PER_DAY], hotel_top)
    if not sights:
        return []
    plan = []
    for day in range(1, days + 1):
        chosen = _near([one for one in sights if one.hours[day - 1] != ()], PER_DAY.get(pace, USUAL_PER_DAY))
        sights = [one for one in sights if one not in chosen]
        plan.append(_day(day, chosen, meals, hotel if day < days else None, hotel))
    return plan


def _wished(offer: Offer, musts: Sequence[str]) -> bool:
    return any(must and (must in offer.name or offer.name in must) for must in musts)


def _stop(offer: Offer, key: str = "x", day: int = 1, meal: str = "") -> Stop:
    place = (offer.latitude, offer.longitude, offer.city)
    return Stop(key, day, offer.kind, 0, offer.minutes, offer.name, *place, hours=offer.hours[day - 1], meal=meal)


def _km(a: Offer, b: Offer) -> float:
    return leg(_stop(a), _stop(b)).km


def _near(sights: Sequence[Offer], number: int) -> list[Offer]:
    if not sights:
        return []
    first = sights[0]
    rest = sorted(sights[1:41], key=lambda one: (_km(first, one) - one.score, one.resource))
    return [first, *rest[: number - 1]]


def _hotel(hotels: Sequence[Offer], sights: Sequence[Offer], top: float | None) -> Offer | None:
    fitting = [one for one in hotels if top is None or one.price <= top] or sorted(hotels, key=lambda one: one.price)[:1]
    return min(
        fitting, key=lambda one: (sum(_km(one, sight) for sight in sights) / 10 - one.score * 3, one.resource), default=None
    )


def _day(day: int, sights: Sequence[Offer], meals: list[Offer], night: Offer | None, base: Offer | None) -> list[Placed]:
    half = 2 if len(sights) > 2 and sights[0].minutes + sights[1].minutes <= SHORT_MORNING else 1
    open_now = [one for one in meals if one.hours[day - 1] != ()]
    lunch, dinner = _meal(open_now, sights[:1]), _meal(open_now, sights[-1:])
    meals[:] = [one for one in meals if one not in {*lunch, *dinner}]
    order = [*sights[:half], *lunch, *sights[half:], *dinner]
    names = _meal_names(order)
    stops = [_stop(offer, str(at), day, names.get(at, "")) for at, offer in enumerate(order)]
    timed = retime(stops, begins=MORNING, hotel=dataclasses.replace(_stop(base), key="base") if base and day > 1 else None)
    placed = [Placed(offer, stop) for offer, stop in zip(order, timed, strict=True) if _fits(stop)]
    if night is not None:
        last = placed[-1].stop if placed else None
        start = max(EVENING, (last.end + leg(last, _stop(night)).minutes) if last else EVENING)
        placed.append(Placed(night, dataclasses.replace(_stop(night, "night", day), start=start, end=max(1440, start))))
    return placed


def _fits(stop: Stop) -> bool:
    return stop.end <= 1320 and (
        stop.hours is None or any(opens <= stop.start and stop.end <= closes for opens, closes in stop.hours)
    )


def _meal(meals: list[Offer], near: Sequence[Offer]) -> list[Offer]:
    """The best restaurant near a sight; used once in a trip."""
    if not meals or not near:
        return []
    best = min(meals[:60], key=lambda one: (_km(near[0], one) / 2 - one.score, one.resource))
    meals.remove(best)
    return [best]


def _meal_names(order: Sequence[Offer]) -> dict[int, str]:
    places = [at for at, offer in enumerate(order) if offer.kind == BlockKind.MEAL]
    return dict(zip(places, ("lunch", "dinner"), strict=False))
