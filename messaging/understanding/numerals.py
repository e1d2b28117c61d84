"""Chinese and Arabic numbers as people write them in chats."""

import re

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "仨": 3, "〇": 0, "幺": 1, "壹": 1, "貳": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000, "w": 10000, "k": 1000}
CHINESE = "零一二两俩仨三四五六七八九十"
# A small count: 3, 十二, 四五, 3-4, 三到五, 十来.
COUNT = rf"(?:\d{{1,3}}\s*[-~到至或、]\s*\d{{1,3}}|[{CHINESE}]{{1,4}}[到至][{CHINESE}]{{1,4}}|\d{{1,3}}多?|[{CHINESE}]{{1,4}}[来多几]?)"


def count(text: str) -> int | None:
    """A small whole number; of a range or an estimate (四五, 3-4, 三到五) the upper end. None if it is no number."""
    text = text.strip()
    parts = [part for part in re.split(r"[-~到至或、\s]+", text) if part]
    if len(parts) > 1:
        return count(parts[-1])
    text = text.rstrip("来多几")
    if text.isdigit():
        return int(text)
    if len(text) == 2 and text[0] in DIGITS and text[1] in DIGITS:
        return DIGITS[text[1]]
    return whole(text)


def whole(text: str) -> int | None:
    """A Chinese number below ten thousand: 二十五, 一百零八, 三千五 (3,500), 十二."""
    if not text or any(char not in DIGITS and char not in _UNITS for char in text):
        return None
    total, digit, unit = 0, -1, 1
    for char in text:
        if char in DIGITS:
            digit = DIGITS[char] if digit < 0 else digit * 10 + DIGITS[char]
            continue
        unit = _UNITS[char]
        total, digit = total + (1 if digit < 0 else digit) * unit, -1
    if digit < 0:
        return total
    # 三千五 is 3,500: a last digit without its unit counts in tenths of the unit before it, unless 零 stands between.
    return total + (digit * unit // 10 if unit > 10 and digit < 10 and "零" not in text else digit)
