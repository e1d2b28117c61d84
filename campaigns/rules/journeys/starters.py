"""Journeys to begin with. Chinese only, as customers read them; words that the wording check lets through."""

import copy
import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Starter:
    """A template of a journey."""

    key: str
    icon: str
    name: str
    purpose: str
    flow: dict[str, Any]


def _wait(step_id: str, **args: Any) -> dict[str, Any]:
    return {"id": step_id, "do": "wait", "mode": "for", **args}


def _hour(step_id: str, at: str) -> dict[str, Any]:
    return {"id": step_id, "do": "wait", "mode": "hour", "at": at}


def _before(step_id: str, offset: int, at: str = "10:00", edge: str = "start") -> dict[str, Any]:
    return {"id": step_id, "do": "wait", "mode": "date", "edge": edge, "offset": offset, "at": at}


def _say(step_id: str, text: str, purpose: str = "marketing", product: str = "") -> dict[str, Any]:
    return {"id": step_id, "do": "message", "text": text, "purpose": purpose, "product": product, "channels": ["wecom", "inbox"]}


def _task(step_id: str, title: str, text: str = "", product: str = "", due_hours: int = 2) -> dict[str, Any]:
    return {
        "id": step_id,
        "do": "task",
        "title": title,
        "text": text,
        "product": product,
        "due_hours": due_hours,
        "sla_hours": 24,
    }


def _until(step_id: str, fact: str, yes: list[dict[str, Any]], no: list[dict[str, Any]], **length: int) -> dict[str, Any]:
    return {"id": step_id, "do": "wait", "mode": "fact", "fact": fact, **length, "yes": yes, "no": no}


_ORDERED = {"fact": "order.paid", "days": 14}
_LEFT = [{"fact": "contact.lost"}]

STARTERS: tuple[Starter, ...] = (
    Starter(
        "welcome", "hand", "新客欢迎", "加了企业微信的新朋友：欢迎、了解需求、三天后回访",
        {
            "trigger": {"kind": "friend"}, "entry": None, "reentry": {"rule": "after", "days": 180}, "holdout": 0,
            "exits": _LEFT, "goal": {"fact": "order.paid", "days": 30},
            "steps": [
                _wait("s1", minutes=30),
                _say("s2",
                    "{{name|朋友}}您好，我是您的旅行顾问。想去哪里、几位同行、什么时候有空，想到什么就告诉我，我先帮您理一版行程。",
                    "service"),
                _until("s3", "advisor.asked", [_task("s4", "新客主动咨询，尽快回复")], [
                    _say("s5", "{{name|朋友}}您好，这几天出行的人多，想看看哪几条线路还有位置，可以点开小程序看每天的余位。",
                        "marketing"),
                ], days=3),
            ],
        },
    ),
    Starter(
        "browsed", "eye", "浏览未下单", "看了几次还没订：两小时后一对一提醒，附限时优惠，第二天请顾问联系",
        {
            "trigger": {"kind": "browse", "views": 2, "hours": 48, "quiet_minutes": 120, "product": ""}, "entry": None,
            "reentry": {"rule": "after", "days": 14}, "holdout": 10, "exits": _LEFT, "goal": _ORDERED,
            "steps": [
                _say("s1",
                    "{{name|朋友}}您好，您看的「{{product|这条线路}}」近期团期还有余位。几位出行、哪天方便，告诉我就能帮您算好总价。",
                    product="trigger"),
                _until("s2", "message.clicked", [
                    _task("s3", "打开了卡片，趁热跟进", "您好，刚看到您又打开了「{{product|这条线路}}」，有什么想先了解的吗?",
                        "trigger"),
                ], [
                    _hour("s4", "10:30"),
                    _say("s5",
                        "{{name|朋友}}您好，为您留了一张「{{product|线路}}」的限时优惠，三天内预订可用，具体金额以下单页面为准。",
                        product="trigger"),
                ], days=1),
                _wait("s6", days=1),
                _task("s7", "看过线路还没下单，打个电话", "您好，您之前看的「{{product|这条线路}}」还有位置，需要我帮您留吗?",
                    "trigger",
                    4),
            ],
        },
    ),
    Starter(
        "silent", "moon-star", "沉默唤醒", "进入沉默客群的老朋友：先问候，再给新线路，无回应就放下",
        {
            "trigger": {"kind": "segment", "segment": 0, "late_days": 7}, "entry": None, "reentry": {"rule": "after", "days": 90},
            "holdout": 10, "exits": _LEFT, "goal": {"fact": "order.paid", "days": 45},
            "steps": [
                _hour("s1", "10:00"),
                {"id": "s2", "do": "ab", "branches": [
                    {"name": "问候", "weight": 50, "steps": [
                        _say("s3",
                            "{{name|朋友}}好久不见，最近还好吗?我们把几条线路重新走了一遍，节奏更慢、住得更舒服，想听听您下一次想去哪里。"),
                    ]},
                    {"name": "新线路", "weight": 50, "steps": [
                        _say("s4", "{{name|朋友}}您好，本季新开了几条慢行线路，每天只安排一到两个地方。点开看看有没有喜欢的。"),
                    ]},
                ]},
                _until("s5", "message.clicked", [_task("s6", "沉默客户有了回应，跟进一下")], [{"id": "s7", "do": "end"}], days=5),
            ],
        },
    ),
    Starter(
        "birthday", "cake", "生日祝福", "每年生日当天早上的祝福，可按公历或农历",
        {
            "trigger": {"kind": "date", "field": "birthday", "calendar": "solar", "days": 0, "at": "09:30"}, "entry": None,
            "reentry": {"rule": "always"}, "holdout": 0, "exits": [], "goal": {},
            "steps": [
                _say("s1",
                    "{{name|朋友}}，生日快乐！愿新的一岁常在路上、常有风景。这个月预订指定线路，我们会为您准备一份小礼物。"),
                _task("s2", "今天是客户生日，送上祝福", due_hours=6),
            ],
        },
    ),
    Starter(
        "holiday", "party-popper", "节日营销", "春节前三周，把适合的团期告诉活跃客人",
        {
            "trigger": {"kind": "holiday", "name": "春节", "days": -21, "at": "10:00"},
            "entry": {"lifecycle": {"values": ["quoted", "first_time", "active"]}}, "reentry": {"rule": "after", "days": 300},
            "holdout": 10, "exits": _LEFT, "goal": {"fact": "order.paid", "days": 21},
            "steps": [
                _say("s1",
                    "{{name|朋友}}您好，春节团期已经开放，早订可以先选房型和出发日期。人数和大概预算告诉我，我帮您挑两条对比。"),
                _until("s2", "order.placed", [_task("s3", "已下单，确认出行人资料")], [
                    _say("s4", "{{name|朋友}}您好，春节前后的余位每天在变，点开小程序可以看到最新的日期和价格。"),
                ], days=5),
            ],
        },
    ),
    Starter(
        "pre_trip", "luggage", "行前服务包", "出发前 14、7、3、1 天：资料、清单、天气、集合；出发日改了自动跟着改",
        {
            "trigger": {"kind": "departure", "edge": "start", "days": -14}, "entry": None, "reentry": {"rule": "always"},
            "holdout": 0, "exits": [], "goal": {},
            "steps": [
                _task("s1", "核对出行人证件和紧急联系人", due_hours=24),
                _before("s2", -7),
                _say("s3",
                    "{{name|您}}好，距离{{departs_on|出发}}还有一周。请核对出行人姓名和证件，行李清单我发在小程序的「我的行程」里。",
                    "service",
                    "trigger"),
                _before("s4", -3),
                _say("s5", "{{name|您}}好，还有{{days_left|三}}天就出发了。出门前看一眼目的地天气，带上身份证原件和常用药。",
                    "service"),
                _before("s6", -1, "17:00"),
                _say("s7", "{{name|您}}好，明天就出发啦。集合时间和地点以小程序行程单为准，路上有任何事随时找我。", "service"),
                _task("s8", "明天出发，确认集合与接站", due_hours=1),
            ],
        },
    ),
    Starter(
        "in_trip", "map", "行中关怀与加购", "出发当天报平安，第二天推荐可加的体验",
        {
            "trigger": {"kind": "departure", "edge": "start", "days": -1}, "entry": None, "reentry": {"rule": "always"},
            "holdout": 0, "exits": [], "goal": {"fact": "order.placed", "days": 7},
            "steps": [
                _before("s1", 0, "20:00"),
                _say("s2", "{{name|您}}好，第一天还顺利吗?酒店、车和导游有任何不合适都直接告诉我，我来协调。", "service"),
                _before("s3", 1, "12:00"),
                _say("s4", "{{name|您}}好，行程里还有几项可以加的体验，比如夜游和亲子手作，想加的话告诉我人数，我帮您排进去。"),
            ],
        },
    ),
    Starter(
        "after_trip", "star", "返程评价与复购", "回来第二天问候与评价，一个月后推荐下一次",
        {
            "trigger": {"kind": "departure", "edge": "end", "days": 0}, "entry": None, "reentry": {"rule": "always"},
            "holdout": 10, "exits": _LEFT, "goal": {"fact": "order.paid", "days": 120},
            "steps": [
                _before("s1", 1, "10:30", "end"),
                _say("s2", "{{name|您}}好，欢迎回来，路上辛苦了。方便的话给这次行程打个分，您的每一条建议我们都会看。", "service",
                    "trigger"),
                _until("s3", "review.written", [_task("s4", "客户写了评价，看一看并致谢")], [
                    _task("s5", "三天没有评价，电话回访", "您好，这次出行感觉怎么样?有什么我们可以做得更好的?"),
                ], days=3),
                _wait("s6", months=1),
                _hour("s7", "10:00"),
                _say("s8", "{{name|您}}好，上次旅行的照片整理好了吗?按您喜欢的节奏，我挑了几条适合下一次走的线路，点开看看。"),
            ],
        },
    ),
    Starter(
        "tier", "crown", "会员升级礼遇", "升级当天祝贺并告知权益，一周后提醒使用",
        {
            "trigger": {"kind": "fact", "fact": "tier.changed", "late_days": 7}, "entry": None, "reentry": {"rule": "after",
                "days": 30},
            "holdout": 0, "exits": [], "goal": {"fact": "order.paid", "days": 60},
            "steps": [
                _hour("s1", "10:00"),
                _say("s2", "{{name|您}}好，恭喜您的会员等级有了变化，新的权益已经在小程序「我的会员」里生效，记得去看看。",
                    "service"),
                _wait("s3", days=7),
                _say("s4", "{{name|您}}好，会员专享的权益还没有用过，下次出行时告诉我，我帮您用上。"),
            ],
        },
    ),
)  # fmt: skip


def starter(key: str) -> Starter | None:
    """The template of that key."""
    return next((entry for entry in STARTERS if entry.key == key), None)


def flow_of_starter(entry: Starter, segment_id: int | None = None) -> dict[str, Any]:
    """A copy of a template's flow; a segment is filled in where it asks for one."""
    flow = copy.deepcopy(entry.flow)
    if flow["trigger"]["kind"] == "segment" and segment_id:
        flow["trigger"]["segment"] = segment_id
    return flow


EMPTY: dict[str, Any] = {
    "trigger": {"kind": "fact", "fact": "order.paid"}, "entry": None, "reentry": {"rule": "never"}, "holdout": 0, "exits": [],
    "goal": {}, "steps": [],
}  # fmt: skip
