"""What the columns of an imported file may mean, and one row of it as clean values."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.tables.columns import Match, Meanings
from core.tables.decoding import Row, as_text
from customers.intake import cells
from customers.intake.fields import Wrong
from customers.intake.kinds import EVENTS

REST, SKIP = "skip", "skip"


@dataclasses.dataclass(frozen=True)
class Column:
    """One meaning a column may have. `read` turns a cell's text into a clean value or raises Wrong."""

    name: str
    label: Any
    aliases: tuple[str, ...]
    read: Callable[[str], Any]
    required: bool = False


_PERSON = (
    Column(
        "phone",
        gettext_lazy("Phone"),
        ("手机", "手机号", "手机号码", "电话", "联系电话", "联系方式", "phone", "mobile", "tel", "phonenumber"),
        cells.phone,
    ),
    Column(
        "name",
        gettext_lazy("Name"),
        ("姓名", "客户姓名", "客户名称", "联系人", "游客姓名", "name", "fullname", "customername", "contact"),
        cells.text_of(60),
    ),
    Column("unionid", "unionid", ("unionid", "微信unionid"), cells.ident),
    Column(
        "external_userid", gettext_lazy("WeCom external contact"), ("externaluserid", "外部联系人id", "企微客户id"), cells.ident
    ),
    Column("alipay", gettext_lazy("Alipay user"), ("支付宝id", "支付宝用户id", "alipayuserid", "alipayid"), cells.ident),
    Column(
        "member_card",
        gettext_lazy("Member card"),
        ("会员卡号", "会员号", "会员编号", "membercard", "memberno", "membershipno"),
        cells.ident,
    ),
    Column("birthday", gettext_lazy("birthday"), ("生日", "出生日期", "birthday", "dateofbirth", "dob"), cells.day),
)
_CUSTOMER = (
    *_PERSON,
    Column("nickname", gettext_lazy("nickname"), ("昵称", "微信昵称", "nickname"), cells.text_of(64)),
    Column("gender", gettext_lazy("gender"), ("性别", "gender", "sex"), cells.gender),
    Column("city", gettext_lazy("city"), ("城市", "所在城市", "常住城市", "市", "city"), cells.text_of(40)),
    Column("remark", gettext_lazy("remark"), ("备注", "说明", "remark", "note", "notes", "comment"), cells.text_of(120)),
    Column(
        "created_at",
        gettext_lazy("known since"),
        ("建档时间", "创建时间", "录入时间", "注册时间", "createdat", "since", "registeredat"),
        cells.moment,
    ),
)
_ORDER = (
    *_PERSON,
    Column(
        "number",
        gettext_lazy("order number"),
        ("订单号", "订单编号", "单号", "orderno", "ordernumber", "orderid", "number"),
        cells.ident,
        True,
    ),
    Column(
        "occurred_at",
        gettext_lazy("ordered at"),
        ("下单时间", "订单时间", "下单日期", "支付时间", "日期", "时间", "orderedat", "orderdate", "date", "paidat", "time"),
        cells.moment,
        True,
    ),
    Column(
        "amount",
        gettext_lazy("amount (yuan)"),
        ("金额", "订单金额", "实付金额", "实付", "总价", "价格", "amount", "total", "price", "paidamount"),
        cells.money,
        True,
    ),
    Column(
        "product",
        gettext_lazy("product"),
        ("产品", "产品名称", "线路", "线路名称", "商品", "商品名称", "product", "productname", "item"),
        cells.text_of(120),
    ),
    Column("people", gettext_lazy("people"), ("人数", "出行人数", "数量", "people", "pax", "quantity", "travelers"), cells.whole),
    Column(
        "departs_on",
        gettext_lazy("departs on"),
        ("出发日期", "出行日期", "出游日期", "departson", "departuredate", "traveldate"),
        cells.day,
    ),
    Column("state", gettext_lazy("state"), ("状态", "订单状态", "state", "status"), cells.text_of(20)),
    Column(
        "channel",
        gettext_lazy("platform"),
        ("渠道", "平台", "来源", "来源平台", "channel", "platform", "source"),
        cells.text_of(40),
    ),
)
_PROP_ALIASES: dict[str, tuple[str, ...]] = {
    "amount": ("金额", "消费金额", "实付"),
    "number": ("单号", "订单号", "小票号", "流水号"),
    "product": ("产品", "票种", "商品"),
    "site": ("景区", "园区"),
    "gate": ("闸机", "闸口", "入口"),
    "quantity": ("数量", "张数"),
    "shop": ("门店", "店铺"),
    "spot": ("讲解点", "景点"),
    "seconds": ("时长", "秒数"),
    "lot": ("停车场",),
    "minutes": ("分钟", "时长分钟"),
    "channel": ("渠道", "平台"),
    "ticket_no": ("票号",),
    "device": ("设备", "设备号"),
    "category": ("品类", "类目"),
    "people": ("人数",),
}
_BY_TYPE: dict[str, Callable[[str], Any]] = {"money": cells.money, "whole": cells.whole, "date": cells.day}


def _prop_columns() -> tuple[Column, ...]:
    found: dict[str, Column] = {}
    for event in EVENTS.values():
        for field in event.fields:
            if field.type not in {"words", "flag"}:
                read = _BY_TYPE.get(field.type) or cells.text_of(getattr(field, "limit", 80))
                found.setdefault(
                    field.name, Column(field.name, field.label, (*_PROP_ALIASES.get(field.name, ()), field.name), read)
                )
    return tuple(found.values())


_EVENT = (
    *_PERSON,
    Column(
        "kind",
        gettext_lazy("kind of event"),
        ("事件", "事件类型", "行为", "类型", "kind", "event", "eventtype", "type"),
        cells.event_kind,
        True,
    ),
    Column(
        "occurred_at",
        gettext_lazy("happened at"),
        ("时间", "发生时间", "日期", "occurredat", "time", "timestamp", "date", "at"),
        cells.moment,
        True,
    ),
    Column("id", gettext_lazy("number in the other system"), ("编号", "事件编号", "流水编号", "id", "eventid"), cells.ident),
    *_prop_columns(),
)
COLUMNS: dict[str, tuple[Column, ...]] = {"customers": _CUSTOMER, "orders": _ORDER, "events": _EVENT}


def _is(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            read(text)
        except Wrong:
            return False
        return True

    return test


@functools.cache
def meanings(target: str) -> Meanings:
    """How the columns of a file for this target are told apart."""
    columns = COLUMNS[target]
    shaped = {
        "phone": cells.phone,
        "birthday": cells.day,
        "gender": cells.gender,
        "occurred_at": cells.moment,
        "amount": cells.money,
        "people": cells.whole,
    }
    names = {column.name for column in columns}
    contents = (("phone", _is(cells.phone)), *((("gender", _is(cells.gender)),) if "gender" in names else ()))
    return Meanings(
        labels={column.name: column.aliases for column in columns},
        shapes={name: _is(read) for name, read in shaped.items() if name in names},
        contents=(
            *contents,
            *((("occurred_at", _is(cells.moment)),) if "occurred_at" in names else (("birthday", _is(cells.day)),)),
        ),
        rest=REST,
        empty=SKIP,
    )


@dataclasses.dataclass(slots=True)
class Complaint:
    """What is wrong with a cell; `refused`: the row is not taken, otherwise it is taken without the value."""

    field: str
    message: str
    refused: bool = False


@dataclasses.dataclass(slots=True)
class Parsed:
    """One row: its clean values by column name, and what is wrong."""

    number: int
    values: dict[str, Any]
    complaints: list[Complaint]

    @property
    def is_refused(self) -> bool:
        """Whether the row cannot be taken at all."""
        return bool(self.complaints) and any(one.refused for one in self.complaints)


def missing_columns(target: str, matches: Iterable[Match]) -> list[Column]:
    """Columns that a file for this target must have and that no match names."""
    found = {match.field for match in matches}
    missing = [column for column in COLUMNS[target] if column.required and column.name not in found]
    if not found & {column.name for column in _PERSON}:
        missing.append(_PERSON[0])
    return missing


_MEMORY = 5_000  # values of one column that are remembered


class RowReader:
    """Reads rows of one file by its mapping. What a column said before is read once: cities, days and sexes repeat."""

    def __init__(self, target: str, columns: Sequence[str], matches: Iterable[Match]) -> None:
        by_name: Mapping[str, Column] = {column.name: column for column in COLUMNS[target]}
        place = {label: index for index, label in enumerate(columns)}
        used = [match for match in matches if match.field in by_name and match.is_certain and match.column in place]
        self._readers: list[tuple[int, str, Callable[[str], Any], bool, dict[str, Any]]] = [
            (place[match.column], match.field, by_name[match.field].read, by_name[match.field].required, {}) for match in used
        ]
        self._width = len(columns)
        self._is_events = target == "events"
        self._person = [column.name for column in _PERSON if column.name != "birthday"]

    def read(self, row: Row) -> Parsed:
        """The row's clean values and every complaint."""
        values: dict[str, Any] = {}
        complaints: list[Complaint] = []
        found, count = row.cells, len(row.cells)
        for index, name, read, required, memory in self._readers:
            cell = found[index] if index < count else None
            if cell is None:
                if required:
                    complaints.append(Complaint(name, _("is missing"), refused=True))
                continue
            text = cell if isinstance(cell, str) else as_text(cell)
            if text in memory:
                values[name] = memory[text]
                continue
            try:
                values[name] = value = read(text)
            except Wrong as wrong:
                complaints.append(Complaint(name, str(wrong), refused=required))
                continue
            if len(memory) < _MEMORY:
                memory[text] = value
        self._look(row, values, complaints)
        return Parsed(row.number, values, complaints)

    def _look(self, row: Row, values: dict[str, Any], complaints: list[Complaint]) -> None:
        """Complain about the row as a whole."""
        if len(row.cells) > self._width and any(row.cells[self._width :]):
            complaints.append(Complaint("", _("More cells than columns"), refused=True))
        if self._is_events and "kind" in values:
            needed = [field.name for field in EVENTS[values["kind"]].fields if field.required and field.name not in values]
            complaints += [Complaint(name, _("is missing"), refused=True) for name in needed]
        if "phone" not in values and not any(values.get(name) for name in self._person):
            complaints.append(Complaint("phone", _("names nobody: neither a phone, a name nor a number"), refused=True))
