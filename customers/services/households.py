"""Households and travellers: who belongs together, and whom a buyer books for."""

import datetime as dt
from collections.abc import Collection

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput, Refused
from core.parsers import is_clean
from customers.choices import Kinship
from customers.models import Customer, Household, HouseholdMember, Traveller

MOST_TRAVELLERS = 30
ADULT = 18

# Ages are derived from the children's birthdays wherever one is known; ages typed in by hand stay where none is.
_AGES = """
UPDATE customers_customer AS customer SET child_ages = young.ages, updated_at = now() FROM (
    SELECT customer_id, coalesce(array_agg(age ORDER BY age) FILTER (WHERE age < %(adult)s), '{}')::smallint[] AS ages FROM (
        SELECT customer_id, extract(year FROM age(%(today)s::date, birthday))::integer AS age FROM customers_traveller
        WHERE kinship = 'child' AND birthday <= %(today)s AND deleted_at IS NULL AND (%(all)s OR customer_id = ANY(%(ids)s))
    ) AS child GROUP BY customer_id
) AS young
WHERE young.customer_id = customer.id AND customer.child_ages IS DISTINCT FROM young.ages
"""


def derive_child_ages(customer_ids: Collection[int] | None = None) -> int:
    """Bring children's ages in line with their birthdays, for these customers or for all; the number changed."""
    named: dict[str, object] = {
        "adult": ADULT, "today": clock.today(), "all": customer_ids is None, "ids": list(customer_ids or ()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_AGES, named)  # type: ignore[arg-type]
        return int(cursor.rowcount)


def save_traveller(
    customer: Customer,
    *,
    name: str,
    kinship: str,
    birthday: dt.date | None = None,
    gender: str = "",
    traveller: Traveller | None = None,
) -> Traveller:
    """Add a person the customer books for, or correct one; they stand in the customer's household from then on."""
    clean = name.strip()
    if not clean or len(clean) > 60 or not is_clean(clean):
        raise BadInput(_("A traveller has a name of 1 to 60 characters."), {"name": _("write the name")})
    with transaction.atomic():
        household = household_of(customer)
        if traveller is None and customer.travellers.filter(deleted_at=None).count() >= MOST_TRAVELLERS:
            raise Refused(_("A customer has at most 30 travellers. Remove one first."), "too_many_travellers")
        kept = traveller or Traveller(customer=customer)
        kept.name, kept.kinship, kept.birthday, kept.gender = clean, kinship, birthday, gender
        kept.save()
        HouseholdMember.objects.update_or_create(traveller=kept, defaults={"household": household, "kinship": kinship})
        derive_child_ages([customer.pk])
    return kept


def remove_traveller(traveller: Traveller) -> None:
    """Take a traveller off the list; past orders keep them. Can be restored."""
    with transaction.atomic():
        Traveller.objects.filter(pk=traveller.pk).update(deleted_at=clock.now())
        derive_child_ages([traveller.customer_id])


def restore_traveller(traveller: Traveller) -> None:
    """Undo of `remove_traveller`."""
    with transaction.atomic():
        Traveller.objects.filter(pk=traveller.pk).update(deleted_at=None)
        derive_child_ages([traveller.customer_id])


def household_of(customer: Customer) -> Household:
    """The customer's household, made when there is none. In a transaction."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    member = HouseholdMember.objects.select_related("household").filter(customer=customer).first()
    if member is not None:
        return member.household
    household = Household.objects.create()
    HouseholdMember.objects.create(household=household, customer=customer, kinship=Kinship.SELF)
    return household


def join_household(customer: Customer, other: Customer, *, kinship: str) -> HouseholdMember:
    """Say that another customer belongs to this one's household. Refused when they stand in one already."""
    if other.pk == customer.pk:
        raise Refused(_("This is the same person."), "same_person")
    with transaction.atomic():
        household = household_of(customer)
        before = HouseholdMember.objects.filter(customer=other).first()
        if before is not None and before.household.members.count() > 1:
            raise Refused(_("This person stands in another household already."), "in_household")
        if before is not None:
            before.household.delete()
        return HouseholdMember.objects.create(household=household, customer=other, kinship=kinship)


def leave_household(member: HouseholdMember) -> None:
    """Take a customer out of a household; travellers are removed with `remove_traveller`."""
    if member.customer_id is None:
        raise Refused(_("Remove the traveller instead."), "not_a_customer")
    HouseholdMember.objects.filter(pk=member.pk).delete()
