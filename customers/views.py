"""Staff pages about customers."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core import clock, params
from customers.choices import Lifecycle, RelationState
from customers.forms import ProfileForm
from customers.models import Customer, Note
from customers.queries import listing, profile, sources
from customers.queries import timeline as timelines
from customers.services import notes
from staff.access import actor, may, requires, revealed
from staff.models import User
from staff.services import reveal, write_audit


def _visible(request: HttpRequest, customer_id: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(actor(request)).select_related("owner", "department"), pk=customer_id)


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


@requires("customers.view")
@require_safe
def customer_detail(request: HttpRequest, customer_id: int) -> HttpResponse:
    """P3: facts left, timeline in the middle, what others know right; the last two come as fragments."""
    customer = _visible(request, customer_id)
    context = {**_facts(customer), "form": ProfileForm(instance=customer), "panels": _panels(customer.pk)}
    return render(request, "customers/detail.html", context)


def _facts(customer: Customer) -> dict[str, Any]:
    return {
        "customer": customer,
        "identities": profile.identities_of(customer),
        "relations": profile.relations_of(customer),
        "consents": profile.consents_of(customer),
        "activity": profile.activity_of(customer),
        "friend_states": RelationState,
    }


def _panels(customer_id: int) -> list[str]:
    found = []
    for name in settings.CUSTOMER_PANELS:
        try:
            found.append(reverse(name, args=[customer_id]))
        except NoReverseMatch:
            continue
    return found


@requires("customers.view")
@require_safe
def peek(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The drawer that Space opens from a list."""
    customer = _visible(request, customer_id)
    days, _older = timelines.read_timeline(customer, group="", before=clock.now() + dt.timedelta(minutes=10))
    context = {**_facts(customer), "days": days[:3], "panels": _panels(customer.pk)[:1]}
    return render(request, "customers/peek.html", context)


@requires("customers.view")
@require_safe
def timeline(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One page of the timeline as a fragment."""
    customer = _visible(request, customer_id)
    group = params.one_of("group", request.GET.get("group"), list(timelines.GROUPS))
    before = _moment(request.GET.get("before")) or clock.now() + dt.timedelta(minutes=10)
    days, older = timelines.read_timeline(customer, group=group, before=before)
    is_first = not request.GET.get("before")
    context = {
        "customer": customer,
        "days": days,
        "older": older,
        "group": group,
        "is_first": is_first,
        "groups": timelines.GROUPS.items(),
    }
    return render(request, "customers/timeline.html", context)


def _moment(text: str | None) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo and clock.EARLIEST < moment < clock.LATEST else None


@requires("customers.edit")
@require_POST
def note_add(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Keep a note and show the timeline anew."""
    customer = _visible(request, customer_id)
    notes.add_note(customer, author=actor(request), text=request.POST.get("text", ""))
    messages.success(request, _("The note was saved."))
    return _back(request, customer)


def _back(request: HttpRequest, customer: Customer) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Trigger": "timeline-changed"})
    return redirect("customers:detail", customer.pk)


def _note(request: HttpRequest, customer_id: int, note_id: int) -> Note:
    return get_object_or_404(Note, pk=note_id, customer=_visible(request, customer_id))


@requires("customers.edit")
@require_POST
def note_delete(request: HttpRequest, customer_id: int, note_id: int) -> HttpResponse:
    """Delete a note, with a way back."""
    note = _note(request, customer_id, note_id)
    notes.delete_note(note, actor=actor(request))
    undo = reverse("customers:note_restore", args=[customer_id, note_id])
    messages.success(request, _("The note was deleted."), extra_tags=undo)
    return _back(request, note.customer)


@requires("customers.edit")
@require_POST
def note_restore(request: HttpRequest, customer_id: int, note_id: int) -> HttpResponse:
    """Undo the deletion."""
    note = _note(request, customer_id, note_id)
    notes.restore_note(note)
    return _back(request, note.customer)


@requires("customers.edit")
@require_POST
def profile_edit(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Correct the profile; complaints come back in the form (422)."""
    customer = _visible(request, customer_id)
    form = ProfileForm(request.POST, instance=customer)
    if not form.is_valid():
        return render(request, "customers/profile_form.html", {"customer": customer, "form": form}, status=422)
    notes.edit_profile(customer, changes=form.changes())
    write_audit(actor(request), "customer.edited", customer, {"fields": form.changed_data})
    messages.success(request, _("The profile was saved."))
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("customers:detail", args=[customer.pk])})


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


@requires("contact.reveal")
@require_POST
def reveal_phone(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Show the plain number for a minute, for a reason that is written down."""
    customer = _visible(request, customer_id)
    reveal(
        actor(request),
        customer,
        "phone",
        reason=request.POST.get("other") or request.POST.get("reason", ""),
        ip=request.META.get("REMOTE_ADDR"),
    )
    url = reverse("customers:reveal_phone", args=[customer_id])
    return revealed(request, value=profile.plain_phone(customer), masked=customer.phone_masked, url=url)


@requires("data.view")
@require_safe
def data_health(request: HttpRequest) -> HttpResponse:
    """P22: is everything coming in?"""
    return render(request, "customers/data.html", {**_sources(), "identities": sources.identity_numbers()})


@requires("data.view")
@require_safe
def data_sources(request: HttpRequest) -> HttpResponse:
    """The cards and the live tail, refreshed while somebody looks."""
    return render(request, "customers/data_sources.html", _sources())


def _sources() -> dict[str, Any]:
    return {
        "cards": sources.source_cards(),
        "trouble": sources.trouble(),
        "tail": sources.live_tail(),
        "mode": settings.PLATFORM_MODE,
    }
