"""Where a customer stands: everything that lists sort and filter by, in one narrow row."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext_lazy as _

from customers.choices import Bond, Lifecycle
from customers.models.customer import Customer, sees_everybody
from staff.choices import RowScope
from staff.models import User


class StandingQuerySet(models.QuerySet["Standing"]):
    """The same row scope as `Customer.objects.visible_to`; merged customers have no row."""

    def visible_to(self, user: User) -> "StandingQuerySet":
        """Rows of the customers a user may see."""
        if sees_everybody(user):
            return self
        if user.row_scope == RowScope.DEPARTMENT and user.department_id:
            return self.filter(Q(owner_id=user.pk) | Q(department_id__in=user.scope_departments))
        return self.filter(owner_id=user.pk)


def _by() -> tuple[OrderBy, OrderBy]:
    return F("seen_at").desc(), F("customer").desc()


class Standing(models.Model):
    """One row per customer who was not merged away: a list walks its indexes and joins only what it shows.

    Database triggers copy owner, department, lifecycle, city, source and the bond in the same transaction (migration
    0016). `seen_at` follows Activity within seconds (it is the record's own birth before the first sign of life);
    the figures come from the apps above (settings.CUSTOMER_STANDING). Both are written by `services.standing`.
    """

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.CASCADE, related_name="standing", db_constraint=False
    )
    seen_at = models.DateTimeField(_("last active"))
    owner_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices)
    city = models.CharField(max_length=40, blank=True, default="")
    source = models.CharField(max_length=40, blank=True, default="")
    bond = models.PositiveSmallIntegerField(choices=Bond.choices, default=Bond.NONE, db_default=Bond.NONE)
    value_amount = models.DecimalField(_("paid in 12 months"), max_digits=12, decimal_places=2, default=0, db_default=0)
    last_touch_at = models.DateTimeField(_("last touch"), null=True)
    next_task_at = models.DateTimeField(_("next task"), null=True)

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        indexes: ClassVar = [
            models.Index(*_by(), name="standing_seen"),
            models.Index("owner_id", *_by(), name="standing_owner"),
            models.Index("department_id", *_by(), name="standing_department"),
            models.Index("lifecycle", *_by(), name="standing_lifecycle"),
            models.Index("city", *_by(), name="standing_city", condition=~Q(city="")),
            models.Index("source", *_by(), name="standing_source", condition=~Q(source="")),
            models.Index("bond", *_by(), name="standing_bond", condition=Q(bond__lt=2)),
            models.Index(F("value_amount").desc(), F("customer").desc(), name="standing_value", condition=Q(value_amount__gt=0)),
            models.Index(
                F("last_touch_at").desc(), F("customer").desc(), name="standing_touch", condition=Q(last_touch_at__isnull=False)
            ),
            models.Index(fields=["next_task_at", "customer"], name="standing_task", condition=Q(next_task_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"standing of {self.customer_id}"
