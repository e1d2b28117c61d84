"""Which property a question asks for: how people say it, and what a knowledge base calls it."""

import re
from dataclasses import dataclass

# One line a property: (what knowledge bases call it, how people ask for it). Weights: a strong word decides, a weak one leans.
_PROPERTIES: list[tuple[str, str, str]] = [
    (
        "门票|票价|价格|人均|人均消费|房价|费用|价钱|收费",
        "门票|票价|票钱|票费|多少钱|几块钱|几多钱|什么价|价格|价钱|价位|收费|免费|要钱|花钱|便宜|贵不|贵吗|很贵|不贵|费用|买票|购票|票要|要票|半价|优惠票|"
        "学生票|儿童票|老人票|人均|花多少|消费|几元|多少元|多钱",
        "票|钱|贵|元",
    ),
    (
        "开放时间|营业时间|开门时间|入园时间|入住时间|时间",
        "开放|开门|关门|几点|营业|什么时候能去|什么时候开|什么时间能进|啥时候开|闭馆|闭园|开馆|开园|关园|何时开|全天|停止入|最晚入|星期几|周几|周一|周末开|"
        "晚上开|早上开|节假日开|上班|下班",
        "时间段|时间|何时|什么时候",
    ),
    (
        "建议游玩时间|游玩时长|游玩时间|游览时间|参观时长",
        "玩多久|游玩时间|玩多长|多长时间|多久|几个小时|几小时|多少小时|多少时间|逛多久|花多长|玩几天|一天够|半天够|够不够玩|游览时间|参观时间|玩上多|时长|"
        "待多久|呆多久|逛完|玩完|要玩|建议玩|几个钟|几天|半天|一整天",
        "久|长时间|游玩|玩",
    ),
    (
        "电话|联系电话|联系方式|客服电话|手机",
        "电话|联系方式|号码|怎么联系|联系一下|咨询方式|热线|打给|打过去|联系他们|座机|手机号|联络",
        "联系|咨询|预约",
    ),
    (
        "地址|位置|地点|所在地|坐落",
        "地址|在哪|位于|什么地方|哪里|哪儿|位置|怎么走|怎么去|怎么过去|哪个区|哪条路|什么位置|啥地方|地点|坐落|哪个方向|具体在|怎么到|如何去|如何到|导航|定位|"
        "哪个城市|几号",
        "地方|路|区|哪",
    ),
    (
        "周边景点|附近景点|周边|附近|周边餐馆|周边酒店",
        "周边|附近|旁边|边上|周围|四周|邻近|临近|就近|顺便|顺路|离它不远|离那不远|隔壁|周遭|相邻|挨着|左右还有|别的景点|其他景点|其它景点|还有什么景点|还有什么好玩|"
        "再推荐",
        "推荐|其他|其它|还有",
    ),
    (
        "Information|介绍|简介|特色|描述|概况|推荐理由",
        "介绍|了解|听说|知道|特色|特点|好玩吗|什么样|怎么样|讲讲|说说|历史|有什么|看到什么|看什么|来历|由来|简介|详细|是什么地方|什么来头|有名|著名|值得|好看|"
        "修建|建于|哪年建|故事",
        "吗|什么",
    ),
    ("评分|口碑|星级|酒店类型|档次", "评分|几星|星级|口碑|评价|几分|档次|高档|多少分|好评", "分|星"),
    ("地铁|交通|公交", "地铁|公交|坐几路|几号线|坐车|乘车|自驾|停车|交通", "车|站"),
    ("推荐菜|特色菜|招牌菜|美食", "推荐菜|招牌|好吃|吃什么|特色菜|拿手|什么菜|有什么菜", "菜|吃"),
    ("酒店设施|设施|服务", "设施|早餐|健身房|泳池|游泳池|无线|wifi|洗衣|停车场|空调|热水|叫醒", "有没有"),
    # Of what an agency sells: these names only occur in the base that is built from its products.
    (
        "团期|班期|出发日期",
        "团期|班期|出发日期|出发时间|(?:什么时候|啥时候|哪天|几号|哪几天|哪个时间).{0,4}(?:出发|走|发团|有团|开团)|最近一期|下一期|下一班|近期.{0,3}(?:出发|团)|有哪些(?:日期|时间)",
        "日期|几号|哪天",
    ),
    (
        "余位|名额",
        "余位|名额|还有(?:没有)?(?:位|票|座|名额)|有位(?:置|子)?|满了|报满|还能(?:报|订)|剩(?:多少|几)|几个位",
        "位|剩",
    ),
    ("儿童价", "(?:儿童|小孩|孩子|小朋友|宝宝|娃).{0,4}(?:价|多少钱|怎么收|收费|要钱|半价|免费)|儿童价", "孩|儿童"),
    (
        "费用包含",
        "包含|含不含|包不包|都含|含哪些|含什么|包括|费用含|含(?:餐|机票|门票|住宿|接送|保险)|包(?:吃|住|机票|餐)|自费|不含|另外收",
        "含|包",
    ),
    (
        "退改",
        "退改|退订|取消.{0,4}(?:规则|政策|扣|收|费)|(?:能|可以|怎么|可不可以)(?:退|取消|改期)|不去了|退(?:多少|款|钱|团)|扣多少|损失费",
        "退|取消|改期",
    ),
    ("天数", "玩几天|多少天|几天几晚|几晚|天数|全程.{0,2}天|一共几天|要几天", "天"),
    ("行程安排", "行程|怎么(?:玩|安排)|每天(?:都)?(?:干|玩|去|安排|做)|第[一二三四五六七八九十\\d]+天|路线|日程|安排", "安排"),
]
STRONG, WEAK, NAMED = 3.0, 0.6, 0.8
EARLIER = 0.6  # what stands before the last clause is mostly an answer to us
DESCRIPTION = 0.3  # "do you know X?" asks for a description only if nothing else is asked for


_CLAUSES = re.compile(r"[,，。.!！?？;；、\s]+")


@dataclass(frozen=True)
class Property:
    """A property as one knowledge base calls it, and the patterns by which it is asked for."""

    name: str
    strong: re.Pattern[str]
    weak: re.Pattern[str] | None
    share: float = 1.0

    def strength(self, question: str) -> float:
        """How strongly a question asks for it; its last clause weighs more, because the question comes last."""
        clauses = [clause for clause in _CLAUSES.split(question) if clause.strip()]
        values = [self._clause(clause) for clause in clauses]
        return max([*values[-1:], *(EARLIER * value for value in values[:-1])], default=0.0)

    def _clause(self, clause: str) -> float:
        strong = len(self.strong.findall(clause))
        weak = WEAK * len(self.weak.findall(clause)) if self.weak else 0.0
        named = NAMED if self.name.lower() in clause else 0.0
        return self.share * ((STRONG + 0.5 * (strong - 1) if strong else 0.0) + weak) + named


def properties_of(names: list[str]) -> list[Property]:
    """A property for each name that a knowledge base uses; unknown names are asked for by their own words."""
    return [_property(name) for name in names]


def _property(name: str) -> Property:
    for called, strong, weak in _PROPERTIES:
        if name in called.split("|"):
            share = DESCRIPTION if called.startswith("Information") else 1.0
            return Property(name, re.compile(strong), re.compile(weak), share)
    return Property(name, re.compile(re.escape(name.lower())), None)
