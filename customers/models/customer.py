"""The person, and who of the staff may see them."""

import uuid
from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import Gender, Lifecycle
from customers.models.grams import Grams
from staff.choices import RowScope
from staff.models import Department, User


def sees_everybody(user: User) -> bool:
    """Whether no customer is outside the user's row scope."""
    return user.is_superuser or user.row_scope == RowScope.ALL


class CustomerQuerySet(models.QuerySet["Customer"]):
    """The only door to customers for staff is `visible_to`."""

    def visible_to(self, user: User) -> "CustomerQuerySet":
        """Customers within a user's row scope: own, own department's with all below it, or all. Merged ones never show."""
        present = self.filter(merged_into__isnull=True)
        if sees_everybody(user):
            return present
        if user.row_scope == RowScope.DEPARTMENT and user.department_id:
            return present.filter(Q(owner=user) | Q(department__in=user.scope_departments))
        return present.filter(owner=user)


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="CustomerHistory",
    fields=["name", "owner", "department", "lifecycle", "merged_into"],
)
class Customer(models.Model):
    """A person we serve. Who they are on which platform stands in Identity."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=60, blank=True, default="")
    name_pinyin = models.CharField(max_length=120, blank=True, default="")
    name_initials = models.CharField(max_length=40, blank=True, default="", db_default="")
    nickname = models.CharField(_("nickname"), max_length=64, blank=True, default="")
    remark = models.CharField(_("remark"), max_length=120, blank=True, default="")
    gender = models.CharField(_("gender"), max_length=8, choices=Gender.choices, blank=True, default=Gender.UNKNOWN)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True, default="")
    child_ages = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("children's ages"), default=list, blank=True)
    phone_masked = models.CharField(_("phone"), max_length=20, blank=True, default="")
    lifecycle = models.CharField(_("lifecycle"), max_length=12, choices=Lifecycle.choices, default=Lifecycle.LEAD)
    source = models.CharField(_("source"), max_length=40, blank=True, default="")
    owner = models.ForeignKey(User, verbose_name=_("owner"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    department = models.ForeignKey(
        Department, verbose_name=_("department"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_personalised = models.BooleanField(
        _("personal recommendations"),
        default=True,
        db_default=True,
        help_text=_("Off: no automatic tags, no recommendations from behaviour, no targeted marketing"),
    )
    erased_at = models.DateTimeField(null=True, editable=False)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=models.functions.Now())

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], condition=Q(merged_into__isnull=True), name="customer_newest"),
            models.Index(fields=["id"], condition=Q(is_personalised=False), name="customer_impersonal"),
            models.Index(fields=["owner", "-created_at"], name="customer_owner"),
            models.Index(fields=["department", "-created_at"], name="customer_department"),
            models.Index(fields=["name_pinyin"], name="customer_pinyin", opclasses=["text_pattern_ops"]),
            models.Index(fields=["name_initials"], name="customer_initials", opclasses=["text_pattern_ops"]),
            models.Index(fields=["id"], name="customer_unspoken", condition=Q(name_pinyin="") & ~Q(name="", nickname="")),
            models.Index(fields=["name"], name="customer_name", opclasses=["text_pattern_ops"]),
            GinIndex(Grams("name", "nickname", "remark", "phone_masked"), name="customer_grams"),
        ]

    @property
    def audit_name(self) -> str:
        """What the audit trail, from which nothing can be taken back, calls a customer: never by name."""
        return f"#{self.pk}"

    def __str__(self) -> str:
        return self.name or self.nickname or str(self.public_id)[:8]
