"""What a customer list shows: a view, a text, exact filters; read from the URL and told in words."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.lookups import Exact
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core import clock, params
from core.conditions import parse, select_members
from customers.choices import Bond, IdentityKind, Lifecycle
from customers.models import Customer, Identity, Standing, StandingQuerySet
from customers.queries.search import MOST, matches, matching_ids
from staff.models import User

SILENT_DAYS = 90
NEW_DAYS = 14
EAGER_DAYS = 14

VIEWS: dict[str, Any] = {
    "all": _("All"),
    "mine": _("Mine"),
    "new": _("New"),
    "active": _("Active today"),
    "eager": _("Eager"),
    "silent": _("Silent for 90 days"),
    "left": _("Left as friends"),
}
TOUCHES: dict[str, Any] = {
    "7": _("within 7 days"),
    "30": _("within 30 days"),
    "over30": _("more than 30 days ago"),
    "over90": _("more than 90 days ago"),
    "never": _("never"),
}
VALUES: dict[str, Any] = {
    "none": _("nothing"),
    "low": _("up to ¥5,000"),
    "middle": _("¥5,000 to ¥20,000"),
    "high": _("more than ¥20,000"),
}
RELATIONS: dict[str, Any] = {
    "friend": (Bond.FRIEND, Bond.FRIEND.label), "left": (Bond.LEFT, Bond.LEFT.label), "never": (Bond.NONE, Bond.NONE.label)
}  # fmt: skip
_BOUNDS = {"low": (Decimal(0), Decimal(5000)), "middle": (Decimal(5000), Decimal(20000)), "high": (Decimal(20000), None)}


@dataclasses.dataclass(frozen=True)
class Filters:
    """A view, a text, and exact filters. Empty values filter nothing."""

    view: str = "all"
    q: str = ""
    lifecycle: str = ""
    city: str = ""
    source: str = ""
    channel: str = ""
    touch: str = ""
    value: str = ""
    relation: str = ""
    tag: int = 0
    owner: int = 0


def read_filters(get: QueryDict) -> Filters:
    """Filters out of a query string; nonsense is BadInput."""
    return Filters(
        view=params.one_of("view", get.get("view"), list(VIEWS), "all"),
        q=params.text("q", get.get("q"), MOST),
        lifecycle=params.one_of("lifecycle", get.get("lifecycle"), list(Lifecycle.values)),
        city=params.text("city", get.get("city"), 40),
        source=params.text("source", get.get("source"), 40),
        channel=params.one_of("channel", get.get("channel"), list(IdentityKind.values)),
        touch=params.one_of("touch", get.get("touch"), list(TOUCHES)),
        value=params.one_of("value", get.get("value"), list(VALUES)),
        relation=params.one_of("relation", get.get("relation"), list(RELATIONS)),
        tag=params.whole("tag", get.get("tag"), 0),
        owner=params.whole("owner", get.get("owner"), 0),
    )


@dataclasses.dataclass(frozen=True)
class Loose:
    """A filter by what does not stand in the narrow table: the ids of all who pass, and the same asked of one Customer."""

    ids: QuerySet[Any]
    near: Q


@dataclasses.dataclass(frozen=True)
class Found:
    """Who passes: `rows` by everything that stands in the narrow table, `loose` also by what must be looked up elsewhere."""

    rows: StandingQuerySet
    loose: tuple[Loose, ...] = ()

    def all(self) -> StandingQuerySet:
        """Everybody who passes, in one query."""
        return self.rows.filter(*(Q(customer_id__in=one.ids) for one in self.loose))


def found_by(user: User, filters: Filters, at: dt.datetime) -> Found:
    """Everybody the user may see who passes the filters."""
    rows = _view(Standing.objects.visible_to(user), user, filters.view, at)
    exact: Mapping[str, Any] = {
        "lifecycle": filters.lifecycle, "city": filters.city, "source": filters.source, "owner_id": filters.owner
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    for chosen, narrowed in ((filters.touch, _touched), (filters.value, _worth)):
        if chosen:
            rows = rows.filter(narrowed(chosen, at))
    if filters.relation:
        rows = rows.filter(bond=RELATIONS[filters.relation][0])
    return Found(rows, tuple(_loose(filters, at)))


def _loose(filters: Filters, at: dt.datetime) -> Iterator[Loose]:
    if filters.tag:
        tagged = Customer.objects.filter(pk__in=_with_tag(filters.tag, at)).values("pk")
        yield Loose(tagged, Q(pk__in=tagged))
    if filters.channel:
        known = Identity.objects.filter(kind=filters.channel)
        # A sub-query that gives one value is asked row by row: an EXISTS would be turned into a hash of all identities.
        first = known.filter(customer=OuterRef("pk")).order_by().values("kind")[:1]
        yield Loose(known.values("customer_id"), Q(Exact(Subquery(first), filters.channel)))
    if filters.q:
        yield Loose(matching_ids(filters.q), matches(filters.q))


def _view(found: StandingQuerySet, user: User, view: str, at: dt.datetime) -> StandingQuerySet:
    wanted = {
        "mine": Q(owner_id=user.pk),
        "new": Q(customer__created_at__gte=at - dt.timedelta(days=NEW_DAYS)),
        "active": Q(seen_at__gte=clock.day_bounds(clock.shanghai_date(at))[0]),
        "silent": Q(seen_at__lt=at - dt.timedelta(days=SILENT_DAYS)),
        "eager": (Q(lifecycle=Lifecycle.QUOTED) | Q(next_task_at__isnull=False))
        & Q(seen_at__gte=at - dt.timedelta(days=EAGER_DAYS)),
        "left": Q(bond=Bond.LEFT),
    }
    return found.filter(wanted[view]) if view in wanted else found


def _touched(wanted: str, at: dt.datetime) -> Q:
    if wanted == "never":
        return Q(last_touch_at__isnull=True)
    moment = at - dt.timedelta(days=int(wanted.removeprefix("over")))
    return Q(last_touch_at__lt=moment) if wanted.startswith("over") else Q(last_touch_at__gte=moment)


def _worth(wanted: str, _at: dt.datetime) -> Q:
    if wanted == "none":
        return Q(value_amount__lte=0)
    low, high = _BOUNDS[wanted]
    above = Q(value_amount__gt=low)
    return above & Q(value_amount__lte=high) if high is not None else above


NAMED = re.compile(r"%\((\w+)\)s")


def _with_tag(tag_id: int, at: dt.datetime) -> RawSQL:
    """Ids of everybody with the tag: asked in the one condition language."""
    statement = select_members(parse({"tags": {"has": "any", "tags": [tag_id]}}), at)
    return RawSQL(NAMED.sub("%s", statement.sql), [statement.params[name] for name in NAMED.findall(statement.sql)])  # noqa: S611
