"""Numbers, spans of time and comparisons as people write them in Chinese."""

import re
import unicodedata

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = re.compile(
    r"[零〇一二两俩三四五六七八九十百千]+(?=(?:个|次|天|周|星期|礼拜|月|年|元|块|万|岁|单|笔|人|回|遍|篇|款|条|多|来|到|至|以|及|日|%|[0-9]))"
)
_SPAN_UNITS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "个星期": 7, "个礼拜": 7, "个月": 30, "月": 30, "年": 365}
_SPAN = re.compile(r"([0-9]+)(?:多|来)?(天|日|周|个星期|个礼拜|星期|礼拜|个月|月|年)(?!龄|[0-9])")
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)(万|千|k|w|K|W)?(?:元|块钱?|人民币)?")


def normalised(text: str) -> str:
    """Full-width to half-width, Chinese numerals to digits, spaces gone, "半年" and its like as months and days."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    for spoken, days in (("大半年", "240天"), ("半年", "180天"), ("半个月", "15天"), ("一个半月", "45天"), ("季度", "90天")):
        plain = plain.replace(spoken, days)
    plain = re.sub(r"(?<=[近过])(?=[天周月年])", "1", plain)
    plain = _CHINESE.sub(lambda match: str(_value(match.group())), plain)
    return re.sub(r"([0-9])个(?=(?:星期|礼拜))", r"\1", plain)


def _value(word: str) -> int:
    """The value of a Chinese numeral below ten thousand: 十二 12, 三百二十 320, 两千 2000."""
    if not any(mark in _UNITS for mark in word):
        return int("".join(str(_DIGITS[mark]) for mark in word))
    total, digit = 0, 1
    for place, mark in enumerate(word):
        if mark in _UNITS:
            total += (digit if place or mark != "十" else 1) * _UNITS[mark]
            digit = 0
        else:
            digit = _DIGITS[mark]
    return total + (digit if word[-1] not in _UNITS else 0)


def number_in(text: str) -> int:
    """The first whole number of a text; 0 where there is none."""
    found = re.search(r"[0-9]+", text)
    return int(found.group()[:9]) if found else 0


def days_in(text: str) -> int | None:
    """The first span of time of a text in days, at most three years; None where there is none."""
    found = _SPAN.search(text)
    return min(int(found.group(1)[:5]) * _SPAN_UNITS[found.group(2)], 1100) if found else None


def without_span(text: str) -> str:
    """A text without its first span of time, so that another number can be looked for."""
    return _SPAN.sub("", text, count=1)


def amount_in(text: str) -> int | None:
    """The first amount of money in yuan: 8000, 2万, 1.5w."""
    found = _AMOUNT.search(text)
    if not found:
        return None
    factor = {"万": 10_000, "w": 10_000, "千": 1000, "k": 1000}.get((found.group(2) or "").lower(), 1)
    return round(float(found.group(1)[:9]) * factor)


def compared(text: str) -> tuple[str, int]:
    """How a count is compared: "3 次以上" (>=, 3), "超过 3 次" (>, 3), "不到 2 次" (<, 2), "3 次" (>=, 3), nothing (>=, 1)."""
    found = re.search(
        r"(超过|多于|大于|高于|不少于|不低于|至少|起码|大于等于|不超过|不多于|至多|最多|少于|小于|低于|不到|不足|正好|刚好|恰好|只)?"
        r"(?:有|了|过)?([0-9]+)(?:个|款|篇|条)?(?:次|回|遍|单|笔|产品|以上|天)?(?:或|及|和)?(以上|以下|以内|多)?",
        text,
    )
    if not found:
        return ">=", 1
    before, number, behind = found.group(1) or "", int(found.group(2)[:6]), found.group(3) or ""
    signs = {
        "超过": ">", "多于": ">", "大于": ">", "高于": ">", "不超过": "<=", "不多于": "<=", "至多": "<=", "最多": "<=",
        "少于": "<",        "小于": "<", "低于": "<", "不到": "<", "不足": "<", "正好": "=", "刚好": "=", "恰好": "=", "只": "=",
    }  # fmt: skip
    if before in signs:
        return signs[before], number
    return ("<=", number) if behind in ("以下", "以内") else (">=", number)
