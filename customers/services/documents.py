"""Travellers and their identity documents: sealed, agreed to one by one, shown only with a reason."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.parsers import is_clean
from core.secrets import seal, unseal
from customers.choices import Channel, Purpose, TextKind
from customers.models import Customer, Traveller, TravellerDocument
from customers.privacy.documents import clean_number
from customers.queries.texts import current_version
from customers.services.consents import NO_EVIDENCE, Evidence, decide
from staff.choices import FieldClass
from staff.models import User
from staff.services import reveal, write_audit

CHILD_YEARS = 14  # PIPL 31
MAX_TRAVELLERS = 50


def add_traveller(customer: Customer, **facts: Any) -> Traveller:
    """Somebody the customer books for; at most fifty. `facts`: name, gender, birthday, kinship."""
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        if Traveller.objects.filter(customer=customer, deleted_at__isnull=True).count() >= MAX_TRAVELLERS:
            raise Refused(_("At most %(limit)s travellers. Remove one first.") % {"limit": MAX_TRAVELLERS}, "too_many")
        return Traveller.objects.create(customer=customer, **facts)


def edit_traveller(traveller: Traveller, **facts: Any) -> Traveller:
    """Change what is known about a traveller."""
    for name, value in facts.items():
        setattr(traveller, name, value)
    traveller.save(update_fields=list(facts))
    return traveller


def remove_traveller(traveller: Traveller) -> None:
    """Take a traveller off the list; the documents go at once and for good."""
    with transaction.atomic():
        TravellerDocument.objects.filter(traveller=traveller).delete()
        Traveller.objects.filter(pk=traveller.pk).update(deleted_at=clock.now())


def keep_document(
    traveller: Traveller, *, kind: str, number: str, text_version: str, expires_on: dt.date | None = None,
    guardian_version: str = "", source: str = "mini", evidence: Evidence = NO_EVIDENCE,
) -> TravellerDocument:  # fmt: skip
    """Keep a document's number, sealed, in place of an older one of that kind.

    The customer must have agreed to the document text in force (`text_version`). For a child under 14 a guardian must have
    agreed too (`guardian_version`): Refused ("guardian_needed") without; the birthday must be known to tell.
    """
    try:
        clean = clean_number(kind, number)
    except ValueError as error:
        raise BadInput(_("This is not a number of that document."), {"number": _("please check the number")}) from error
    if expires_on is not None and expires_on < clock.today():
        raise BadInput(_("This document has expired."), {"expires_on": _("is in the past")})
    with transaction.atomic():
        decide(
            traveller.customer, purpose=Purpose.DOCUMENT, channel=Channel.ANY, granted=True, text_version=text_version,
            source=source, evidence=evidence,
        )  # fmt: skip
        guardian_at = _guardian(traveller, guardian_version)
        document, _made = TravellerDocument.objects.update_or_create(
            traveller=traveller, kind=kind,
            defaults={
                "number_sealed": seal(clean), "last_four": clean[-4:], "expires_on": expires_on, "consent_version": text_version,
                "consent_source": source, "consent_at": clock.now(), "guardian_agreed_at": guardian_at,
                "guardian_version": guardian_version if guardian_at else "",
            },
        )  # fmt: skip
    return document


def _guardian(traveller: Traveller, version: str) -> dt.datetime | None:
    """When the guardian agreed: now, where the traveller is a child and the guardian's text in force was read."""
    age = traveller.age_on(clock.today())
    if age is None:
        raise Refused(_("Please enter the traveller's birthday first."), "birthday_needed")
    if age >= CHILD_YEARS:
        return None
    if version != current_version(TextKind.GUARDIAN):
        raise Refused(_("For a child under 14 a parent or guardian must agree first."), "guardian_needed")
    return clock.now()


def drop_document(document: TravellerDocument) -> None:
    """Delete a document at once."""
    document.delete()


def reveal_number(document: TravellerDocument, *, actor: User, reason: str, ip: str | None = None) -> str:
    """A document's number in the clear, for staff whose role may, with a reason; written down before it is shown."""
    reveal(actor, document, "number", field_class=FieldClass.DOCUMENT, reason=reason, ip=ip)
    return unseal(bytes(document.number_sealed))


def record_document(
    traveller: Traveller, *, actor: User, kind: str, number: str, expires_on: dt.date | None, note: str,
    has_guardian_consent: bool, ip: str | None = None,
) -> TravellerDocument:  # fmt: skip
    """A document that staff enter from paper, with where the signed consent lies."""
    if len(note.strip()) < 4 or len(note) > 200 or not is_clean(note):
        raise BadInput(_("Say where the signed paper lies."), {"note": _("4 to 200 characters")})
    with transaction.atomic():
        document = keep_document(
            traveller, kind=kind, number=number, expires_on=expires_on, text_version=current_version(TextKind.DOCUMENT),
            guardian_version=current_version(TextKind.GUARDIAN) if has_guardian_consent else "", source="paper",
            evidence=Evidence(recorded_by=actor, note=note.strip()),
        )  # fmt: skip
        write_audit(actor, "customer.document_recorded", document, {"kind": kind, "guardian": has_guardian_consent}, ip=ip)
    return document
