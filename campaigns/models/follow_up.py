"""Follow-up tasks for staff."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.choices import FollowUpReason, FollowUpState, Outcome
from customers.models import Customer
from staff.models import User


class FollowUp(models.Model):
    """Something a member of staff should do for a customer, with the evidence why.

    Not done `sla_hours` after it was due, it is escalated to the assignee's superior. `offer` is what to send along:
    {"kind": "coupon" or "quote", "id", "label", "url"}. `message_id` is the message that "push" made.
    """

    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(_("title"), max_length=80)
    reason = models.CharField(_("reason"), max_length=40, choices=FollowUpReason.choices)
    evidence = models.JSONField(default=list)
    suggested_text = models.TextField(_("suggested message"), max_length=2000, blank=True, default="")
    product_code = models.CharField(max_length=20, blank=True, default="")
    state = models.CharField(max_length=8, choices=FollowUpState.choices, default=FollowUpState.OPEN)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True, default="")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=models.functions.Now())
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    sla_hours = models.PositiveSmallIntegerField(default=24, db_default=24)
    escalated_at = models.DateTimeField(null=True)
    escalated_to = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    offer = models.JSONField(null=True, blank=True)
    pushed_at = models.DateTimeField(null=True)
    message_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("follow-up task")
        verbose_name_plural = _("follow-up tasks")
        indexes: ClassVar = [
            models.Index(fields=["assignee", "due_at"], condition=Q(state="open"), name="follow_up_open"),
            models.Index(fields=["customer", "-created_at"], name="follow_up_customer"),
        ]

    def __str__(self) -> str:
        return self.title
