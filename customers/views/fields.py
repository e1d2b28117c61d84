"""One fact of the profile, edited where it stands."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core import params
from customers.forms import FIELD_OF, FactForm
from customers.models import Customer
from customers.queries import profile
from customers.rules.versions import Value, version_of
from customers.services import editing
from customers.views.access import visible_customer
from staff.access import actor, may, requires


def _may(request: HttpRequest, name: str) -> bool:
    return may(request.user, "customers.assign" if name == "owner" else "customers.edit")


@requires("customers.edit", "customers.assign")
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: HttpRequest, customer_id: int, fact: str) -> HttpResponse:
    """The fact's little form (GET; `?shown=1`: as it stands again), or its new value (POST).

    422 with the complaint, 409 with both values when somebody was faster.
    """
    customer, name = visible_customer(request, customer_id), fact
    if name not in FIELD_OF or not _may(request, name):
        raise Http404
    if request.method != "POST":
        if request.GET.get("shown"):
            return _shown(request, customer, name)
        return _form(request, customer, name, FactForm(name, instance=customer))
    form = FactForm(name, request.POST, instance=customer)
    version = params.text("version", request.POST.get("version"), 16)
    if not form.is_valid():
        return _form(request, Customer.objects.get(pk=customer.pk), name, form, version=version, status=422)
    return _save(request, customer, name, form, version)


def _save(request: HttpRequest, customer: Customer, name: str, form: FactForm, version: str) -> HttpResponse:
    value = form.value()
    try:
        edited = editing.edit_field(customer, name=name, value=value, version=version, actor=actor(request))
    except editing.Conflict as conflict:
        return _conflict(request, customer, name, value, conflict.now)
    if edited.changed:
        _say(request, customer, name, edited.undo)
    return _shown(request, customer, name, changed=edited.changed)


def _say(request: HttpRequest, customer: Customer, name: str, word: str) -> None:
    undo = f"{reverse('customers:field_undo', args=[customer.pk])}?was={word}"
    messages.success(request, _("%(fact)s was changed.") % {"fact": profile.FACTS[name]}, extra_tags=undo)


@requires("customers.edit", "customers.assign")
@require_POST
def field_undo(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Take an edit back (from the toast)."""
    customer = visible_customer(request, customer_id)
    name = editing.undo_edit(customer, word=params.text("was", request.GET.get("was"), 1200), actor=actor(request))
    return HttpResponse(status=204, headers={"HX-Trigger": f"fact-{name}"})


def _shown(request: HttpRequest, customer: Customer, name: str, *, changed: bool = False) -> HttpResponse:
    fresh = Customer.objects.select_related("owner").get(pk=customer.pk)
    context = {"customer": fresh, "fact": profile.fact_of(fresh, name), "may_change": _may(request, name)}
    answer = render(request, "customers/field_shown.html", context)
    if changed:
        answer.headers["HX-Trigger"] = "timeline-changed"
    return answer


def _form(
    request: HttpRequest, customer: Customer, name: str, form: FactForm, *, version: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "customer": customer, "name": name, "form": form, "bound": form[FIELD_OF[name]], "label": profile.FACTS[name],
        "version": version or version_of(editing.held(customer, name)),
    }  # fmt: skip
    return render(request, "customers/field_form.html", context, status=status)


def _conflict(request: HttpRequest, customer: Customer, name: str, mine: Value, theirs: Value) -> HttpResponse:
    """409: what stands there now, what the person wants, and who was faster."""
    posted: list[tuple[str, Any]] = [(FIELD_OF[name], value) for value in request.POST.getlist(FIELD_OF[name])]
    context = {
        "customer": customer, "name": name, "label": profile.FACTS[name], "posted": posted, "version": version_of(theirs),
        "mine": profile.in_words(name, mine), "theirs": profile.in_words(name, theirs),
        "faster": profile.last_edit(customer, name),
    }  # fmt: skip
    answer = render(request, "customers/field_conflict.html", context, status=409)
    answer.headers["X-Conflict"] = "1"
    return answer
