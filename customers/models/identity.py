"""Who a customer is on which platform, and the sessions that prove it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import ClueKind, IdentityKind
from customers.models.customer import Customer


class Identity(models.Model):
    """A customer's identity on one platform. The value is looked up by keyed hash and readable only when sealed.

    `scope` is the app the value belongs to (appid, corp id); empty for phones. `home_id` is the customer the value came
    with, where a merge has moved it since: what arrives under it goes home when the merge is undone.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=20, choices=IdentityKind.choices)
    scope = models.CharField(max_length=64, blank=True, default="")
    value_hash = models.BinaryField(max_length=32)
    value_sealed = models.BinaryField(max_length=400)
    verified_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    home_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "scope", "value_hash"], name="identity_value")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class MemberToken(models.Model):
    """A customer's mini-program session. Only the token's SHA-256 is stored; 7 days sliding, 30 absolute.

    `home_id` as in Identity: whose log-in it was, where a merge has moved it since.
    """

    token_hash = models.BinaryField(max_length=32, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    openid = models.CharField(max_length=64)
    appid = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    home_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("member token")
        verbose_name_plural = _("member tokens")
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="member_token_expiry")]

    def __str__(self) -> str:
        return f"token of {self.customer_id}"


class Clue(models.Model):
    """Weak evidence about a customer, as a keyed hash: equal clues of two customers make a question for staff."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=ClueKind.choices)
    value_hash = models.BinaryField(max_length=32)
    source = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("clue")
        verbose_name_plural = _("clues")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value_hash", "customer"], name="clue_once")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
