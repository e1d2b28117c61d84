"""The household as a picture: who stands around whom."""

import dataclasses
import datetime as dt
import math
from typing import Any

from django.urls import reverse

from core.secrets import lookup_hash
from customers.choices import IdentityKind, Kinship
from customers.models import Customer, HouseholdMember, Traveller
from staff.models import User

WIDTH, HEIGHT, RADIUS = 340, 250, 92


@dataclasses.dataclass(frozen=True)
class Node:
    """One person of the picture, at `x`, `y`; `url` for customers of ours, `member` where they can be taken out."""

    name: str
    kinship: str
    age: int | None
    x: int
    y: int
    url: str = ""
    traveller: Traveller | None = None
    member: HouseholdMember | None = None

    @property
    def initial(self) -> str:
        """What stands in the circle."""
        return self.name[:1] or "?"


@dataclasses.dataclass(frozen=True)
class Picture:
    """The household around a customer; `people` without the one in the middle."""

    centre: Node
    people: list[Node]
    width: int = WIDTH
    height: int = HEIGHT


def picture_of(customer: Customer, user: User, today: dt.date) -> Picture:
    """Who belongs to a customer's household and whom they book for; names only of customers the user may see."""
    entries = [*_members(customer, user, today), *_travellers(customer, today)]
    people = [dataclasses.replace(node, **_place(number, len(entries))) for number, node in enumerate(entries)]
    age = Traveller(birthday=customer.birthday).age_on(today)
    return Picture(Node(str(customer), str(Kinship.SELF.label), age, WIDTH // 2, HEIGHT // 2 - 8), people)


def _place(number: int, total: int) -> dict[str, Any]:
    angle = 2 * math.pi * number / max(total, 1) - math.pi / 2
    wide = 1.3 if total > 2 else 1.25
    return {"x": round(WIDTH / 2 + RADIUS * wide * math.cos(angle)), "y": round(HEIGHT / 2 - 8 + RADIUS * math.sin(angle) * 0.9)}


def _members(customer: Customer, user: User, today: dt.date) -> list[Node]:
    own = HouseholdMember.objects.filter(customer=customer).values("household")
    members = (
        HouseholdMember.objects.filter(household__in=own, customer__merged_into=None).exclude(customer=customer)
        .select_related("customer", "traveller").order_by("id")
    )  # fmt: skip
    visible = set(Customer.objects.visible_to(user).filter(pk__in=[m.customer_id for m in members]).values_list("pk", flat=True))
    nodes = []
    for member in members:
        other, traveller = member.customer, member.traveller
        kinship = str(member.get_kinship_display())
        if other is not None and other.pk in visible:
            age = Traveller(birthday=other.birthday).age_on(today)
            url = reverse("customers:detail", args=[other.pk])
            nodes.append(Node(str(other), kinship, age, 0, 0, url, member=member))
        elif traveller is not None and traveller.deleted_at is None and traveller.customer_id in visible:
            nodes.append(Node(traveller.name, kinship, traveller.age_on(today), 0, 0))
    return nodes


def _travellers(customer: Customer, today: dt.date) -> list[Node]:
    mine = customer.travellers.filter(deleted_at=None).exclude(kinship=Kinship.SELF).order_by("id")
    return [Node(one.name, str(one.get_kinship_display()), one.age_on(today), 0, 0, traveller=one) for one in mine]


def customer_by_phone(user: User, e164: str) -> Customer | None:
    """The customer within the user's scope who holds a phone number."""
    hashed = lookup_hash(f"{IdentityKind.PHONE}:", e164)
    return Customer.objects.visible_to(user).filter(identities__kind=IdentityKind.PHONE, identities__value_hash=hashed).first()
