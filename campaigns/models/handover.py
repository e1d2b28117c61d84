"""Customers and tasks that go from one member of staff to another."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.choices import HandOverState
from customers.models import Customer
from staff.models import User


class HandOver(models.Model):
    """Somebody leaves, or changes their work: a colleague takes their WeCom friends, customers and open tasks."""

    giver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    message = models.CharField(_("words to the customer"), max_length=200, blank=True, default="")
    tasks = models.PositiveIntegerField(default=0)
    customers = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")

    def __str__(self) -> str:
        return f"{self.giver_id} -> {self.taker_id}"


class HandOverItem(models.Model):
    """One WeCom friendship of a hand-over. The platform moves it by itself after 24 hours, unless the customer refuses."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.CASCADE, related_name="items")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    external_userid = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=HandOverState.choices, default=HandOverState.TO_ASK)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("friendship handed over")
        verbose_name_plural = _("friendships handed over")
        constraints: ClassVar = [models.UniqueConstraint(fields=["hand_over", "external_userid"], name="hand_over_once")]
        indexes: ClassVar = [models.Index(fields=["customer"], name="hand_over_customer")]

    def __str__(self) -> str:
        return f"{self.hand_over_id}: {self.state}"
