"""What each column of a file means: by its label first, by its content where the label says nothing."""

import re
from collections.abc import Callable, Iterable

from catalog.choices import FeedField, ResourceKind
from catalog.feeds.durations import parse_duration
from catalog.feeds.hours import parse_hours
from catalog.feeds.prices import parse_coordinate, parse_price, parse_rating
from core.tables.columns import Match, Meanings, label_key
from core.tables.dates import parse_date
from core.tables.texts import compare_key, phones

LABELS: dict[str, tuple[str, ...]] = {
    FeedField.NAME: (
        "车次", "航班号", "班次", "trainid", "flightid",
        "名称", "名字", "资源名称", "产品名称", "酒店名称", "景点名称", "餐厅名称", "标题", "name", "title", "hotelname",
    ),
    FeedField.EXTERNAL_ID: (
        "编号", "资源编号", "产品编号", "供应商编号", "酒店编号", "代码",
        "id", "sku", "code", "externalid", "skuid", "spuid", "productid",
    ),
    FeedField.KIND: ("领域", "类别", "资源类型", "品类", "kind", "category"),
    FeedField.CITY: ("城市", "所在城市", "目的地", "市", "city", "destination"),
    FeedField.ADDRESS: ("地址", "详细地址", "位置", "address", "addr", "location"),
    FeedField.PHONE: ("电话", "联系电话", "联系方式", "手机", "phone", "tel", "telephone", "mobile"),
    FeedField.PRICE: (
        "价格", "门票", "票价", "门票价格", "人均消费", "人均", "结算价", "成本价", "同业价", "底价", "房价", "起价", "单价",
        "price", "netprice", "netrate", "cost", "rate", "ticket",
    ),
    FeedField.CURRENCY: ("币种", "货币", "currency"),
    FeedField.RATING: ("评分", "星评", "点评分", "rating", "score"),
    FeedField.DURATION: ("游玩时间", "游览时间", "游玩时长", "建议游玩时间", "时长", "duration", "visittime"),
    FeedField.HOURS: ("营业时间", "开放时间", "开门时间", "hours", "openinghours", "opentime"),
    FeedField.STOCK: ("库存", "余量", "可售数量", "房量", "stock", "inventory", "allotment"),
    FeedField.ORIGIN: ("出发站", "出发地", "始发站", "起点站", "出发机场", "from", "origin", "departurestation"),
    FeedField.TARGET: ("到达站", "终到站", "终点站", "到达地", "到达机场", "to", "arrivalstation"),
    FeedField.DEPARTS: ("发车时间", "出发时间", "开车时间", "起飞时间", "departs", "departure", "departuretime", "begintime"),
    FeedField.ARRIVES: ("到达时间", "到站时间", "降落时间", "arrives", "arrival", "arrivaltime", "endtime"),
    FeedField.VALID_UNTIL: ("有效期至", "有效期", "截止日期", "失效日期", "validuntil", "expires"),
    FeedField.LATITUDE: ("纬度", "latitude", "lat"),
    FeedField.LONGITUDE: ("经度", "longitude", "lng", "lon"),
}  # fmt: skip
# Columns kept as they are, under a name of ours.
EXTRAS: dict[str, str] = {
    "地铁": "metro", "酒店类型": "hotel_type", "星级": "stars", "酒店设施": "facilities", "设施": "facilities",
    "推荐菜": "dishes", "菜系": "cuisine", "周边景点": "nearby_attractions", "周边餐馆": "nearby_restaurants",
    "周边酒店": "nearby_hotels", "简介": "description", "描述": "description", "备注": "note", "description": "description",
    "facilities": "facilities", "stars": "stars", "metro": "metro",
}  # fmt: skip
_WORDS_OF_KIND: dict[ResourceKind, str] = {
    ResourceKind.ATTRACTION: "景点 景区 门票 attraction",
    ResourceKind.HOTEL: "酒店 住宿 民宿 hotel",
    ResourceKind.RESTAURANT: "餐馆 餐厅 美食 restaurant",
    ResourceKind.TRANSPORT: "交通 用车 车辆 transport",
}
_LABELS_OF_KIND: dict[ResourceKind, str] = {
    ResourceKind.ATTRACTION: "门票 门票价格 游玩时间 景点名称",
    ResourceKind.HOTEL: "酒店类型 酒店设施 房价 酒店名称",
    ResourceKind.RESTAURANT: "人均消费 人均 推荐菜 餐厅名称",
    ResourceKind.TRANSPORT: "车型 车牌 座位数 发车时间 出发站 到达站 车次 trainid flightid",
}
_KIND_WORDS = {word: kind for kind, words in _WORDS_OF_KIND.items() for word in words.split()}
_KIND_HINTS = {label: kind for kind, labels in _LABELS_OF_KIND.items() for label in labels.split()}


_EXTRA_KEYS = {label_key(label): name for label, name in EXTRAS.items()}


def extra_name(column: str) -> str:
    """The attribute under which an additional column is kept."""
    return _EXTRA_KEYS.get(label_key(column), column)[:40]


_SHAPES: dict[str, Callable[[str], bool]] = {
    FeedField.PRICE: lambda text: parse_price(text) is not None,
    FeedField.RATING: lambda text: parse_rating(text) is not None,
    FeedField.PHONE: lambda text: phones(text) is not None,
    FeedField.DURATION: lambda text: parse_duration(text) is not None,
    FeedField.VALID_UNTIL: lambda text: parse_date(text) is not None,
    FeedField.LATITUDE: lambda text: parse_coordinate(text, 90) is not None,
    FeedField.LONGITUDE: lambda text: parse_coordinate(text, 180) is not None,
}
_TESTS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (FeedField.PHONE, lambda text: phones(text) is not None and len(text) >= 7),
    (FeedField.DURATION, lambda text: parse_duration(text) is not None),
    (FeedField.HOURS, lambda text: parse_hours(text) is not None),
    (FeedField.CURRENCY, lambda text: text.strip().upper() in {"CNY", "RMB", "USD", "EUR", "JPY", "HKD"}),
    (FeedField.ADDRESS, lambda text: bool(re.search(r"(路|街|道|巷|村|镇).{0,12}\d*号?", text)) and len(text) > 6),
)


_MEANINGS = Meanings(
    labels=LABELS, shapes=_SHAPES, contents=_TESTS, rest=FeedField.EXTRA, empty=FeedField.SKIP, kept=frozenset(_EXTRA_KEYS)
)


def propose(columns: list[str], samples: list[list[str]]) -> list[Match]:
    """A meaning for every column; no field is given to two columns, the surer one has it."""
    return _MEANINGS.propose(columns, samples)


def guess_kind(columns: Iterable[str], kind_sample: Iterable[str]) -> ResourceKind | None:
    """Attraction, hotel, restaurant or transport: by a kind column's words, else by labels only one kind has."""
    words = {kind_of(text) for text in kind_sample}
    if len(words) == 1 and (only := words.pop()) is not None:
        return only
    hints = {_KIND_HINTS[key] for key in (label_key(column) for column in columns) if key in _KIND_HINTS}
    return hints.pop() if len(hints) == 1 else None


def kind_of(text: str) -> ResourceKind | None:
    """The kind a cell such as 景点 or hotel means."""
    return _KIND_WORDS.get(compare_key(text))
