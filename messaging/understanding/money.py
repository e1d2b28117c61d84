"""Amounts of money in a message: the budget, its upper end, and whether it is for each person."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from messaging.understanding.numerals import CHINESE, DIGITS, count
from messaging.understanding.text import Span, clause_of

_D = "零一二两俩三四五六七八九"
# 一万五, 三万二千, 两千五, 四五千, 一千二三, 六七千, 十二万, 1万2, 1.5w, 4k, 8000.
_AMOUNT = (
    rf"(?:\d+(?:\.\d+)?\s*[万w]\s*\d{{1,4}}千?|\d+(?:\.\d+)?\s*[千k]\s*\d(?!\d)|\d+(?:\.\d+)?\s*[万w千k]|\d{{1,3}}(?:,\d{{3}})+|\d{{2,7}}(?:\.\d+)?"
    rf"|[{CHINESE}]{{1,3}}[万w](?:零?[{_D}]{{1,2}}千?(?:[{_D}]百?)?(?![个人位天晚]))?|[{_D}]{{1,2}}千(?:零?[{_D}]{{1,2}}百?(?![个人位天晚]))?|[{_D}]{{1,2}}百(?:[{_D}]十?(?![个人位天晚]))?)"
)
_RANGE = re.compile(rf"({_AMOUNT}|\d{{1,2}}(?:\.\d)?|[{_D}](?=[到至]))\s*(?:元|块)?\s*(?:到|至|-|~|—)+\s*({_AMOUNT})|({_AMOUNT})")
_UNIT = re.compile(r"^\s*(?:多|来)?\s*(?:元|块钱|块|rmb|人民币|大洋|刀)")
_EACH = re.compile(
    r"人均|每[生名]|每人|每个人|一人(?!一|游|行|住|去|出|玩|带)|每位|一个人头|一个人(?=预算|最多|就|大概|差不多|左右|也就|控制|$)|单人预算|一位|每家?个(?:人)?|人头|平均(?:下来)?(?:一个人|每人)?|每(?:个)?(?:大人|成人)"
)
_EACH_AFTER = re.compile(
    r"^[^，。！？\d]{0,6}?(?:一个人(?!去|玩|住|带)|每人|每个人|一人(?!去)|一位|/\s*(?:人|位|p)|每位|人均|per)"
)
_TOTAL = re.compile(
    r"总共|一共|总价|总预算|总的|总计|全部|合计|加起来|合起来|加一块|拢共|统共|共|全家|全包|打包|两家|[二两俩三四五六七八九十\d]个人(?!均)|俩人|两人|[两三四]口|整个|总费用"
)
_CUE = re.compile(
    r"预算|人均|每人|总共|一共|总价|花|费用|价格|价位|之?内|以下|左右|上下|封顶|不超|别超|不要超|最多|控制|打住|全包|总|钱|能接受|合起来|加起来|合计|拢共|经费|报价|搞定|够"
)
_NOT_BUDGET = re.compile(
    r"(?:每晚|一晚|每间|一间|间夜|门票|票价|单程|海拔|定金|押金|房费|住宿标准|房价|房差|小费|每天房|升级|差价|补)[^，。]{0,6}$"
)
_NOT_AFTER = re.compile(
    r"^\s*(?:多|来|几)?\s*(?:米|公里|km|m(?![a-z])|平|个|人|位|名|天|晚|号|日|月|年|岁|点|星|间|次|分|度|后|路|家|张|辆|一晚|每晚|/晚|/间|一间|块一晚|元一晚|元/晚)|^(?:元|块)?[^，。]{0,4}?(?:住宿|房费|的房间|每间)|^(?:元|块)?(?:一晚|每晚|/晚|/间|一间|一天房)"
)


@dataclass(frozen=True)
class Amount:
    """A budget in yuan; `each` says per person, None where the words do not."""

    span: Span
    yuan: int
    each: bool | None


def amounts(text: str, expected: bool = False) -> list[Amount]:
    """Every amount that may be a budget, in order. A bare number counts only where one is `expected`
    (the agent asked for the budget, or one was given before) or a word beside it speaks of money."""
    return list(_amounts(text, expected))


def _amounts(text: str, expected: bool) -> Iterator[Amount]:
    for match in _RANGE.finditer(text):
        words = match[3] or match[2]
        before, after = text[: match.start()], text[match.end() :]
        yuan = _yuan(words)
        if match[1] and yuan < 100 and words[-1] not in "万w千k":
            continue
        if yuan < 50 or _NOT_AFTER.match(after) or _NOT_BUDGET.search(before):
            continue
        clause = clause_of(text, match.start())
        near = text[clause.start : clause.end]
        has_unit = bool(_UNIT.match(after)) or words[-1] in "万w千k百" or any(char in "万w千k" for char in words)
        spoken = has_unit or _CUE.search(near) or _EACH_AFTER.match(after) or _EACH.search(text[clause.start : match.start()])
        if not spoken and not (expected and yuan >= 300):
            continue
        yield Amount(Span(*match.span()), yuan, _each(text, match, clause))


def _each(text: str, match: re.Match[str], clause: Span) -> bool | None:
    before, after = text[clause.start : match.start()], text[match.end() :]
    # A word right before the amount decides, then one after it, then the clause before.
    last_each = max((found.end() for found in _EACH.finditer(before)), default=-1)
    last_total = max((found.end() for found in _TOTAL.finditer(before)), default=-1)
    if last_each > last_total:
        return True
    if _EACH_AFTER.match(after):
        return True
    if last_total >= 0:
        return False
    tail = re.match(r"^[^，。！？]{0,8}", after)
    if tail and re.search(r"总共|一共|全包|总价|全部|总的|合计|全家", tail[0]):
        return False
    if tail and re.search(r"人均|每人|每个人|一个人(?!去|玩)", tail[0]):
        return True
    return None


def _yuan(words: str) -> int:
    words = re.sub(r"[\s,]", "", words).replace("w", "万").replace("k", "千")
    arabic = re.fullmatch(r"(\d+(?:\.\d+)?)(?:([万千])(\d{0,4})千?)?", words)
    if arabic:
        number, unit, rest = float(arabic[1]), arabic[2], arabic[3]
        if not unit:
            return round(number)
        scale = 10000 if unit == "万" else 1000
        extra = int(rest) * (scale // 10 ** len(rest)) if rest else 0
        return round(number * scale) + extra
    return _chinese(words)


def _chinese(words: str) -> int:
    """一万五 15000, 三万二千 32000, 四五千 5000, 一千二三 1300, 三千五 3500, 八百 800."""
    total, scale = 0, 0
    for head, unit in re.findall(r"([^万千百]*)([万千百]?)", words):
        if not head and not unit:
            continue
        value = count(head.lstrip("零")) if head else 1
        if value is None:
            return 0
        size = {"万": 10000, "千": 1000, "百": 100, "": 0}[unit]
        if size:
            total += value * size
            scale = size
        elif head.startswith("零"):
            total += value
        else:
            total += (DIGITS[head[-1]] if len(head) == 2 and all(c in DIGITS for c in head) else value) * scale // 10
    return total


def per_person_flip(text: str) -> bool | None:
    """A clause that only says whether the budget named before is per person: 是人均, 我说的是总共."""
    if re.search(r"(?:是|说的?是|指的?是|按)(?:人均|每人|每个人|一个人)(?!\s*\d)", text):
        return True
    if re.search(r"(?:是|说的?是|指的?是|按)(?:总共|一共|总价|全部|总的|两个人|全家)", text):
        return False
    return None
