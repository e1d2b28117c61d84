"""Talking with customers: a conversation per channel and person, its lines, and how far a channel was read."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from messaging.choices import Author, ChatChannel, ChatKind, ChatState, LineState
from staff.models import User


class Conversation(models.Model):
    """The talk with one person in one channel, for ever; it is closed and opened again.

    `account` and `peer` are the channel's own ids (open_kfid and external_userid, appid and openid, site and visitor).
    `version` rises with whatever happens, `epoch` whenever somebody else speaks for us: a line of the bot carries the epoch
    it was thought in and is not sent in another. `focus` is what the talk is about (thing, kind of place, open question).
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(_("channel"), max_length=8, choices=ChatChannel.choices)
    account = models.CharField(max_length=64)
    peer = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=ChatState.choices, default=ChatState.BOT)
    version = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    skill = models.CharField(_("skill"), max_length=12, default="general")
    reason = models.CharField(_("handed over because"), max_length=24, blank=True, default="")
    mood = models.PositiveSmallIntegerField(_("mood"), default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    focus = models.JSONField(default=dict)
    summary = models.TextField(_("summary"), blank=True, default="")
    preview = models.CharField(max_length=80, blank=True, default="")
    unread = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    last_in_at = models.DateTimeField()
    last_line_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(_("answer due"), null=True)
    escalated = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "account", "peer"], name="conversation_peer")]
        indexes: ClassVar = [
            models.Index(fields=["state", "-last_line_at"], name="conversation_state"),
            models.Index(fields=["queued_at"], condition=Q(state="queued"), name="conversation_queue"),
            models.Index(fields=["-last_line_at"], name="conversation_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}:{self.pk} ({self.state})"


class Line(models.Model):
    """One line of a conversation. `key` makes it one, whoever tells it twice. `payload` holds what a kind needs besides
    text: a menu's options, a card's product and token, what the bot's answer rests on.

    `vote` is the customer's thumb on an answer: 1 or -1.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="lines", db_index=False)
    key = models.CharField(max_length=120, unique=True)
    author = models.CharField(max_length=8, choices=Author.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    kind = models.CharField(max_length=6, choices=ChatKind.choices, default=ChatKind.TEXT)
    text = models.TextField(max_length=4000, blank=True, default="")
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=LineState.choices)
    epoch = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=120, blank=True, default="")
    vote = models.SmallIntegerField(null=True)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("line of a chat")
        verbose_name_plural = _("lines of chats")
        indexes: ClassVar = [
            models.Index(fields=["conversation", "id"], name="line_order"),
            models.Index(fields=["conversation", "id"], condition=Q(state="queued"), name="line_outbox"),
        ]

    def __str__(self) -> str:
        return f"{self.author} {self.pk}"


class Handling(models.Model):
    """A person's work on a conversation from the hand-over to its end: the numbers of service quality are read off here."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="handlings")
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=24, blank=True, default="")
    queued_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    code = models.CharField(_("resolution"), max_length=16, blank=True, default="")
    csat = models.PositiveSmallIntegerField(_("rating"), null=True)
    csat_words = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        verbose_name = _("handling of a conversation")
        verbose_name_plural = _("handlings of conversations")
        indexes: ClassVar = [models.Index(fields=["-queued_at"], name="handling_latest")]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.queued_at:%F %R}"


class ChatCard(models.Model):
    """A product's card in a chat. `token` stands in the card's page; the click and the order are the customer's own."""

    line = models.OneToOneField(Line, on_delete=models.CASCADE, related_name="card")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    product_code = models.CharField(max_length=20)
    token = models.CharField(max_length=32, unique=True)
    by_bot = models.BooleanField(default=True)
    reasons = ArrayField(models.CharField(max_length=60), default=list)
    clicked_at = models.DateTimeField(null=True)
    order_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("card in a chat")
        verbose_name_plural = _("cards in chats")
        indexes: ClassVar = [models.Index(fields=["customer", "product_code", "-at"], name="chat_card_customer")]

    def __str__(self) -> str:
        return self.product_code


class Agent(models.Model):
    """How a member of staff works at the desk. Nobody who is offline is given anything; `capacity` conversations at once."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    is_online = models.BooleanField(_("online"), default=False)
    capacity = models.PositiveSmallIntegerField(_("conversations at once"), default=6)
    skills = ArrayField(models.CharField(max_length=12), verbose_name=_("skills"), default=list)
    channels = ArrayField(models.CharField(max_length=8), verbose_name=_("channels"), default=list)
    assigned_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")

    def __str__(self) -> str:
        return str(self.user)


class KfCursor(models.Model):
    """How far a customer-service account was read; written in the transaction of what was read."""

    open_kfid = models.CharField(max_length=64, unique=True)
    cursor = models.CharField(max_length=64, blank=True, default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reading mark")
        verbose_name_plural = _("reading marks")

    def __str__(self) -> str:
        return self.open_kfid
