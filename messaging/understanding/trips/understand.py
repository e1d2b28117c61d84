"""A chat read message by message into a trip request."""

import re
from collections.abc import Sequence
from datetime import date

from messaging.understanding.money import amounts, per_person_flip
from messaging.understanding.places import Mention, gazetteer
from messaging.understanding.text import Span, clause_of, plain
from messaging.understanding.trips.asking import agrees, proposal, topics
from messaging.understanding.trips.state import Message, Slot, TripRequest, Turn
from messaging.understanding.trips.when import CORRECTION, read_when
from messaging.understanding.trips.where import read_where
from messaging.understanding.trips.who import read_who
from messaging.understanding.wishes import Wish, avoided, musts, wish_text, wishes

# What the customer agreed to rather than said.
AGREED = 0.7
# 宽松, 松一些: enough where the agent asked for the pace.
_BARE_PACE = re.compile(r"^(?:还是|就|那|要|嗯|选)*[，,]?(宽松|松|慢|缓|紧|满|赶)")
_SETTLING = ("days", "start_date", "start_month", "hotel_star", "transport", "pace", "origin")


def understand(turns: Sequence[Turn], today: date) -> TripRequest:
    """The trip request of a chat held on `today`; agent messages matter as questions and as proposals agreed to."""
    trip = TripRequest()
    agent = ""
    for index, turn in enumerate(turns):
        text = plain(turn.text)
        if turn.role != "customer":
            agent = text
            continue
        if agent and agrees(text):
            _adopt(trip, index, proposal(agent), today)
        _read(Message(index, text, _asked(agent), today), trip)
        agent = ""
    return trip


def _asked(agent: str) -> frozenset[str]:
    """The topics of an agent's message; a choice between places asks where to."""
    asked = topics(agent)
    places = len(gazetteer().mentions(agent))
    return asked | {"where"} if places > 1 or ("choice" in asked and places) else asked


def _adopt(trip: TripRequest, index: int, words: str, today: date) -> None:
    """Slots of a proposal the customer says yes to; the customer's own words are read after it and win."""
    if not words:
        return
    offered = TripRequest()
    _read(Message(index, words, frozenset(), today, AGREED), offered)
    for name in _SETTLING:
        if name in offered.single:
            if name == "start_month" and trip.value("start_date"):
                continue
            trip.single[name] = offered.single[name]
            trip.single.pop({"start_date": "start_month"}.get(name, ""), None)
    if re.search(r"加", words):
        known = trip.items("destinations")
        fresh = [slot for slot in offered.several.get("destinations", []) if slot.value not in known]
        trip.several["destinations"] = [*trip.several.get("destinations", []), *fresh]


def _read(message: Message, trip: TripRequest) -> None:
    mentions = gazetteer().mentions(message.text)
    taken = read_when(message, trip)
    money = _read_money(message, trip)
    read_who(message, trip, taken, money)
    required = _read_musts(message, trip, mentions)
    read_where(message, trip, mentions, required)
    _keep_one_destination(message, trip, mentions)
    _read_wishes(message, trip, mentions)
    _read_avoided(message, trip, mentions)


def _read_money(message: Message, trip: TripRequest) -> list[Span]:
    expected = "budget" in message.asked or trip.value("budget_amount") is not None
    found = amounts(message.text, expected)
    if found:
        last = found[-1]
        trip.single["budget_amount"] = message.slot(last.yuan, last.span)
        each = last.each
        if each is None:
            each = bool(trip.value("budget_per_person")) if trip.value("budget_per_person") is not None else False
            each = next((amount.each for amount in reversed(found) if amount.each is not None), each)
        trip.single["budget_per_person"] = message.slot(each, last.span)
    elif trip.value("budget_amount") is not None:
        flip = per_person_flip(message.text)
        if flip is not None:
            trip.single["budget_per_person"] = message.slot(flip, Span(0, len(message.text)))
    return [amount.span for amount in found]


def _read_musts(message: Message, trip: TripRequest, mentions: list[Mention]) -> list[Span]:
    wanted, dropped = musts(message.text, mentions)
    kept = [slot for slot in trip.several.get("must", []) if not any(_same_sight(slot.value, name) for _, name in dropped)]
    for span, name in wanted:
        if not any(slot.value == name for slot in kept):
            kept.append(message.slot(name, span))
    if "must" in message.asked and not wanted and not dropped and not re.match(r"^(?:没|无|随便|都行|你)", message.text):
        answered = [mention for mention in mentions if mention.place.kind in ("spot", "scenic")]
        for mention in answered:
            name = message.text[mention.span.start : mention.span.end]
            kept.append(message.slot(name, mention.span, 0.8))
        wanted = [(mention.span, "") for mention in answered]
    trip.several["must"] = kept
    _refuse_sights(message, trip, dropped)
    return [span for span, _ in wanted] + [span for span, name in dropped if _is_spot(name)]


def _refuse_sights(message: Message, trip: TripRequest, dropped: list[tuple[Span, str]]) -> None:
    """迪士尼不去: a sight never wished for is to be avoided; 不去了 only takes a wish back."""
    for span, name in dropped:
        taken_back = re.match(r"[^，。！？]{0,6}?(?:了|换成|改成)", message.text[span.end :])
        if _is_spot(name) and not taken_back:
            trip.several["avoid"] = [*trip.several.get("avoid", []), message.slot(name, span)]


def _same_sight(one: str, other: str) -> bool:
    return one in other or other in one


def _is_spot(name: str) -> bool:
    places = gazetteer().by_form.get(name)
    return bool(places) and places is not None and places[0].kind == "spot"


def _keep_one_destination(message: Message, trip: TripRequest, mentions: list[Mention]) -> None:
    """成都一定要去 with no other place is a destination, no sight within one."""
    if trip.several.get("destinations"):
        names = set(trip.items("destinations"))
        trip.several["must"] = [slot for slot in trip.several.get("must", []) if slot.value not in names]
        return
    musts_here = [slot for slot in trip.several.get("must", []) if slot.message == message.index]
    for mention in mentions:
        slot = next((slot for slot in musts_here if slot.start == mention.span.start), None)
        if slot is not None and mention.place.kind != "spot":
            trip.several["destinations"] = [message.slot(mention.place.name, mention.span, 0.7)]
            trip.several["must"] = [other for other in trip.several["must"] if other is not slot]
            return


def _read_wishes(message: Message, trip: TripRequest, mentions: list[Mention]) -> None:
    found = wishes(message.text, mentions)
    for name in ("transport", "pace", "hotel_star"):
        _set_single(message, trip, name, [wish for wish in found if wish.slot == name])
    if "pace" in message.asked and not any(wish.slot == "pace" for wish in found):
        bare = _BARE_PACE.match(message.text)
        if bare:
            trip.single["pace"] = message.slot("紧凑" if bare[1] in ("紧", "满", "赶") else "轻松", Span(*bare.span(1)))
    for name in ("themes", "rooming", "meals"):
        _set_several(message, trip, name, [wish for wish in found if wish.slot == name])


def _set_single(message: Message, trip: TripRequest, name: str, found: list[Wish]) -> None:
    """One value: after a correction the last, else the first; the class of a hotel is its upper end."""
    wanted = [wish for wish in found if not wish.dropped]
    dropped = {wish.value for wish in found if wish.dropped}
    if not wanted:
        if trip.value(name) in dropped:
            trip.single.pop(name, None)
        return
    chosen = wanted[0]
    between = message.text[chosen.span.end : wanted[-1].span.start]
    if len(wanted) > 1 and (name == "hotel_star" or CORRECTION.search(between)):
        chosen = wanted[-1]
        if name == "hotel_star" and not CORRECTION.search(between):
            chosen = max(wanted, key=lambda wish: int(wish.value))
    trip.single[name] = message.slot(chosen.value, chosen.span)


def _set_several(message: Message, trip: TripRequest, name: str, found: list[Wish]) -> None:
    dropped = {wish.value for wish in found if wish.dropped}
    kept: list[Slot] = [slot for slot in trip.several.get(name, []) if slot.value not in dropped]
    for wish in found:
        if wish.value not in dropped and wish.value not in [slot.value for slot in kept]:
            kept.append(message.slot(wish.value, wish.span))
    trip.several[name] = kept


def _read_avoided(message: Message, trip: TripRequest, mentions: list[Mention]) -> None:
    kept = list(trip.several.get("avoid", []))
    known = {wish_text(str(slot.value)) for name in ("must", "destinations") for slot in trip.several.get(name, [])}
    for wish in avoided(message.text, mentions):
        value = str(wish.value)
        clause = clause_of(message.text, wish.span.start)
        if value in known or _is_region(value) or any(slot.value == value for slot in kept):
            continue
        if re.search(r"可以|也行|没关系|无所谓|都行", message.text[wish.span.end : clause.end]):
            continue
        kept.append(message.slot(value, wish.span))
    trip.several["avoid"] = kept


def _is_region(name: str) -> bool:
    places = gazetteer().by_form.get(name)
    return bool(places) and places is not None and places[0].kind != "spot"
