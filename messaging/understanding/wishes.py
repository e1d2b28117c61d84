"""Wishes of a trip in one message: class of hotel, transport, pace, themes, meals, rooming, what must be and what must not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from messaging.understanding.places import Mention
from messaging.understanding.text import Span, blank, clause_of, clauses

# Words that take back or refuse what follows in the same clause.
NEGATED_BEFORE = re.compile(
    r"(?:不要|不想|不用|不需要|不坐|不住|不敢|不会|不喜欢|不爱|没兴趣|不考虑|不是|别|不打算|不去|不|懒得|拒绝|讨厌|没法|无法|免)(?:再|给我|安排|去|选|订|太|玩|想|坐|住|开|自己|要|有|进|带|任何|什么)*$"
)
NEGATED_AFTER = re.compile(
    r"^[^，。！？]{0,3}?(?:就?算了|不要(?:了|$|[，。！])|不用(?!担心|管)|不去|不坐|不想|不敢|太久|太慢|太累|太贵|太折腾|太远|堵|取消|不考虑|免了|就不|不行|没票|买不到|没兴趣|不住|不方便|耗时|受不了|不可以)"
)


@dataclass(frozen=True)
class Wish:
    """One value for one slot, where it stands; `dropped` when the words take it back."""

    slot: str
    value: str | int
    span: Span
    dropped: bool = False


_TRANSPORT = [
    ("高铁", re.compile(r"高铁|动车|城际(?:列车)?|和谐号|复兴号|动卧")),
    ("火车", re.compile(r"火车|卧铺|绿皮车?|硬卧|软卧|硬座|普快|直达车")),
    ("自驾", re.compile(r"自驾|自己开|开车|开自己的?车|自己有车|房车|租车(?!公司)|开私家车|私家车|自个儿开|开过去|车自己开")),
    ("飞机", re.compile(r"飞机|机票(?!另|自理|自己|不含|除外|不算)|航班|直飞|起飞|飞过去|飞去|飞往|坐飞|打飞的|往返飞|飞行|双飞|(?<!起)飞(?=[\u4e00-\u9fff]{0,1}(?:$|[，。！,；\s□来去回]|\d))|(?:天|号|日|\d|走|早上|晚上|直接)飞(?![机速])|机\+酒|机加酒|机酒|头等舱|经济舱|商务舱|红眼")),
    ("大巴", re.compile(r"大巴|坐汽车|旅游巴士|长途车|坐客车|坐巴士")),
    ("包车", re.compile(r"包车|包个车|包辆|包一辆|商务车|专车|小车接送|拼车")),
    ("邮轮", re.compile(r"邮轮|游轮|轮船|坐船(?:去|过去)|豪华轮")),
]  # fmt: skip
_THEMES = [
    ("蜜月", re.compile(r"蜜月|新婚旅行|婚后旅行|结婚旅行")),
    ("博物馆", re.compile(r"(?:^|[看逛去多个爱欢和跟及刷参观是种大的，。！,、\s；馆院到类些间加])博物馆|看展|美术馆|博物院(?=多)")),
    ("摄影", re.compile(r"摄影|拍照|拍星空|拍(?:点|些|几张|好多|美|大)?照片?|旅拍|拍片|影友|拍大片|出片|拍日出|拍银河|拍风光|拍人文|扫街|拍婚纱|航拍|拍拍|采风|照相|创作团")),
    ("滑雪", re.compile(r"滑(?:一次|一下|个|趟|几次|了)?雪|(?<![光打])滑(?=[，。！]|$)|雪场|单板|双板|粉雪")),
    ("温泉", re.compile(r"温泉|泡汤(?!了)")),
    ("红色", re.compile(r"红色(?!的?衣)|革命|党建|党日|瞻仰|红军|老区|爱国主义")),
    ("美食", re.compile(r"美食|吃货|专门(?:去|来|是|就)?(?:是)?(?:去)?吃|吃吃吃|吃吃喝喝|好吃的|小吃|吃遍|觅食|探店|吃喝|(?:主要|就是|为了|纯|光|就|冲着)(?:是|为了|想|去|奔着|奔)*吃(?!得|的?住|饭|穿)|吃个遍|(?:狂|猛|暴|海|胡|好好|可劲儿?|使劲|大)吃(?!一惊|力|亏)|炫(?:饭|美食)|吃饱喝足|吃(?:早茶|海鲜|火锅|串串|烧烤|夜市|大闸蟹|小龙虾|烤鸭|牛肉火锅)|逛吃|撸串|嘴馋|寻味|舌尖|吃到撑|一路吃|边吃边|吃东西|下馆子|大吃|吃为主|以吃|苍蝇馆子|夜宵")),
    ("海岛", re.compile(r"海岛|岛屿|小岛|跳岛|浮潜岛|岛上")),
    ("研学", re.compile(r"研学|游学|研习|修学")),
    ("徒步", re.compile(r"徒步|穿越线|远足|hiking|爬野|重装|轻装|走野路|登山杖|健行|trekking")),
    ("雪山", re.compile(r"雪山|冰川(?!时)")),
    ("古镇", re.compile(r"古镇|古村|水乡|古城(?!墙)|老镇|古寨|古街|古村落")),
    ("亲子", re.compile(r"亲子|遛娃|溜娃|带娃友好|儿童乐园|适合(?:小)?(?:孩子|小朋友|小孩|宝宝|娃)")),
    ("购物", re.compile(r"购物|买买买|扫货|shopping|血拼|逛街|代购|买东西|免税店?|血洗|奥特莱斯|买包|剁手|逛商场")),
    ("潜水", re.compile(r"潜水|浮潜|深潜|考潜")),
    ("露营", re.compile(r"露营|搭帐篷|扎营|野营")),
    ("避暑", re.compile(r"避暑|避避暑|凉快的地方|躲热|纳凉")),
    ("漂流", re.compile(r"漂流")),
    ("骑行", re.compile(r"骑行|环岛骑|骑自行车|骑车环")),
    ("赏花", re.compile(r"赏花|赏樱")),
]  # fmt: skip
_PACE = [
    ("适中", re.compile(r"适中|正常节奏|节奏正常|不松不紧|不紧不松|不快不慢|不赶也不|中等(?:节奏|强度|就)|节奏(?:一般|中等|平衡)|劳逸结合|松紧|均衡|不要太赶也不要太|别太松也别太|不急不慢|普通节奏|折中")),
    ("轻松", re.compile(r"轻松|悠闲|悠哉|悠着|慢悠悠|慢慢[走玩逛来溜晃游]|慢一?点|慢些|慢节奏|慢游|慢慢地|慢生活|慢下来|松快|宽松(?:点|些|一点)|松散|松一点|松点|舒缓|休闲(?!裤)|佛系|随便走走|睡到自然醒|自然醒|不(?:要|想|用|能)?(?:太|那么|很)?(?:赶|累|紧|满)(?!得上|到|吗)|别(?:太|那么|给我|把行程|排得?|安排得?|整得?|弄得?|搞得?)*(?:太|那么)?(?:赶|累|紧|满)|(?:不要|别|不想|甭)(?:安排|排|给我|把行程|行程|弄|搞|走)*得?(?:太|那么|很)?(?:赶|累|紧|满|密|多景点)|不赶(?:路|时间|行程)?|不着急|从容|养老|躺平|躺躺|度假式|溜达溜达|溜溜达达|歇着|少排(?:点|些|几个)|别跑太多|节奏(?:要|能)?(?:放)?(?:慢|缓|松)|(?:走|玩)得?慢|不折腾|少走路|舒舒服服|(?<!住)(?<!住得)舒服(?:点|一点|为主)|闲逛|老年节奏|每天[一两1-2]个景点|松弛")),
    ("紧凑", re.compile(r"特种兵|紧凑|紧一点|紧点|赶一点|赶点(?:没|也)|暴走|排满|塞满|安排满|排(?:得)?满|越满越好|满满当当|满一点|满点|充实|多看几个|多跑几个|多去几个|多玩几个|多逛几个|能多去|多排(?:点|些|几个)?景点|多安排(?:点|些|几个)?景点|高强度|马不停蹄|打卡(?:越多|多多)|不怕(?:累|赶)|累点(?:没|也|不)|走马观花|密集|连轴转|早出晚归|一天(?:三|四|五|[3-9])个景点|不浪费时间|效率|能跑多少|尽量多|行程满|塞得|拉满|快节奏|赶点路|不想闲|别闲着")),
]  # fmt: skip
_NOT_TIGHT = re.compile(r"(?:别|不要|不用|不想|不需要|没必要|不|甭)(?:给我|行程|排|安排|搞|弄|太|那么|把|得|这么|的)*$")
# 特种兵勿扰, 暴走就算了: the word comes first, its refusal after.
_NOT_AFTER = re.compile(
    r"^(?:式|的|那种|行程|就|什么的)*(?:勿扰|退散|达咩|不要|拒绝|算了|免了|别来|不适合|不行|受不了|伤不起|no)"
)
_NOT_LOOSE = re.compile(r"(?:别|不要|不用|不能|不想)(?:给我|行程|排|安排|搞|弄|太|那么|得|过于)*$")
_STAR = re.compile(
    r"(?<![大小一])(?:([一二两三四五1-5])\s*[-到~或、]\s*)?([一二三四五1-5])\s*[星钻](?!期|空|座|球|级战|河|星|光|辰|巴|红)(?:级)?|([一二三四五1-5])\s*(?:颗|个)?星(?:级)?(?:酒店|宾馆|的)"
)
_STAR_NO = re.compile(r"(?:不要|不用|不需要|不住|别|没必要|用不着|不必|不是)(?:住|订|安排|非得|非要|选)*$")
_STAR_NO_AFTER = re.compile(r"^(?:级|酒店|的)*(?:太贵|就算了|不要|不用|没有|不住|没必要|贵了|超了|不行)")
_MEALS = re.compile(
    r"含早(?:餐)?|双早|包早|含餐|包餐|不含餐|不用餐|清真|素食|吃素|忌口|不吃(?:辣|猪肉|牛肉|海鲜|羊肉|香菜|生)|不能吃辣|少辣|过敏|特色餐|团餐|半自助餐?|三餐|自理餐|全餐|宝宝餐|婴儿餐"
)
_ROOMS = re.compile(
    r"大床房?|双床房?|标间|标准间|套房|家庭房|亲子房|三人间|单间|单人间|海景房|连通房|加床|(?:[一二两三四五六\d]{1,2})间(?:房)?|榻榻米|民宿|别墅|水屋|蒙古包|帐篷酒店|同住|不拼房|拼房"
)


def wishes(text: str, places: list[Mention]) -> list[Wish]:
    """Every wish but must and avoid, in order. Names of places are masked first: a named museum is no theme."""
    masked = blank(text, [mention.span for mention in places])
    found = [*_coded("transport", _TRANSPORT, masked), *_themes(masked), *_pace(masked), *_stars(masked)]
    found += [Wish("meals", match[0], Span(*match.span())) for match in _MEALS.finditer(masked)]
    found += [Wish("rooming", match[0], Span(*match.span())) for match in _ROOMS.finditer(masked)]
    return sorted(found, key=lambda wish: wish.span.start)


def _coded(slot: str, table: list[tuple[str, re.Pattern[str]]], text: str) -> Iterator[Wish]:
    for value, pattern in table:
        for match in pattern.finditer(text):
            yield Wish(slot, value, Span(*match.span()), _taken_back(text, match))


def _taken_back(text: str, match: re.Match[str]) -> bool:
    clause = clause_of(text, match.start())
    before, after = text[clause.start : match.start()], text[match.end() : match.end() + 8]
    return bool(NEGATED_BEFORE.search(before) or NEGATED_AFTER.match(after))


_PACE_WORDS = re.compile("|".join(pattern.pattern for _, pattern in _PACE))


def _themes(masked: str) -> Iterator[Wish]:
    for wish in _coded("themes", _THEMES, masked):
        clause = clause_of(masked, wish.span.start)
        words = masked[clause.start : clause.end]
        # 购物店, 购物团 are what people fear; 自由购物 what they want.
        if wish.value == "购物" and re.search(r"购物(?:店|团|点)|强制|没有购物|无购物|零购物|纯玩", words):
            continue
        if wish.value == "温泉" and re.search(r"温泉(?:镇|路)", words):
            continue
        yield wish


def _pace(masked: str) -> Iterator[Wish]:
    taken: list[Span] = []
    for value, pattern in _PACE:
        for match in pattern.finditer(masked):
            span = Span(*match.span())
            if any(span.overlaps(other) for other in taken):
                continue
            clause = clause_of(masked, span.start)
            before = masked[clause.start : span.start]
            taken.append(span)
            if value == "紧凑" and (_NOT_TIGHT.search(before) or _NOT_AFTER.match(masked[span.end :])):
                yield Wish("pace", "轻松", span)
            elif value == "轻松" and match[0][0] not in "别不甭" and _NOT_LOOSE.search(before):
                yield Wish("pace", "紧凑", span)
            elif not _other_filling(masked[clause.start : clause.end], match[0]):
                yield Wish("pace", value, span)


def _other_filling(clause: str, word: str) -> bool:
    """美食给我塞满 fills the stomach, not the day."""
    return "塞" in word and bool(re.search("美食|吃", clause))


def _stars(masked: str) -> Iterator[Wish]:
    for match in _STAR.finditer(masked):
        words = match[2] or match[3]
        value = "一二三四五".find(words) + 1 or int(words)
        clause = clause_of(masked, match.start())
        before, after = masked[clause.start : match.start()], masked[match.end() : match.end() + 8]
        yield Wish("hotel_star", value, Span(*match.span()), bool(_STAR_NO.search(before) or _STAR_NO_AFTER.match(after)))


# --- what must not be ---

_AVOID = re.compile(
    r"(?:千万|一定|坚决|最好|请|麻烦|尽量|也|都|但|又|还|就|我们?|行程里?|安排|而且|可|实在|真)*?"
    r"(不要再|不要|不想要|不想|不希望|不愿意|不愿|不喜欢|不爱|不接受|拒绝|讨厌|避开|避免|绕开|杜绝|谢绝|(?<![分特区个级告性类辨])别再?|勿(?!扰)|不能有|不能|不可以有|受不了|怕|害怕|不准|不许|不可|不安排|"
    r"不(?=进店|进购|进|去|走|爬|坐|骑|逛|住|吃|看|参加|购物|自费|登|玩|排|早起|换|推销|听|喝|碰|绕|拼|转机|红眼|加点|拐))"
    r"(?:给我们?|给安排|安排|帮我|替我们?|有|出现|让我们?|带我们?|带着?|把我们?拉去?|老|总|再)*([^，。！？!?；;\n]{1,16})"
)
_AVOID_NOT = re.compile(
    r"^(?:酒店(?:了|$)|高峰|人流|旺季|节假日|[吃看去玩逛爬]?(?:就|不算|等于|白来|可惜|遗憾)|太|很|那么|超过?|再超|高于|低于|紧|错|意思|过|管|客气|急|着急|骗|忘|知|清楚|确定|贵|远|用|是|错过|再说|问|担心|介意|在意|嫌|差|少|多于|满|赶|累|误|跟(?!.{0,4}团)|在家|带(?!我)|讲究|挑|去了|来了|想去了|要了|变|改|行|够|同|对|好|想太|能太|排太|安排太|排得?太|走太|住太|推荐|提|让|发|催|算|"
    r"耽误|麻烦|一起|限|重要|然|如|止|仅|但|得|敢|会|怎么|可能|低|需|必|管|出国|到|足|走高速堵|走得太|堵车|贵就|要紧|冷|热|怕|晒|晕|堵)"
)
_LIGHT_VERBS = re.compile(
    r"^(?:要|给我们?|安排|进去?|去(?!了)|住(?!帐)|有|选|带我们?去?|排|搞|弄|来|订|想要?|什么|任何|各种|那种|那些|这种|一些|到|在|在乎|跟(?=.{0,4}团)|强制|逼着?|被)+(?=.{2})"
)
_TAIL = re.compile(
    r"(?:的地方|的地儿|的那种|那种|这种|之类的?|什么的|的项目|的活动|的行程|的路线|的路|就行|就好|即可|的|了|啊|吧|呀|哦|哈|呢|啦|嘛|哟|谢谢|拜托|、)+$"
)


def avoided(text: str, places: list[Mention]) -> list[Wish]:
    """What the customer does not want to meet: not the pace, not a means of transport or a place taken back."""
    found = []
    for clause in clauses(text):
        words = text[clause.start : clause.end]
        match = _AVOID.search(words)
        if not match or _AVOID_NOT.match(match[2]) or _is_other_slot(words, match[2]):
            continue
        if match[1] in ("怕", "害怕") and re.match(r"^(?:我|他|她|它|你|老|孩|娃|小|爸|妈|大家)", match[2]):
            continue  # 怕他们高反: a worry about somebody
        if match[1] in ("怕", "受不了", "害怕") and not re.search(r"人多|高(?!反|原反应)|晒|累着|水|黑|辣", match[2]):
            continue
        value = wish_text(match[2])
        if value:
            start = clause.start + match.start(2)
            found.append(Wish("avoid", value, Span(start, start + len(match[2]))))
    return [*found, *_fronted(text, places, found)]


# 红眼航班不要, 购物店一律免了: the thing first, then its refusal, and no more in the clause.
_FRONTED = re.compile(
    r"^(?:对了|另外|还有|然后|就是|但是?|不过|那种|什么|像)*([\u4e00-\u9fff]{2,8}?)(?:什么的|之类的?|这种|那种)?(?:就|都|一律|统统|千万|坚决|可|我们?|咱们?)*(?:不要|别安排|别排|免了|不碰|不进|拒绝|达咩|no)(?:了|啊|哈|哦|呀|[，。！!,\s])*$"
)
_NOT_FRONTED = re.compile(
    r"酒店|房|星|票|飞机|高铁|火车|大巴|自驾|老人|孩子|娃|爸|妈|早餐|[天号月个人]$|^(?:我|你|他|她|都|也|这|那|可以|如果|贵|远)"
)


def _fronted(text: str, places: list[Mention], found: list[Wish]) -> Iterator[Wish]:
    for clause in clauses(text):
        match = _FRONTED.match(text[clause.start : clause.end])
        if not match or _NOT_FRONTED.search(match[1]):
            continue
        span = Span(clause.start + match.start(1), clause.start + match.end(1))
        if not any(span.overlaps(other) for other in [*(place.span for place in places), *(wish.span for wish in found)]):
            yield Wish("avoid", wish_text(match[1]), span)


_OTHER_SLOT = re.compile(
    r"星(?:级|的|酒店)?$|^(?:坐)?(?:飞机|高铁|动车|火车|大巴|自驾|开车)|^(?:孩子|小孩|老人|娃|爸妈)|\d+(?:号|月|天|万|千|块)|人均|预算|^(?:去|来|跟)(?:了|$)|^(?:排|安排|走|搞|弄|整|玩|走得?)?得?(?:太|那么|这么)|满$|赶$|累$"
)


def _is_other_slot(clause: str, words: str) -> bool:
    return bool(_OTHER_SLOT.search(words.rstrip("的了啊吧呀哦，。 "))) and not re.search(r"人太多|太多人|太商业", words)


def wish_text(words: str) -> str:
    """A wish in its barest form: without light verbs before and particles after (进茶叶店的 -> 茶叶店)."""
    bare = _TAIL.sub("", words.strip(" ,，。！!、：:~"))
    bare = _LIGHT_VERBS.sub("", bare)
    bare = re.split(r"[，,。；;（(]", bare)[0]
    return _TAIL.sub("", bare).strip()


# --- what must be ---

_MUST_AFTER = re.compile(
    r"^[\s]*(?:的?门?票|是|那边|那儿|那里|这边|一带|的话|那个|这个)?(?:我|他|她|孩子|老婆|娃|我妈|大家|都|也|得|可|就|俩|两个|全)*"
    r"(?:必须|必定|必(?=[去玩看到打逛吃爬住游有进])|一定(?:要|得|去|是)|肯定(?:要|得|去)|务必|绝对要|非去|非要去|非得|不能(?:少|漏|错过|不去|落下|没有)|不可错过|一?定?要(?:去|到|进|玩|看|上|有|安排上?|逛|走|爬|打卡|留)|得(?:去|玩|看|上|到|有|安排|逛|走|爬|留)|都(?:要|得)(?:去|到|玩|看|安排)?|"
    r"不(?:吃|去|看|玩|逛|爬)(?:就)?(?:不算|等于|白|可惜|遗憾|亏)|是(?:重点|必须|刚需|必去|必玩|点名)|安排上|点名|(?:是)?(?:我|他|她|孩子|娃).{0,4}(?:点名|指定|念叨|心心念念)|想去很久|想去(?:看看|逛逛|走走|打卡|玩玩)?(?=$|[，。！])|排(?:上|进去)|不去不行|不去可不行|少不了|也要(?:去|看|安排)?(?:$|[，。！])|列进去|加进去|要打卡|打卡|要留|留一整?天|肯定去)"
)
_MUST_BEFORE = re.compile(
    r"(?:必须|务必|一定|肯定|绝对|必|非|定)(?:要|得|会|想)?(?:去|到|玩|看|有|逛|吃|打卡|安排|爬|走|包含|包括|含|上|住|游|来|登|加)(?:的是|的有|的地方是|的就是|的|是|一下|一趟|一次|上|:)?|"
    r"(?:一定要|必须|非|必)(?:去|玩)?的(?:地方)?(?:是|就是|有|:|换成|改成)|(?:重点|主要|指定|点名)(?:是|要|就是|想|去|看|玩)*(?:去|看|玩)|(?:特别|最|超|就|尤其|很)想(?:去|看|打卡|逛|玩)|(?:打卡|不能错过|不能少)(?:的是|的有)?|(?:^|[，。！,])得(?:去|看|上)|带上(?=□)"
)
_NAME_TAIL = re.compile(
    r"[\u4e00-\u9fffa-z0-9·]{0,8}?(?:景区|度假区|乐园|影城|公园|古城|古镇|古寨|博物馆|博物院|纪念馆|故居|动物园|植物园|海洋馆|海洋公园|水族馆|瀑布|草原|沙漠|寺|庙|塔|楼|桥|街|巷|馆|宫|殿|山|湖|岛|湾|峡谷|峡|谷|窟|陵|洞|园|城|村|寨|镇|码头|广场|夜市|老街|步行街|教堂|大学|沙滩|海滩|影视城|小镇|索道|湿地|森林|长廊|遗址|石林|胡同|书院|岩|峰|泉|溪|江|河|洲|台|阁|亭|坊|府|门|营|基地|牧场|庄园|天街|书店|火锅|老店|餐厅|酒吧)"
)
_JOINED = re.compile(r"^(?:和|跟|与|、|及|还有|以及|,|加上?|，)+$")
_DROP_AFTER = re.compile(
    r"^[^，。！？□]{0,3}?(?:就?不去|就?不用[去了]|就?不必了?|就?算了|不要了?|取消|去掉|删|就?不(?:看|玩|逛|爬)了?|免了|不考虑|去不了|放弃|别去|不安排|不想去|跳过|不感兴趣|没兴趣|换掉|去过)"
)


def musts(text: str, places: list[Mention]) -> tuple[list[tuple[Span, str]], list[tuple[Span, str]]]:
    """(wanted, dropped): sights that must be in, or no longer; each with its span and its name as written."""
    wanted: list[tuple[Span, str]] = []
    dropped: list[tuple[Span, str]] = []
    for group in _groups(text, places):
        last = group[-1]
        end = _named_end(text, last.span.end)
        before = text[clause_of(text, group[0].span.start).start : group[0].span.start]
        names = [(mention.span, text[mention.span.start : mention.span.end]) for mention in group[:-1]]
        names.append((Span(last.span.start, end), text[last.span.start : end]))
        if _DROP_AFTER.match(text[end : end + 10]) or re.search(r"(?:不去|别去|不想去|不用去|不看|不要|不逛|不玩)$", before):
            dropped += names
        elif _MUST_AFTER.match(text[end : end + 14]) or _must_before(before):
            wanted += names
    wanted += _unlisted(text, [span for span, _ in [*wanted, *dropped]], places)
    return wanted, dropped


def _must_before(before: str) -> bool:
    found = list(_MUST_BEFORE.finditer(before))
    return bool(found) and len(before) - found[-1].end() <= 2


def _groups(text: str, places: list[Mention]) -> Iterator[list[Mention]]:
    """Places joined by 和, 跟 or 、 are one group: 开元寺跟西街都要到."""
    group: list[Mention] = []
    for mention in places:
        if (
            group
            and _JOINED.match(text[group[-1].span.end : mention.span.start])
            and "，" not in text[group[-1].span.end : mention.span.start]
        ):
            group.append(mention)
            continue
        if group:
            yield group
        group = [mention]
    if group:
        yield group


def _named_end(text: str, end: int) -> int:
    """大红袍 in 大红袍景区: the name goes on to the word for what it is."""
    tail = re.match(r"(?:景区|风景区|度假区|乐园|影视城|影城|古城|古镇|公园|博物馆|纪念馆|瀑布|草原|国家公园)", text[end:])
    return end + tail.end() if tail else end


_STRONG_BEFORE = re.compile(
    r"(?:必(?:去|玩|看|吃|打卡|到|逛)|(?:一定|必须|务必)(?:要|得)?(?:去|玩|看|打卡|逛|到|吃|安排|有)|指定要?去|点名要?去)(?:的)?(?:是|有|:)?([\u4e00-\u9fffa-z0-9]{2,10})"
)
_STRONG_AFTER = re.compile(
    r"([\u4e00-\u9fffa-z0-9]{2,12}?)(?:必须(?:有|去|安排|要|留|打卡|玩|看|吃)|必(?:去|玩|看|吃|打卡|到|逛)|一定(?:要|得)(?:去|玩|看|打卡|逛|到|走|上|吃|安排|有)|不能(?:少|错过|漏)|要安排上|得去(?!掉)|非去不可|安排上)"
)
_FILLER = re.compile(
    r"^(?:还有|另外|然后|就是|还|对了|那个|听说|因为|其中|最好|顺便|不过|但是?|而且|再|就|我|他|她|我们|咱们?|孩子|说|的|去|看|逛|想|要|到|玩|和|跟|是|有|也|天|晚|人|个|岁|那|这|行程|里面?|中|娃|都|住)+"
)


def _unlisted(text: str, taken: list[Span], places: list[Mention]) -> Iterator[tuple[Span, str]]:
    """Sights the gazetteer does not know, named with a strong word and by what they are (寺, 街, 乐园, …)."""
    known = [*taken, *(mention.span for mention in places)]
    for pattern in (_STRONG_BEFORE, _STRONG_AFTER):
        for match in pattern.finditer(text):
            words = _FILLER.sub("", match[1])
            start = match.end(1) - len(words) if pattern is _STRONG_AFTER else match.start(1) + match[1].find(words)
            name = _NAME_TAIL.match(words)
            if not name or name.end() < 3:
                continue
            span = Span(start, start + name.end())
            if not any(span.overlaps(other) for other in known):
                known.append(span)
                yield span, text[span.start : span.end]
