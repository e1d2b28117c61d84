"""Users, departments, the agency's policy, and the audit trail."""

import base64
import binascii
import datetime as dt
from functools import cached_property
from typing import Any, ClassVar, Self

import pghistory
import pgtrigger
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import connection, models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.secrets import seal, unseal
from staff.choices import PlatformCapRule, Role, RowScope

# What a new WeCom friend reads first; the agency writes its own on the policy page.
WELCOME = "您好，我是您的旅行顾问。想去哪里、几个人、什么时候出发，直接告诉我就好。"


_BELOW = """
WITH RECURSIVE below(id) AS (
    SELECT id FROM staff_department WHERE id = %s
    UNION SELECT d.id FROM staff_department d JOIN below ON d.parent_id = below.id
) SELECT id FROM below ORDER BY id
"""


def departments_below(department_id: int) -> list[int]:
    """The ids of a department and of everything below it."""
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [department_id])
        return [row[0] for row in cursor.fetchall()]


class Department(models.Model):
    """A store, branch or team inside the one agency this deployment serves."""

    name = models.CharField(_("name"), max_length=60)
    parent = models.ForeignKey(
        "self", verbose_name=_("parent"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["parent", "name"], name="department_name", nulls_distinct=False),
            models.CheckConstraint(condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="department_not_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class StaffManager(UserManager["User"]):
    """Django's manager; a superuser made on the command line is an administrator who sees everybody."""

    def create_superuser(self, username: str, email: str | None = None, password: str | None = None, **extra: Any) -> "User":
        """An administrator with the widest scope, whatever the caller left out."""
        extra = {"role": Role.ADMINISTRATOR, "row_scope": RowScope.ALL, "display_name": username, **extra}
        return super().create_superuser(username, email, password, **extra)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="UserHistory",
    exclude=["password", "last_login"],
)
class User(AbstractUser):
    """A member of staff. Customers are never users.

    `session_epoch` is part of every session's fingerprint: raising it ends all sessions at once. It rises when someone
    leaves, and does not fall when they return.
    """

    display_name = models.CharField(_("name"), max_length=40)
    department = models.ForeignKey(
        Department, verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT, related_name="members"
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.READONLY)
    row_scope = models.CharField(_("row scope"), max_length=12, choices=RowScope.choices, default=RowScope.OWN)
    wecom_userid = models.CharField(_("WeCom user id"), max_length=64, null=True, blank=True, unique=True)
    session_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    must_change_password = models.BooleanField(_("must choose a new password"), default=False, db_default=False)

    objects: ClassVar[StaffManager] = StaffManager()

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")

    def __str__(self) -> str:
        return self.display_name or self.username

    @cached_property
    def scope_departments(self) -> list[int]:
        """The departments whose rows a user with department scope sees: the own one and all below it. Asked once per
        request and handed to queries as plain numbers, which Postgres plans like one department."""
        return departments_below(self.department_id) if self.department_id else []

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's fingerprint of a session, with our epoch in it."""
        salt = "staff.User.session_epoch"
        return salted_hmac(salt, f"{self.password}:{self.session_epoch}", secret=secret, algorithm="sha256").hexdigest()


class Authenticator(TOTPDevice):
    """An authenticator app whose secret is sealed with the data key: a copy of the database opens no second step.

    The library keeps the secret as hex in `key` (80 characters) and reads it only through `bin_key`, so sealing needs no
    more than this. A sealed 20-byte secret takes 79.
    """

    SEALED: ClassVar[str] = "s1:"

    key: str  # the library brings no types

    class Meta:
        proxy = True
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    @property
    def bin_key(self) -> bytes:
        """The secret in the clear, for computing codes and for showing it once."""
        if not self.key.startswith(self.SEALED):
            return binascii.unhexlify(self.key)
        sealed = base64.b64decode(self.key.removeprefix(self.SEALED))
        return base64.b64decode(unseal(sealed))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As ever, but a secret that is still in the clear is sealed first."""
        if not self.key.startswith(self.SEALED):
            secret = base64.b64encode(binascii.unhexlify(self.key)).decode()
            self.key = self.SEALED + base64.b64encode(seal(secret)).decode()
        super().save(*args, **kwargs)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="AgencyPolicyHistory")
class AgencyPolicy(models.Model):
    """The one row of rules that the whole agency keeps; every change is in its history."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    agency_name = models.CharField(_("agency name"), max_length=60, default="")
    licence_no = models.CharField(_("travel agency licence number"), max_length=40, blank=True, default="")
    emergency_phone = models.CharField(_("emergency phone"), max_length=20, blank=True, default="")
    quiet_start = models.TimeField(_("quiet hours begin"), default=dt.time(21))
    quiet_end = models.TimeField(_("quiet hours end"), default=dt.time(9))
    house_cap_count = models.PositiveSmallIntegerField(_("marketing touches per customer"), default=2)
    house_cap_days = models.PositiveSmallIntegerField(_("within days"), default=7)
    platform_cap_rule = models.CharField(
        _("WeCom mass-message cap"), max_length=12, choices=PlatformCapRule.choices, default=PlatformCapRule.MONTH_DAYS
    )
    holdout_percent = models.PositiveSmallIntegerField(_("hold-out, percent"), default=10)
    approval_limit = models.PositiveIntegerField(_("second approval above this many people"), default=500)
    welcome_text = models.TextField(_("welcome message"), max_length=1000, default=WELCOME, db_default=WELCOME)
    attribution_days = models.PositiveSmallIntegerField(_("attribution window, days"), default=7)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("agency policy")
        verbose_name_plural = _("agency policy")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="agency_policy_one_row"),
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="agency_policy_holdout"),
            models.CheckConstraint(condition=Q(house_cap_days__gte=1, attribution_days__gte=1), name="agency_policy_days"),
        ]

    def __str__(self) -> str:
        return self.agency_name

    @classmethod
    def current(cls) -> Self:
        """The row; its defaults before anyone has saved one."""
        return cls.objects.filter(pk=1).first() or cls()


class AuditEntry(models.Model):
    """Who did what to which object: append-only, chained by hash so that a missing or altered row shows."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True, default="")
    object_id = models.CharField(max_length=60, blank=True, default="")
    object_name = models.CharField(max_length=120, blank=True, default="")
    detail = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes: ClassVar = [
            models.Index(fields=["-at"], name="audit_time"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_object"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
        ]
        triggers: ClassVar = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.action}"
