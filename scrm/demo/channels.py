"""The channels of the demo agency: which codes hang where, and by which a person came."""

import dataclasses
import zlib

from customers.choices import ChannelKind

QR_CODE = 1  # WeCom's add_way


@dataclasses.dataclass(frozen=True)
class Code:
    """A live code: its channel (root, child or empty), name, state, who answers, and its share of the newcomers."""

    kind: ChannelKind
    root: str
    child: str
    name: str
    state: str
    members: tuple[str, ...]
    share: int
    openers: float


CODES = (
    Code(ChannelKind.XIAOHONGSHU, "小红书", "云南亲子笔记", "笔记《带娃去大理》", "c_demo_xhs1", ("sales1", "sales2"), 22, 2.6),
    Code(ChannelKind.XIAOHONGSHU, "小红书", "三亚海岛笔记", "笔记《三亚避寒》", "c_demo_xhs2", ("sales2",), 13, 2.9),
    Code(ChannelKind.DOUYIN, "抖音", "", "直播间小黄车", "c_demo_dy1", ("sales2", "sales3"), 18, 4.2),
    Code(ChannelKind.ADS, "广告投放", "", "朋友圈广告·寒假", "c_demo_ad1", ("sales1", "sales3"), 9, 5.5),
    Code(ChannelKind.STORE, "门店", "杭州湖滨店", "湖滨店柜台立牌", "c_demo_st1", ("sales1",), 15, 1.2),
    Code(ChannelKind.STORE, "门店", "宁波天一店", "天一店柜台立牌", "c_demo_st2", ("sales3",), 8, 1.2),
    Code(ChannelKind.REFERRAL, "老带新", "", "老客转介绍卡", "c_demo_ref", ("sales1", "sales2", "sales3"), 10, 1.1),
    Code(ChannelKind.OTA_CARD, "OTA 包裹卡", "", "携程订单包裹卡", "c_demo_ota", ("sales3",), 5, 1.8),
)  # fmt: skip
WELCOMES = {
    "小红书": "你好呀，我是山海旅行的顾问～看了笔记来的吧？告诉我几大几小、哪几天出发，我先帮你排两条线路。",
    "抖音": "直播间的朋友你好！直播价今晚 24 点前有效，回复“出行人数+日期”，我马上为你查位。",
    "门店": "您好，刚才在门店接待您的顾问就是我。有任何问题随时在这里找我。",
}
GROUPS = (
    ("wr_demo_1", "云南亲子·寒假交流群", "sales1", 46),
    ("wr_demo_2", "湖滨店老客福利群", "sales1", 61),
    ("wr_demo_3", "三亚自由行拼团群", "sales2", 34),
)
_WHEEL = tuple(code.state for code in CODES for _ in range(code.share))


def state_of(external_userid: str, add_way: int) -> str:
    """The state by which somebody came: one of the codes for whoever scanned one, the same in the database and at WeCom."""
    if add_way != QR_CODE or not external_userid:
        return ""
    return _WHEEL[zlib.crc32(external_userid.encode()) % len(_WHEEL)]
