"""What an agent's message asks for or proposes, and whether the customer agrees."""

import re

from messaging.understanding.text import clauses, sentences

_TOPICS = {
    "origin": r"从哪|哪里?(?:出发|走|飞|上车)|哪(?:个|座)?城市(?:出发|走)|出发(?:地|城市)|起点|哪边出发|人在哪|您在哪|哪儿出发|在哪个城市|坐标",
    "where": r"去哪|哪里玩|目的地|想去(?:什么|哪)|哪个(?:地方|城市|国家|岛)|哪一?(?:边|站|块)|还是.{1,6}呢",
    "days": r"几天|多少天|多久|玩几|待几|住几晚|几晚|几日|天数|多长时间",
    "when": r"什么时候|哪天|几号|几月|啥时候|何时|时间呢|时间\?|时间？|日期|出发时间|哪个(?:周末|月|时间)|时候(?:去|走|出发)|哪段时间|月份|时间(?:方面|上)?(?:定|呢|有|是)",
    "budget": r"预算|多少钱|价位|费用|花多少|人均(?:大概)?多少",
    "hotel_star": r"几星|住宿(?:标准|要求)|酒店(?:要求|标准|住|有|想)|星级|住什么(?:样|档)|酒店",
    "adults": r"几位大人|几个大人|大人几|成人|几大",
    "party": r"几位|几个人|多少人|几人|人数|谁(?:一起|同行)|同行|几口|一个人吗|多少位|哪些人|有谁",
    "ages": r"多大|几岁|年龄|年纪|小的是|岁数|高寿",
    "choice": r"还是.{1,8}[?？呢]",
    "children": r"小孩|孩子|儿童|小朋友|宝宝",
    "transport": r"交通|怎么(?:去|过去|来)|飞机还是|高铁还是|自驾还是|坐什么|还是飞机|还是高铁|还是自驾",
    "pace": r"节奏|(?:轻松|紧凑|宽松|赶)[^，。]{0,3}还是",
    "must": r"一定要去|必去|想去的景点|特别想|指定|必须去|有什么(?:要求|想)|想看的|必玩|哪些景点|一定要玩|点名",
}
_PATTERNS = {topic: re.compile(pattern) for topic, pattern in _TOPICS.items()}
_YES = re.compile(
    r"^[\s,，]*(?:嗯+|恩+|哦|噢|啊|那)?[，,\s]*(?:可以|行|好|对|是的|是啊|是|没错|没问题|ok|okay|成|中|嗯|恩|要得|得嘞|中嘞|可|就按|按(?:你|您)|听(?:你|您)|依(?:你|您)|那?就(?:这样|这么)|收到|对头|木?有?问题|欧克|okk|冇问题|得|必须|妥|同意|就这样|就这么|没意见|当然|要|加吧|也行|安排|足?够了?)(?!不|是说)"
)
_TAG = re.compile(
    r"^(?:这样)?(?:您?看)?(?:可以|行|好|ok|成|可|合适|怎么样|如何|好不好|行不行|可不可以|没问题)(?:的)?[吧吗嘛么]?[?？。~]*$"
)
_NO = re.compile(r"^[\s]*(?:不|没|别|算了|还是|换)")
_PROPOSES = re.compile(
    r"可以吗|行吗|好吗|怎么样|如何|对吗|对吧|是吗|是吧|要不要|成吗|可不可以|能接受吗|ok吗|合适吗|没错吧|可好|好不好|行不行|考虑|需要.{0,8}吗|吗[?？]?$|吧[?？]$|^可以(?:再)?加|^建议加|^不如加"
)


def topics(agent: str) -> frozenset[str]:
    """The slots an agent's message asks for."""
    return frozenset(topic for topic, pattern in _PATTERNS.items() if pattern.search(agent))


def proposal(agent: str) -> str:
    """The clause in which the agent proposes something to agree to; empty where there is none, or a choice of two."""
    for span in reversed(list(clauses(agent))):
        words = agent[span.start : span.end]
        if _TAG.match(words):  # 排5天,10月2号走,可以吗: the tag asks about its whole sentence
            words = next(agent[whole.start : span.end] for whole in sentences(agent) if whole.start <= span.start < whole.end)
        if _PROPOSES.search(words.rstrip("。~哦呀呢 ")) and not re.search(r"还是|什么|几|多少|哪", words):
            return words
    return ""


def agrees(customer: str) -> bool:
    """Whether a reply starts by saying yes."""
    return bool(_YES.match(customer)) and not _NO.match(customer)
