"""A customer's consents and rights on the 360 page: the matrix, what staff write down, copies, requests."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import params
from customers.choices import Channel, DocumentKind, Purpose, RequestKind
from customers.models import Customer, DataExport, Traveller, TravellerDocument
from customers.queries import privacy
from customers.services import consents, documents, exports, requests, suppressions
from customers.views.access import visible_customer
from staff.access import actor, client_ip, may, requires, reveal_reason, revealed


@requires("customers.view")
@require_safe
def consents_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The matrix as a fragment."""
    return _panel(request, visible_customer(request, customer_id))


def _panel(request: HttpRequest, customer: Customer, status: int = 200) -> HttpResponse:
    context = {
        "customer": customer, **privacy.matrix(customer), "documents": privacy.documents_of(customer),
        "travellers": Traveller.objects.filter(customer=customer, deleted_at__isnull=True).order_by("pk"),
        "document_kinds": DocumentKind.choices,
        "purposes": Purpose.choices, "channel_choices": Channel.choices, "kinds": RequestKind.choices,
        "may_edit": may(request.user, "customers.edit"), "may_export": may(request.user, "customers.export"),
    }  # fmt: skip
    return render(request, "customers/consents_panel.html", context, status=status)


def _after(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The panel anew for htmx, the customer's page otherwise."""
    if request.headers.get("HX-Request") == "true":
        customer.refresh_from_db()
        return _panel(request, customer)
    return redirect("customers:detail", customer.pk)


@requires("customers.edit")
@require_POST
def record_consent(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Write down a decision that was signed on paper."""
    customer = visible_customer(request, customer_id)
    granted = params.one_of("granted", request.POST.get("granted"), ["yes", "no"], "yes") == "yes"
    purpose = params.one_of("purpose", request.POST.get("purpose"), list(Purpose.values), Purpose.MARKETING)
    channel = params.one_of("channel", request.POST.get("channel"), list(Channel.values), Channel.ANY)
    consents.record_paper_consent(
        customer, actor=actor(request), purpose=purpose, channel=channel if purpose == Purpose.MARKETING else Channel.ANY,
        granted=granted, note=request.POST.get("note", ""), ip=client_ip(request),
    )  # fmt: skip
    messages.success(request, _("The decision was written down."))
    return _after(request, customer)


@requires("customers.edit")
@require_POST
def suppression(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Put a customer on the suppression list, or take them off it, with the reason."""
    customer = visible_customer(request, customer_id)
    reason = params.text("reason", request.POST.get("reason"), 60)
    if params.one_of("do", request.POST.get("do"), ["stop", "lift"], "stop") == "lift":
        suppressions.lift(customer, actor=actor(request), reason=reason, ip=client_ip(request))
        messages.success(request, _("Taken off the list; a consent is still needed before marketing."))
    else:
        suppressions.stop_marketing(customer, actor=actor(request), reason=reason or "staff", ip=client_ip(request))
        messages.success(request, _("No marketing reaches this customer any more, on any channel."))
    return _after(request, customer)


@requires("customers.edit")
@require_POST
def open_request(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Take in a request that a customer made by phone or in the shop."""
    customer = visible_customer(request, customer_id)
    kind = params.one_of("kind", request.POST.get("kind"), list(RequestKind.values), RequestKind.EXPORT)
    words = request.POST.get("words", "")
    requests.open_request(customer, kind=kind, words=words, source="staff", actor=actor(request))
    messages.success(request, _("The request stands in the privacy queue."))
    return _after(request, customer)


@requires("customers.export")
@require_POST
def make_copy(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Make a masked copy of everything we hold, for whoever makes it and for a day."""
    customer = visible_customer(request, customer_id)
    reason = params.text("reason", request.POST.get("reason"), 200)
    made = exports.export_for_staff(customer, actor=actor(request), reason=reason, ip=client_ip(request))
    return redirect("privacy:copy", customer.pk, made.public_id)


@requires("customers.export")
@require_safe
def copy(request: HttpRequest, customer_id: int, export_id: uuid.UUID) -> HttpResponse:
    """The zip: only for the one who made it."""
    customer = visible_customer(request, customer_id)
    made = DataExport.objects.filter(customer=customer, public_id=export_id, made_by=actor(request)).first()
    if made is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="customer-{customer.pk}.zip"', "Cache-Control": "no-store"}
    return HttpResponse(exports.read_archive(made), content_type="application/zip", headers=headers)


@requires("document.reveal")
@require_POST
def reveal_document(request: HttpRequest, customer_id: int, document_id: int) -> HttpResponse:
    """A document's number for a minute, with a reason that is kept."""
    customer = visible_customer(request, customer_id)
    document = get_object_or_404(TravellerDocument, pk=document_id, traveller__customer=customer)
    number = documents.reveal_number(document, actor=actor(request), reason=reveal_reason(request), ip=client_ip(request))
    return revealed(request, value=number, masked=document.masked, url=request.path)


@requires("customers.edit")
@require_POST
def record_document(request: HttpRequest, customer_id: int, traveller_id: int) -> HttpResponse:
    """Enter a traveller's document from paper, with where the signed consent lies. The number is sealed at once."""
    customer = visible_customer(request, customer_id)
    traveller = get_object_or_404(Traveller, pk=traveller_id, customer=customer, deleted_at__isnull=True)
    documents.record_document(
        traveller, actor=actor(request), number=params.text("number", request.POST.get("number"), 40),
        kind=params.one_of("kind", request.POST.get("kind"), list(DocumentKind.values), DocumentKind.ID_CARD),
        expires_on=params.date("expires_on", request.POST.get("expires_on")), note=request.POST.get("note", ""),
        has_guardian_consent=request.POST.get("guardian") == "on", ip=client_ip(request),
    )  # fmt: skip
    messages.success(request, _("The document is kept, sealed."))
    return _after(request, customer)
