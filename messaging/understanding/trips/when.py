"""Day or month of departure, and days."""

import re
from dataclasses import replace
from datetime import date

from messaging.understanding.dates import Anchor, Length, When, lengths, moments
from messaging.understanding.text import Span, clause_of, sentences
from messaging.understanding.trips.state import Message, TripRequest

CORRECTION = re.compile(
    r"改|换|算了|不对|说错|错了|记错|口误|打错|还是|不是|等等|等下|等一下|哎(?!呀|哟)|呃|哦对|噢|不不|纠正|更正|应该是|那就|变|要不|干脆|推迟|推到|提前|延|挪|往后|往前|重新|说反|那[\d一二三四五六七八九十]"
)
_BUSY = re.compile(
    r"没假|没空|没时间|不行|军训|夏令营|上班|婚礼|婚期|考试|高考|中考|期末|开学|人太?多|太热|太冷|旺季|走不开|请不了|有事|出差|加班|不方便|不合适|不去|生日|毕业|结婚|发工资|放假(?!去|出)|开会|培训|截止|之前(?:回|要回)|回来|上学|返校|"
    r"调休|不能走|赶不上|来不及|太挤|预产期|满月|办酒|订婚"
)
_LEAVES = re.compile(r"^[^，。！？]{0,6}?(?:走|出发|去|动身|启程|飞|起飞|开始|入园|入住|就走|开车|出门|成行)")


def read_when(message: Message, trip: TripRequest) -> list[Span]:
    """Dates and days of one message; returns the spans they stand in, for others to leave alone."""
    known = trip.value("start_date") or _first_day(trip.value("start_month"))
    dates = moments(message.text, Anchor(message.today, _stated_month(message, known)))
    spans = lengths(message.text, dates)
    dates = dates or _bare_day(message, spans, known)
    chosen = _with_return(message.text, dates, _chosen(message, dates))
    if chosen is not None:
        _set_date(message, trip, chosen)
    days = _days(message, spans)
    stays = days is not None and message.text[days.span.start] in "住待呆"
    if days is not None and stays and trip.value("days") and "days" not in message.asked and not CORRECTION.search(message.text):
        days = None  # 水屋要住两晚 is a part of the trip
    if days is not None:
        trip.single["days"] = message.slot(days.days, days.span)
    elif chosen is not None and chosen.day and chosen.last and 0 < (chosen.last - chosen.day).days < 60:
        length = (chosen.last - chosen.day).days + 1
        if "days" not in trip.single or length > 2:
            trip.single["days"] = message.slot(length, chosen.span)
    return [*(when.span for when in dates), *(length.span for length in spans)]


def _bare_day(message: Message, spans: list[Length], known: date | None) -> list[When]:
    """28 as an answer to 几号走呢: the day of the month in talk, else the next such day."""
    match = re.match(r"^(?:就|那就?|大概|嗯+|应该)?[，,\s]*(\d{1,2})(?=$|[吧左。，,走出\s])", message.text)
    if match is None or "when" not in message.asked or spans:
        return []
    return moments(f"{match[1]}号", Anchor(message.today, known.replace(day=1) if known else None))


def _with_return(text: str, dates: list[When], chosen: When | None) -> When | None:
    """7.15出发7.20回: the later day that is said to be the way back ends the trip."""
    if chosen is None or chosen.day is None or chosen.last is not None:
        return chosen
    for when in dates:
        back = re.match(r"^[^，。！？]{0,4}?(?:回|返)", text[when.span.end :]) or re.search(
            r"[住待呆玩耍]到$", text[: when.span.start]
        )
        if back and when.day is not None and when.day > chosen.day:
            return replace(chosen, last=when.day)
    return chosen


def _first_day(month: str | None) -> date | None:
    return date.fromisoformat(f"{month}-01") if month else None


def _stated_month(message: Message, known: date | None) -> date | None:
    """The month a day alone (15号) belongs to: one named in this message, else the one known."""
    named = [when.month for when in moments(message.text, Anchor(message.today)) if when.month]
    if named:
        return named[-1]
    return known.replace(day=1) if known else None


def _chosen(message: Message, dates: list[When]) -> When | None:
    """The date that counts: not one with an excuse beside it; after a correction the last; else one with a verb of
    leaving, a day before a month, the first said."""
    text = message.text
    usable = [when for when in dates if not _excused(text, when)] or [when for when in dates if _gentle(text, when)]
    if not usable:
        return None
    last = usable[-1]
    if len(usable) > 1 and CORRECTION.search(text[usable[0].span.end : last.span.start]):
        return last
    usable = _most_exact(text, usable)
    leaving = [when for when in usable if _LEAVES.match(text[when.span.end : when.span.end + 10])]
    days = [when for when in leaving if when.day] or [when for when in usable if when.day]
    return (days or leaving or usable)[0]


def _most_exact(text: str, usable: list[When]) -> list[When]:
    """春节去，初三走; 这周末，5月30日: numbers are more exact than the names of feasts and weeks around them."""
    exact = [
        when
        for when in usable
        if when.day
        and re.match(r"[\d一二三四五六七八九十大正初明今下这腊年]", text[when.span.start :])
        and re.search(r"\d|月|号|初|年(?:二十|廿)", text[when.span.start : when.span.end])
    ]
    vague = [when for when in usable if when.day and when not in exact and not re.search(r"下|这|本", text[when.span.start])]
    if exact and vague:
        return [when for when in usable if when not in vague]
    weekends = [when for when in usable if text[when.span.start : when.span.end].endswith("末") and when.day]
    return [when for when in usable if when not in weekends] if len(usable) > len(weekends) else usable


def _excused(text: str, when: When) -> bool:
    clause = clause_of(text, when.span.start)
    words = text[clause.start : clause.end]
    busy = _BUSY.search(words)
    if not busy:
        return False
    # 人多 or 旺季 after a verb of leaving is a remark, no refusal.
    return not _LEAVES.match(text[when.span.end : clause.end])


def _gentle(text: str, when: When) -> bool:
    """A date with an excuse beside it still counts where it is the only one and names an occasion (下个月过生日)."""
    clause = clause_of(text, when.span.start)
    return bool(re.search(r"生日|毕业|高考|放假|结婚|纪念", text[clause.start : clause.end]))


def _set_date(message: Message, trip: TripRequest, when: When) -> None:
    if when.day is not None:
        trip.single["start_date"] = message.slot(when.day, when.span)
        trip.single.pop("start_month", None)
        return
    if when.month is None:
        return
    month = when.month.strftime("%Y-%m")
    known = trip.value("start_date")
    if known is None or known.strftime("%Y-%m") != month:
        trip.single["start_month"] = message.slot(month, when.span)
        trip.single.pop("start_date", None)


def _days(message: Message, found: list[Length]) -> Length | None:
    """Of several lengths the last after a correction, else the first that is no part of the trip (住一晚)."""
    text = message.text
    if not found:
        return None
    if len(found) > 1 and CORRECTION.search(text[found[0].span.end : found[-1].span.start]):
        return found[-1]
    nights = [length for length in found if text[length.span.start] in "住待呆"]
    others = [length for length in found if length not in nights]
    if nights and not others and len(nights) > 1:
        # Several stays (…住一晚, …住两晚) make up the trip: their nights and one day more.
        total = sum(length.days - 1 for length in nights) + 1
        return Length(nights[0].span, total)
    return (others or nights)[0]


def sentence_of(text: str, position: int) -> Span:
    """The sentence that holds a position."""
    return next((span for span in sentences(text) if span.start <= position < span.end), Span(0, len(text)))
