"""What stands at WeCom, as last fetched: members, the tag library, group chats; and the runs that fetch it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import RepairKind, SyncKind, SyncState, SyncStep
from customers.models.relationship import Relationship
from staff.models import User


class CorpMember(models.Model):
    """A member of the WeCom corp. `serves`: has the right to external contacts (客户联系)."""

    userid = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64, blank=True, default="")
    user = models.OneToOneField(User, null=True, on_delete=models.SET_NULL, related_name="+")
    serves = models.BooleanField(default=True)
    is_present = models.BooleanField(default=True)
    fetched_at = models.DateTimeField()

    class Meta:
        verbose_name = _("WeCom member")
        verbose_name_plural = _("WeCom members")

    def __str__(self) -> str:
        return self.name or self.userid


class CorpTag(models.Model):
    """A tag of the corp's library at WeCom. Which friendship has it stands in `Relationship.corp_tags`."""

    tag_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64)
    group_id = models.CharField(max_length=64, db_index=True)
    group_name = models.CharField(_("group"), max_length=64)
    position = models.BigIntegerField(default=0)
    fetched_at = models.DateTimeField()

    class Meta:
        verbose_name = _("WeCom tag")
        verbose_name_plural = _("WeCom tags")

    def __str__(self) -> str:
        return self.name


class GroupChat(models.Model):
    """A customer group chat (客户群). `owner_userid` may be somebody without an account here."""

    chat_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=128, blank=True, default="")
    owner_userid = models.CharField(max_length=64)
    notice = models.TextField(_("notice"), blank=True, default="")
    created_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField()

    class Meta:
        verbose_name = _("group chat")
        verbose_name_plural = _("group chats")
        indexes: ClassVar = [models.Index(fields=["owner_userid"], name="group_chat_owner")]

    def __str__(self) -> str:
        return self.name or self.chat_id


class GroupMember(models.Model):
    """Somebody in a group chat: a member of the corp, or an external person (`external_userid`, contact or not)."""

    chat = models.ForeignKey(GroupChat, on_delete=models.CASCADE, related_name="members")
    userid = models.CharField(max_length=64)
    is_external = models.BooleanField()
    name = models.CharField(max_length=64, blank=True, default="")
    joined_at = models.DateTimeField(null=True)
    join_scene = models.PositiveSmallIntegerField(default=0)
    left_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints: ClassVar = [models.UniqueConstraint(fields=["chat", "userid"], name="group_member_pair")]
        indexes: ClassVar = [models.Index(fields=["userid"], condition=Q(is_external=True), name="group_member_external")]

    def __str__(self) -> str:
        return f"{self.chat_id}: {self.userid}"


class SyncRun(models.Model):
    """One walk through everything at WeCom. `step`, `position` and `cursor` are committed with each page's rows.

    `position` counts the batches of a hundred members that are done in the step of contacts, and the chats read in the
    step of group chats. `counts` says what was read, `repairs` what differed from our own picture.
    """

    kind = models.CharField(max_length=12, choices=SyncKind.choices)
    state = models.CharField(max_length=10, choices=SyncState.choices, default=SyncState.RUNNING)
    step = models.CharField(max_length=10, choices=SyncStep.choices, default=SyncStep.STAFF)
    position = models.PositiveIntegerField(default=0)
    cursor = models.CharField(max_length=200, blank=True, default="")
    userids = ArrayField(models.CharField(max_length=64), default=list)
    pages = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    repairs = models.JSONField(default=dict)
    error = models.CharField(max_length=200, blank=True, default="")
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("synchronisation")
        verbose_name_plural = _("synchronisations")
        indexes: ClassVar = [models.Index(fields=["-started_at"], name="sync_run_newest")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="sync_run_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk} ({self.state})"

    @property
    def repairs_in_words(self) -> list[tuple[str, int]]:
        """(what was put right, how often), in the reader's language."""
        words = dict(RepairKind.choices)
        return [(str(words.get(kind, kind)), number) for kind, number in self.repairs.items()]


class SyncSeen(models.Model):
    """A friendship, or a group chat (no member), that a run came across; forgotten when the run ends."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    userid = models.CharField(max_length=64, blank=True, default="")
    external_id = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("seen by a synchronisation")
        verbose_name_plural = _("seen by a synchronisation")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "userid", "external_id"], name="sync_seen_once")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.userid} {self.external_id}"


class SyncRepair(models.Model):
    """One thing that a reconciliation put right because its callback never came."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="repaired")
    kind = models.CharField(max_length=16, choices=RepairKind.choices)
    relationship = models.ForeignKey(Relationship, null=True, on_delete=models.CASCADE, related_name="+")
    note = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("repair")
        verbose_name_plural = _("repairs")

    def __str__(self) -> str:
        return f"{self.run_id}: {self.kind}"
