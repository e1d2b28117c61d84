"""A rule written in one Chinese sentence, read into the JSON of a condition: patterns only, no model, no database.

`read` splits the sentence into clauses at "，且 / 或 / 但", reads each with the first reader that recognises it, and says
which clauses it could not read: nothing is guessed, and a person looks at every result before it counts.
"""

import dataclasses
import re
from typing import Any

from tagging.sentence.behaviour import filters_in, kinds_in, read_behaviour, read_sequence
from tagging.sentence.numbers import normalised, number_in
from tagging.sentence.profile import LISTS, READERS, TAILS
from tagging.sentence.words import Words

__all__ = ["Reading", "Words", "read"]

LONGEST = 300
# "the customers who ..., get the tag ...": what surrounds the condition.
_FRAME = re.compile(
    r"^(?:请)?(?:帮我)?(?:给|为|把|将|找出|筛选出?|圈选|选出)?(?:所有|那些|一下)?|(?:的)?(?:客户|客人|用户|顾客|人群|会员|人)?"
    r"(?:们)?(?:都)?(?:自动)?(?:打上?|贴上?|加上?|标记为?|标为|设为|归为|算作)(?:一个)?[「“\"']?[^，。,]{0,14}?[」”\"']?(?:的)?(?:标签)?$"
)
_KEEP = re.compile(r"(?:标签)?(?:保留|有效期|有效|持续)(?:为)?([0-9]+)(天|周|个?月|年)")
_SPLIT = re.compile(r"(，|,|；|;|。|、(?=(?:没有|没|未|有|是|住|来自|近|最近|过去)))")
_AND = re.compile(r"^(?:并且|而且|且|同时|还|又|也|但是|但|却|不过|然后|以及|另外)+")
_OR = re.compile(r"(?:，|,)?(?:或者是?|或是|或|要么)")


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a sentence says: a condition (None: nothing was understood), the days a tag stays, and what was not read."""

    condition: dict[str, Any] | None
    keep_days: int | None = None
    unread: tuple[str, ...] = ()


def read(sentence: str, words: Words) -> Reading:
    """The condition of a sentence of at most 300 characters."""
    text = normalised(sentence[:LONGEST])
    keep = _KEEP.search(text)
    text = _KEEP.sub("", text) if keep else text
    text = _FRAME.sub("", text, count=2).strip("。；;，, ")
    found, unread = _read_any(text, words)
    days = number_in(keep.group(1)) * {"天": 1, "周": 7, "年": 365}.get(keep.group(2), 30) if keep else None
    return Reading(_joined("all", found) if found else None, days, tuple(unread))


def _joined(kind: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return nodes[0] if len(nodes) == 1 and kind == "any" else {kind: nodes}


def _read_any(text: str, words: Words) -> tuple[list[dict[str, Any]], list[str]]:
    """Clauses that all hold; within one of them "或" offers alternatives, which share what stands before the first."""
    nodes: list[dict[str, Any]] = []
    unread: list[str] = []
    for clause in (inner for one in _clauses(text) for inner in _tail_apart(one, words)):
        parts = [part for part in _OR.split(clause) if part.strip()]
        whole = _read_whole(clause, parts, words) if len(parts) > 1 else None
        read_parts = (
            [whole] if whole else [_read_part(part, words, parts[0] if place else "") for place, part in enumerate(parts)]
        )
        good = [found for found in read_parts if found is not None]
        if whole is None:
            unread += [part for part, found in zip(parts, read_parts, strict=True) if found is None]
        if len(good) == 1:
            nodes.append(good[0])
        elif good:
            nodes.append({"any": good})
    return _flat(nodes), unread


def _tail_apart(clause: str, words: Words) -> list[str]:
    """ "收藏过产品的上海客户": what stands behind the last 的 may be a clause of its own."""
    head, _of, tail = clause.rpartition("的")
    if head and 0 < len(tail) <= 12 and not kinds_in(tail) and any(reader(tail, words) for reader in TAILS):
        return [head, tail]
    return [clause]


def _read_whole(clause: str, parts: list[str], words: Words) -> dict[str, Any] | None:
    """Alternatives that one question can hold: two cities, two verbs with one object, two places with one verb."""
    joined = "、".join(parts)
    if (found := next((one for reader in LISTS if (one := reader(joined, words)) is not None), None)) is not None:
        return found
    if not all(kinds_in(part) or filters_in(part, words) for part in parts) or not kinds_in(joined):
        return None
    if sum(bool(filters_in(part, words)) for part in parts) <= 1:
        return read_behaviour("".join(parts), words)
    if sum(bool(kinds_in(part)) for part in parts) > 1:
        return None
    alternatives = [read_behaviour(part, words, borrowed=clause) for part in parts]
    return {"any": [one for one in alternatives if one is not None]}


def _flat(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [inner for node in nodes for inner in (node["all"] if set(node) == {"all"} else [node])]


def _clauses(text: str) -> list[str]:
    pieces = [piece for piece in _SPLIT.split(text) if piece and not _SPLIT.fullmatch(piece)]
    found: list[str] = []
    for piece in pieces:
        for part in re.split(r"(?:并且|而且|(?<![0-9而并])且|同时又?|但是|(?<!不)但|并(?=没|未|有|看|浏|收|咨|下|买))", piece):
            clean = _AND.sub("", part.strip())
            starts_or = bool(_OR.match(piece.strip())) and part is not None and piece.strip().startswith(part.strip()[:1])
            if clean and starts_or and found:
                found[-1] = f"{found[-1]}或{_OR.sub('', clean, count=1)}"
            elif clean:
                found.append(clean)
    return _with_sequences(found)


def _with_sequences(clauses: list[str]) -> list[str]:
    """ "看过报价，7 天内没有下单" is one thing after another when the second clause begins with "之后"."""
    found: list[str] = []
    for clause in clauses:
        if found and re.match(r"^(?:之后|然后|随后|此后|后来|后)", clause):
            found[-1] += clause
        else:
            found.append(clause)
    return found


def _read_part(part: str, words: Words, first: str) -> dict[str, Any] | None:
    """One clause; an alternative without a verb ("海岛") borrows the first one's ("看过三亚或海岛")."""
    found = _read_clause(part, words)
    if found is None and first:
        found = read_behaviour(part, words, borrowed=first)
    return found


def _read_clause(clause: str, words: Words) -> dict[str, Any] | None:
    for reader in (read_sequence, *READERS, read_behaviour):
        found = reader(clause, words)
        if found is not None:
            return found
    return None
