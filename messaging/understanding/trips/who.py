"""Adults, children and elders, folded over messages."""

import re

from messaging.understanding.party import UNKNOWN_AGE, PartyReading, read_party
from messaging.understanding.text import Span, blank
from messaging.understanding.trips.state import Message, TripRequest

_EACH_AROUND = re.compile(r"(?:每个人|一个人|一人|每人|人均|每位|每个)[^，。！？]{0,4}$")
_EACH_AFTER = re.compile(r"^[^，。！？]{0,4}?(?:一个人|每个人|每人|一人|一位|/人)")

_WE_TWO = re.compile(r"我们?俩|俺俩|咱俩|我们两个")
_WE_TWO_AND = re.compile(r"(?:我们?|俺|咱)(?:俩|两个?)(?:和|跟|带|加|陪|还有|、)|(?:和|跟|加上?|还有|、)(?:我们?|俺|咱)(?:俩|两)")


def read_who(message: Message, trip: TripRequest, taken: list[Span], money: list[Span]) -> None:
    """The party of one message; dates, lengths and money are left out of sight."""
    text = blank(message.text, [*taken, *(_with_each(message.text, span) for span in money)])
    reading = read_party(text)
    if reading.silent:
        return
    if "ages" in message.asked and not reading.ages:
        _bare_ages(text, reading)
    _Fold(message, trip, text, reading).apply()


def _with_each(text: str, span: Span) -> Span:
    before = _EACH_AROUND.search(text[: span.start])
    after = _EACH_AFTER.match(text[span.end :])
    return Span(before.start() if before else span.start, span.end + after.end() if after else span.end)


def _bare_ages(text: str, reading: PartyReading) -> None:
    ages = [int(value) for value in re.findall(r"(?<!\d)\d{1,2}(?!\d)", text)]
    if ages and all(age < 18 for age in ages):
        reading.ages = ages


class _Fold:
    """One reading laid over what is known."""

    def __init__(self, message: Message, trip: TripRequest, text: str, reading: PartyReading) -> None:
        self.message, self.trip, self.text, self.reading = message, trip, text, reading
        self.span = reading.span or Span(0, len(text))
        self.known_children: list[int] = trip.items("children_ages")
        self.known_adults: int | None = trip.value("adults")

    def apply(self) -> None:
        """Children first: totals are counted with them."""
        children = self._children()
        adults = self._adults(children)
        if children is not None:
            self.trip.several["children_ages"] = [self.message.slot(age, self.span) for age in children]
        if adults is not None and adults > 0:
            self.trip.single["adults"] = self.message.slot(adults, self.span)
        self._elders(adults)
        self._leavers()

    # children

    def _children(self) -> list[int] | None:
        reading = self.reading
        count = reading.children
        if count is None and self._elders_beside() and reading.family in (3, 4):
            count = reading.family - 2
        if (
            count is None
            and reading.family in (3, 4, 5)
            and not reading.ages
            and not self.known_children
            and not self._grown_family()
        ):
            count = reading.family - 2 if reading.family < 5 or reading.elders is None else None
        if count is None and reading.family and reading.elders and not reading.ages:
            rest = reading.family - 2 - reading.elders
            count = rest if 0 < rest < 4 else None
        if reading.ages:
            return self._aged(count)
        if count is None:
            return None
        if self.known_children:
            return self._recounted(count)
        return [UNKNOWN_AGE] * count

    def _grown_family(self) -> bool:
        """一家三口 told as parents and me, not as parents and child."""
        return self.reading.companions is not None and self.reading.companions >= (self.reading.family or 99)

    def _aged(self, count: int | None) -> list[int]:
        ages = self.reading.ages
        known = self.known_children
        if self.reading.just_ages:
            return ages
        if known and count is None and UNKNOWN_AGE in known and len(ages) <= known.count(UNKNOWN_AGE):
            told = iter(
                ages if len(ages) > 1 or known.count(UNKNOWN_AGE) == 1 or not self._all() else ages * known.count(UNKNOWN_AGE)
            )
            return [next(told, UNKNOWN_AGE) if age == UNKNOWN_AGE else age for age in known]
        if known and self.reading.joins and not self._same(known, ages):
            return [*known, *ages]
        count = max(count or len(ages), len(ages)) if count is None or count >= len(ages) else len(ages)
        if self._all() and len(ages) == 1:
            return ages * count
        return [*ages, *[UNKNOWN_AGE] * (count - len(ages))]

    def _all(self) -> bool:
        return bool(re.search("都|双胞胎|龙凤胎|同岁|一样大", self.text))

    def _same(self, known: list[int], ages: list[int]) -> bool:
        return bool(set(known) & set(ages))

    def _recounted(self, count: int) -> list[int]:
        """More children add unknown ages; the same number keeps what is known; a bare 孩子 says nothing new."""
        known = self.known_children
        explicit = re.search(r"[\d一二两俩三四五六]个?(?:小|孩|娃)", self.text)
        joins = re.search(r"(?:孩子|娃|小孩|小朋友|宝宝)也", self.text)
        if not explicit or joins:
            return known
        return (
            known
            if count == len(known)
            else [*known, *[UNKNOWN_AGE] * (count - len(known))]
            if count > len(known)
            else known[:count]
        )

    # adults

    def _adults(self, children: list[int] | None) -> int | None:
        reading = self.reading
        kids = len(children if children is not None else self.known_children)
        if reading.adults is not None:
            whole = self._of_family(children)
            return whole if whole is not None else self._with_listed_elders(reading.adults)
        if reading.family:
            return self._family_adults(children)
        joined = self._joined()
        if joined is not None:
            return joined
        if reading.total is not None:
            self.trip.heads = reading.total if not kids and "adults" not in self.message.asked else None
            return self._from_total(reading.total, kids) + self._elders_beside()
        if self.trip.heads and children and "children" in self.message.asked and self.trip.heads > len(children):
            return self.trip.heads - len(children)
        return self._couple(kids) if reading.couple else self._listed()

    def _listed(self) -> int | None:
        """People told one by one: at first, when asked, or with a number of elders among them."""
        elders, companions = self.reading.elders or 0, self.reading.companions
        if companions is not None:
            told = re.search(r"[\d一二两俩三四五六]个?(?:位)?(?:老人|长辈)", self.text) and companions > elders
            asked = companions > 1 and bool({"party", "adults"} & self.message.asked)
            return companions if told or asked or self.known_adults is None else None
        for_them = re.search(r"给|帮|让|替", self.text)
        return elders if elders > 1 and self.known_adults is None and for_them else None

    def _with_listed_elders(self, adults: int) -> int:
        """两个大人两个老人一个孩子 lists the elders beside the other adults."""
        listed = re.search(r"(?:大人|成人|大)[^（(]{0,12}?[、,和跟加带\s][一二两俩三四\d]个?(?:位)?老人", self.text)
        if listed and re.search(r"其中|里头|里面|含|包括", listed[0]):
            listed = None
        return adults + (self.reading.elders or 0) if listed else adults

    def _of_family(self, children: list[int] | None) -> int | None:
        """一家五口, 俺爹俺娘, 俩大人, 一个娃: where the parts make up the family, the elders are adults too."""
        reading = self.reading
        rest = (reading.family or 0) - len(children or [])
        return rest if reading.family and reading.elders and rest == (reading.adults or 0) + reading.elders else None

    def _family_adults(self, children: list[int] | None) -> int:
        family = self.reading.family or 0
        if children is None and self._grown_family():
            return family
        adults = family - len(children if children is not None else self.known_children)
        return (adults if adults > 0 else family) + self._elders_beside()

    def _elders_beside(self) -> int:
        """爷爷奶奶加我们三口, 我们仨加公公婆婆: elders who come on top of the group."""
        named = "|".join(
            sorted({person.word for person in self.reading.persons if person.kind == "elder"}, key=len, reverse=True)
        )
        if not named or not self.reading.elders or self.reading.total == 1:
            return 0
        group = r"(?:我们|咱们?|一家|全家|俺们?)(?:一家|家)?[三四五六仨俩两\d](?:口|个|人)?"
        joined = rf"(?:{named})(?:加上?|和|跟|还有){group}|{group}(?:人)?(?:加上?|和|跟|带着?|带上|还有|外加)(?:我|俺|他|她|孩子)?(?:家)?(?:的)?(?:{named})"
        return self.reading.elders if re.search(joined, self.text) else 0

    def _joined(self) -> int | None:
        """我妈也去: one adult more, unless the message counts anew."""
        reading = self.reading
        if not reading.joins or self.known_adults is None or reading.total is not None or reading.couple:
            return None
        grown = [person for person in reading.persons if person.kind in ("elder", "partner", "adult")]
        near = [person for person in grown if re.match(r"^[^，。]{0,3}?(?:也|跟着|一起|要来|要去)", self.text[person.span.end :])]
        near = near or [
            person for person in grown if re.search(r"(?:加上?|多了?个?|带上|又来)我?$", self.text[: person.span.start])
        ]
        return self.known_adults + len({person.word for person in near}) if near else None

    def _from_total(self, total: int, kids: int) -> int:
        if total == 1:
            return self._alone(kids)
        if "adults" in self.message.asked or not kids:
            return self._with_companions(total)
        if self._leads_children(self.span.end) or total - kids < 1:
            return total
        return total - kids

    def _with_companions(self, total: int) -> int:
        """四个老人、我和老公: elders counted apart from a pair that is with them."""
        companions = self.reading.companions
        told = re.search(r"(?:老人|长辈)", self.text[self.span.start : self.span.end])
        return max(total, companions or 0) if told else total

    def _alone(self, kids: int) -> int:
        companions = self.reading.companions
        if companions and companions > 1 and not re.search(r"就我(?:一个|自己)|独自|一个人(?:去|玩|旅)", self.text):
            return companions
        return 1

    def _couple(self, kids: int) -> int | None:
        reading = self.reading
        pair = re.search(r"我们?俩|俺俩|咱俩|俩人|两人|二人|2人", self.text)
        if pair and kids and not re.search(r"夫妻|夫妇|两口子|小两口|情侣", self.text):
            # 就我俩 with a child named before is parent and child; 我俩和宝宝 is two and the baby.
            return 2 if self._leads_children(pair.end()) else 2 - min(kids, 1)
        companions = reading.companions or 0
        if reading.elders == 1 and companions <= 2 and _WE_TWO.search(self.text) and not _WE_TWO_AND.search(self.text):
            return 2  # 老妈六十六了,想陪她去,我俩
        old_pair = re.search(r"老两口|老夫妻|老俩口|老伴|都[七八六]十", self.text)
        extra = 0 if old_pair else reading.elders or 0
        return max(2 + extra, companions)

    def _leads_children(self, start: int = 0) -> bool:
        """带着俩娃, 加一个孩子: the children come on top of the number before."""
        first = next((person for person in self.reading.persons if person.kind == "child" and person.span.start >= start), None)
        at = first.span.start if first else None
        if at is None:
            match = re.search(r"[带领抱加和跟]着?[一二两俩三四\d个]*(?:\S{0,4})(?:岁的|小孩|娃)", self.text[start:])
            return bool(match)
        return bool(re.search(r"(?:带|领|抱|牵|加|和|跟|还有|外加|\+)(?:着|上|了)?[^，。]{0,9}$", self.text[start:at]))

    # elders

    def _elders(self, adults: int | None) -> None:
        reading = self.reading
        elders = reading.elders
        if "ages" in self.message.asked and re.search(r"都(?:才|是|还)?(?:[45]\d|[四五]十)", self.text):
            self.trip.single.pop("elders", None)  # parents, but none of them is sixty
            return
        if elders is None and reading.every_age is not None:
            elders = adults or self.known_adults
        if elders is None or elders == 0:
            return
        known = self.trip.value("elders")
        if known and reading.elders is None:
            return  # 都七十了 of elders that were told before
        if known is None and self._remark():
            return
        if known and reading.joins and self._adds_elder():
            elders += known
        total = adults or self.known_adults
        if total is not None and elders > total:
            elders = total
        if known and elders < known and not self._recounts_elders():
            return
        self.trip.single["elders"] = self.message.slot(elders, self.span)

    def _remark(self) -> bool:
        """我妈恐高, 我爸也是这么讲的: a relative spoken of once the party is known, who is not said to come."""
        reading = self.reading
        counted = (reading.adults, reading.total, reading.couple, reading.family, reading.companions)
        if self.known_adults is None or any(value is not None for value in counted) or self.reading.every_age is not None:
            return False
        if {"party", "adults", "ages"} & self.message.asked or re.search(r"\d|[六七八九]十|老人|长辈|老的", self.text):
            return False
        return not re.search(r"去|来|跟|带|陪|一起|加|同行|参加|还有", self.text)

    def _adds_elder(self) -> bool:
        return any(
            re.match(r"^[^，。]{0,3}?也", self.text[person.span.end :])
            for person in self.reading.persons
            if person.kind == "elder"
        )

    def _recounts_elders(self) -> bool:
        return bool(re.search(r"老人|长辈|二老", self.text))

    def _leavers(self) -> None:
        """婆婆不去了: one fewer, unless the message counts anew."""
        reading = self.reading
        gone = [person for person in reading.absent if person.kind in ("elder", "adult", "partner")]
        if gone and reading.adults is None and reading.total is None and not reading.couple and reading.companions is None:
            number = len(gone)
            if self.known_adults and self.known_adults > number:
                self.trip.single["adults"] = self.message.slot(self.known_adults - number, gone[0].span)
            elders = self.trip.value("elders")
            old = sum(person.kind == "elder" for person in gone)
            if elders and old:
                self._fewer_elders(elders - old, gone[0].span)
        if any(person.kind == "child" for person in reading.absent) and reading.children is None and not reading.ages:
            self._fewer_children()

    def _fewer_elders(self, elders: int, span: Span) -> None:
        if elders > 0:
            self.trip.single["elders"] = self.message.slot(elders, span)
        else:
            self.trip.single.pop("elders", None)

    def _fewer_children(self) -> None:
        known = self.trip.several.get("children_ages", [])
        words = {person.word for person in self.reading.absent}
        if len(known) > 1 and words & {"小的", "老二", "大的", "老大"}:
            chosen = (
                min(known, key=lambda slot: slot.value) if words & {"小的", "老二"} else max(known, key=lambda slot: slot.value)
            )
            self.trip.several["children_ages"] = [slot for slot in known if slot is not chosen]
        elif known and words:
            self.trip.several["children_ages"] = []
