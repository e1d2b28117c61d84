"""Customer groups: what is sent to them, and series that begin with a group's birth."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.choices import GroupTaskState
from staff.models import User


class GroupSeries(models.Model):
    """A group SOP: texts on certain days after a group was made, for groups whose name contains `match`.

    `steps` are [{"day": 0, "at": "10:00", "text": "..."}]; day 0 is the day the group was made.
    """

    name = models.CharField(_("name"), max_length=40)
    match = models.CharField(_("groups whose name contains"), max_length=40)
    steps = models.JSONField(default=list)
    is_on = models.BooleanField(default=True)
    live_from = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("series for groups")
        verbose_name_plural = _("series for groups")

    def __str__(self) -> str:
        return self.name


class GroupTask(models.Model):
    """One `add_msg_template` call to groups: one owner, one text, who confirms it on the phone. Ask mode."""

    key = models.CharField(max_length=120, unique=True)
    text = models.TextField(_("text"), max_length=4000)
    owner_userid = models.CharField(max_length=64)
    chat_ids = ArrayField(models.CharField(max_length=64))
    series = models.ForeignKey(GroupSeries, null=True, on_delete=models.SET_NULL, related_name="tasks")
    state = models.CharField(max_length=10, choices=GroupTaskState.choices, default=GroupTaskState.PENDING)
    msgid = models.CharField(max_length=128, blank=True, default="")
    delivered = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    called_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("message to groups")
        verbose_name_plural = _("messages to groups")
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="group_task_newest")]

    def __str__(self) -> str:
        return self.key
