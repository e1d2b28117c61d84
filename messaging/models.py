"""Every word we send a customer: content, the message, and the WeCom task that staff must confirm."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import Channel, Purpose
from customers.models import Customer
from messaging.choices import MessageState, Reason, TaskState
from staff.models import User


class Content(models.Model):
    """Text with an optional mini-program card. WeCom allows 4,000 bytes of text and a 64-byte card title.

    `card_image` is the card's picture as PNG (520 x 416), kept here so that what was sent can always be shown.
    """

    name = models.CharField(_("name"), max_length=60)
    text = models.TextField(_("text"), max_length=4000)
    card_title = models.CharField(_("card title"), max_length=64, blank=True, default="")
    card_page = models.CharField(_("card page"), max_length=200, blank=True, default="")
    product_code = models.CharField(_("product"), max_length=20, blank=True, default="")
    card_image = models.BinaryField(null=True, max_length=2_000_000)
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
    content, sender and task are taken from rows of the same statement.
    """

    key = models.CharField(max_length=120)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
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
                condition=Q(state__in=["sent", "awaiting_staff", "queued"]),
                name="message_touch_budget",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"
