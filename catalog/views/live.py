"""Staff pages of a live supplier: its offers, what is held and booked there, holding and giving back by hand."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.forms.content import HoldForm
from catalog.models import LiveBooking, LiveOffer, Sku, Supplier
from catalog.services import live, live_booking
from core import clock, params
from core.errors import BadInput, Refused
from core.jobs import enqueue
from gateways.errors import GatewayError
from staff.access import actor, may, may_reveal, requires
from staff.choices import FieldClass

NEWEST = 60


@requires("suppliers.view")
@require_safe
def live_page(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """Offers and bookings of a supplier's own system."""
    supplier = get_object_or_404(Supplier, pk=supplier_id, is_live=True)
    return render(request, "catalog/live.html", _live(request, supplier))


def _live(request: HttpRequest, supplier: Supplier, form: HoldForm | None = None) -> dict[str, Any]:
    offers = LiveOffer.objects.filter(sku__resource__supplier=supplier, sku__is_active=True).select_related("sku__resource")
    bookings = LiveBooking.objects.filter(supplier=supplier).select_related("created_by").order_by("-created_at", "-id")
    return {
        "supplier": supplier,
        "offers": [(one, live.live_state(one.trouble)) for one in offers.order_by("product_id", "option_id")],
        "bookings": list(bookings[:NEWEST]),
        "form": form or HoldForm(supplier, initial={"day": clock.today()}),
        "can_edit": may(request.user, "suppliers.edit"),
        "shows_prices": may_reveal(request.user, FieldClass.COST),
    }


@require_POST
@requires("suppliers.edit")
def live_sync(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """Read the supplier's list and days again, in the background."""
    supplier = get_object_or_404(Supplier, pk=supplier_id, is_live=True)
    enqueue(live.sync_live_supplier, key=str(supplier.pk), supplier_id=supplier.pk)
    messages.success(request, _("The supplier's list is being read in the background."))
    return HttpResponseRedirect(reverse("catalog:live", args=[supplier.pk]))


@require_POST
@requires("suppliers.edit")
def live_hold(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """Hold something with the supplier."""
    supplier = get_object_or_404(Supplier, pk=supplier_id, is_live=True)
    form = HoldForm(supplier, request.POST)
    if form.is_valid() and _hold(form, request):
        return HttpResponseRedirect(reverse("catalog:live", args=[supplier.pk]))
    return render(request, "catalog/live.html", _live(request, supplier, form), status=422)


def _hold(form: HoldForm, request: HttpRequest) -> bool:
    data = form.cleaned_data
    try:
        booking = live_booking.hold_live(
            key=uuid.uuid4(), sku_id=data["sku"].pk, day=data["day"], pieces=form.pieces(), user=actor(request)
        )
    except (BadInput, Refused) as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, _("%(name)s: %(state)s") % {"name": booking.name, "state": booking.get_state_display()})
    return True


@require_POST
@requires("suppliers.edit")
def live_act(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Confirm, give back, or ask again what became of a booking."""
    booking = get_object_or_404(LiveBooking, key=key)
    act = params.one_of("act", request.POST.get("act"), ["confirm", "cancel", "ask"])
    if not act:
        raise BadInput(_("Say what is to be done."), {"act": "confirm, cancel, ask"})
    if act == "confirm":
        booking = live_booking.confirm_live(key=key, user=actor(request))
    elif act == "cancel":
        booking = live_booking.cancel_live(key=key, user=actor(request))
    else:
        _ask(booking)
        booking.refresh_from_db()
    messages.success(request, _("%(name)s: %(state)s") % {"name": booking.name, "state": booking.get_state_display()})
    return HttpResponseRedirect(reverse("catalog:live", args=[booking.supplier_id]))


def _ask(booking: LiveBooking) -> None:
    try:
        live_booking.settle_live_booking(str(booking.key))
    except GatewayError as error:
        raise Refused(error.user_text, "supplier_silent") from error


@require_POST
@requires("suppliers.edit")
def live_jump(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Prices that jumped are right."""
    sku = get_object_or_404(Sku.objects.select_related("resource"), pk=sku_id)
    live.take_jump(sku_id=sku.pk, user=actor(request))
    messages.success(request, _("The new prices are being taken."))
    return HttpResponseRedirect(reverse("catalog:live", args=[sku.resource.supplier_id]))
