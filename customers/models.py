"""One person out of many identities; consent; relations; what they did last."""

import uuid
from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import Channel, Gender, IdentityKind, Lifecycle, Purpose, RelationState
from staff.choices import RowScope
from staff.models import Department, User


class CustomerQuerySet(models.QuerySet["Customer"]):
    """The only door to customers for staff is `visible_to`."""

    def visible_to(self, user: User) -> "CustomerQuerySet":
        """Customers within a user's row scope: own, own department's, or all. Merged ones never show."""
        present = self.filter(merged_into__isnull=True)
        if user.is_superuser or user.row_scope == RowScope.ALL:
            return present
        if user.row_scope == RowScope.DEPARTMENT and user.department_id:
            return present.filter(Q(owner=user) | Q(department=user.department_id))
        return present.filter(owner=user)


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="CustomerHistory",
    fields=["name", "owner", "department", "lifecycle", "merged_into"],
)
class Customer(models.Model):
    """A person we serve. Who they are on which platform stands in Identity."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=60, blank=True, default="")
    name_pinyin = models.CharField(max_length=120, blank=True, default="")
    nickname = models.CharField(_("nickname"), max_length=64, blank=True, default="")
    remark = models.CharField(_("remark"), max_length=120, blank=True, default="")
    gender = models.CharField(_("gender"), max_length=8, choices=Gender.choices, blank=True, default=Gender.UNKNOWN)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True, default="")
    child_ages = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("children's ages"), default=list, blank=True)
    phone_masked = models.CharField(_("phone"), max_length=20, blank=True, default="")
    lifecycle = models.CharField(_("lifecycle"), max_length=12, choices=Lifecycle.choices, default=Lifecycle.LEAD)
    source = models.CharField(_("source"), max_length=40, blank=True, default="")
    owner = models.ForeignKey(User, verbose_name=_("owner"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    department = models.ForeignKey(
        Department, verbose_name=_("department"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=models.functions.Now())

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], condition=Q(merged_into__isnull=True), name="customer_newest"),
            models.Index(fields=["owner", "-created_at"], name="customer_owner"),
            models.Index(fields=["department", "-created_at"], name="customer_department"),
            models.Index(fields=["name_pinyin"], name="customer_pinyin", opclasses=["text_pattern_ops"]),
            models.Index(fields=["name"], name="customer_name", opclasses=["text_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name or self.nickname or str(self.public_id)[:8]


class Identity(models.Model):
    """A customer's identity on one platform. The value is looked up by keyed hash and readable only when sealed.

    `scope` is the app the value belongs to (appid, corp id); empty for phones.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=20, choices=IdentityKind.choices)
    scope = models.CharField(max_length=64, blank=True, default="")
    value_hash = models.BinaryField(max_length=32)
    value_sealed = models.BinaryField(max_length=400)
    verified_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "scope", "value_hash"], name="identity_value")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Relationship(models.Model):
    """The WeCom friendship of one member of staff and one customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="relationships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    external_userid = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=RelationState.choices, default=RelationState.ACTIVE)
    add_way = models.PositiveSmallIntegerField(default=0)
    channel_state = models.CharField(max_length=30, blank=True, default="")
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_chat_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("relationship")
        verbose_name_plural = _("relationships")
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "external_userid"], name="relationship_pair")]
        indexes: ClassVar = [models.Index(fields=["customer"], condition=Q(state="active"), name="relationship_active")]

    def __str__(self) -> str:
        return f"{self.user_id}-{self.customer_id}"


class Consent(models.Model):
    """One entry of the consent ledger: never changed but for `is_current`, which marks the entry in force."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    channel = models.CharField(max_length=12, choices=Channel.choices, default=Channel.ANY)
    granted = models.BooleanField()
    text_version = models.CharField(max_length=20)
    source = models.CharField(max_length=40)
    at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "purpose", "channel"], condition=Q(is_current=True), name="consent_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.purpose}/{self.channel}: {self.granted}"


class Suppression(models.Model):
    """Never market to this value again, whoever it belongs to: survives merging and deletion (keyed hash)."""

    kind = models.CharField(max_length=20, choices=IdentityKind.choices)
    value_hash = models.BinaryField(max_length=32)
    reason = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value_hash"], name="suppression_value")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class MemberToken(models.Model):
    """A customer's mini-program session. Only the token's SHA-256 is stored; 7 days sliding, 30 absolute."""

    token_hash = models.BinaryField(max_length=32, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    openid = models.CharField(max_length=64)
    appid = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("member token")
        verbose_name_plural = _("member tokens")
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="member_token_expiry")]

    def __str__(self) -> str:
        return f"token of {self.customer_id}"


class Activity(models.Model):
    """First and last sign of life, and how many events: one narrow row per customer, kept by ingestion."""

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.CASCADE, related_name="activity", db_constraint=False
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    event_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes: ClassVar = [models.Index(fields=["-last_seen_at", "-customer"], name="activity_latest")]

    def __str__(self) -> str:
        return f"activity of {self.customer_id}"


class Note(models.Model):
    """What a member of staff wrote down about a customer."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes: ClassVar = [models.Index(fields=["customer", "-created_at"], name="note_customer")]

    def __str__(self) -> str:
        return self.text[:40]
