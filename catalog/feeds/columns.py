"""What each column of a file means: by its label first, by its content where the label says nothing."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping

from catalog.choices import FeedField, ResourceKind
from catalog.feeds.dates import parse_date
from catalog.feeds.durations import parse_duration
from catalog.feeds.hours import parse_hours
from catalog.feeds.prices import parse_coordinate, parse_price, parse_rating
from catalog.feeds.texts import compare_key, phones

CERTAIN = 0.75  # below this a person must confirm before the column is used
_BY_CONTENT = 0.6

LABELS: dict[FeedField, tuple[str, ...]] = {
    FeedField.NAME: (
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
    ResourceKind.TRANSPORT: "车型 车牌 座位数 发车时间",
}
_KIND_WORDS = {word: kind for kind, words in _WORDS_OF_KIND.items() for word in words.split()}
_KIND_HINTS = {label: kind for kind, labels in _LABELS_OF_KIND.items() for label in labels.split()}


@dataclasses.dataclass(frozen=True)
class Match:
    """One column's meaning. `confidence` is from 0 to 1; below CERTAIN the column waits for a person."""

    column: str
    field: FeedField
    confidence: float

    @property
    def is_certain(self) -> bool:
        """Whether the column is used without asking."""
        return self.confidence >= CERTAIN


def propose(columns: list[str], samples: list[list[str]]) -> list[Match]:
    """A meaning for every column; no field is given to two columns, the surer one has it."""
    guesses = [_guess(column, sample) for column, sample in zip(columns, samples, strict=True)]
    best: dict[FeedField, float] = {}
    for guess in guesses:
        best[guess.field] = max(best.get(guess.field, 0.0), guess.confidence)
    taken: set[FeedField] = set()
    result = []
    for guess in guesses:
        first = guess.field not in taken and guess.confidence == best[guess.field]
        if guess.field in {FeedField.EXTRA, FeedField.SKIP} or first:
            taken.add(guess.field)
            result.append(guess)
        else:
            result.append(Match(guess.column, FeedField.EXTRA, 1.0))
    return result


def _guess(column: str, sample: list[str]) -> Match:
    key = label_key(column)
    if key in _EXTRA_KEYS:
        return Match(column, FeedField.EXTRA, 1.0)
    for field, keys in _LABEL_KEYS.items():
        if key in keys:
            return Match(column, field, 1.0)
    partial = _by_part_of_label(key)
    if partial and _fits(partial, sample):
        return Match(column, partial, 0.85)
    if not sample:
        return Match(column, FeedField.SKIP, 1.0)
    return _by_content(column, sample)


def _by_part_of_label(key: str) -> FeedField | None:
    """The field whose label the column's label begins with ("城市名称" is a city), else ends with ("参考门票")."""
    words = [(word, field) for field, keys in _LABEL_KEYS.items() for word in keys if len(word) >= (4 if word.isascii() else 2)]
    words.sort(key=lambda pair: -len(pair[0]))
    starting = next((field for word, field in words if key.startswith(word)), None)
    return starting or next((field for word, field in words if key.endswith(word)), None)


def _fits(field: FeedField, sample: list[str]) -> bool:
    """Whether most values look like the field: "价格说明" begins like a price and is none."""
    test = _SHAPES.get(field)
    return test is None or not sample or sum(1 for text in sample if test(text)) * 2 >= len(sample)


def label_key(column: str) -> str:
    """A label without case, spaces, brackets and underscores: "门票 (元)" and "门票" are one."""
    return re.sub(r"\(.*?\)|[\s_\-/*.:]", "", compare_key(column))


_LABEL_KEYS = {field: {label_key(label) for label in labels} for field, labels in LABELS.items()}
_EXTRA_KEYS = {label_key(label): name for label, name in EXTRAS.items()}


def extra_name(column: str) -> str:
    """The attribute under which an additional column is kept."""
    return _EXTRA_KEYS.get(label_key(column), column)[:40]


_SHAPES: dict[FeedField, Callable[[str], bool]] = {
    FeedField.PRICE: lambda text: parse_price(text) is not None,
    FeedField.RATING: lambda text: parse_rating(text) is not None,
    FeedField.PHONE: lambda text: phones(text) is not None,
    FeedField.DURATION: lambda text: parse_duration(text) is not None,
    FeedField.VALID_UNTIL: lambda text: parse_date(text) is not None,
    FeedField.LATITUDE: lambda text: parse_coordinate(text, 90) is not None,
    FeedField.LONGITUDE: lambda text: parse_coordinate(text, 180) is not None,
}
_TESTS: tuple[tuple[FeedField, Callable[[str], bool]], ...] = (
    (FeedField.PHONE, lambda text: phones(text) is not None and len(text) >= 7),
    (FeedField.DURATION, lambda text: parse_duration(text) is not None),
    (FeedField.HOURS, lambda text: parse_hours(text) is not None),
    (FeedField.CURRENCY, lambda text: text.strip().upper() in {"CNY", "RMB", "USD", "EUR", "JPY", "HKD"}),
    (FeedField.ADDRESS, lambda text: bool(re.search(r"(路|街|道|巷|村|镇).{0,12}\d*号?", text)) and len(text) > 6),
)


def _by_content(column: str, sample: list[str]) -> Match:
    for field, test in _TESTS:
        share = sum(1 for text in sample if test(text)) / len(sample)
        if share >= 0.8:
            return Match(column, field, round(_BY_CONTENT * share, 2))
    return Match(column, FeedField.EXTRA, 1.0)


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


def chosen(matches: Iterable[Match], *, corrections: Mapping[str, FeedField] | None = None) -> list[Match]:
    """The matches with a person's corrections, which are certain."""
    fixed = corrections or {}
    return [Match(match.column, fixed[match.column], 1.0) if match.column in fixed else match for match in matches]
