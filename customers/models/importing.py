"""Files with customers, orders or events: the batch, and what became of each row."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.choices import TableFormat
from customers.choices import ImportState, ImportTarget, RowState
from staff.models import User


class ImportBatch(models.Model):
    """One file. `content` is dropped when the rows are in; `row_done` is the number of the last row that is settled, as
    the file counts rows, and is written in the transaction that settles it: work goes on behind it after a crash.
    """

    target = models.CharField(_("rows are"), max_length=12, choices=ImportTarget.choices)
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    format = models.CharField(max_length=8, choices=TableFormat.choices)
    mapping = models.JSONField(default=list)
    preview = models.BinaryField(default=b"")
    is_verified = models.BooleanField(_("phone numbers were confirmed with the customers"), default=True)
    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.UPLOADED)
    error = models.CharField(max_length=200, blank=True, default="")
    row_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_matched = models.PositiveIntegerField(default=0)
    rows_added = models.PositiveIntegerField(default=0)
    rows_duplicate = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    rows_flagged = models.PositiveIntegerField(default=0)
    rows_undone = models.PositiveIntegerField(default=0)
    rows_kept = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "sha256"], condition=~Q(state__in=["failed", "undone"]), name="import_batch_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.filename} ({self.state})"

    @property
    def source(self) -> str:
        """What the log and new customers name as their source."""
        return f"import:{self.pk}"


class ImportRow(models.Model):
    """What became of one row: enough to report it and to take it back. No cell of the file is kept here.

    `has_made`: its customer was new. `filled` holds the facts of a known customer that were empty before; `event_key`
    is the fact that was appended.
    """

    pk = models.CompositePrimaryKey("batch_id", "row_no")
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    row_no = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=RowState.choices)
    customer_id = models.BigIntegerField(null=True)
    has_made = models.BooleanField(default=False, db_default=False)
    complaints = models.JSONField(default=list, db_default=[])
    filled = models.JSONField(null=True)
    event_key = models.UUIDField(null=True)
    event_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.row_no}: {self.state}"
