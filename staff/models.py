"""Users, departments, the agency's policy, and the audit trail."""

import datetime as dt
from typing import Any, ClassVar, Self

import pghistory
import pgtrigger
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from staff.choices import PlatformCapRule, Role, RowScope

# What a new WeCom friend reads first; the agency writes its own on the policy page.
WELCOME = "您好，我是您的旅行顾问。想去哪里、几个人、什么时候出发，直接告诉我就好。"


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

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's fingerprint of a session, with our epoch in it."""
        salt = "staff.User.session_epoch"
        return salted_hmac(salt, f"{self.password}:{self.session_epoch}", secret=secret, algorithm="sha256").hexdigest()


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
