"""The consent ledger: each decision is an entry with its evidence; the newest per purpose and channel is in force."""

import dataclasses

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.event_types import ConsentChanged
from core.events import record
from core.parsers import is_clean
from core.secrets import lookup_hash
from customers.choices import Channel, Purpose
from customers.models import Consent, Customer
from customers.queries.texts import current_version, was_published
from staff.models import User
from staff.services import write_audit

PAPER = "paper"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """How a decision can be proved: the screen it was made on, the address it came from (kept as a keyed hash), or who
    wrote it down and where the paper lies."""

    screen: str = ""
    ip: str = dataclasses.field(default="", repr=False)
    recorded_by: User | None = None
    note: str = ""

    @property
    def ip_hash(self) -> bytes | None:
        """The address as a keyed hash: equal addresses can be told to be equal, and no more."""
        return lookup_hash("ip", self.ip) if self.ip else None


NO_EVIDENCE = Evidence()


def set_consent(
    customer: Customer, *, purpose: str, channel: str, granted: bool, text_version: str, source: str,
    evidence: Evidence = NO_EVIDENCE,
) -> Consent:  # fmt: skip
    """Write down a customer's decision and make it the one in force. The same decision again adds nothing.

    A decision about personal recommendations on every channel also turns the customer's switch.
    """
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)  # decisions of one person come one after the other
        current = Consent.objects.filter(customer=customer, purpose=purpose, channel=channel, is_current=True)
        before = current.first()
        if before and before.granted == granted and before.text_version == text_version:
            return before
        current.update(is_current=False)
        entry = Consent.objects.create(
            customer=customer, purpose=purpose, channel=channel, granted=granted,
            text_version=text_version, source=source, at=clock.now(), screen=evidence.screen[:80],
            ip_hash=evidence.ip_hash, recorded_by=evidence.recorded_by, note=evidence.note[:200],
        )  # fmt: skip
        if purpose == Purpose.PROFILING and channel == Channel.ANY:
            Customer.objects.filter(pk=customer.pk).update(is_personalised=granted, updated_at=clock.now())
        record(ConsentChanged(customer.pk, purpose, channel, granted), key=f"consent.changed:{entry.pk}")
    return entry


def decide(
    customer: Customer, *, purpose: str, channel: str, granted: bool, text_version: str, source: str,
    evidence: Evidence = NO_EVIDENCE,
) -> Consent:  # fmt: skip
    """`set_consent` for a decision that comes from outside: what is granted must be granted to the words in force.

    Refused ("text_outdated") when the customer read an older text. A refusal needs only a text that once was published.
    """
    known = was_published(purpose, text_version)
    if not known or (granted and text_version != current_version(purpose)):
        raise Refused(_("The text has changed. Please read the new one before you decide."), "text_outdated")
    return set_consent(
        customer, purpose=purpose, channel=channel, granted=granted, text_version=text_version, source=source, evidence=evidence
    )


def record_paper_consent(
    customer: Customer, *, actor: User, purpose: str, channel: str, granted: bool, note: str, ip: str | None = None
) -> Consent:
    """What a customer signed on paper, written down by staff. `note` says where the sheet lies: without it, no proof."""
    clean = note.strip()
    if len(clean) < 4 or len(clean) > 200 or not is_clean(clean):
        raise BadInput(_("Say where the signed paper lies."), {"note": _("4 to 200 characters")})
    with transaction.atomic():
        entry = set_consent(
            customer, purpose=purpose, channel=channel, granted=granted, text_version=current_version(purpose), source=PAPER,
            evidence=Evidence(recorded_by=actor, note=clean),
        )  # fmt: skip
        detail = {"purpose": purpose, "channel": channel, "granted": granted, "consent": entry.pk}
        write_audit(actor, "customer.consent_recorded", customer, detail, ip=ip)
    return entry


def set_personalised(customer: Customer, wanted: bool, *, source: str, evidence: Evidence = NO_EVIDENCE) -> None:
    """Turn personal recommendations on or off (PIPL 24): an entry of the ledger like any other, in force at once."""
    set_consent(
        customer, purpose=Purpose.PROFILING, channel=Channel.ANY, granted=wanted,
        text_version=current_version(Purpose.PROFILING), source=source, evidence=evidence,
    )  # fmt: skip
