"""Who lives and travels together: households, and the people a buyer books for."""

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import Gender, Kinship
from customers.models.customer import Customer


class Household(models.Model):
    """People who decide and travel together."""

    name = models.CharField(_("name"), max_length=60, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")

    def __str__(self) -> str:
        return self.name or f"household {self.pk}"


class Traveller(models.Model):
    """A person somebody books for: the buyer's child, parent, friend; the buyer too. Distinct from who pays.

    Numbers of identity documents do not stand here: they are sealed in a table of their own.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="travellers")
    name = models.CharField(_("name"), max_length=60)
    gender = models.CharField(_("gender"), max_length=8, choices=Gender.choices, blank=True, default=Gender.UNKNOWN)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    kinship = models.CharField(_("relation"), max_length=12, choices=Kinship.choices, default=Kinship.OTHER)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("traveller")
        verbose_name_plural = _("travellers")
        indexes: ClassVar = [models.Index(fields=["customer"], name="traveller_customer", condition=Q(deleted_at__isnull=True))]

    def __str__(self) -> str:
        return self.name

    def age_on(self, day: dt.date) -> int | None:
        """Whole years on a day; None when the birthday is not known."""
        if self.birthday is None:
            return None
        return day.year - self.birthday.year - ((day.month, day.day) < (self.birthday.month, self.birthday.day))


class HouseholdMember(models.Model):
    """One person of a household: a customer of ours, or a traveller who is none."""

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="members")
    customer = models.OneToOneField(Customer, null=True, on_delete=models.CASCADE, related_name="+")
    traveller = models.OneToOneField(Traveller, null=True, on_delete=models.CASCADE, related_name="+")
    kinship = models.CharField(_("relation"), max_length=12, choices=Kinship.choices, default=Kinship.OTHER)

    class Meta:
        verbose_name = _("household member")
        verbose_name_plural = _("household members")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(customer__isnull=False) ^ Q(traveller__isnull=False), name="member_is_one"),
        ]

    def __str__(self) -> str:
        return f"{self.household_id}: {self.customer_id or self.traveller_id}"
