"""Reads for the pages of imports."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from customers.choices import RowState
from customers.intake.sheets import COLUMNS
from customers.models import ImportBatch, ImportRow

PAGE = 50


def newest_batches(limit: int = 20) -> list[ImportBatch]:
    """The newest imports, without their files."""
    return list(ImportBatch.objects.defer("content", "preview").select_related("created_by").order_by("-id")[:limit])


def batch_without_file(batch_id: int) -> ImportBatch | None:
    """One import, without its file."""
    return ImportBatch.objects.defer("content").select_related("created_by").filter(pk=batch_id).first()


def read_rows(batch: ImportBatch, *, state: str, trouble: bool, after: int) -> list[ImportRow]:
    """One page of settled rows, in the order of the file; with `trouble` only those that somebody must look at."""
    rows = ImportRow.objects.filter(batch_id=batch.pk, row_no__gt=after).order_by("row_no")
    if state:
        rows = rows.filter(state=state)
    if trouble:
        rows = rows.exclude(complaints=[])
    return list(rows[: PAGE + 1])


def words_of(batch: ImportBatch, row: ImportRow) -> list[str]:
    """What was wrong with a row, in words."""
    labels = {column.name: str(column.label) for column in COLUMNS[batch.target]}
    said = {"erased": _("this person asked to be forgotten"), "nobody": _("names nobody we could find or make")}
    return [
        f"{labels[one['field']]}：{one['message']}" if one["field"] in labels else said.get(one["message"], one["message"])
        for one in row.complaints
    ]


def report_lines(batch: ImportBatch) -> Iterator[list[Any]]:
    """Every row for the report: number, what became of it, customer, what was wrong."""
    labels = dict(RowState.choices)
    for row in ImportRow.objects.filter(batch_id=batch.pk).order_by("row_no").iterator(chunk_size=5_000):
        yield [row.row_no, str(labels[row.state]), row.customer_id or "", "；".join(words_of(batch, row))]
