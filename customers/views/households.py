"""The household card of the 360 page: the picture, and the forms behind it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import BadInput
from customers.forms_households import MemberForm, TravellerForm
from customers.models import Customer, HouseholdMember, Traveller
from customers.queries.households import customer_by_phone, picture_of
from customers.services import households
from customers.views.access import visible_customer
from staff.access import actor, may, requires

CHANGED = {"HX-Trigger": "close-dialog, household-changed"}


@requires("customers.view")
@require_safe
def household_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Who belongs to this person and whom they book for."""
    customer = visible_customer(request, customer_id)
    context = {
        "customer": customer,
        "picture": picture_of(customer, actor(request), clock.today()),
        "can_edit": may(request.user, "customers.edit"),
    }
    return render(request, "customers/household_panel.html", context)


def _traveller(customer: Customer, traveller_id: int) -> Traveller:
    return get_object_or_404(Traveller, pk=traveller_id, customer=customer)


def _form(request: HttpRequest, customer: Customer, form: TravellerForm, url: str, *, status: int = 200) -> HttpResponse:
    context = {"customer": customer, "form": form, "url": url, "member_form": MemberForm() if not form.instance.pk else None}
    return render(request, "customers/traveller_form.html", context, status=status)


@requires("customers.edit")
@require_safe
def traveller_form(request: HttpRequest, customer_id: int, traveller_id: int = 0) -> HttpResponse:
    """The form of a new or a known traveller, for the dialog."""
    customer = visible_customer(request, customer_id)
    known = _traveller(customer, traveller_id) if traveller_id else None
    return _form(request, customer, TravellerForm(instance=known), _save_url(customer, known))


def _save_url(customer: Customer, known: Traveller | None) -> str:
    if known is None:
        return reverse("customers:traveller_add", args=[customer.pk])
    return reverse("customers:traveller_save", args=[customer.pk, known.pk])


@requires("customers.edit")
@require_POST
def traveller_save(request: HttpRequest, customer_id: int, traveller_id: int = 0) -> HttpResponse:
    """Add or correct a traveller; complaints come back in the form (422)."""
    customer = visible_customer(request, customer_id)
    known = _traveller(customer, traveller_id) if traveller_id else None
    form = TravellerForm(request.POST, instance=Traveller.objects.filter(pk=traveller_id).first())
    if not form.is_valid():
        return _form(request, customer, form, _save_url(customer, known), status=422)
    households.save_traveller(customer, traveller=known, **form.values())
    messages.success(request, _("The traveller was saved."))
    return HttpResponse(status=204, headers=CHANGED)


@requires("customers.edit")
@require_POST
def traveller_remove(request: HttpRequest, customer_id: int, traveller_id: int) -> HttpResponse:
    """Take a traveller off the list, with a way back."""
    customer = visible_customer(request, customer_id)
    households.remove_traveller(_traveller(customer, traveller_id))
    undo = reverse("customers:traveller_restore", args=[customer_id, traveller_id])
    messages.success(request, _("The traveller was removed."), extra_tags=undo)
    return HttpResponse(status=204, headers=CHANGED)


@requires("customers.edit")
@require_POST
def traveller_restore(request: HttpRequest, customer_id: int, traveller_id: int) -> HttpResponse:
    """Undo the removal."""
    customer = visible_customer(request, customer_id)
    households.restore_traveller(_traveller(customer, traveller_id))
    return HttpResponse(status=204, headers=CHANGED)


@requires("customers.edit")
@require_POST
def member_add(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Another customer, found by their phone number, belongs to this household."""
    customer = visible_customer(request, customer_id)
    form = MemberForm(request.POST)
    if not form.is_valid():
        raise BadInput(_("Write a Chinese mobile number and choose the relation."))
    other = customer_by_phone(actor(request), form.cleaned_data["phone"])
    if other is None:
        raise BadInput(_("No customer of yours has this phone number."))
    households.join_household(customer, other, kinship=form.cleaned_data["kinship"])
    messages.success(request, _("The two stand in one household now."))
    return HttpResponse(status=204, headers=CHANGED)


@requires("customers.edit")
@require_POST
def member_remove(request: HttpRequest, customer_id: int, member_id: int) -> HttpResponse:
    """Take a customer out of the household."""
    customer = visible_customer(request, customer_id)
    household = HouseholdMember.objects.filter(customer=customer).values("household")
    households.leave_household(get_object_or_404(HouseholdMember, pk=member_id, household__in=household))
    messages.success(request, _("The household was changed."))
    return HttpResponse(status=204, headers=CHANGED)
