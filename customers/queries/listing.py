"""The customer list: one page by cursor in either direction, its count, and what its rows show."""

import collections
import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.choices import Channel, IdentityKind, Purpose
from customers.models import Consent, Customer, Identity, Standing, StandingQuerySet
from customers.queries.filters import Filters, Found, found_by
from customers.queries.search import matching_ids
from staff.models import User

PAGE = 30
COUNT_LIMIT = 10_000
NEAR = 2_000


EVERYBODY = Q()


@dataclasses.dataclass(frozen=True)
class Sort:
    """An order of the list by a column of Standing. Who has nothing in it comes last, the newest record first."""

    label: Any
    column: str
    present: Q = EVERYBODY
    absent: Q | None = None
    is_ascending: bool = False
    read: Callable[[str], Any] = str


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(text), dt.UTC)


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount) >= 10**10:
        raise ValueError(text)
    return amount


def _has(column: str) -> tuple[Q, Q]:
    return Q(**{f"{column}__isnull": False}), Q(**{f"{column}__isnull": True})


SORTS: dict[str, Sort] = {
    "seen": Sort(gettext_lazy("Last active"), "seen_at", read=_moment),
    "created": Sort(gettext_lazy("Newest record"), "customer_id", read=int),
    "value": Sort(
        gettext_lazy("Paid in 12 months"), "value_amount", Q(value_amount__gt=0), Q(value_amount__lte=0), read=_amount
    ),
    "touch": Sort(gettext_lazy("Last touch"), "last_touch_at", *_has("last_touch_at"), read=_moment),
    "task": Sort(gettext_lazy("Next follow-up"), "next_task_at", *_has("next_task_at"), is_ascending=True, read=_moment),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Page:
    """Rows in order, and the cursors of the next and of the previous page (empty at either end)."""

    rows: list[Standing]
    after: str
    before: str


@dataclasses.dataclass(frozen=True)
class Count:
    """How many pass the filters, counted no further than COUNT_LIMIT."""

    total: int
    is_capped: bool


def count(user: User, filters: Filters, at: dt.datetime) -> Count:
    """How many pass the filters."""
    total = found_by(user, filters, at).all()[: COUNT_LIMIT + 1].count()
    return Count(min(total, COUNT_LIMIT), total > COUNT_LIMIT)


@dataclasses.dataclass(frozen=True)
class _Cursor:
    part: int
    value: Any
    pk: int


def read_page(
    user: User, filters: Filters, at: dt.datetime, *, sort: str = "seen", after: str = "", before: str = "", size: int = PAGE
) -> Page:
    """One page. `after` and `before` are cursors of a neighbouring page; nonsense starts anew."""
    order, found = SORTS[sort], found_by(user, filters, at)
    backwards = bool(before) and not after
    cursor = _read_cursor(order, before if backwards else after)
    parts = [order.present] if order.absent is None else [order.present, order.absent]
    rows: list[tuple[int, Standing]] = []
    for part in _path(len(parts), cursor, backwards):
        start = cursor if cursor and cursor.part == part else None
        step = _Step(order, part, start, backwards, parts[part])
        rows += [(part, one) for one in _rows(found, step, size + 1 - len(rows))]
        if len(rows) > size:
            break
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    ends = [_write_cursor(order, *rows[place]) for place in (0, -1)] if rows else ["", ""]
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Page([one for _part, one in rows], ends[1] if has_next else "", ends[0] if has_previous else "")


@dataclasses.dataclass(frozen=True)
class _Step:
    order: Sort
    part: int
    start: _Cursor | None
    backwards: bool
    within: Q

    @property
    def column(self) -> str:
        """What the rows of this part are sorted by first."""
        return self.order.column if self.part == 0 else "customer_id"

    @property
    def rises(self) -> bool:
        """Whether the smallest comes first."""
        return self.order.is_ascending is not self.backwards if self.part == 0 else self.backwards

    def until(self, rows: StandingQuerySet, number: int) -> Q:
        """The first `number` of these rows, said so that an index ends there; none of them where there are fewer."""
        word = "lt" if self.rises else "gt"
        last = rows[number - 1 : number]
        nearer = Q(**{f"customer_id__{word}e": Subquery(last.values("customer_id"))})
        if self.column == "customer_id":
            return nearer
        value = Subquery(last.values(self.column))
        return Q(**{f"{self.column}__{word}e": value}) & (Q(**{f"{self.column}__{word}": value}) | nearer)

    def sorted(self, rows: StandingQuerySet, *, by_index: bool = True) -> StandingQuerySet:
        """The rows from the cursor on, in order. Not `by_index`: the planner must find all of them first, then sort."""
        rows = rows.filter(self.within)
        if self.start is not None:
            rows = rows.filter(_beyond(self.column, self.start, self.rises))
        keys: list[Any] = [F(name) for name in dict.fromkeys((self.column, "customer_id"))]
        if not by_index:
            keys[0] = keys[0] + (dt.timedelta(0) if self.column.endswith("_at") else 0)
        return rows.order_by(*(key.asc() if self.rises else key.desc() for key in keys))


def _rows(found: Found, step: _Step, wanted: int) -> list[Standing]:
    """The next rows. What must be looked up elsewhere is first tried on the nearest rows: that is the page whenever matches
    are common. Where they are rare, all of them are looked up first and then sorted.
    """
    if not found.loose:
        return list(step.sorted(found.rows).select_related("customer__owner")[:wanted])
    rows = step.sorted(found.rows)
    # A sub-query that gives one value is asked row by row along the index, until the page is full.
    passing = Customer.objects.filter(*(one.near for one in found.loose), pk=OuterRef("customer_id")).order_by()
    near = rows.filter(step.until(rows, NEAR), Exact(Subquery(passing.values("pk")[:1]), F("customer_id")))
    hits = list(near.select_related("customer__owner")[:wanted])
    if len(hits) >= wanted:
        return hits
    # Who, in the narrow table alone, and around it the page's own rows: joined at once, all customers would be read.
    whom = step.sorted(found.all(), by_index=False).values("customer_id")[:wanted]
    rows = Standing.objects.filter(customer_id__in=whom).select_related("customer__owner")
    return list(step.sorted(rows, by_index=False))


def _path(parts: int, cursor: _Cursor | None, backwards: bool) -> Sequence[int]:
    start = cursor.part if cursor else (parts - 1 if backwards else 0)
    return range(min(start, parts - 1), -1, -1) if backwards else range(start, parts)


def _beyond(column: str, start: _Cursor, rises: bool) -> Q:
    """Rows after the cursor, said so that an index begins at it."""
    word = "gt" if rises else "lt"
    if column == "customer_id":
        return Q(**{f"customer_id__{word}": start.pk})
    nearer = Q(**{f"{column}__{word}": start.value}) | Q(**{f"customer_id__{word}": start.pk})
    return Q(**{f"{column}__{word}e": start.value}) & nearer


def _write_cursor(order: Sort, part: int, row: Standing) -> str:
    if part:
        return f"1__{row.customer_id}"
    value: Any = getattr(row, order.column)
    return f"0_{f'{value.timestamp():.6f}' if isinstance(value, dt.datetime) else value}_{row.customer_id}"


def _read_cursor(order: Sort, text: str) -> _Cursor | None:
    part, _sep, rest = text.partition("_")
    value, _sep, last = rest.rpartition("_")
    try:
        pk = int(last[:18])
        if part == "1":
            return _Cursor(1, None, pk)
        return _Cursor(0, order.read(value), pk) if part == "0" else None
    except (ValueError, OverflowError, OSError, InvalidOperation):
        return None


Column = Callable[[Sequence[int]], Mapping[int, Any]]


def decorate(ids: Sequence[int], only: str = "") -> dict[int, dict[str, Any]]:
    """What rows show beside the customer: channels, consents, and what the apps above add; or `only` one of these.

    One query per column.
    """
    added: dict[int, dict[str, Any]] = {customer_id: {} for customer_id in ids}
    columns: dict[str, Column] = {"channels": _channels_of, "consents": _consents_of}
    columns |= {name: import_string(path) for name, path in settings.CUSTOMER_COLUMNS.items()}
    for name, column in columns.items() if not only else [(only, columns[only])]:
        for customer_id, value in column(ids).items():
            added[customer_id][name] = value
    return added


CHANNEL_ICONS = {
    IdentityKind.EXTERNAL_USERID: "message-circle",
    IdentityKind.MINI_OPENID: "smartphone",
    IdentityKind.OA_OPENID: "radio",
    IdentityKind.PHONE: "phone",
    IdentityKind.ALIPAY: "wallet",
    IdentityKind.DOUYIN: "video",
    IdentityKind.XIAOHONGSHU: "book-open",
    IdentityKind.OTA_ACCOUNT: "ticket",
    IdentityKind.MEMBER_CARD: "contact",
}


def _channels_of(ids: Sequence[int]) -> Mapping[int, list[tuple[str, str]]]:
    """Where we know the customer from: (icon, words), one per kind."""
    held: dict[int, set[str]] = collections.defaultdict(set)
    for customer_id, kind in Identity.objects.filter(customer_id__in=ids).values_list("customer_id", "kind"):
        held[customer_id].add(kind)
    labels = dict(IdentityKind.choices)
    return {
        pk: [(icon, str(labels[kind])) for kind, icon in CHANNEL_ICONS.items() if kind in kinds] for pk, kinds in held.items()
    }


def _consents_of(ids: Sequence[int]) -> Mapping[int, list[tuple[str, bool]]]:
    """Decisions in force about marketing: (channel, granted)."""
    decided: dict[int, list[tuple[str, bool]]] = collections.defaultdict(list)
    current = Consent.objects.filter(customer_id__in=ids, is_current=True, purpose=Purpose.MARKETING).order_by("channel")
    labels = dict(Channel.choices)
    for customer_id, channel, granted in current.values_list("customer_id", "channel", "granted"):
        decided[customer_id].append((str(labels.get(channel, channel)), granted))
    return decided


@dataclasses.dataclass(frozen=True)
class PaletteRow:
    """A customer as the palette shows it."""

    label: str
    url: str
    icon: str = "user-round"
    kind: str = ""
    note: str = ""


def palette(user: User, text: str, limit: int) -> list[PaletteRow]:
    """Customers whose name, pinyin, nickname or phone matches, within the user's scope."""
    found = Customer.objects.visible_to(user).filter(pk__in=matching_ids(text)).order_by("-id")[:limit]
    return [
        PaletteRow(str(customer), reverse("customers:detail", args=[customer.pk]), kind=_("Customers"), note=customer.city)
        for customer in found
    ]
