"""What stands on a customer's page besides the timeline."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import clock
from core.secrets import unseal
from customers.choices import Gender, IdentityKind, Lifecycle
from customers.models import Activity, Customer, Identity, Relationship
from staff.models import AuditEntry, User

# The facts that are edited where they stand, in the order of the card.
FACTS: dict[str, Any] = {
    "name": gettext_lazy("Full name"),
    "gender": gettext_lazy("Gender"),
    "birthday": gettext_lazy("Birthday"),
    "city": gettext_lazy("City"),
    "child_ages": gettext_lazy("Children's ages"),
    "remark": gettext_lazy("Remark"),
    "lifecycle": gettext_lazy("Lifecycle"),
    "owner": gettext_lazy("Owner"),
}


@dataclasses.dataclass(frozen=True)
class Fact:
    """One fact as the card shows it; `words` is empty when nothing is known."""

    name: str
    label: str
    words: str


def facts_of(customer: Customer) -> list[Fact]:
    """Every fact of the card."""
    return [fact_of(customer, name) for name in FACTS]


def fact_of(customer: Customer, name: str) -> Fact:
    """One fact in words."""
    words = str(customer.owner or "") if name == "owner" else in_words(name, getattr(customer, name))
    return Fact(name, str(FACTS[name]), words)


def in_words(name: str, value: Any) -> str:
    """A fact's value as people read it."""
    if value in (None, "", []):
        return ""
    if name == "birthday":
        return _with_age(value)
    if name == "child_ages":
        return "、".join(ngettext("%(n)s year", "%(n)s years", age) % {"n": age} for age in value)
    if name == "owner":
        return str(User.objects.filter(pk=value).first() or "")
    choices: dict[str, Any] = {"gender": Gender, "lifecycle": Lifecycle}
    return str(choices[name](value).label) if name in choices else str(value)


def _with_age(birthday: dt.date) -> str:
    today = clock.today()
    age = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    return _("%(day)s (%(age)s)") % {"day": birthday.isoformat(), "age": age}


def last_edit(customer: Customer, name: str) -> AuditEntry | None:
    """Who corrected this fact last, and when; None when no person did."""
    entries = AuditEntry.objects.filter(object_type="customers.customer", object_id=str(customer.pk), action="customer.edited")
    return entries.filter(detail__fields__contains=[name]).select_related("actor").order_by("-id").first()


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
