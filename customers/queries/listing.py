"""The customer list: views, filters, one page by cursor, and what other apps add to its rows."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.conditions import parse, select_members
from core.secrets import lookup_hash
from customers.choices import IdentityKind, Lifecycle, RelationState
from customers.models import Customer, CustomerQuerySet, Identity, Relationship
from staff.models import User

PAGE = 50
COUNT_LIMIT = 10_000
SILENT_DAYS = 90
NEW_DAYS = 14

VIEWS: dict[str, Any] = {
    "all": gettext_lazy("All"),
    "mine": gettext_lazy("Mine"),
    "new": gettext_lazy("New"),
    "active": gettext_lazy("Active today"),
    "silent": gettext_lazy("Silent for 90 days"),
    "left": gettext_lazy("Left as friends"),
}


@dataclasses.dataclass(frozen=True)
class Filters:
    """What a list shows: a view, a text, and exact filters. Empty values filter nothing."""

    view: str = "all"
    q: str = ""
    lifecycle: str = ""
    city: str = ""
    tag: int = 0
    owner: int = 0


@dataclasses.dataclass(frozen=True)
class Page:
    """Rows in order, the cursor of the next page (empty at the end), and a count capped at COUNT_LIMIT."""

    rows: list[Customer]
    after: str
    total: int
    is_capped: bool


def customers_for(user: User, filters: Filters, at: dt.datetime) -> CustomerQuerySet:
    """Everybody the user may see who passes the filters."""
    found = _view(Customer.objects.visible_to(user), user, filters.view, at)
    if filters.lifecycle:
        found = found.filter(lifecycle=filters.lifecycle)
    if filters.city:
        found = found.filter(city=filters.city)
    if filters.owner:
        found = found.filter(owner_id=filters.owner)
    if filters.tag:
        found = found.filter(pk__in=_with_tag(filters.tag, at))
    return _search(found, filters.q.strip()) if filters.q.strip() else found


def _view(found: CustomerQuerySet, user: User, view: str, at: dt.datetime) -> CustomerQuerySet:
    if view == "mine":
        return found.filter(owner=user)
    if view == "new":
        return found.filter(created_at__gte=at - dt.timedelta(days=NEW_DAYS))
    if view == "active":
        return found.filter(activity__last_seen_at__gte=clock.day_bounds(clock.shanghai_date(at))[0])
    if view == "silent":
        return found.filter(activity__last_seen_at__lt=at - dt.timedelta(days=SILENT_DAYS))
    if view == "left":
        left = Relationship.objects.filter(state=RelationState.DELETED_BY_CUSTOMER)
        return found.filter(pk__in=left.values("customer_id"))
    return found


def _search(found: CustomerQuerySet, text: str) -> CustomerQuerySet:
    digits = text.removeprefix("+86").replace(" ", "").replace("-", "")
    if digits.isascii() and digits.isdigit() and len(digits) == 11:
        hashed = lookup_hash(f"{IdentityKind.PHONE}:", f"+86{digits}")
        return found.filter(pk__in=Identity.objects.filter(kind=IdentityKind.PHONE, value_hash=hashed).values("customer_id"))
    if digits.isascii() and digits.isdigit() and len(digits) == 4:
        return found.filter(phone_masked__endswith=digits)
    written = Q(name__contains=text) | Q(nickname__icontains=text) | Q(remark__icontains=text)
    return found.filter(written | Q(name_pinyin__startswith=text.lower()))


NAMED = re.compile(r"%\((\w+)\)s")


def _with_tag(tag_id: int, at: dt.datetime) -> RawSQL:
    """Ids of everybody with the tag, asked in the one condition language."""
    statement = select_members(parse({"tags": {"has": "any", "tags": [tag_id]}}), at)
    return RawSQL(NAMED.sub("%s", statement.sql), [statement.params[name] for name in NAMED.findall(statement.sql)])  # noqa: S611


def read_page(user: User, filters: Filters, after: str, at: dt.datetime) -> Page:
    """One page, the customer seen last first. `after` is the cursor of the previous page; nonsense starts anew."""
    found = customers_for(user, filters, at)
    total = found.order_by()[: COUNT_LIMIT + 1].count()
    ordered = found.filter(activity__isnull=False).select_related("owner", "activity")
    ordered = ordered.order_by(F("activity__last_seen_at").desc(), F("id").desc())
    cursor = _read_cursor(after)
    if cursor:
        moment, last_id = cursor
        ordered = ordered.filter(Q(activity__last_seen_at__lt=moment) | Q(activity__last_seen_at=moment, id__lt=last_id))
    rows = list(ordered[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    following = f"{rows[-1].activity.last_seen_at.timestamp():.6f}_{rows[-1].pk}" if more else ""
    return Page(rows, following, min(total, COUNT_LIMIT), total > COUNT_LIMIT)


def _read_cursor(text: str) -> tuple[dt.datetime, int] | None:
    moment, _sep, last_id = text.partition("_")
    try:
        return dt.datetime.fromtimestamp(float(moment), dt.UTC), int(last_id[:18])
    except (ValueError, OverflowError, OSError):
        return None


Column = Callable[[Sequence[int]], Mapping[int, Any]]


def decorate(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What the apps above add to rows: customer id -> {name: value}. One query per column, whatever the page's length."""
    added: dict[int, dict[str, Any]] = {customer_id: {} for customer_id in ids}
    for name, path in settings.CUSTOMER_COLUMNS.items():
        column: Column = import_string(path)
        for customer_id, value in column(ids).items():
            added[customer_id][name] = value
    return added


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
    found = _search(Customer.objects.visible_to(user), text).order_by("-id")[:limit]
    return [
        PaletteRow(str(customer), reverse("customers:detail", args=[customer.pk]), kind=_("Customers"), note=customer.city)
        for customer in found
    ]


def lifecycle_label(value: str) -> str:
    """The word for a lifecycle stage."""
    return str(Lifecycle(value).label)
