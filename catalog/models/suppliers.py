"""Suppliers and the files they send."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.choices import FeedFormat, FeedRunState, IssueSeverity, PriceBasis, ResourceKind
from staff.models import User


class Supplier(models.Model):
    """Who provides resources: a ground operator, a hotel group, a ticket wholesaler."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    note = models.TextField(_("note"), blank=True, default="")
    quarantine_percent = models.PositiveSmallIntegerField(_("ask before changing more than this share, percent"), default=30)
    is_active = models.BooleanField(default=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY", db_default="CNY")
    basis = models.CharField(
        _("its prices are"), max_length=5, choices=PriceBasis.choices, default=PriceBasis.NET, db_default="net"
    )
    commission_percent = models.DecimalField(
        _("commission it leaves us of gross prices, percent"), max_digits=5, decimal_places=2, default=0, db_default=0
    )
    is_live = models.BooleanField(_("sells through its own system (OCTO)"), default=False, db_default=False)
    pay_days_before = models.SmallIntegerField(_("to be paid days before the service (negative: after)"), default=0, db_default=0)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")

    def __str__(self) -> str:
        return self.name


class FeedRun(models.Model):
    """One file of a supplier: read once (by content hash), reported row by row, applied or quarantined.

    `mapping` is {"columns": [[label, field, confidence], ...]}. `findings` holds what concerns the file as a whole:
    the city assumed, how many rows lie where we have no destination, the share that would change. `error` is a
    FileFault. `decided_by` approved or rejected a quarantined file; an approved one may also change prices fivefold.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="feed_runs")
    kind = models.CharField(max_length=12, choices=ResourceKind.choices)
    format = models.CharField(max_length=8, choices=FeedFormat.choices)
    filename = models.CharField(max_length=200)
    content_sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    state = models.CharField(max_length=12, choices=FeedRunState.choices, default=FeedRunState.UPLOADED)
    mapping = models.JSONField(default=dict)
    city = models.CharField(_("city of rows that name none"), max_length=40, blank=True, default="")
    is_full = models.BooleanField(_("the file lists everything the supplier has"), default=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    rows_flagged = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("feed run")
        verbose_name_plural = _("feed runs")
        constraints: ClassVar = [models.UniqueConstraint(fields=["supplier", "kind", "content_sha256"], name="feed_run_once")]
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="feed_run_newest")]

    def __str__(self) -> str:
        return f"{self.filename} ({self.state})"


class FeedIssue(models.Model):
    """What was wrong with one row of a file, and whether the row was refused or only flagged."""

    run = models.ForeignKey(FeedRun, on_delete=models.CASCADE, related_name="issues")
    row_no = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True, default="")
    field = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=40)
    value = models.CharField(max_length=200, blank=True, default="")
    severity = models.CharField(max_length=8, choices=IssueSeverity.choices)

    class Meta:
        verbose_name = _("feed issue")
        verbose_name_plural = _("feed issues")
        indexes: ClassVar = [
            models.Index(fields=["run", "row_no"], name="feed_issue_row"),
            models.Index(fields=["run", "reason", "row_no"], name="feed_issue_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.row_no}: {self.reason}"
