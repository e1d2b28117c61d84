"""What customers ask for by right, what is prepared for them, and to whom their data was handed on."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import RequestKind, RequestState
from customers.models.customer import Customer
from customers.models.erasure import Erasure
from staff.models import User


class DataRequest(models.Model):
    """A request under PIPL 44-50 with the day by which it must be answered. Outlives the customer, without their words."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="data_requests")
    kind = models.CharField(_("asked for"), max_length=12, choices=RequestKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=RequestState.choices, default=RequestState.OPEN)
    source = models.CharField(max_length=12, default="mini")
    words = models.TextField(_("in their words"), max_length=1000, blank=True, default="")
    changes = models.JSONField(default=dict)
    answer = models.TextField(_("answer"), max_length=1000, blank=True, default="")
    blocked_by = ArrayField(models.CharField(max_length=30), default=list)
    due_on = models.DateField(_("due"))
    created_at = models.DateTimeField()
    taken_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(null=True)
    erasure = models.ForeignKey(Erasure, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        indexes: ClassVar = [
            models.Index(fields=["due_on", "id"], condition=Q(state__in=["open", "working", "blocked"]), name="request_open"),
            models.Index(fields=["customer", "-created_at"], name="request_customer"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "kind"],
                condition=Q(kind__in=["export", "erasure"], state__in=["open", "working", "blocked"]),
                name="request_once_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class DataExport(models.Model):
    """A person's own data as a sealed zip, for one owner and a short time: the customer, or the member of staff who made it."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(DataRequest, null=True, on_delete=models.SET_NULL, related_name="exports")
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    archive = models.BinaryField()
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    downloaded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("copy of one's data")
        verbose_name_plural = _("copies of one's data")
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="data_export_expiry")]

    def __str__(self) -> str:
        return f"export #{self.pk}"


class Sharing(models.Model):
    """Personal data that left the house (PIPL 23): to whom, what for, which fields, about how many people.

    `reference` names the order, trip or campaign behind it ("order:A2611240001"), never a person.
    """

    recipient = models.CharField(_("recipient"), max_length=120)
    purpose = models.CharField(_("what for"), max_length=120)
    fields = ArrayField(models.CharField(max_length=40), verbose_name=_("fields"))
    people = models.PositiveIntegerField(_("people"))
    reference = models.CharField(max_length=60, blank=True, default="")
    is_abroad = models.BooleanField(_("abroad"), default=False)
    shared_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("sharing")
        verbose_name_plural = _("sharing register")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="sharing_newest")]

    def __str__(self) -> str:
        return f"{self.recipient} {self.at:%F}"


class SharingSubject(models.Model):
    """Whose data a sharing was about, so that each of them can be told."""

    sharing = models.ForeignKey(Sharing, on_delete=models.CASCADE, related_name="subjects")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("person in a sharing")
        verbose_name_plural = _("people in a sharing")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "sharing"], name="sharing_subject_pair")]

    def __str__(self) -> str:
        return f"{self.sharing_id}: {self.customer_id}"


class Favourite(models.Model):
    """A product a customer keeps in mind, by its code: products stand above."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="favourites")
    product_code = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "product_code"], name="favourite_pair")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.product_code}"
