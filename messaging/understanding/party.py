"""Who travels: adults, children with their ages, elders (counted within the adults)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from messaging.understanding.kin import CHILDREN, ELDERS, GROUP_NOUNS, SAME_ELDERS, Person, people
from messaging.understanding.numerals import CHINESE, COUNT, count
from messaging.understanding.text import Span, blank, clause_of

UNKNOWN_AGE = -1
_C = f"({COUNT})"
_KIDS = "|".join(
    sorted(
        {*CHILDREN, "孩", r"小(?!时|学|吃|伙|姐|两口|夫妻|镇|岛|于|心|众|宝\d)"}
        - {"老大", "老二", "老三", "大宝", "小宝", "二宝"},
        key=len,
        reverse=True,
    )
)
_GROUPS = "|".join(sorted(GROUP_NOUNS, key=len, reverse=True))
_BIG_SMALL = re.compile(rf"{_C}\s*个?\s*大(?:人)?[\s,，、和跟带加+]*{_C}\s*个?\s*(?:小(?!时|学|吃)|孩|娃|童)")
_BIG = re.compile(
    rf"{_C}\s*(?:个|位|名)?\s*(?:大人|成人|成年人|家长|大(?![学家理概约巴床峡爷妈伯姨叔姐哥半致多部连阪城湾溪同件包箱红堡寿]))"
)
_BIG_AFTER = re.compile(rf"(?:大人|成人|成年人|家长)\s*:?\s*{_C}\s*(?:个|位|名)?(?![岁天\d])")
_MEN_WOMEN = re.compile(rf"{_C}个?男的?[、,和]?\s*{_C}个?女|{_C}个?女的?[、,和]?\s*{_C}个?男")
_COUPLES = re.compile(rf"{_C}\s*对\s*(?:小)?(?:夫妻|情侣|夫妇|小夫妻|老夫妻|两口子)")
_FAMILY = re.compile(
    rf"(?:一家|全家|我们家|我家|咱家|俺家|家里|一大家)(?:子|人)?[^\d，。]{{0,2}}?{_C}\s*口|{_C}口(?:之家|人|一起|出行|去)"
)
_GROUP = re.compile(
    rf"(?<![第每\d])(?!一(?!个|位|名)){_C}(?!后|[点些下起样般直定次共路边条天来])\s*(?:个|位|名|只|号(?=人))?\s*[^\d，。、（）()\s{CHINESE}个岁天晚]{{0,4}}?(?:{_GROUPS})(?!均|民币|头|多|少|少的)"
)
_AFTER_GROUP = re.compile(
    rf"(?:我们|咱们|俺们|咱|俺|姐妹|兄弟|兄妹|姐弟|闺蜜|朋友|同学|同事|室友|哥们|人数|总共|一共|共|人变|变成|改成|一行|家人|女生|男生)(?:就|是|有|:|一共|总共|变成)?\s*{_C}\s*(?:个|位|名|口)?(?![\d天晚日月号岁星万千百家点年张间块元大小男女次周辆])"
)
_BARE = re.compile(rf"(?<![第每少多\d月,]){_C}\s*(?:个|位|名)(?=$|[，。！？,\s…~吧啊呀哦呢）)])")
_TOGETHER = re.compile(r"[我俺咱](?:和|跟|带|同|与|加|还有)(?:着|了|上)?[我的]*$")
_AND_ME = re.compile(r"^(?:再?加上?|和|跟|还有)[我俺](?!们|[爸妈弟妹哥姐爷奶公婆老先太媳对家闺])")
_PAIR = re.compile(
    r"夫妻俩|夫妻二人|夫妻两个|夫妻|夫妇俩?|两口子|小两口|俩口子|老两口|老俩口|小俩口|小夫妻|老夫妻|新婚|情侣|小情侣|我[们]?俩|俺俩|咱俩|我们两|俩人|两人|二人世界|我们二人|哥俩|姐俩|姐妹俩|兄弟俩|闺蜜俩|兄妹俩|姐弟俩|双人|2人"
)
_PARENT_CHILD = re.compile(r"母女俩?|父子俩?|娘俩|爷俩|母子俩?|父女俩?|娘儿俩|爷儿俩|祖孙俩?")
_THREES = re.compile(
    r"(?:娘|爷|母子|母女|父子|父女|娘儿|爷儿|祖孙)(仨|三(?:人|个|代)?)|(?:哥|姐|兄弟|姐妹|闺蜜)(仨)|我们仨|咱仨|俺仨"
)
_SOLO = re.compile(
    r"(?<![给])(?:就|只有|只|我)?(?:我|俺)?(?:一个人|自己一个|1个人|一人)(?!均|一|头|带|陪|领|能|就|[\d])|就我自己|独自|独行|solo|单独一人|就我(?:$|[，。！,])|我自己(?:去|玩|一|$|，)|孤身|一枚|只有我|单人(?!房|间)|就我一(?:个|人)"
)
_ELDER_COUNT = re.compile(
    rf"{_C}\s*(?:个|位|名)?\s*(?:老人|长辈|老年人|老人家|老的)|(?:老人|长辈|老年人)\s*:?\s*{_C}\s*(?:个|位|名)|(?<!\d){_C}老(?:{_C}[少小大])"
)
_SELF_WITH = re.compile(
    r"[我俺咱](?:和|跟|与|带|陪|领|同|一个人[带陪]|自己[带陪]|、|,|也|还有|全程陪|加)|(?:和|跟|与|加|加上|还有|、)[我俺](?!们|[爸妈弟妹哥姐爷奶公婆老先太媳对家闺])|(?:就|只有)我|[爸妈公婆爷奶姐妹哥弟][、,和]?[我俺](?=$|[，。！,\s])"
)
_LEADS = re.compile(r"(?:带|陪|领|跟|和|同|约|拉)(?:着|上|了|我|俺|家里|老)*$")
_FOR_OTHERS = re.compile(r"(?:给|帮|替|为|让)(?:我|俺|家里)?$")
_CHILD_COUNT = re.compile(
    rf"(?<![第.\d]){_C}\s*(?:个|位|名)?\s*(?:未成年|学龄前|小学生|初中生|上小学的|读小学的)?(?:{_KIDS})|(?:儿童|(?<=[，,\s])(?:小孩|孩子))\s*:?\s*(\d)(?:个|位|名)?(?=[，。,（(\s]|$)|(?:小孩|孩子|娃|小朋友|宝宝|儿童|小孩子)\s*:?\s*{_C}\s*(?:个|位|名)(?![大])"
)
_TWINS = re.compile("双胞胎|龙凤胎|一儿一女|儿女双全|姐弟两个娃")
_AGE_NUM = rf"(?:(?<!\d)\d{{1,2}}(?![\d月号])|(?<![{CHINESE}])(?:二?十[一二三四五六七八九]?|[一二两三四五六七八九]十[一二三四五六七八九]?|[一二两三四五六七八九]))"
_AGE_SEP = r"(?:[、,，和跟及/\s]|(?<=[岁、,，和跟及/\s\d])(?:一个|还有个?|另一个|小的|大的|老二|老三|老大|妹妹|弟弟))"
_AGE_LIST = re.compile(rf"((?:{_AGE_NUM}(?:(?:周?岁半?)(?:的)?{_AGE_SEP}*|{_AGE_SEP}+))*){_AGE_NUM}周?岁(半|多|出头|上下|左右)?")
_AGE_TOLD = re.compile(
    r"(?:[他她才]|今年|都|已经|刚|快|[（(]|[妈爸奶爷婆公姥亲]|^|[，。,])(?:今年|都|已经|刚满?|快|也|才)*\s*([2-9]\d|1[0-9]|[三四五六七八九]?十[一二三四五六七八九]?)\s*(?:了|出头|多|上下|左右|好几)(?!天|块|个|号)"
)
_AGE_BARE = re.compile(
    rf"(?:{'|'.join(CHILDREN)})[^\d，。]{{0,4}}?((?:\d{{1,2}}[、,，和跟/\s]+)+\d{{1,2}})(?![\d岁天月号:.万千])|(?:一个|老大|大的|姐姐|哥哥|大宝|大娃)(\d{{1,2}})岁?[，,、]?(?:一个|老二|小的|妹妹|弟弟|小宝|二宝|小娃|二娃)(\d{{1,2}})(?![\d])|(?:{'|'.join(CHILDREN)})(?:今年|才|都|刚)?(1[0-7]|[1-9])了?(?=$|[，。！,\s）)])"
)
_AGE_RANGE = re.compile(r"\d{1,2}岁?(?:到|至|-|~)\d{1,2}岁")
_MONTHS_OLD = re.compile(rf"({COUNT})个(?:多)?月(?:大)?的?(?:{_KIDS}|大)|(?:{'|'.join(CHILDREN)})(?:才|刚)?({COUNT})个(?:多)?月")
_ABSENT = re.compile(r"不跟|不带|不去|不来|没空|去不了|来不了|不参加|留家|放.{0,4}家|不一起|都不带")
_JOINS = re.compile(
    r"也(?:想|要|会|得|跟|带)?(?:去|来|一起|跟|参加|算|带|同行|加入)|再?加上?|多(?:了|带)?(?:一|个)|又(?:来|加|多)|还要?带(?:上)?|带上"
)
_INSIDE = re.compile(r"其中|里头|里面|含|包括|包含|有[一二两俩三四\d]+[个位]?(?:是)?老")


_PETS = re.compile(
    r"(?:我家|家里的?)?(?:毛孩子|毛娃|狗儿子|狗闺女|猫儿子|猫主子)|(?:\d|[一两俩二三])(?:只|条)?(?:狗狗?|猫咪?|汪|喵)"
)
# 俩摄影老法师, 仨大老爷们: a number that only counts people, with whatever word for them.
_FUSED = re.compile(
    r"(?:(?<=[，。！,\s□])|^)([俩仨])(?![个]?(?:带|想|都|一起|人|去|要|在|就|小|孩|娃|宝|老人|晚|天|月|星期|儿子|女儿|闺女|崽|家|景点|城市|地方|房|大))[\u4e00-\u9fff]{1,6}(?=$|[，。！,\s])"
)
# 平均年纪六十三四, 岁数都是六十往上: an age told of everybody.
_ALL_OLD = re.compile(
    r"(?:平均|年纪|年龄|岁数|都|全是|清一色)(?:年纪|年龄|岁数|都|是|在|已经|超过|大概|基本)*(?:[6-9]\d|[六七八九]十)(?![万千百块元分号天])"
)


@dataclass
class Age:
    """An age told in a text; `all_of` when it is said of several (都8岁, 双胞胎)."""

    years: int
    span: Span
    all_of: bool = False


@dataclass
class PartyReading:
    """What one message says of the party; None where it says nothing."""

    adults: int | None = None
    total: int | None = None
    couple: int | None = None
    family: int | None = None
    companions: int | None = None  # adults counted from words for people, the speaker among them
    children: int | None = None
    ages: list[int] = field(default_factory=list)
    elders: int | None = None
    persons: list[Person] = field(default_factory=list)
    joins: bool = False
    absent: list[Person] = field(default_factory=list)
    just_ages: bool = False
    every_age: int | None = None  # an age told of all adults
    span: Span | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing about people was said."""
        told = (self.adults, self.total, self.couple, self.family, self.companions, self.children, self.elders)
        return all(value is None for value in told) and not self.ages and not self.absent and self.every_age is None


def read_party(text: str) -> PartyReading:
    """The people of a plain message in which dates, lengths and money are blanked out."""
    text = blank(text, [Span(*match.span()) for match in _PETS.finditer(text)])
    reading = PartyReading(joins=bool(_JOINS.search(text)))
    everybody = list(people(text))
    reading.absent = [person for person in everybody if _is_absent(text, person)]
    reading.persons = [person for person in everybody if person not in reading.absent]
    _read_children(text, reading)
    ages = list(_ages(text, reading))
    _read_counts(text, reading)
    _read_elders(text, reading, ages)
    _read_companions(text, reading)
    return reading


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match that no 不是 or 少/多 takes back."""
    found = [
        m
        for m in pattern.finditer(text)
        if not re.search(r"(?:不是|不止|不再是|原来|本来|原本|少|多)(?:我们|的)?$", text[: m.start()])
    ]
    return found[-1] if found else None


def _number(match: re.Match[str] | None) -> int | None:
    """The first group that holds a number."""
    if match is None:
        return None
    return next((value for group in match.groups() if group and (value := count(group))), None)


def _read_counts(text: str, reading: PartyReading) -> None:
    both = _last(_BIG_SMALL, text)
    if both:
        reading.adults, reading.children = count(both[1]), count(both[2])
        reading.span = Span(*both.span())
    men = _MEN_WOMEN.search(text)
    if men and reading.adults is None:
        reading.adults = sum(count(group) or 0 for group in men.groups() if group)
    if reading.adults is None:
        big = _last(_BIG, text) or _last(_BIG_AFTER, text)
        reading.adults = _number(big)
        reading.span = reading.span or (Span(*big.span()) if big else None)
    couples = _last(_COUPLES, text)
    if couples and reading.adults is None:
        reading.adults = 2 * (_number(couples) or 1)
    reading.family = _number(_last(_FAMILY, text))
    reading.total = _group_total(text, reading)
    if _PAIR.search(text):
        reading.couple = 2


def _group_total(text: str, reading: PartyReading) -> int | None:
    """N people in a row: of several statements the last; with 我和 before it the speaker is one more."""
    best: tuple[int, int] | None = None
    for pattern in (_FUSED, _GROUP, _AFTER_GROUP, _THREES, _PARENT_CHILD, _BARE):
        match = _last(pattern, text)
        if match is None or re.search(rf"(?:{_KIDS}|老人)$", match[0]):
            continue
        value = 3 if pattern is _THREES else 2 if pattern is _PARENT_CHILD else _number(match)
        if not value or value > 500:
            continue
        with_me = _AND_ME.match(text[match.end() :]) or _TOGETHER.search(text[: match.start()])
        if pattern in (_GROUP, _FUSED) and with_me:
            value += 1
        if best is None or match.start() > best[0]:
            best = (match.start(), value)
            reading.span = reading.span or Span(*match.span())
    if best is None and _SOLO.search(text):
        return 1
    return best[1] if best else None


def _is_absent(text: str, person: Person) -> bool:
    clause = clause_of(text, person.span.start)
    after = text[person.span.end : clause.end]
    before = text[clause.start : person.span.start]
    return bool(
        re.match(r"^[^我]{0,9}?(?:不跟|不去|不来|去不了|来不了|不参加|不一起|留家|不带|没空)", after)
        or re.search(r"不带[^，]{0,3}$", before)
    )


def _read_children(text: str, reading: PartyReading) -> None:
    kids = [person for person in reading.persons if person.kind == "child"]
    counted = [m for m in _CHILD_COUNT.finditer(text) if not re.search(r"(?:不是|不带|少|多)$", text[: m.start()])]
    numbers = [value for match in counted if (value := _number(match)) and value < 60]
    if numbers:
        reading.children = numbers[-1] if len(numbers) == 1 or _repeats(text, counted) else sum(numbers)
    elif _TWINS.search(text):
        reading.children = 2
    elif kids:
        reading.children = max(1, len({person.word for person in kids if person.word not in _SAME_CHILD}))


# Other words for a child that was named already.
_SAME_CHILD = frozenset("孩子 小孩 小孩子 娃 娃娃 宝宝 宝贝 小朋友 儿童 小的 大的 小家伙 神兽 熊孩子".split())


def _repeats(text: str, counted: list[re.Match[str]]) -> bool:
    """小朋友三个 … 三个孩子: the same children told twice, unless each count has its own word."""
    words = {re.sub(rf"^{COUNT}|[个位名\s:]", "", match[0]) for match in counted}
    return len(words) == 1 or bool(words & _SAME_CHILD)


def _ages(text: str, reading: PartyReading) -> Iterator[Age]:
    """Ages of children go to the reading; those of adults are yielded for the elders."""
    taken: list[Span] = [Span(*match.span()) for match in _AGE_RANGE.finditer(text)]
    children: list[Age] = []
    for match in _MONTHS_OLD.finditer(text):
        taken.append(Span(*match.span()))
        children.append(Age(0, Span(*match.span())))
    for pattern in (_AGE_LIST, _AGE_BARE, _AGE_TOLD):
        for match in pattern.finditer(text):
            span = Span(*match.span())
            if any(span.overlaps(other) for other in taken):
                continue
            taken.append(span)
            for years in _years(match):
                age = Age(years, span, bool(re.search(r"都(?:是|已经|已|才|刚|快)?$", text[: span.start])) or "都" in match[0])
                if years < 18 and not re.search(r"初中毕业|结婚$", text[: span.start]):
                    children.append(age)
                else:
                    yield age
    _set_ages(text, sorted(children, key=lambda age: age.span.start), reading)


def _years(match: re.Match[str]) -> list[int]:
    words = re.sub(r"老[大二三]|另?一个|半|多|出头|上下|左右", " ", match[0])
    found = re.findall(_AGE_NUM, words)
    nearly = 1 if re.search(r"快\s*(?:要)?(?:\d|[一二三四五六七八九十])", words) else 0  # 快六十 is not yet sixty
    return [value - nearly for word in found if (value := count(word)) is not None and 0 <= value < 110]


def _set_ages(text: str, ages: list[Age], reading: PartyReading) -> None:
    if not ages:
        return
    alone = next((n for n in range(len(ages) - 1, -1, -1) if re.search(r"就[^，。]{0,3}$", text[: ages[n].span.start])), None)
    if alone is not None:
        start = ages[alone].span.start
        ages = [age for age in ages if age.span.start >= start]
        reading.just_ages = True
    years = [age.years for age in ages]
    # 刚满十二岁的儿子 and 带个五岁的 are children though no count was given.
    if len(years) == 1 and reading.children and reading.children > 1 and (ages[0].all_of or _TWINS.search(text)):
        years *= reading.children
    more = re.search(r"还有(?:一)?个(?:小|大)的|还有一个(?!岁)", text[ages[-1].span.end :])
    reading.ages = [*years, UNKNOWN_AGE] if more else years


def _read_elders(text: str, reading: PartyReading, ages: list[Age]) -> None:
    told = _last(_ELDER_COUNT, text)
    named: dict[str, Person] = {}
    for person in reading.persons:
        if person.kind == "elder":
            named |= dict.fromkeys(ELDERS[person.word], person)
    if not named and SAME_ELDERS.search(text):
        reading.elders = 2
    elif told:
        reading.elders = max(_number(told) or 0, 0)
    elif named:
        owners = [_owner(text, age, list(named.values())) for age in ages if age.years < 60]
        young = {owner.span for owner in owners if owner}
        reading.elders = sum(1 for person in named.values() if person.span not in young)
    elif re.search(r"老两口|老俩口|老夫妻|老伴", text) or re.search(r"(?<![N\d])俩?老人(?!家?不|与海)", text):
        reading.elders = 2 if re.search(r"老两口|老俩口|老夫妻|老伴", text) else reading.elders
    elif _ALL_OLD.search(text):
        reading.every_age = 60
    old = [age for age in ages if age.years >= 60]
    if old and not named and not told:
        together = old[-1].all_of or re.search(r"都", text[max(0, old[-1].span.start - 4) : old[-1].span.end])
        reading.every_age = old[-1].years if together else None
        if reading.every_age is None:
            reading.elders = max(reading.elders or 0, len(old))


def _owner(text: str, age: Age, persons: list[Person]) -> Person | None:
    """Whose age it is: the last person before it, in its sentence; else the first right after it."""
    before = [person for person in persons if person.span.start <= age.span.start]
    if before:
        return max(before, key=lambda person: person.span.start)
    after = [person for person in persons if 0 <= person.span.start - age.span.end <= 3]
    return after[0] if after else None


def _read_companions(text: str, reading: PartyReading) -> None:
    """我和老公, 爸妈跟我: adults counted one by one, with the speaker where the words include them."""
    others = {person.word for person in reading.persons if person.kind in ("partner", "adult")}
    grown = [person for person in reading.persons if person.kind != "child"]
    elders = _named_elders(reading)
    # 我和老伴: the elders are the pair itself.
    pair = not elders and bool(re.search("老伴|老两口|老俩口|老夫妻", text))
    elders = 0 if pair else max(elders, reading.elders or 0)
    led = [person for person in reading.persons if _LEADS.search(text[: person.span.start])]
    for_others = any(_FOR_OTHERS.search(text[: person.span.start]) for person in grown)
    me = bool(_SELF_WITH.search(text)) or (any(person.kind != "child" for person in led) and not for_others)
    if not for_others and any(person.kind == "partner" for person in reading.persons):
        me = True
    alone = re.search(r"(?:^|[，。！,\s我])(?:我)?(?:一个人|自己|独自|单独)(?:一个人)?(?:带|领|陪)", text)
    if alone and not elders and not others:
        reading.companions = 1
        return
    if me or elders or others:
        amount = len(others) + elders + (1 if me else 0)
        if amount > 1 or re.search(r"就我(?:陪|带|跟|和|一)|我(?:一个人|自己)(?:带|陪|领)", text):
            reading.companions = amount


def _named_elders(reading: PartyReading) -> int:
    return len({name for person in reading.persons if person.kind == "elder" for name in ELDERS[person.word]})
