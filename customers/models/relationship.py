"""The friendships of staff and customers."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import RelationState
from customers.models.customer import Customer
from staff.models import User


class Relationship(models.Model):
    """The WeCom friendship of one member of staff and one customer.

    What the platform told last wins: `fetched_at` is the moment it was asked. `ended_at` is in force while `state` says so.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="relationships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    external_userid = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=RelationState.choices, default=RelationState.ACTIVE)
    add_way = models.PositiveSmallIntegerField(default=0)
    channel_state = models.CharField(max_length=30, blank=True, default="")
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_chat_at = models.DateTimeField(null=True)
    remark = models.CharField(max_length=64, blank=True, default="", db_default="")
    corp_tags = ArrayField(models.CharField(max_length=64), default=list, db_default=models.Value("{}"))
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("relationship")
        verbose_name_plural = _("relationships")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "external_userid"], name="relationship_pair")]
        indexes: ClassVar = [
            models.Index(fields=["customer"], condition=Q(state="active"), name="relationship_active"),
            models.Index(fields=["channel_state", "added_at"], condition=~Q(channel_state=""), name="relationship_channel"),
            models.Index(fields=["external_userid"], name="relationship_external"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}-{self.customer_id}"
