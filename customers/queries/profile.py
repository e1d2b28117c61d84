"""What stands on a customer's page besides the timeline."""

import dataclasses
from typing import Any

from django.db.models import QuerySet

from core.secrets import unseal
from customers.choices import Channel, IdentityKind, Purpose
from customers.models import Activity, Consent, Customer, Identity, Relationship


def identities_of(customer: Customer) -> list[Identity]:
    """The customer's identities; values stay sealed."""
    return list(customer.identities.order_by("kind", "id").defer("value_sealed"))


def relations_of(customer: Customer) -> QuerySet[Relationship]:
    """WeCom friendships, those in force first."""
    return customer.relationships.select_related("user").order_by("state", "-added_at")


def activity_of(customer: Customer) -> Activity | None:
    """First and last sign of life; None before the first."""
    return Activity.objects.filter(customer=customer).first()


@dataclasses.dataclass(frozen=True)
class ConsentRow:
    """One purpose with the decision in force per channel (None: never asked)."""

    label: Any
    cells: list[Consent | None]


def consents_of(customer: Customer) -> dict[str, Any]:
    """The consent matrix: purposes down, channels across."""
    current = {(entry.purpose, entry.channel): entry for entry in customer.consents.filter(is_current=True)}
    rows = [
        ConsentRow(label, [current.get((purpose, channel)) for channel in Channel.values]) for purpose, label in Purpose.choices
    ]
    return {"channels": [label for _value, label in Channel.choices], "rows": rows, "any": bool(current)}


def plain_phone(customer: Customer) -> str:
    """The verified phone number in the clear; empty when there is none. Only for an audited reveal."""
    identity = customer.identities.filter(kind=IdentityKind.PHONE).order_by("-verified_at").first()
    return unseal(bytes(identity.value_sealed)) if identity else ""
