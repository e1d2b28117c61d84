"""From a sentence in Chinese to a typed spec, by grammar and by the names of the city, without a model.

One clause is one wish: what it is about (a budget, a way, a room, a time, a place), for or against, all of its items or one of
them. Names are looked up in the city asked for, longest first, so that a comma or an 和 inside a name splits nothing.
"""

import re

from itinerary.planner import phrases
from itinerary.planner.language_words import (
    Lexicon,
    against,
    amount,
    category,
    chinese_number,
    clock_of,
    lexicon_of,
    minutes_said,
    modes_in,
    one_of,
)  # fmt: skip
from itinerary.planner.spec import TripSpec
from itinerary.planner.world import World

_NUMBER = r"(\d+|[一二两俩三四五六七八九十]+)"
_PEOPLE = (
    re.compile(rf"(?:我们|咱们|一行|共|总共|同行)?\s*{_NUMBER}\s*(?:个|位|名)?(?:人|大人|成年人|朋友|同学|同事)"),
    re.compile(rf"一家{_NUMBER}口"),
)
_DAYS = (re.compile(rf"{_NUMBER}\s*(?:天|日游|日(?!元|本|料))"), re.compile(rf"{_NUMBER}\s*晚"))
_ALONE = re.compile(r"我一个人|独自|一个人|我自己|单独|只有我|我想")
_COUPLE = re.compile(
    r"我(?:和|跟|与|带)(?:我的?)?(?:女朋友|男朋友|老公|老婆|爱人|妻子|丈夫|对象|朋友|妈妈|爸爸|母亲|父亲|同学|同事|孩子|儿子|女儿|闺蜜)|情侣|夫妻|我们俩|小两口"
)
_ANY = re.compile(
    r"满足(?:以下|下列|下面)?(?:要求|条件)?(?:中?的?)(?:任意|任一|其中|至少)?(?:一个|一项|一条|之一)|任意一[个项条]|任一"
)
_CLOCK = r"(\d{1,2}[:：]\d{2}|\d{1,2}点半?|\d{1,2}时)"
_KM = r"(\d+(?:\.\d+)?)\s*(千米|公里|km|KM|米)"


def read_sentence(text: str, world: World) -> TripSpec | None:
    """The spec a sentence asks for; None when it names no two cities of the world."""
    cities = _cities(text, world)
    if cities is None:
        return None
    origin, target = cities
    head, clauses = _clauses(text, lexicon_of(world.cities[target]))
    people, days = _people(head), _days(head)
    reader = _Reader(lexicon_of(world.cities[target]), people)
    wishes = [wish for clause in clauses for wish in reader.wishes(clause)]
    if _ANY.search(text) and wishes:
        wishes = [phrases.any_of(wishes)]
        reader.avoid = frozenset()
    return TripSpec(origin, target, days, people, (*wishes, *phrases.preamble(days, people)), avoid_modes=reader.avoid)


def _cities(text: str, world: World) -> tuple[str, str] | None:
    names = "|".join(map(re.escape, world.cities))
    origin = re.search(
        rf"(?:从|当前位置[:：]?|现在在|人在|我在|住在|目前在|位于|坐标)\s*({names})|({names})(?:市)?(?:出发|起飞)", text
    )
    target = re.search(rf"(?:到|去|前往|游玩|来|飞往|赴|逛|游)\s*({names})|({names})(?:市)?(?:玩|旅行|旅游|游|之旅|逛)", text)
    found = list(dict.fromkeys(re.findall(names, text)))
    start = next((group for group in origin.groups() if group), None) if origin else None
    end = next((group for group in target.groups() if group), None) if target else None
    start = start or next((city for city in found if city != end), None)
    end = end if end and end != start else next((city for city in found if city != start), None)
    return (start, end) if start and end else None


def _people(head: str) -> int:
    plain = re.sub(r"人民币|人均|每人|个人|人间", lambda match: "个人" if match[0] == "个人" else "", head)
    if match := _PEOPLE[1].search(plain):
        return chinese_number(match[1])
    family = re.search(rf"{_NUMBER}\s*(?:个)?大(?:人)?{_NUMBER}\s*(?:个)?小", plain)
    if family:
        return chinese_number(family[1]) + chinese_number(family[2])
    if match := _PEOPLE[0].search(plain):
        return max(chinese_number(match[1]), 1)
    if _COUPLE.search(plain):
        return 2
    return 1 if _ALONE.search(plain) else 2


def _days(head: str) -> int:
    if match := _DAYS[0].search(head):
        return chinese_number(match[1])
    match = _DAYS[1].search(head)
    return chinese_number(match[1]) + 1 if match else 3


def _clauses(text: str, lexicon: Lexicon) -> tuple[str, list[str]]:
    """The opening about who, where and how long, and one clause per wish. Names are shielded while the text is cut."""
    shielded, names = lexicon.shield(text)
    lines = [re.sub(r"^\s*(?:\d+[.、)）]|[-*·•])\s*", "", line) for line in shielded.split("\n")]
    head, rest = lines[0], lines[1:]
    if not any(line.strip() for line in rest):
        first, _stop, after = head.partition("天")
        head, rest = first + "天", [after]
    clauses = []
    for line in rest:
        line = re.sub(r"[，,](?=\s*(?:再|然后|之后|则|乘坐[^，,]*返回|不希望乘坐[^，,]*返回))", " ", line)
        clauses += [clause for clause in re.split(r"[。；;！!\n]|[，,](?!\d{3})", line) if clause.strip()]
    return text.partition("\n")[0] if "\n" in text else text, [lexicon.unshield(clause.strip(), names) for clause in clauses]


class _Reader:
    def __init__(self, lexicon: Lexicon, people: int) -> None:
        self.lexicon, self.people = lexicon, people
        self.avoid: frozenset[str] = frozenset()

    def wishes(self, clause: str) -> list[str]:
        """The constraint texts of one clause; none where it says nothing known."""
        for read in (
            self._near,
            self._taxi,
            self._times,
            self._order,
            self._budget,
            self._free,
            self._legs,
            self._modes,
            self._rooms,
        ):
            if found := read(clause):
                return [found]
        return self._places(clause)

    def _near(self, clause: str) -> str | None:
        match = re.search(rf"{_KM}(?:以内|之内|内|范围)?", clause)
        if not match or not re.search(r"住|酒店|宾馆", clause) or not re.search(r"周围|附近|周边|距离?|离", clause):
            return None
        places = self.lexicon.places_in(clause)
        return phrases.hotel_near(places[0], _kilometres(match)) if places else None

    def _taxi(self, clause: str) -> str | None:
        match = re.search(rf"(?:超过|大于|多于|远于|以上)\s*{_KM}|{_KM}(?:以上|开外)", clause)
        if not match or not re.search(r"打车|出租|打的|taxi|叫车", clause):
            return None
        number, unit = (match[1], match[2]) if match[1] else (match[3], match[4])
        return phrases.taxi_beyond(float(number) / (1000 if unit == "米" else 1))

    def _times(self, clause: str) -> str | None:
        places = self.lexicon.places_in(clause)
        if not places:
            return None
        rest = clause.replace(places[0], "□")
        times = [clock_of(text) for text in re.findall(_CLOCK, rest)]
        if len(times) >= 2:
            return phrases.visit(places[0], start_by=times[0], end_from=times[1])
        if times and re.search(r"不早于|之?后(?:再|才)?离开|以后离开|晚于|至少待到|待到", rest) and "不晚于" not in rest:
            return phrases.visit(places[0], end_from=times[0])
        if times:
            return phrases.visit(places[0], start_by=times[0])
        minutes = minutes_said(rest) if re.search(r"停留|待|游玩|玩|逛|参观|至少|不少于", rest) else 0
        return phrases.visit(places[0], minutes=minutes) if minutes else None

    def _order(self, clause: str) -> str | None:
        places = self.lexicon.places_in(clause)
        if len(places) == 2 and re.search(r"先.*(?:再|然后|之后|后)", clause):
            return phrases.order(places[0], places[1])
        return None

    def _budget(self, clause: str) -> str | None:
        yuan = amount(clause)
        if yuan is None or self.lexicon.places_in(clause):
            return None
        what = category(clause)
        each = re.search(r"人均|每人|每个人|一个人|每位", clause)
        if what == "accommodation" and re.search(r"每晚|一晚|每间|单价|/晚|每天", clause):
            return phrases.price(what, yuan)
        if what == "restaurant" and (each or re.search(r"每餐|每顿|一顿", clause)):
            return phrases.price(what, yuan)
        return phrases.budget(what, yuan * self.people if each else yuan)

    def _free(self, clause: str) -> str | None:
        sights = re.search(r"景点|景区|游览|门票|参观|不要钱|不花钱", clause)
        return phrases.budget("attraction", 0) if "免费" in clause and sights and not self.lexicon.places_in(clause) else None

    def _legs(self, clause: str) -> str | None:
        kinds = [("airplane" if word in _AIR else "train") for word in re.findall("|".join([*_AIR, *_RAIL]), clause)]
        if not kinds or self.lexicon.places_in(clause):
            return None
        back = re.search(r"返回|回程|返程|回来|往返|来回|回$|回(?![民族忆])", clause)
        there = re.search(r"前往|去程|去|往返|来回|出发|到达", clause) or not back
        first, last = kinds[0], kinds[-1]
        if against(clause):
            return phrases.legs(not_go=first if there else "", not_back=last if back or (there and len(kinds) < 2) else "")
        both = len(kinds) < 2 and not re.search(r"返回|回程|返程|回来|前往|去程", clause)
        return phrases.legs(go=first if there else "", back=last if back or both else "")

    def _modes(self, clause: str) -> str | None:
        found = modes_in(clause)
        if not found or self.lexicon.places_in(clause):
            return None
        if against(clause):
            self.avoid |= found
            return _ALWAYS
        return phrases.modes(sorted(found))

    def _rooms(self, clause: str) -> str | None:
        beds = (
            1
            if re.search(r"单床|大床|单人床|单人间", clause)
            else 2
            if re.search(r"双床|标间|双人床|两张床|双人间|标准间", clause)
            else None
        )
        count = re.search(rf"{_NUMBER}\s*间", clause)
        if beds is None and count is None:
            return None
        return phrases.rooms(beds, chinese_number(count[1]) if count else None)

    def _places(self, clause: str) -> list[str]:
        """Places and types by name: of the first kind with a hit, the clause's own words deciding between kinds."""
        relation = "none" if against(clause) else "any" if one_of(clause) else "all"
        for what in self.lexicon.kinds_for(clause):
            names, types = self.lexicon.names_in(what, clause), self.lexicon.types_in(what, clause)
            found = [phrases.named(what, relation, names)] if names else []
            found += [phrases.typed(what, relation, types)] if types else []
            if found:
                return found
        return []


_AIR = ("airplane", "飞机", "航班", "坐飞", "乘机")
_RAIL = ("train", "火车", "高铁", "动车", "列车")
_ALWAYS = "result=True"  # a mode to avoid is kept to by the choice of ways, where there is another


def _kilometres(match: re.Match[str]) -> float:
    return float(match[1]) / (1000 if match[2] == "米" else 1)
