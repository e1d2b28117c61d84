"""Identity documents of travellers: sealed, shown masked, each agreed to on its own (PIPL 28-31)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import DocumentKind
from customers.models.household import Traveller


class TravellerDocument(models.Model):
    """One document of one traveller. The number is readable only when unsealed, which is always written down.

    `consent_version`: the text under which the customer handed it over. For a child under 14 also
    `guardian_agreed_at` and the text the guardian read: without it the document is not taken.
    """

    traveller = models.ForeignKey(Traveller, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(_("document"), max_length=12, choices=DocumentKind.choices)
    number_sealed = models.BinaryField(max_length=400)
    last_four = models.CharField(max_length=4)
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    consent_version = models.CharField(max_length=20)
    consent_source = models.CharField(max_length=40)
    consent_at = models.DateTimeField()
    guardian_agreed_at = models.DateTimeField(null=True)
    guardian_version = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("identity document")
        verbose_name_plural = _("identity documents")
        constraints: ClassVar = [models.UniqueConstraint(fields=["traveller", "kind"], name="document_kind_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def masked(self) -> str:
        """What may be shown to whoever sees the traveller."""
        return f"****{self.last_four}"
