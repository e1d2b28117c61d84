"""Suppliers' resources: a list by filters, one page by key-set."""

import dataclasses

from django.db.models import Count, Q

from catalog.choices import ResourceKind
from catalog.models import Destination, Resource, Supplier

PAGE = 50
COUNT_LIMIT = 10_000


@dataclasses.dataclass(frozen=True)
class ResourceFilter:
    """What the list shows; empty values ask for nothing. `gap` is price, duration, destination or gone."""

    q: str = ""
    kind: str = ""
    supplier: int = 0
    destination: str = ""
    city: str = ""
    gap: str = ""


@dataclasses.dataclass(frozen=True)
class ResourcePage:
    """Rows in order of name, the cursor of the next page (empty at the end), a count capped at COUNT_LIMIT."""

    rows: list[Resource]
    after: str
    total: int
    is_capped: bool


GAPS = {
    "price": Q(price_amount__isnull=True, gone_at__isnull=True),
    "duration": Q(visit_minutes__isnull=True, kind=ResourceKind.ATTRACTION, gone_at__isnull=True),
    "destination": Q(destination__isnull=True, gone_at__isnull=True),
    "gone": Q(gone_at__isnull=False),
}


def read_resources(wanted: ResourceFilter, after: str) -> ResourcePage:
    """One page. `after` is the id of the last row before it; nonsense starts anew. Two queries, three after a cursor."""
    found = Resource.objects.filter(_where(wanted))
    total = found.order_by()[: COUNT_LIMIT + 1].count()
    last = found.filter(pk=int(after)).values_list("name", "pk").first() if after.isascii() and after.isdigit() else None
    if last is not None:
        found = found.filter(Q(name__gt=last[0]) | Q(name=last[0], pk__gt=last[1]))
    rows = list(found.select_related("supplier", "destination").order_by("name", "pk")[: PAGE + 1])
    following = str(rows[PAGE - 1].pk) if len(rows) > PAGE else ""
    return ResourcePage(rows[:PAGE], following, min(total, COUNT_LIMIT), total > COUNT_LIMIT)


def _where(wanted: ResourceFilter) -> Q:
    where = GAPS.get(wanted.gap, Q(gone_at__isnull=True))
    for word in wanted.q.split():
        where &= Q(name__icontains=word) | Q(address__icontains=word) | Q(external_id__iexact=word)
    exact = {"kind": wanted.kind, "supplier_id": wanted.supplier, "destination__code": wanted.destination, "city": wanted.city}
    return where & Q(**{name: value for name, value in exact.items() if value})


@dataclasses.dataclass(frozen=True)
class SupplierRow:
    """A supplier with what it gives us: kind -> number of resources, and how many lack a price."""

    supplier: Supplier
    kinds: dict[str, int]
    unpriced: int

    @property
    def total(self) -> int:
        """All its present resources."""
        return sum(self.kinds.values())


def suppliers_with_counts() -> list[SupplierRow]:
    """Every supplier, by name. Two queries."""
    rows = Resource.objects.filter(gone_at__isnull=True).values("supplier_id", "kind")
    counted = rows.annotate(number=Count("id"), unpriced=Count("id", filter=Q(price_amount__isnull=True)))
    kinds: dict[int, dict[str, int]] = {}
    unpriced: dict[int, int] = {}
    for row in counted:
        kinds.setdefault(row["supplier_id"], {})[row["kind"]] = row["number"]
        unpriced[row["supplier_id"]] = unpriced.get(row["supplier_id"], 0) + row["unpriced"]
    suppliers = Supplier.objects.order_by("-is_active", "name")
    return [SupplierRow(one, kinds.get(one.pk, {}), unpriced.get(one.pk, 0)) for one in suppliers]


def destination_options() -> list[tuple[str, str]]:
    """Code and name of every destination."""
    return list(Destination.objects.order_by("id").values_list("code", "name"))


def supplier_options() -> list[tuple[int, str]]:
    """Id and name of every supplier."""
    return list(Supplier.objects.order_by("name").values_list("pk", "name"))
