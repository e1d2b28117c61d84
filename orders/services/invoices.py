"""Invoices: asked for by the customer, issued by finance in the tax office's system, their number written down here."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.secrets import seal
from orders.choices import InvoiceKind, InvoiceState, OrderState
from orders.models import Invoice, Order
from staff.models import User
from staff.services import write_audit

TAX_NO = re.compile(r"[0-9A-HJ-NPQRTUWXY]{15}|[0-9A-HJ-NPQRTUWXY]{17,20}")
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")


@transaction.atomic
def request_invoice(*, order: Order, kind: str, title: str, email: str, tax_no: str = "") -> Invoice:
    """Ask for an invoice over the money the agency has of the order. Asking again returns the one that is open.

    BadInput for a title, tax number or address that cannot be; Refused (not_paid, balance_due, open_refund).
    """
    title, tax_no, email = title.strip(), tax_no.strip().upper(), email.strip()
    _check(kind, title, tax_no, email)
    order = Order.objects.select_for_update().get(pk=order.pk)
    existing = order.invoices.filter(state__in=[InvoiceState.REQUESTED, InvoiceState.ISSUED]).first()
    if existing is not None:
        return existing
    if order.state not in {OrderState.PAID, OrderState.COMPLETED, OrderState.REFUNDED} or order.kept_amount <= 0:
        raise Refused(_("An invoice can be had for a paid order."), "not_paid")
    if order.instalments.filter(paid_at__isnull=True).exists():
        raise Refused(_("A part of the price is not paid yet."), "balance_due")
    name, _at, domain = email.partition("@")
    return Invoice.objects.create(
        order=order, kind=kind, title=title, tax_no=tax_no if kind == InvoiceKind.COMPANY else "", email_sealed=seal(email),
        email_masked=f"{name[:1]}***@{domain}"[:80], amount=order.kept_amount, requested_at=clock.now(),
    )  # fmt: skip


def _check(kind: str, title: str, tax_no: str, email: str) -> None:
    wrong = {}
    if kind not in InvoiceKind.values:
        wrong["kind"] = _("must be one of %(allowed)s") % {"allowed": ", ".join(InvoiceKind.values)}
    if not 1 <= len(title) <= 100:
        wrong["title"] = _("must have 1 to 100 characters")
    if kind == InvoiceKind.COMPANY and not TAX_NO.fullmatch(tax_no):
        wrong["tax_no"] = _("must be the company's number of 15 to 20 characters")
    if not EMAIL.fullmatch(email):
        wrong["email"] = _("must be an e-mail address")
    if wrong:
        raise BadInput(_("Please check the invoice."), wrong)


@transaction.atomic
def decide_invoice(*, invoice: Invoice, user: User, number: str = "", issue: bool = True) -> None:
    """Finance wrote the invoice (its number), or says no. Refused (decided) unless it waits."""
    number = number.strip()
    if issue and not re.fullmatch(r"[0-9]{8,20}", number):
        raise BadInput(_("Please enter the invoice's number."), {"number": _("must have 8 to 20 digits")})
    state = InvoiceState.ISSUED if issue else InvoiceState.REJECTED
    waiting = Invoice.objects.filter(pk=invoice.pk, state=InvoiceState.REQUESTED)
    if not waiting.update(state=state, number=number if issue else "", decided_at=clock.now(), decided_by=user):
        raise Refused(_("This invoice was decided already."), "decided")
    write_audit(actor=user, action="order.invoice_decided", obj=invoice.order, detail={"state": state, "number": number})


@transaction.atomic
def void_invoice(*, invoice: Invoice, user: User) -> None:
    """Take back an issued invoice, for instance because a part was refunded since; another may be asked for then."""
    if not Invoice.objects.filter(pk=invoice.pk, state=InvoiceState.ISSUED).update(state=InvoiceState.VOID):
        raise Refused(_("Only an issued invoice can be taken back."), "not_issued")
    write_audit(actor=user, action="order.invoice_voided", obj=invoice.order, detail={"number": invoice.number})
