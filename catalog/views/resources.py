"""Staff pages of resources: the list, and the drawer with everything a supplier says."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from catalog.choices import ResourceKind
from catalog.models import Resource
from catalog.queries import resources as lists
from catalog.queries.matching import offers_beside
from catalog.queries.rates import skus_of
from core import params
from staff.access import may, may_reveal, requires
from staff.choices import FieldClass

GAPS = {
    "price": gettext_lazy("Without a price"),
    "duration": gettext_lazy("Without a length of visit"),
    "destination": gettext_lazy("At none of our destinations"),
    "gone": gettext_lazy("No longer listed"),
}
ATTRIBUTES = {
    "hotel_type": gettext_lazy("Class"),
    "stars": gettext_lazy("Stars"),
    "phones": gettext_lazy("Phone"),
    "metro": gettext_lazy("Metro"),
    "facilities": gettext_lazy("Facilities"),
    "dishes": gettext_lazy("Dishes"),
    "cuisine": gettext_lazy("Cuisine"),
    "stock": gettext_lazy("Stock"),
    "valid_until": gettext_lazy("Price valid until"),
    "description": gettext_lazy("Description"),
    "note": gettext_lazy("Note"),
}
HIDDEN = {"hours", "hours_text", "nearby_attractions", "nearby_restaurants", "nearby_hotels"}


@requires("suppliers.view")
@require_safe
def resource_list(request: HttpRequest) -> HttpResponse:
    """Everything suppliers offer."""
    get = request.GET.get
    destinations, suppliers = lists.destination_options(), lists.supplier_options()
    wanted = lists.ResourceFilter(
        q=params.text("q", get("q"), 60),
        kind=params.one_of("kind", get("kind"), list(ResourceKind.values)),
        supplier=params.whole("supplier", get("supplier"), 0),
        destination=params.one_of("destination", get("destination"), [code for code, _name in destinations]),
        city=params.text("city", get("city"), 40),
        gap=params.one_of("gap", get("gap"), list(lists.GAPS)),
    )
    context = {
        "wanted": wanted,
        "page": lists.read_resources(wanted, params.text("after", get("after"), 20)),
        "kinds": ResourceKind.choices,
        "destinations": destinations,
        "suppliers": suppliers,
        "gaps": GAPS.items(),
        "is_filtered": wanted != lists.ResourceFilter(),
        "shows_prices": may_reveal(request.user, FieldClass.COST),
        "can_edit": may(request.user, "suppliers.edit"),
    }
    return render(request, "catalog/resources.html", context)


@requires("suppliers.view")
@require_safe
def resource_peek(request: HttpRequest, resource_id: int) -> HttpResponse:
    """The drawer that Space opens: everything the supplier says of a resource."""
    resource = get_object_or_404(Resource.objects.select_related("supplier", "destination", "last_run"), pk=resource_id)
    context = {
        "resource": resource,
        "beside": offers_beside(resource),
        "skus": skus_of([resource.pk]).get(resource.pk, []),
        "shows_prices": may_reveal(request.user, FieldClass.COST),
        "can_edit": may(request.user, "suppliers.edit"),
        **_spoken(resource),
    }
    return render(request, "catalog/resource_peek.html", context)


def _spoken(resource: Resource) -> dict[str, Any]:
    """The attributes as words: opening hours as lines, the rest as pairs."""
    spans = resource.attributes.get("hours")
    hours = [_hours(span) for span in spans if isinstance(span, dict)] if isinstance(spans, list) else []
    return {"hours": hours or [resource.attributes.get("hours_text", "")], "pairs": list(_pairs(resource.attributes))}


def _pairs(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    known = [(name, label) for name, label in ATTRIBUTES.items() if name in attributes]
    unknown = [(name, name) for name in attributes if name not in ATTRIBUTES and name not in HIDDEN]
    for name, label in [*known, *unknown]:
        said = _joined(attributes[name])
        if said:
            yield str(label), said


def _joined(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return ""
    return "、".join(str(part) for part in value[:30]) if isinstance(value, list) else str(value)[:400]


def _hours(span: dict[str, Any]) -> str:
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    days = [day for day in span.get("days", []) if isinstance(day, int) and 1 <= day <= 7]
    said = _("every day") if len(days) == 7 else "、".join(names[day - 1] for day in days)
    return f"{span.get('seasons') or ''} {said} {_clock(span.get('opens'))}–{_clock(span.get('closes'))}".strip()


def _clock(minute: Any) -> str:
    if not isinstance(minute, int):
        return "?"
    time = f"{minute // 60 % 24:02}:{minute % 60:02}"
    if minute == 1440:
        return "24:00"
    return _("next day %(time)s") % {"time": time} if minute > 1440 else time
