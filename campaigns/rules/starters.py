"""Campaigns to begin with: words that the wording check lets through. Chinese only, as customers read them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Starter:
    """A template of a campaign; `theme` is the kind of product it is about, where it matters."""

    key: str
    icon: str
    name: str
    purpose: str
    text: str
    card_title: str
    theme: str = ""


STARTERS: tuple[Starter, ...] = (
    Starter(
        "early_bird", "alarm-clock", "早鸟预订", "给有意向、还没下单的客人一个早订的理由",
        "您好！春节和寒假的团期已经开放预订，早订的客人可以先选出发日期和房型，名额按付款先后确认。\n\n点开下面的小程序就能看每天的价格和余位，有任何问题直接回复我，我来帮您安排～",
        "早订先选团期与房型",
    ),
    Starter(
        "wake_up", "sun", "沉默唤醒", "联系 90 天没有动静的老朋友",
        "好久不见！最近我们重新走了一遍几条线路，换了几家住得更舒服的酒店，行程也放慢了一些。\n\n给您挑了一条，点开看看喜不喜欢；想换个方向也告诉我，我按您的时间重新找。",
        "久未联系，给您挑了一条新线",
    ),
    Starter(
        "family", "tent", "亲子假期", "寒暑假前，给有孩子的家庭",
        "孩子快放假啦！这条亲子线每天只安排一到两个地方，不赶早、不拖行李，晚上回酒店还能玩水。\n\n儿童价和每天的余位都在小程序里，孩子几岁、几位大人，告诉我就能帮您估好总价。",
        "孩子放假，一家人慢慢玩", "亲子",
    ),
    Starter(
        "birthday", "gift", "生日礼遇", "生日当月，送一份心意",
        "生日快乐！这个月是您的生日月，预订指定线路时告诉我，我们会为您准备一份小礼物，放在入住当天的房间里。\n\n想去哪里走走?点开看看这条，也可以告诉我您的时间。",
        "生日月，走一条喜欢的路",
    ),
    Starter(
        "again", "repeat", "老客再出发", "出行归来的客人，下一次去哪里",
        "上次的旅行过得怎么样?跟您同样风格的客人，很多人接着选了这一条：节奏差不多，吃住也是同样的标准。\n\n老朋友再次预订，行程里想加想减的都可以提，我来改。",
        "老朋友的下一站",
    ),
    Starter(
        "advice", "message-circle", "一对一咨询邀请", "看了很多、还没开口的客人",
        "您好，我是您的旅行顾问。如果您正在比较几条线路，可以把想去的时间、人数和大概预算发给我，我帮您对比交通、住宿和每天的强度，十分钟就能说清楚。\n\n先给您一条参考，点开可以看到每天的安排。",
        "先看一条参考行程",
    ),
)  # fmt: skip


def starter(key: str) -> Starter | None:
    """The template of that key."""
    return next((entry for entry in STARTERS if entry.key == key), None)
