"""Where customers come from: the tree of channels, their live codes and links, shifts, absences, and what went wrong."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.choices import AlertKind, ChannelKind, WayKind
from staff.models import User


class AcquisitionChannel(models.Model):
    """A source of customers, as a tree: 小红书 > 云南亲子笔记. Never deleted, because states point to it for ever.

    `tag_ids` are tags of the app above that every newcomer gets; an empty `welcome_text` means the agency's own.
    """

    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    kind = models.CharField(_("kind"), max_length=12, choices=ChannelKind.choices)
    name = models.CharField(_("name"), max_length=40)
    welcome_text = models.TextField(_("welcome message"), max_length=1000, blank=True, default="")
    tag_ids = ArrayField(models.IntegerField(), verbose_name=_("tags for newcomers"), default=list, blank=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["parent", "name"], name="channel_name", nulls_distinct=False),
            models.CheckConstraint(condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="channel_not_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactWay(models.Model):
    """A live code (渠道活码) or an acquisition link: what a newcomer scans or opens, and who answers.

    `state` comes back with each newcomer and is kept for ever. `config_id` is the platform's name of it (of a link: the
    link id), empty until it was made there. `pushed_userids` is who answers at the platform now; `next_change_at` is
    when the shifts say otherwise. `url` is where a link leads, or where the platform keeps a code's picture.
    """

    channel = models.ForeignKey(AcquisitionChannel, on_delete=models.PROTECT, related_name="ways")
    kind = models.CharField(_("kind"), max_length=6, choices=WayKind.choices, default=WayKind.CODE)
    name = models.CharField(_("name"), max_length=30)
    state = models.CharField(max_length=30, unique=True)
    config_id = models.CharField(max_length=64, blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    picture = models.BinaryField(null=True, max_length=200_000)
    spare = models.ForeignKey(
        User, verbose_name=_("spare member"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    skip_verify = models.BooleanField(_("become friends at once"), default=True)
    paused_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    pushed_userids = ArrayField(models.CharField(max_length=64), default=list)
    pushed_at = models.DateTimeField(null=True)
    next_change_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        verbose_name = _("live code")
        verbose_name_plural = _("live codes")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["config_id"], condition=~Q(config_id=""), name="contact_way_config")
        ]

    def __str__(self) -> str:
        return self.name


class WayDay(models.Model):
    """How often a code's page or a link was opened on one Shanghai day."""

    way = models.ForeignKey(ContactWay, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    opened = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("day of a live code")
        verbose_name_plural = _("days of live codes")
        constraints: ClassVar = [models.UniqueConstraint(fields=["way", "day"], name="way_day_once")]

    def __str__(self) -> str:
        return f"{self.way_id}: {self.day}"


class WayMember(models.Model):
    """Somebody who answers behind a code. `daily_cap`: newcomers per Shanghai day, empty for no limit."""

    way = models.ForeignKey(ContactWay, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    daily_cap = models.PositiveSmallIntegerField(
        _("newcomers a day"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(2000)]
    )

    class Meta:
        verbose_name = _("member of a live code")
        verbose_name_plural = _("members of live codes")
        constraints: ClassVar = [models.UniqueConstraint(fields=["way", "user"], name="way_member_pair")]

    def __str__(self) -> str:
        return f"{self.way_id}: {self.user_id}"


class Shift(models.Model):
    """When a member answers: weekdays (0 is Monday) from `starts` to `ends` in Shanghai; past midnight when it ends earlier.

    A member of a code without any shift always answers.
    """

    member = models.ForeignKey(WayMember, on_delete=models.CASCADE, related_name="shifts")
    weekdays = ArrayField(models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)]))
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(starts=F("ends")), name="shift_has_length")]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}-{self.ends:%H:%M}"


class Absence(models.Model):
    """A member of staff is away, both days included: codes leave them out."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=60, blank=True, default="")

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_days")]
        indexes: ClassVar = [models.Index(fields=["user", "ends_on"], name="absence_user")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.starts_on} - {self.ends_on}"


class ChannelAlert(models.Model):
    """Something about a code that a person should see to. One open alert per code, member and kind."""

    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    way = models.ForeignKey(ContactWay, null=True, on_delete=models.CASCADE, related_name="alerts")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    number = models.IntegerField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("channel alert")
        verbose_name_plural = _("channel alerts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "way", "user"], condition=Q(closed_at__isnull=True), name="channel_alert_open",
                nulls_distinct=False,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind}: {self.way_id}"
