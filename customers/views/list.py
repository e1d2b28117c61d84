"""P2: the list of customers and what is done to many of them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from customers.choices import Lifecycle
from customers.models import Customer
from customers.queries import listing
from customers.queries import timeline as timelines
from customers.services import notes
from staff.access import actor, may, requires
from staff.models import User
from staff.services import write_audit


def _filters(request: HttpRequest) -> listing.Filters:
    get = request.GET.get
    return listing.Filters(
        view=params.one_of("view", get("view"), list(listing.VIEWS), "all"),
        q=params.text("q", get("q"), 60),
        lifecycle=params.one_of("lifecycle", get("lifecycle"), list(Lifecycle.values)),
        city=params.text("city", get("city"), 40),
        tag=params.whole("tag", get("tag"), 0),
        owner=params.whole("owner", get("owner"), 0),
    )


@requires("customers.view")
@require_safe
def customer_list(request: HttpRequest) -> HttpResponse:
    """P2: everybody in the user's scope, the last active first."""
    filters = _filters(request)
    page = listing.read_page(actor(request), filters, params.text("after", request.GET.get("after"), 60), clock.now())
    added = listing.decorate([customer.pk for customer in page.rows])
    context = {
        "filters": filters,
        "views": [(key, label, filters.view == key) for key, label in listing.VIEWS.items()],
        "lifecycles": Lifecycle.choices,
        "chips": _chips(request, filters),
        "page": page,
        "rows": [(customer, added[customer.pk]) for customer in page.rows],
        "staff": User.objects.filter(is_active=True).order_by("id") if may(request.user, "customers.assign") else [],
    }
    return render(request, "customers/list.html", context)


def _chips(request: HttpRequest, filters: listing.Filters) -> list[dict[str, str]]:
    """The exact filters in force, each with the address without it."""
    shown: list[tuple[str, str, str]] = []
    if filters.lifecycle:
        shown.append(("lifecycle", _("Lifecycle"), listing.lifecycle_label(filters.lifecycle)))
    if filters.city:
        shown.append(("city", _("City"), filters.city))
    if filters.tag:
        shown.append(("tag", _("Tag"), timelines.names_of("tag_id", {filters.tag}).get(filters.tag, "—")))
    if filters.owner:
        shown.append(("owner", _("Owner"), timelines.user_names([filters.owner]).get(filters.owner, "—")))
    chips = []
    for name, label, value in shown:
        rest = request.GET.copy()
        rest.pop(name, None)
        rest.pop("after", None)
        chips.append({"label": label, "value": value, "without": f"?{rest.urlencode()}"})
    return chips


@requires("customers.assign")
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Give the chosen customers to a member of staff."""
    owner = get_object_or_404(User, pk=params.whole("owner", request.POST.get("owner"), 0), is_active=True)
    chosen = [params.whole("id", value, 0) for value in request.POST.getlist("id")[:500]]
    visible = list(Customer.objects.visible_to(actor(request)).filter(pk__in=chosen).values_list("pk", flat=True))
    count = notes.assign_owner(visible, owner=owner)
    write_audit(actor(request), "customers.assigned", owner, {"customers": visible})
    messages.success(
        request,
        ngettext("%(count)s customer now belongs to %(owner)s.", "%(count)s customers now belong to %(owner)s.", count)
        % {"count": count, "owner": owner},
    )
    return redirect("customers:list")
