"""Origin and destinations."""

import itertools
import re
from collections.abc import Iterable

from messaging.understanding.places import Gazetteer, Mention, Place, gazetteer
from messaging.understanding.text import Span, clause_of
from messaging.understanding.trips.state import Message, Slot, TripRequest

_ORIGIN_BEFORE = re.compile(r"(?:从|由|打|自)(?:我们?|咱们?|老家|家|这边)?$|(?:出发地|出发城市|起点|坐标|出发)(?:是|:|在)?\s*$")
_ORIGIN_AFTER = re.compile(
    r"^(?:市|市区|这边|那边|这里|本地|站|机场|北站|南站|东站|西站)?(?:直接)?(?:出发|起飞|动身|始发|启程|起程|上车|登机|飞(?!机场)|走(?![走一个上几看遍完路马廊])|往返|来回|开过去|过去|这边|为起点)"
)
_NOT_FROM = re.compile(r"^(?:进去?|入|玩起|开始|回来|返|再|转)")
_LIVES = re.compile(r"(?:我们?|咱们?|人|家|目前|坐标|本人|常住|现在|都|俺们?|应该)(?:就|都|也|现在|目前|是)?(?:住在|在|住)$")
_LOCAL = re.compile(r"^本地(?:客户|客人|人|的|出发)")
_FROM_PEOPLE = re.compile(r"^(?:人|这边的|这边|的客户|的客人)(?!均|多|少)")
_BY = r"(?:坐|乘|搭|开|自己|一起|打算|想|准备|直接|□)*(?:飞机|高铁|动车|火车|大巴|自驾|开车|自己开车|直飞|飞|邮轮|绿皮|车|船)"
_LEADS_TO = re.compile(
    rf"^(?:这边|出发|自己|一起|我们?|打算|想)*(?:{_BY}(?:来回|往返|过)?(?:去|到|往|飞|自驾|至)*|(?:到|飞|至|去|飞往|前往|直飞|→|->|往)(?:玩)?)$"
)
_PASSES = re.compile(
    r"^(?:附近|周边|旁边|周围|租车|转机|中转|经停|换乘|集合|落地|下车|下飞机|机场|那边有|有(?:亲戚|朋友)|的(?:亲戚|朋友|同学)|人(?!均|数)|话)|^(?:市|这边)?(?:集合)"
)
_BEEN = re.compile(
    r"(?:出差(?:到|去|在)|去过|到过|上次去?|去年去?|之前去?|以前去?|刚从|路过|经过|转机|老家在?|除了|不是|本来想去|原来|本来|原本|嫌|比|像|出差)(?:了|的|是|想去|要去|打算去|说去|定的?)?$"
)
_BEEN_AFTER = re.compile(r"^(?:已经)?(?:去过|玩过|来过|待过|去腻|刚去)|^(?:也|都)?去过")
_REFUSED = re.compile(r"(?:不去|别去|不想去|不要去|不考虑|不要|不是|不太想去|放弃|取消)$")
_REFUSED_AFTER = re.compile(
    r"^[^，。！？□\n]{0,4}?(?:就?算了(?!吧，)|不去|不想去|不考虑|去不了|取消|不要了?|删|去掉|就不|换成|改成|改去|换(?!乘)|太远|太贵|太商业|人太多|先不|以后再|下次再|没意思|不合适)"
)
_GO = re.compile(
    r"(?:去|到|飞|玩|逛|看看|看|走|游|往|前往|奔|转|想|待|耍|来|回|上|目的地|线路|方案|定制|安排|报|订|定|出|是|选|加|和|跟|、|换成|改成|改去|就|还是|那)(?:一?趟|一?下|一个|个|:|去|到|了|过|的|是|着|咱们|我们|上|一趟|为)*\s*$"
)
_REPLACES = re.compile(r"换成|改成|改去|改到|换到|改为|换|还是去?|不如去?|干脆去?|要不去?|那就去?|算了|不去|变成|就去|只去|改")
_ADDS = re.compile(
    r"再加|加上|加个?|顺便|顺道|顺路|也(?:想)?(?:去|玩|要|安排)|还(?:想|要)?去|连着|再去|再到|多去|外加|一起|都去|还有"
)
_SLIP = re.compile(r"不对(?!吗)|说错|打错|记错|口误|应该是|更正")
_UNKNOWN = re.compile(
    r"(?:去|到|飞|游)(?:一?趟|下)?([\u4e00-\u9fff]{2,5}?)(?:玩|旅游|旅行|看看|转转|走走|度假|散心|待|住|逛|自由行|[，。！？,\s□\d]|$|那边|一趟|的|啊|吧)"
)
_NO_PLACE = re.compile(
    r"哪|什么|旅游|旅行|度假|散心|玩|看|吃|海边|附近|周边|外面|外地|国外|那|这|逛|买|家|学校|上班|的|就|里|古镇|海岛|草原|一|我|了|爬|走|过|店|机场|时候|到"
)
_EARLIER = re.compile(r"本来|原本|原先|原来|之前(?:是)?想|一开始|起初|上次|去年|前年|上回|刚从")
_INSTEAD = re.compile(r"还是|改|换|这次|这回|现在|今年|不如|干脆|算了|想")
# 行,马代: of several places in question one is settled upon.
_SETTLES = re.compile(r"(?:^|[，。！\s])(?:那|就|行吧?|好吧?|嗯|还是|选|定|ok)+[，\s]*(?:就|还是|去|选|定)*$")
_REGIONS = ("province", "country")


def read_where(message: Message, trip: TripRequest, mentions: list[Mention], required: list[Span]) -> None:
    """Origin and destinations of one message; `required` are the spans of sights that must be in the trip."""
    reader = _Reader(message, trip, mentions, gazetteer())
    reader.origin()
    reader.destinations(required)


class _Reader:
    """One message read for places."""

    def __init__(self, message: Message, trip: TripRequest, mentions: list[Mention], book: Gazetteer) -> None:
        self.message, self.trip, self.book = message, trip, book
        self.text = message.text
        self.mentions = mentions
        self.used: set[Mention] = set()

    def _around(self, mention: Mention) -> tuple[str, str]:
        clause = clause_of(self.text, mention.span.start)
        return self.text[clause.start : mention.span.start], self.text[mention.span.end : mention.span.end + 16]

    def origin(self) -> None:
        """The strongest origin: 从X or X出发, then X坐车去Y, then 我在X, then an answer to where from."""
        for rule in (self._marked_origin, self._leading_origin, self._home, self._answered_origin):
            found = next((mention for mention in self.mentions if mention not in self.used and rule(mention)), None)
            if rule == self._marked_origin:
                marked = [mention for mention in self.mentions if rule(mention)]
                found = marked[-1] if marked else None
            if found is not None:
                self.used.add(found)
                self.trip.single["origin"] = self.message.slot(found.place.name, found.span)
                self._no_destination(found.place)
                return

    def _no_destination(self, place: Place) -> None:
        """A place answered as origin is no destination any more, unless it is the only one."""
        kept = [slot for slot in self.trip.several.get("destinations", []) if slot.value != place.name]
        if kept:
            self.trip.several["destinations"] = kept

    def _marked_origin(self, mention: Mention) -> bool:
        before, after = self._around(mention)
        if mention.place.kind == "spot" or _REFUSED_AFTER.match(after):
            return False
        if _ORIGIN_BEFORE.search(before):
            return not _NOT_FROM.match(after) and not re.match(r"^(?:回|玩)", after)
        if re.search(r"(?:去|到|回|在|玩)$", before) and not re.match(r"^(?:市|站)?(?:出发|起飞|始发)", after):
            return False
        if len(self.mentions) > 1 and re.match(
            r"^(?:坐)?(?:高铁|动车|火车|飞机|飞|直飞|大巴|汽车)(?:往返|来回|过去|走)?(?:[\s，。,]|$)", after
        ):
            return True
        flies = re.match(r"^飞", after) and not self._next_joined(mention)
        return bool(_ORIGIN_AFTER.match(after)) and not flies and not self._beside_other(mention)

    def _beside_other(self, mention: Mention) -> bool:
        """昆明大理往返: a list of places that ends in 往返 is no origin."""
        return any(0 <= mention.span.start - other.span.end <= 1 for other in self.mentions if other is not mention)

    def _next_joined(self, mention: Mention) -> bool:
        index = self.mentions.index(mention)
        if index + 1 == len(self.mentions):
            return False
        return bool(_LEADS_TO.match(self._between(mention, self.mentions[index + 1])))

    def _between(self, left: Mention, right: Mention) -> str:
        return self.text[left.span.end : right.span.start].strip()

    def _leading_origin(self, mention: Mention) -> bool:
        before, _ = self._around(mention)
        index = self.mentions.index(mention)
        if index or mention.place.kind not in ("city", "province") or re.search(r"(?:去|到|玩|飞|逛)$", before):
            return False
        if self._next_joined(mention):
            return True
        nearly = len(self.mentions) > 1 and self._between(mention, self.mentions[1]) in ("-", "—", "--", "→", "~", "至")
        return nearly and bool(re.search(r"往返|来回|单程", self.text))

    def _home(self, mention: Mention) -> bool:
        before, after = self._around(mention)
        if mention.place.kind == "spot" or re.search("老家", before[-6:]):
            return False
        if _LOCAL.match(after):
            return True
        if _LIVES.search(before):
            return not re.match(r"^(?:玩|住|待|旅游|的酒店)", after)
        return bool(re.search(r"(?:我|我们|咱|咱们|俺)(?:是|都是)?$", before) and _FROM_PEOPLE.match(after))

    def _answered_origin(self, mention: Mention) -> bool:
        before, _ = self._around(mention)
        return "origin" in self.message.asked and mention.place.kind != "spot" and not re.search(r"(?:去|到|玩|逛)$", before)

    def destinations(self, required: list[Span]) -> None:
        """New destinations replace, join or narrow those known, as the words say."""
        fresh, dropped = self._sorted_mentions(required)
        known = [slot for slot in self.trip.several.get("destinations", []) if slot.value not in dropped]
        removed = len(known) < len(self.trip.several.get("destinations", []))
        if fresh:
            known = self._merged(known, fresh, removed)
        elif not known and not self.trip.several.get("destinations"):
            known = self._fallback(required)
        self.trip.several["destinations"] = _unique(known)

    def _sorted_mentions(self, required: list[Span]) -> tuple[list[tuple[Mention, Place]], set[str]]:
        fresh: list[tuple[Mention, Place]] = []
        dropped: set[str] = set()
        for mention in self.mentions:
            before, after = self._around(mention)
            if mention in self.used or any(mention.span.overlaps(span) for span in required):
                continue
            if _REFUSED.search(before) or (_REFUSED_AFTER.match(after) and not self._contrast(after)):
                dropped |= {place.name for place in mention.places}
                continue
            if self._given_up(mention):
                dropped |= {place.name for place in mention.places}
                continue
            if mention.place.kind == "spot" or _PASSES.match(after) or _BEEN.search(before) or _BEEN_AFTER.match(after):
                continue
            if self.trip.single.get("origin") and mention.place.name == self.trip.value("origin"):
                continue
            fresh += [(mention, place) for place in mention.places]
        fresh = [(mention, place) for mention, place in fresh if place.name not in dropped or _last_of(fresh, place) is mention]
        fresh = self._corrected(fresh)
        return self._narrowest(self._beside_sight(fresh)), dropped - {place.name for _, place in fresh}

    def _corrected(self, fresh: list[tuple[Mention, Place]]) -> list[tuple[Mention, Place]]:
        """去桂林，不对，应该是阳朔: what was said before the slip is taken back counts no more."""
        slips = [match.end() for match in _SLIP.finditer(self.text)]
        kept = [pair for pair in fresh if slips and pair[0].span.start >= slips[-1]]
        return kept or fresh

    def _given_up(self, mention: Mention) -> bool:
        """本来想带爸妈去西藏的, …还是去云南吧: a plan told as an earlier one, with another after it."""
        clause = clause_of(self.text, mention.span.start)
        for other in self.mentions:
            between = self.text[mention.span.end : other.span.start] if other.span.start > mention.span.end else ""
            if "算了" in between and re.search(r"(?:换成?|改成?|改?去|还是)$", between):
                return True  # 想去呼伦贝尔看雪,哦算了太冷,换西双版纳
        if not _EARLIER.search(self.text[max(0, clause.start - 12) : mention.span.start]):
            return False
        later = [other for other in self.mentions if other.span.start >= clause.end]
        return any(_INSTEAD.search(self.text[clause.start : other.span.start]) for other in later)

    def _beside_sight(self, fresh: list[tuple[Mention, Place]]) -> list[tuple[Mention, Place]]:
        """莆田湄洲岛, 成都都江堰: the first only says where the island, mountain, lake or town right after it lies.
        敦煌莫高窟: a sight of the city named before it, which stays the destination."""
        passed = {
            mention if inner.kind == "city" or inner.name[-1] in "岛山湖" else other
            for (mention, place), (other, inner) in itertools.pairwise(fresh)
            if inner.kind in ("scenic", "city")
            and place.kind == "city"
            and inner.within == place.name
            and self._between(mention, other) in ("", "的")
        }
        cities = {place.name for _, place in fresh if place.kind == "city"}
        passed |= {
            m for m, place in fresh if place.kind == "scenic" and place.within in cities and place.name[-1] not in "岛山湖"
        }
        return [(mention, place) for mention, place in fresh if mention not in passed]

    def _contrast(self, after: str) -> bool:
        return bool(re.match(r"^[^，。]{0,3}?(?:不(?:要|想)太|不要购物|不走|不要(?:爬|坐|骑|早|赶|太|安排))", after))

    def _narrowest(self, fresh: list[tuple[Mention, Place]]) -> list[tuple[Mention, Place]]:
        """云南，昆明大理丽江 are the three towns: a region goes where places inside it are named beside it."""
        regions = {place.name for _, place in fresh if place.kind in _REGIONS and self._has_inner(place, fresh)}
        return [(mention, place) for mention, place in fresh if place.name not in regions]

    def _has_inner(self, region: Place, fresh: Iterable[tuple[Mention, Place]]) -> bool:
        return any(other.name != region.name and self.book.inside(other, region.name) for _, other in fresh)

    def _merged(self, known: list[Slot], fresh: list[tuple[Mention, Place]], removed: bool) -> list[Slot]:
        slots = [self.message.slot(place.name, mention.span) for mention, place in fresh]
        if not known:
            return slots
        new = [slot for slot in slots if slot.value not in {old.value for old in known}]
        if not new and len(slots) < len(known) and _SETTLES.search(self.text[: min(slot.start for slot in slots)]):
            return slots
        first = min(slot.start for slot in slots)
        clause = clause_of(self.text, first)
        cue = self.text[max(0, clause.start - 6) : first]
        if _ADDS.search(self.text[clause.start : clause.end]) and not re.search(r"换成|改成|改去", cue):
            return [*known, *new]
        if not removed and _REPLACES.search(cue):
            return slots
        if removed:
            return [*known, *new]
        return self._narrowed(known, new)

    def _narrowed(self, known: list[Slot], new: list[Slot]) -> list[Slot]:
        """A town named after its region takes its place where that was asked; else only places gone to are added."""
        for slot in new:
            place = self.book.by_name[slot.value]
            outer = [old for old in known if self.book.by_name.get(old.value) and self.book.inside(place, old.value)]
            before = self.text[max(0, slot.start - 8) : slot.start]
            if place.kind == "scenic" and any(old.value == place.within for old in outer) and self._is_city(place.within):
                continue  # 亚龙湾吧: where to stay in 三亚
            if outer and "where" in self.message.asked:
                known = [old for old in known if old not in outer]
            elif outer or not ("where" in self.message.asked or _GO.search(before) or slot.start == 0):
                continue
            known = [*known, slot]
        return known

    def _names_trip(self, mention: Mention) -> bool:
        """看樱花 武大; 请问兵马俑那边两日游: a sight that stands by itself, or that a length or 那边 is said of."""
        ahead, after = self.text[: mention.span.start], self.text[mention.span.end :]
        alone = not ahead or bool(re.search(r"[\s，。！,、]$|问一?下?$|咨询一?下?$", ahead))
        return alone or bool(re.match(r"^(?:那边|那里|那块|这边|附近)?(?:玩|[\d一二两三四五六七]{1,2}[日天])", after))

    def _is_city(self, name: str) -> bool:
        return name in self.book.by_name and self.book.by_name[name].kind == "city"

    def _fallback(self, required: list[Span]) -> list[Slot]:
        """No destination yet: a sight that is gone to, a sight that must be, or a name the gazetteer does not know."""
        for mention in self.mentions:
            before, after = self._around(mention)
            if mention in self.used or _REFUSED.search(before) or _REFUSED_AFTER.match(after) or _PASSES.match(after):
                continue
            if mention.place.kind != "spot" or _GO.search(before) or self._names_trip(mention):
                return [self.message.slot(self.book.city_of(mention.place).name, mention.span, 0.6)]
        for mention in self.mentions:  # 苏州周边 with no other place is a trip to 苏州
            _, after = self._around(mention)
            if mention not in self.used and re.match(r"^市?周[边围]", after):
                return [self.message.slot(mention.place.name, mention.span, 0.5)]
        if self.mentions:
            return []
        for match in _UNKNOWN.finditer(self.text):
            if not _NO_PLACE.search(match[1]):
                return [self.message.slot(match[1], Span(*match.span(1)), 0.5)]
        return []


def _last_of(fresh: list[tuple[Mention, Place]], place: Place) -> Mention:
    return [mention for mention, other in fresh if other.name == place.name][-1]


def _unique(slots: list[Slot]) -> list[Slot]:
    found: dict[str, Slot] = {}
    for slot in slots:
        found.setdefault(slot.value, slot)
    return list(found.values())
