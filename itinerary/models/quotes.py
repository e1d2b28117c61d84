"""What a trip is offered for: rules, frozen quote versions, what customers do with them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from itinerary.choices import QuoteState, Receiver, RuleKind
from itinerary.models.plans import Itinerary, ItineraryVersion
from orders.models import Order
from staff.models import User


class PriceRule(models.Model):
    """One step from cost to price, by `position`. It may be limited to kinds of blocks and to a sales channel.

    It has no way to see the customer: who asks never changes the price (PIPL, article 24).
    """

    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=12, choices=RuleKind.choices)
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=2, default=0)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2, default=0)
    receiver = models.CharField(_("kept by"), max_length=8, choices=Receiver.choices, default=Receiver.HOUSE)
    groups = ArrayField(
        models.CharField(max_length=12), verbose_name=_("only for blocks of these kinds"), default=list, blank=True
    )
    channel = models.CharField(_("only for this channel"), max_length=20, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("price rule")
        verbose_name_plural = _("price rules")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Quote(models.Model):
    """The offers made for one itinerary. `channel` chooses the price rules."""

    itinerary = models.OneToOneField(Itinerary, on_delete=models.CASCADE, related_name="quote")
    channel = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")

    def __str__(self) -> str:
        return f"{self.itinerary_id}"


class QuoteVersion(models.Model):
    """An offer as it was sent, frozen: nothing of it is ever calculated again.

    `sheet` is for staff with the right to see costs: lines, rates, rates of exchange, rules, margin. `shown` is all that a
    customer ever gets: no cost is in it. `cancellation` is the terms' snapshot, `schedule` the parts to be paid.
    """

    quote = models.ForeignKey(Quote, on_delete=models.CASCADE, related_name="versions")
    version = models.ForeignKey(ItineraryVersion, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    token = models.CharField(max_length=43, unique=True)
    state = models.CharField(max_length=12, choices=QuoteState.choices, default=QuoteState.SENT)
    sheet = models.JSONField()
    shown = models.JSONField()
    cancellation = models.JSONField()
    schedule = models.JSONField()
    content_hash = models.CharField(max_length=64)
    total_amount = models.DecimalField(max_digits=12, decimal_places=2)
    valid_until = models.DateTimeField()
    sent_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        verbose_name = _("quote version")
        verbose_name_plural = _("quote versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["quote", "number"], name="quote_version"),
            models.UniqueConstraint(fields=["quote"], condition=Q(state="sent"), name="quote_one_open"),
            models.UniqueConstraint(fields=["quote"], condition=Q(state="accepted"), name="quote_one_accepted"),
        ]

    def __str__(self) -> str:
        return f"{self.quote_id} v{self.number}"


class Acceptance(models.Model):
    """Who said yes to which text: `version_hash` is the hash of what was on the screen, `choices` what was picked where the
    proposal offered several: {group: name}."""

    quote_version = models.OneToOneField(QuoteVersion, on_delete=models.PROTECT, related_name="acceptance")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="+")
    openid = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=40)
    ip = models.GenericIPAddressField(null=True)
    version_hash = models.CharField(max_length=64)
    choices = models.JSONField(default=dict)
    accepted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")

    def __str__(self) -> str:
        return f"{self.name} {self.accepted_at}"


class ProposalView(models.Model):
    """A proposal was opened; one row a day and visitor, `visitor` is a hash that tells nobody's name."""

    quote_version = models.ForeignKey(QuoteVersion, on_delete=models.CASCADE, related_name="views")
    visitor = models.CharField(max_length=32)
    day = models.DateField()
    opens = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("view of a proposal")
        verbose_name_plural = _("views of proposals")
        constraints: ClassVar = [models.UniqueConstraint(fields=["quote_version", "visitor", "day"], name="proposal_view")]

    def __str__(self) -> str:
        return f"{self.quote_version_id} {self.day}"


class ProposalComment(models.Model):
    """What the customer wrote about a day (0: about the whole)."""

    quote_version = models.ForeignKey(QuoteVersion, on_delete=models.CASCADE, related_name="comments")
    day = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=40)
    text = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("comment on a proposal")
        verbose_name_plural = _("comments on proposals")

    def __str__(self) -> str:
        return self.text[:40]
