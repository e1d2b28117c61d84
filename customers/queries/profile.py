"""What stands on a customer's page besides the timeline."""

from django.db.models import QuerySet

from core.secrets import unseal
from customers.choices import IdentityKind
from customers.models import Activity, Customer, Identity, Relationship


def identities_of(customer: Customer) -> list[Identity]:
    """The customer's identities; values stay sealed."""
    return list(customer.identities.order_by("kind", "id").defer("value_sealed"))


def relations_of(customer: Customer) -> QuerySet[Relationship]:
    """WeCom friendships, those in force first."""
    return customer.relationships.select_related("user").order_by("state", "-added_at")


def activity_of(customer: Customer) -> Activity | None:
    """First and last sign of life; None before the first."""
    return Activity.objects.filter(customer=customer).first()


def plain_phone(customer: Customer) -> str:
    """The verified phone number in the clear; empty when there is none. Only for an audited reveal."""
    identity = customer.identities.filter(kind=IdentityKind.PHONE).order_by("-verified_at").first()
    return unseal(bytes(identity.value_sealed)) if identity else ""
