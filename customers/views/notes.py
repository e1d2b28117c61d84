"""Notes on a customer's timeline."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers.models import Customer, Note
from customers.services import notes
from customers.views.access import visible_customer
from staff.access import actor, requires


@requires("customers.edit")
@require_POST
def note_add(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Keep a note and show the timeline anew."""
    customer = visible_customer(request, customer_id)
    notes.add_note(customer, author=actor(request), text=request.POST.get("text", ""))
    messages.success(request, _("The note was saved."))
    return _back(request, customer)


def _back(request: HttpRequest, customer: Customer) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Trigger": "timeline-changed"})
    return redirect("customers:detail", customer.pk)


def _note(request: HttpRequest, customer_id: int, note_id: int) -> Note:
    return get_object_or_404(Note, pk=note_id, customer=visible_customer(request, customer_id))


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
