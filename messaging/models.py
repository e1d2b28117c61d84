"""Every word we send a customer: content, the message, and the WeCom task that staff must confirm."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from messaging.choices import BatchState, MessageState, PauseReason, Reason, Route, TaskState, TouchPurpose
from messaging.models_chat import Agent as Agent
from messaging.models_chat import ChatCard as ChatCard
from messaging.models_chat import Conversation as Conversation
from messaging.models_chat import Handling as Handling
from messaging.models_chat import KfCursor as KfCursor
from messaging.models_chat import Line as Line
from staff.models import User


class Content(models.Model):
    """Text with an optional mini-program card. WeCom allows 4,000 bytes of text and a 64-byte card title.

    `card_image` is the card's picture as PNG (520 x 416), kept here so that what was sent can always be shown.
    For a templated channel `template_id` is the platform's and `fields` says what stands in each of its fields. Text
    and fields may hold variables (`messaging.rules.wording`).
    """

    name = models.CharField(_("name"), max_length=60)
    text = models.TextField(_("text"), max_length=4000)
    card_title = models.CharField(_("card title"), max_length=64, blank=True, default="")
    card_page = models.CharField(_("card page"), max_length=200, blank=True, default="")
    product_code = models.CharField(_("product"), max_length=20, blank=True, default="")
    card_image = models.BinaryField(null=True, max_length=2_000_000)
    template_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    fields = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("content")
        verbose_name_plural = _("contents")

    def __str__(self) -> str:
        return self.name


class Media(models.Model):
    """A picture that WeCom holds for three days: uploaded once, used by every task until it runs out."""

    sha256 = models.CharField(max_length=64, unique=True)
    media_id = models.CharField(max_length=200)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("uploaded picture")
        verbose_name_plural = _("uploaded pictures")

    def __str__(self) -> str:
        return self.sha256[:12]


class MassTask(models.Model):
    """One `add_msg_template` call: one sender, one content, many customers. Ask mode: what is ambiguous is queried.

    `token` stands in the card's page and identifies the task in the platform's list, and the touch on a click.
    `campaign_id` carries no foreign key: campaigns stand above.
    """

    key = models.CharField(max_length=120, unique=True)
    token = models.CharField(max_length=32, unique=True)
    campaign_id = models.BigIntegerField(null=True, db_index=True)
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.PENDING)
    msgid = models.CharField(max_length=128, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")
    called_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    next_poll_at = models.DateTimeField(null=True)
    reminders = ArrayField(models.DateTimeField(), default=list)
    on_hold = models.BooleanField(default=False)
    start_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("mass-send task")
        verbose_name_plural = _("mass-send tasks")
        constraints: ClassVar = [models.UniqueConstraint(fields=["msgid"], condition=~Q(msgid=""), name="mass_task_msgid")]
        indexes: ClassVar = [
            models.Index(fields=["state", "created_at"], name="mass_task_state"),
            models.Index(fields=["next_poll_at"], condition=Q(next_poll_at__isnull=False), name="mass_task_poll"),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"


class Message(models.Model):
    """One message to one customer, whatever the channel. `key` makes it unique: a pure function of why it is sent.

    A launch writes a hundred thousand rows at once, so each index and each checked foreign key must earn its keep:
    content, sender and task are taken from rows of the same statement. A direct message (no task) goes out in a batch from
    `send_at` on; `vendor_id` is what the vendor calls it; `params` are its variables beside the customer's own.
    """

    key = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=12, choices=Route.choices)
    purpose = models.CharField(max_length=12, choices=TouchPurpose.choices)
    campaign_id = models.BigIntegerField(null=True)
    content = models.ForeignKey(
        Content, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    sender = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_userid = models.CharField(max_length=64, blank=True, default="")
    task = models.ForeignKey(
        MassTask, null=True, on_delete=models.PROTECT, related_name="messages", db_index=False, db_constraint=False
    )
    state = models.CharField(max_length=16, choices=MessageState.choices)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    sent_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    send_at = models.DateTimeField(null=True)
    batch_id = models.BigIntegerField(null=True)
    vendor_id = models.CharField(max_length=64, null=True)
    params = models.JSONField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="message_key")]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-created_at"], name="message_customer"),
            models.Index(fields=["campaign_id", "state"], condition=Q(campaign_id__isnull=False), name="message_campaign"),
            models.Index(fields=["task", "external_userid"], name="message_task"),
            models.Index(
                fields=["customer", "sent_at"],
                condition=Q(state__in=["sent", "awaiting_staff", "queued", "sending", "unknown", "uncertain"]),
                name="message_touch_budget",
            ),
            models.Index(fields=["channel", "send_at"], condition=Q(state="queued", task__isnull=True), name="message_due"),
            models.Index(fields=["batch_id"], condition=Q(state__in=["sending", "unknown"]), name="message_in_flight"),
            models.Index(fields=["vendor_id"], condition=Q(vendor_id__isnull=False), name="message_vendor"),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"


class SendBatch(models.Model):
    """Direct messages one worker sends under a lease. A lease that runs out leaves messages whose outcome is not known."""

    channel = models.CharField(max_length=12, choices=Route.choices)
    owner = models.UUIDField()
    size = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.RUNNING)
    lease_until = models.DateTimeField()
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("batch of messages")
        verbose_name_plural = _("batches of messages")
        indexes: ClassVar = [
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="send_batch_running"),
            models.Index(fields=["id"], condition=Q(state="done", told_at__isnull=True), name="send_batch_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} #{self.pk}"


class MarketingPause(models.Model):
    """Marketing to a customer rests from `created_at` until `until` (None: until somebody ends it). `key` says why, once."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(_("reason"), max_length=10, choices=PauseReason.choices)
    key = models.CharField(max_length=120, unique=True)
    until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("pause of marketing")
        verbose_name_plural = _("pauses of marketing")
        indexes: ClassVar = [models.Index(fields=["customer"], condition=Q(ended_at__isnull=True), name="marketing_pause_open")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.reason}"


class NoticeEntry(models.Model):
    """One line of the ledger of mini-program notices: +1 for each accept, -1 for each sent. The platform tells no balance,
    so the sum of a customer's lines for a template is the only one there is. `key` makes each line once."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    template_id = models.CharField(max_length=64)
    change = models.SmallIntegerField()
    key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("notice allowed or used")
        verbose_name_plural = _("notices allowed or used")
        indexes: ClassVar = [models.Index(fields=["customer", "template_id"], include=["change"], name="notice_balance")]
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(change=0), name="notice_change")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.template_id} {self.change:+d}"


class NoticeTemplate(models.Model):
    """A template that a platform approved: for which channel and purpose, how it reads, which fields it has.

    `body` shows fields as `{{thing1}}`. An SMS for marketing carries its opt-out in the body, as the law wants it.
    """

    channel = models.CharField(_("channel"), max_length=12, choices=Route.choices)
    template_id = models.CharField(_("template number"), max_length=64)
    name = models.CharField(_("name"), max_length=60)
    purpose = models.CharField(_("purpose"), max_length=12, choices=TouchPurpose.choices)
    body = models.TextField(_("text"), max_length=500)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("notice template")
        verbose_name_plural = _("notice templates")
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "template_id"], name="notice_template_once")]

    def __str__(self) -> str:
        return self.name
