"""Days, months and lengths of a trip in a message. Weeks start on Monday; a feast is its day; a month alone is a month."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from messaging.understanding.almanac import NAMES, last_month_length, month_end, next_feast, nth_weekday
from messaging.understanding.numerals import COUNT, count, whole
from messaging.understanding.text import Span, blank

_NUM = r"(\d{1,2}|[一二三四五六七八九十]{1,3})"
_YEAR = r"(?:(\d{4}|\d{2})\s*年|(今年|明年|后年|来年))?的?\s*"
_WEEKDAY = r"(?:周|星期|礼拜)([一二三四五六日天末1-6])"
_WEEKDAYS = {c: n for n, c in enumerate("一二三四五六日")} | {c: n for n, c in enumerate("123456")} | {"天": 6, "末": 5}


@dataclass(frozen=True)
class When:
    """A day (`day`), or else a month (`month` as its first day), with the last day of a range where one was given."""

    span: Span
    day: date | None = None
    month: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Anchor:
    """What relative dates start from: today, and the month the talk is about, if any."""

    today: date
    month: date | None = None


def moments(text: str, anchor: Anchor) -> list[When]:
    """Every date or month in a plain message, in order, without overlaps; longer readings win."""
    found: list[When] = []
    for pattern, build in _READERS:
        for match in pattern.finditer(text):
            span = Span(*match.span())
            if any(span.overlaps(other.span) for other in found):
                continue
            when = build(match, anchor)
            if when is not None:
                found.append(when)
    ordered = sorted(_with_offsets(text, found), key=lambda when: when.span.start)
    ordered = [when for index, when in enumerate(ordered) if not (index and _restates(text, ordered[index - 1], when))]
    return _same_week(text, ordered)


def _same_week(text: str, ordered: list[When]) -> list[When]:
    """下周末去, 周五晚上走: a weekday without a week of its own lies in the week named before it."""
    week: date | None = None
    found = []
    for when in ordered:
        words = text[when.span.start : when.span.end]
        if when.day is not None and re.match(r"(?:下|这|本)", words) and re.search(_WEEKDAY, words):
            week = when.day - timedelta(days=when.day.weekday())
        elif week is not None and when.day is not None and re.fullmatch(_WEEKDAY, words):
            when = replace(when, day=week + timedelta(days=_WEEKDAYS[words[-1]]))
        found.append(when)
    return found


def _restates(text: str, before: When, when: When) -> bool:
    """5月25周一 is one day: a weekday right after a full day only says it again."""
    gap = text[before.span.end : when.span.start]
    return before.day is not None and len(gap) <= 1 and bool(re.fullmatch(_WEEKDAY, text[when.span.start : when.span.end]))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else (whole(text) or 0)


def _year(digits: str | None, word: str | None, today: date) -> int | None:
    if word:
        return today.year + {"今年": 0, "明年": 1, "来年": 1, "后年": 2}[word]
    if digits:
        return int(digits) if len(digits) == 4 else 2000 + int(digits)
    return None


def coming_month(month: int, today: date, year: int | None = None) -> date | None:
    """The first day of that month, this year or next, whichever is not over."""
    if not 1 <= month <= 12:
        return None
    if year is None:
        year = today.year + (1 if month < today.month else 0)
    return date(year, month, 1)


def coming_day(month: int, day: int, today: date, year: int | None = None) -> date | None:
    """The next such day, or that of the year; None for the 31st of June and the like."""
    try:
        found = date(today.year if year is None else year, month, day)
        return found if year is not None or found >= today else date(today.year + 1, month, day)
    except ValueError:
        return None


def _full_day(match: re.Match[str], anchor: Anchor) -> When | None:
    digits, word, month, day, last_month, last_day = match.groups()
    first = coming_day(_number(month), _number(day), anchor.today, _year(digits, word, anchor.today))
    if first is None:
        return None
    last = None
    if last_day:
        last = coming_day(_number(last_month) if last_month else first.month, _number(last_day), first)
    return When(Span(*match.span()), day=first, last=last)


def _slashed(match: re.Match[str], anchor: Anchor) -> When | None:
    month, day, last_month, last_day = match.groups()
    if not 1 <= int(month) <= 12:
        return None
    first = coming_day(int(month), int(day), anchor.today)
    last = coming_day(int(last_month), int(last_day), first) if first and last_month else None
    return When(Span(*match.span()), day=first, last=last) if first else None


def _iso(match: re.Match[str], anchor: Anchor) -> When | None:
    try:
        return When(Span(*match.span()), day=date(*map(int, match.groups())))
    except ValueError:
        return None


def _relative_month(match: re.Match[str], anchor: Anchor) -> When | None:
    word, day, last_day = match.groups()
    ahead = word.count("下")
    index = anchor.today.year * 12 + anchor.today.month - 1 + ahead
    month = date(index // 12, index % 12 + 1, 1)
    if not day:
        return When(Span(*match.span()), month=month)
    first = coming_day(month.month, _number(day), anchor.today, month.year)
    last = coming_day(month.month, _number(last_day), anchor.today, month.year) if last_day else None
    return When(Span(*match.span()), day=first, last=last) if first else None


def _nth_weekday(match: re.Match[str], anchor: Anchor) -> When | None:
    digits, word, month, nth, weekday = match.groups()
    first = coming_month(_number(month), anchor.today, _year(digits, word, anchor.today))
    if first is None:
        return None
    rank = -1 if nth == "最后一" else _number(nth.removeprefix("第"))
    day = nth_weekday(first.year, first.month, _WEEKDAYS[weekday], rank)
    return When(Span(*match.span()), day=day) if day else None


def _month(match: re.Match[str], anchor: Anchor) -> When | None:
    digits, word, month = match.groups()
    first = coming_month(_number(month), anchor.today, _year(digits, word, anchor.today))
    return When(Span(*match.span()), month=first) if first else None


def _weekday(match: re.Match[str], anchor: Anchor) -> When | None:
    week, weekday = match.groups()
    if weekday == "末" and not week:
        return None  # 周末 alone says no day: which one has to be asked
    today, index = anchor.today, _WEEKDAYS[weekday]
    monday = today - timedelta(days=today.weekday())
    ahead = (week or "").count("下")
    day = monday + timedelta(days=7 * ahead + index)
    if not ahead and day < today:
        day += timedelta(days=7)
    return When(Span(*match.span()), day=day)


def _near(match: re.Match[str], anchor: Anchor) -> When | None:
    ahead = {"今天": 0, "今晚": 0, "明天": 1, "明早": 1, "明晚": 1, "后天": 2, "大后天": 3}[match[0]]
    return When(Span(*match.span()), day=anchor.today + timedelta(days=ahead))


def _after_days(match: re.Match[str], anchor: Anchor) -> When | None:
    days = count(match[1])
    return When(Span(*match.span()), day=anchor.today + timedelta(days=days)) if days else None


def _feast(match: re.Match[str], anchor: Anchor) -> When | None:
    digits, word, name = match.groups()
    day = next_feast(name, anchor.today, _year(digits, word, anchor.today))
    return When(Span(*match.span()), day=day) if day else None


def _new_year_day(match: re.Match[str], anchor: Anchor) -> When | None:
    digits, word, number = match.groups()
    offset = timedelta(days=_number(number) - 1)
    year = _year(digits, word, anchor.today)
    day = next_feast("春节", anchor.today - offset, year)
    return When(Span(*match.span()), day=day + offset) if day else None


def _old_year_day(match: re.Match[str], anchor: Anchor) -> When | None:
    """大年二十九, 腊月廿八: days of the last lunar month, counted back from new year's eve, its 29th or 30th."""
    digits, word, number = match.groups()
    year = _year(digits, word, anchor.today)
    for new_year in filter(None, (next_feast("春节", anchor.today, year), next_feast("春节", anchor.today + timedelta(days=40)))):
        day = new_year - timedelta(days=last_month_length(new_year.year) + 1 - 20 - _number(number))
        if day >= anchor.today:
            return When(Span(*match.span()), day=day)
    return None


def _day_alone(match: re.Match[str], anchor: Anchor) -> When | None:
    first, last = match.groups()
    day = _number(first)
    base = anchor.month or anchor.today.replace(day=1)
    if anchor.month is None and day < anchor.today.day:
        base = month_end(base.year, base.month) + timedelta(days=1)
    found = coming_day(base.month, day, anchor.today, base.year)
    end = coming_day(base.month, _number(last), anchor.today, base.year) if last else None
    return When(Span(*match.span()), day=found, last=end) if found else None


def _season(match: re.Match[str], anchor: Anchor) -> When | None:
    digits, word, name = match.groups()
    month = {"暑假": 7, "暑期": 7, "寒假": 1, "年底": 12, "年末": 12, "月底": anchor.today.month, "月末": anchor.today.month}[
        name
    ]
    first = coming_month(month, anchor.today, _year(digits, word, anchor.today))
    return When(Span(*match.span()), month=first) if first else None


_TO = r"\s*(?:到|至|-|—|~|–|、|,|和)+\s*"
_PART = r"(?:份|的)?(?:上旬|中旬|下旬|初|底|末|中|头上|上|第[一二三四]周|第[一二三四]个星期|最后一周|前半|后半|左右|前后)?"
_Reader = Callable[[re.Match[str], Anchor], When | None]
_READERS: list[tuple[re.Pattern[str], _Reader]] = [
    (re.compile(r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?"), _iso),
    (re.compile(rf"{_YEAR}{_NUM}\s*月(?:份)?的?\s*(第[一二三四五]|最后一)个?{_WEEKDAY}"), _nth_weekday),
    (re.compile(rf"(?<![\d年]){_YEAR}{_NUM}\s*月\s*{_NUM}(?![个天晚人位月大小]|\d)(?:[号日]|(?![\d十]))(?:{_TO}(?:{_NUM}\s*月\s*)?{_NUM}(?:[号日](?!游)|(?=走|出发|,|，|。|$|\s)))?"), _full_day),
    (re.compile(r"(?<![\d.:/])(\d{1,2})[./](\d{1,2})(?:号|日)?(?:\s*[-~到至—]+\s*(\d{1,2})[./](\d{1,2})(?:号|日)?)?(?![\d.]*[万wk千%])(?![\d./:])"), _slashed),
    (re.compile(rf"((?:下个?|下下个?|这个?|本)月)\s*(?:{_NUM}[号日](?:{_TO}{_NUM}[号日])?)?"), _relative_month),
    (re.compile(rf"{_YEAR}(?:大年|农历|腊月|年)(?:二十|廿)([一二三四五六七八九])"), _old_year_day),
    (re.compile(rf"{_YEAR}(?:大年|农历)?正月(十[一二三四六七八九]|二十[一二三四五六七八九]?|十)(?!个)"), _new_year_day),
    (re.compile(rf"{_YEAR}(?:大年|正月|年|春节)?初([一二三四五六七八九十])(?!中|高|学|新?生|升|的?(?:孩|娃|学)|年级|上学|下学|暑|寒)"), _new_year_day),
    (re.compile(rf"{_YEAR}((?<![一二三四五六七八九第])十一(?![一二三四五六七八九岁位口块千百万天晚间年度号人])|{'|'.join(name for name in NAMES if name != '十一')})(?:节|当天|那天|假期)?(?!路|广场|个|月|点)"), _feast),
    (re.compile(rf"(?<!\d)(?<![\d一二两三四五六七八九十几半]个){_YEAR}{_NUM}\s*月(?!\d*个)(?!度){_PART}"), _month),
    (re.compile(rf"((?:下个?|下下个?|这个?|本|上个?)?)(?:{_WEEKDAY})"), _weekday),
    (re.compile(r"大后天|后天|今天|明天|今晚|明早|明晚"), _near),
    (re.compile(rf"(?:过|再过)?({COUNT})天(?:后|之后|以后)"), _after_days),
    (re.compile(rf"(?<![\d点:第月]){_NUM}(?:号(?!人|线|馆|楼|门|厅|车)|日(?=出发|走|去|到|至|-|起|动身|飞))(?:{_TO}{_NUM}[号日](?!游))?"), _day_alone),
    (re.compile(rf"{_YEAR}(暑假|暑期|寒假|年底|年末|月底|月末)"), _season),
]  # fmt: skip
_OFFSETS = [
    (re.compile(r"^(?:的)?[，,]?(?:是|在)?(?:的?前|提前)(一|1|两|二|2|三|3)(?:天|晚|日|个晚上)"), -1),
    (re.compile(r"^的?(?:后|之后|过后)(?:第)?(一|1|两|二|2|三|3)天"), 1),
    (re.compile(r"^的?第(二|三|四|五)天"), 0),
]
_PAST = re.compile(r"^(?:都|已经)?(?:过完|过后|之后|以后|后(?!天)|过了|完了)")


def _with_offsets(text: str, found: list[When]) -> Iterator[When]:
    """国庆前一天 is the day before; 国庆过后 names no day at all."""
    for when in found:
        rest = text[when.span.end :]
        if when.day is not None and _PAST.match(rest):
            continue
        shifted = when
        for pattern, sign in _OFFSETS:
            match = pattern.match(rest)
            if match and when.day is not None:
                steps = sign * (count(match[1]) or 0) if sign else (count(match[1]) or 1) - 1
                shifted = replace(
                    when, day=when.day + timedelta(days=steps), span=Span(when.span.start, when.span.end + match.end())
                )
        yield shifted


@dataclass(frozen=True)
class Length:
    """How many days a trip lasts."""

    span: Span
    days: int


_C = COUNT
_NOT_LENGTH = r"(?<!第)(?<!提前)(?<!前)(?<!后)(?<!过)(?<!隔)(?<!每)(?<!早)(?<!晚)"
_AFTER_DAYS = r"(?!后|之后|以后|内|前(?!后)|之内|左右到|一次|气|都|山|池|坛|津|台|水|柱|目)"
_LENGTHS: list[tuple[re.Pattern[str], int, int]] = [
    # (pattern, group of the number, days added)
    (re.compile(rf"({_C})\s*[天日]\s*({_C})\s*[晚夜]"), 1, 0),
    (re.compile(rf"({_C})\s*[晚夜]\s*({_C})\s*[天日]"), 2, 0),
    (re.compile(rf"{_NOT_LENGTH}({_C})\s*(?:来)?(?:整)?天(?:{_AFTER_DAYS})"), 1, 0),
    (re.compile(rf"{_NOT_LENGTH}({_C})\s*日(?:游|自由|行程|团|之?旅|跟团|往返|$|[，。,\s]|左右|自驾|亲子|的)"), 1, 0),
    (re.compile(rf"(?:住|待|呆|玩|过)\s*(?:个|上)?({_C})\s*(?:个)?(?:晚上|晚|夜|宿)"), 1, 1),
    (re.compile(rf"(?<!第)({_C})\s*[晚夜](?!上)"), 1, 1),
]
_DAY_TRIP = re.compile(
    r"当[天日](?:去?当[天日])?(?:去|来|往)?(?:返|回)|[一1][天日](?:来回|往返|游|打来回)|当天去当天回|早(?:上)?去晚(?:上)?回|不过夜|不住宿|就?一天(?:时间|就回|足够|够了)|玩一天(?!就|足)"
)
_WEEKS = re.compile(
    rf"(?<!第)(?<!下)(?<!上)(?<!这)(?<!前)(?<!后)(?<!挪)({_C}|半)个?(?:星期|礼拜|周)(?![一二三四五六日天末前后年])(?!内)"
)
_HALF_MONTH = re.compile(r"半个月|半月")
_BACK = re.compile(
    r"((?:下个?|下下个?|这个?|本)?)(?:周|星期|礼拜)([一二三四五六])[^，。]{0,8}?(?:走|出发|去|动身|下班|晚上|早上|到|至|-)[^。]{0,8}?(?:周|星期|礼拜)([一二三四五六日天])[^，。]{0,6}?(?:回|返|$|[，。])"
)
_SPOT_DAY = re.compile(r"(?:足|满|整整?|留|专门)(?:一|1|两)?(?:整)?天")


def lengths(text: str, dates: list[When]) -> list[Length]:
    """Every length of a trip in a plain message, in order; `dates` are its moments, whose digits are no lengths."""
    found: list[Length] = []
    whole_text, text = text, blank(text, [when.span for when in dates])

    def add(match: re.Match[str], days: int | None) -> None:
        span = Span(*match.span())
        if days and 0 < days <= 60 and not any(span.overlaps(other.span) for other in found):
            found.append(Length(span, days))

    for match in _DAY_TRIP.finditer(whole_text):
        add(match, 1)
    for match in _BACK.finditer(whole_text):
        add(match, (_WEEKDAYS[match[3]] - _WEEKDAYS[match[2]]) % 7 + 1)
    for pattern, group, extra in _LENGTHS:
        for match in pattern.finditer(text):
            days = count(match[group])
            if (
                days is None
                or (days + extra == 1)
                or (days == 1 and _SPOT_DAY.search(text[max(0, match.start() - 2) : match.end()]))
            ):
                continue
            add(match, days + extra)
    for match in _WEEKS.finditer(text):
        weeks = count(match[1])
        add(match, weeks * 7 if weeks and weeks <= 4 else None)
    for match in _HALF_MONTH.finditer(text):
        add(match, 15)
    return sorted(found, key=lambda length: length.span.start)
