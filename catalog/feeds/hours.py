"""Opening hours in free text: "周一至周五 11:00-14:00 17:00-21:30 周六,周日 全天", "上午11点--晚上9点半", "13:00-次日6:30"."""

import dataclasses
import re
import unicodedata

ALL_DAYS: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
DAY = 1440


@dataclasses.dataclass(frozen=True)
class Span:
    """Open from `opens` to `closes` (minutes after midnight; over 1440 is after midnight) on ISO weekdays.

    `seasons` holds 春, 夏, 秋, 冬; empty means all year.
    """

    days: tuple[int, ...]
    opens: int
    closes: int
    seasons: str = ""


_DAY_NO = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7}
_CLOSED_TIMES = re.compile(r"非营业时段.*$", re.S)
_FILLERS = re.compile(r"营业时间|营业|时段|第[一二三四]场|[早午晚夜]市|早茶|[早中午晚正]餐|早点|夜宵|为|[,，、;；。:：()（）\s]")
_TIME = r"(?P<{0}late>次日|凌晨|[早晚]上?|上午|下午|中午|晚间|夜间)?\s*(?P<{0}h>\d{{1,2}}):(?P<{0}m>\d{{2}})(?P<{0}half>am|pm)?"
_TOKEN = re.compile(
    r"(?P<seasons>[春夏秋冬]季?(?:、[春夏秋冬]季?)*)"
    r"|(?P<days>(?:周|星期|礼拜)[一二三四五六日天](?:(?:[-、,]|至)(?:周|星期|礼拜)?[一二三四五六日天])*|每天|工作日|周末|节假日)"
    rf"|(?P<times>{_TIME.format('a')}-{_TIME.format('b')})"
    r"|(?P<allday>全天|24小时|二十四小时)"
)


def parse_hours(text: str) -> list[Span] | None:
    """The opening hours in a cell; None when any part of it cannot be read. Past closures ("非营业时段 …") are dropped."""
    plain = _normal(_CLOSED_TIMES.sub("", text))
    tokens: list[tuple[str, re.Match[str]]] = []
    end = 0
    for match in _TOKEN.finditer(plain):
        if _FILLERS.sub("", plain[end : match.start()]):
            return None
        tokens.append((_kind(match), match))
        end = match.end()
    if _FILLERS.sub("", plain[end:]):
        return None
    return _spans(tokens)


def _kind(match: re.Match[str]) -> str:
    return next(name for name in ("seasons", "days", "times", "allday") if match[name])


def _normal(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"(\d{1,2})点半", r"\1:30", plain)
    plain = re.sub(r"(\d{1,2})点(\d{1,2})分?", lambda match: f"{match[1]}:{match[2]:0>2}", plain)
    plain = re.sub(r"(\d{1,2})点", r"\1:00", plain)
    plain = re.sub(r"\s*[-–—―~〜至到]+\s*", "-", plain)
    return re.sub(r"\s*:\s*", ":", plain)


def _spans(tokens: list[tuple[str, re.Match[str]]]) -> list[Span] | None:
    kinds = [kind for kind, _match in tokens]
    if "times" not in kinds and "allday" not in kinds:
        return None
    days, seasons, spans = ALL_DAYS, "", []
    for index, (kind, match) in enumerate(tokens):
        following = kinds[index + 1 :]
        if kind == "seasons":
            days, seasons = ALL_DAYS, "".join(re.findall("[春夏秋冬]", match[0]))
        elif kind == "days":
            days = _days(match[0])
            if not {"times", "allday"} & set(following) and days != ALL_DAYS:
                return None  # "10:00-20:00 周一至周五": written the other way round
        elif kind == "allday":
            if following[:1] != ["times"]:
                spans.append(Span(days, 0, DAY, seasons))
        else:
            span = _span(match, days, seasons)
            if span is None:
                return None
            spans.append(span)
    return spans


def _days(text: str) -> tuple[int, ...]:
    if text in {"每天", "节假日"}:
        return ALL_DAYS
    if text in {"工作日", "周末"}:
        return (1, 2, 3, 4, 5) if text == "工作日" else (6, 7)
    result: list[int] = []
    for part in re.split("[、,]", re.sub("周|星期|礼拜", "", text)):
        ends = [_DAY_NO[char] for char in part if char in _DAY_NO]
        first, last = ends[0], ends[-1]
        result += list(range(first, last + 1)) if first <= last else [*range(first, 8), *range(1, last + 1)]
    return tuple(sorted(set(result)))


def _span(match: re.Match[str], days: tuple[int, ...], seasons: str) -> Span | None:
    opens, closes = _minute(match, "a"), _minute(match, "b")
    if opens is None or closes is None or opens >= DAY:
        return None
    return Span(days, opens, closes if closes > opens else closes + DAY, seasons)


def _minute(match: re.Match[str], side: str) -> int | None:
    hour, minute = int(match[f"{side}h"]), int(match[f"{side}m"])
    word, half = match[f"{side}late"] or "", match[f"{side}half"]
    if hour > 24 or minute > 59:
        return None
    if hour < 12 and (half == "pm" or word in {"下午", "晚", "晚上", "晚间", "夜间"}):
        hour += 12
    return hour * 60 + minute + (DAY if word == "次日" else 0)
