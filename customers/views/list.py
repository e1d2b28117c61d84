"""P2: the list of customers, its tabs, chips, columns and count."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import clock, params
from customers.choices import IdentityKind, Lifecycle
from customers.queries import filters as asked
from customers.queries import listing, saved
from customers.queries import timeline as timelines
from customers.services import bulk
from staff.access import actor, may, requires
from staff.models import User

COLUMNS: dict[str, Any] = {
    "tags": gettext_lazy("Tags"),
    "lifecycle": gettext_lazy("Lifecycle"),
    "touch": gettext_lazy("Last touch"),
    "task": gettext_lazy("Next follow-up"),
    "value": gettext_lazy("Paid in 12 months"),
    "channels": gettext_lazy("Channels"),
    "consents": gettext_lazy("Consent"),
    "owner": gettext_lazy("Owner"),
    "seen": gettext_lazy("Last active"),
    "city": gettext_lazy("City"),
    "source": gettext_lazy("Source"),
}
USUAL = ("tags", "lifecycle", "touch", "task", "value", "channels", "consents", "owner")
PAGING = ("after", "before", "saved", "n")


@requires("customers.view")
@require_safe
def customer_list(request: HttpRequest) -> HttpResponse:
    """P2: everybody in the user's scope, the last active first."""
    user, get = actor(request), request.GET
    filters = asked.read_filters(get)
    sort = params.one_of("sort", get.get("sort"), list(listing.SORTS), "seen")
    page = listing.read_page(
        user, filters, clock.now(), sort=sort,
        after=params.text("after", get.get("after"), 60), before=params.text("before", get.get("before"), 60),
    )  # fmt: skip
    added = listing.decorate([row.customer_id for row in page.rows])
    context = {
        "filters": filters,
        "tabs": _tabs(user, filters, get),
        "chips": _chips(request, filters),
        "choices": _choices(filters),
        "kept_fields": [(name, value) for name, values in _bare(get).lists() for value in values],
        "columns": _columns(get),
        "sort": sort,
        "sorts": [(name, one.label, _url(get, sort=name)) for name, one in listing.SORTS.items()],
        "page": page,
        "rows": [(row.customer, {**added[row.customer_id], "standing": row}) for row in page.rows],
        "filter_query": _bare(get).urlencode(),
        "is_filtered": filters != asked.Filters(),
        "may_assign": may(user, "customers.assign"),
        "may_export": may(user, "customers.export"),
        "perms_merge": may(user, "customers.merge"),
        "bulk_kinds": bulk.kinds_for(user).items(),
        "now": clock.now(),
        "chosen_view": saved.find(user, params.whole("saved", get.get("saved"), 0)),
    }
    context["staff"] = User.objects.filter(is_active=True).order_by("id") if context["may_assign"] else []
    return render(request, "customers/list.html", context)


@requires("customers.view")
@require_safe
def customer_count(request: HttpRequest) -> HttpResponse:
    """How many people the filters of the URL find: a fragment, so that the list need not wait for it."""
    found = listing.count(actor(request), asked.read_filters(request.GET), clock.now())
    return render(request, "customers/count.html", {"found": found})


@requires("customers.view")
@require_safe
def sample_csv(request: HttpRequest) -> HttpResponse:
    """A small file as the import takes it: what an agency with nothing yet can start from."""
    answer = HttpResponse("\ufeff" + "\r\n".join(_SAMPLE) + "\r\n", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = "attachment; filename=customers-sample.csv"
    return answer


_SAMPLE = (
    "姓名,手机号,城市,生日,性别,备注",
    "林小满,13800000001,杭州,1988-05-21,女,两个孩子，喜欢海岛",
    "周子墨,13800000002,上海,1979-11-02,男,每年国庆带父母出行",
)


def _tabs(user: User, filters: asked.Filters, get: QueryDict) -> list[dict[str, Any]]:
    """Built-in views, then those that somebody kept; pinned ones first."""
    open_now = params.whole("saved", get.get("saved"), 0)
    tabs: list[dict[str, Any]] = [
        {"label": label, "url": f"?view={name}", "is_open": filters.view == name and not open_now, "view": None}
        for name, label in asked.VIEWS.items()
    ]
    kept: list[dict[str, Any]] = [
        {"label": view.name, "url": f"?{view.query}&saved={view.pk}", "is_open": view.pk == open_now, "view": view}
        for view in saved.views_of(user)
    ]
    return [tab for tab in kept if tab["view"].is_pinned] + tabs + [tab for tab in kept if not tab["view"].is_pinned]


def _columns(get: QueryDict) -> list[tuple[str, Any, bool]]:
    asked_for = get.getlist("col") or params.text("cols", get.get("cols"), 120).split(",")
    chosen = [name for name in asked_for if name in COLUMNS] or USUAL
    return [(name, str(label), name in chosen) for name, label in COLUMNS.items()]


def _bare(get: QueryDict) -> QueryDict:
    rest = get.copy()
    for name in PAGING:
        rest.pop(name, None)
    return rest


def _url(get: QueryDict, **changes: str) -> str:
    rest = _bare(get)
    for name, value in changes.items():
        rest[name] = value
    return f"?{rest.urlencode()}"


def _choices(filters: asked.Filters) -> list[dict[str, Any]]:
    """The menus that add a filter: (name, words, [(value, words)])."""
    menus: list[tuple[str, str, Any]] = [
        ("lifecycle", _("Lifecycle"), Lifecycle.choices),
        ("touch", _("Last touch"), asked.TOUCHES.items()),
        ("value", _("Paid in 12 months"), asked.VALUES.items()),
        ("relation", _("WeCom friendship"), [(name, words) for name, (_bond, words) in asked.RELATIONS.items()]),
        ("channel", _("Channel"), IdentityKind.choices),
    ]
    return [
        {"name": name, "label": label, "options": list(options), "chosen": getattr(filters, name)}
        for name, label, options in menus
    ]


def _chips(request: HttpRequest, filters: asked.Filters) -> list[dict[str, str]]:
    """The exact filters in force, each with the address without it."""
    named: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "lifecycle": (_("Lifecycle"), lambda value: Lifecycle(value).label),
        "city": (_("City"), str),
        "source": (_("Source"), str),
        "channel": (_("Channel"), lambda value: IdentityKind(value).label),
        "touch": (_("Last touch"), asked.TOUCHES.get),
        "value": (_("Paid in 12 months"), asked.VALUES.get),
        "relation": (_("WeCom friendship"), lambda value: asked.RELATIONS[value][1]),
        "tag": (_("Tag"), lambda value: timelines.names_of("tag_id", {value}).get(value, "—")),
        "owner": (_("Owner"), lambda value: timelines.user_names([value]).get(value, "—")),
    }
    chips = []
    for name, (label, words) in named.items():
        value = getattr(filters, name)
        if value:
            rest = _bare(request.GET)
            rest.pop(name, None)
            chips.append({"label": label, "value": str(words(value)), "without": f"?{rest.urlencode()}"})
    return chips
