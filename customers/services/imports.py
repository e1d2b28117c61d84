"""A file with customers, orders or events, from upload to report: once per content, in pieces that survive a crash."""

import concurrent.futures
import contextlib
import hashlib
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core import clock
from core.choices import FileFault, Lane
from core.errors import BadInput, Refused
from core.event_types import ImportFinished
from core.events import record
from core.jobs import enqueue, job
from core.secrets import seal, seal_bytes, unseal, unseal_bytes
from core.tables.columns import Match, chosen
from core.tables.decoding import Limits, Row, Stream, Table, UnreadableFile, as_text, column_samples, open_stream
from customers.choices import ImportState, ImportTarget
from customers.intake.sheets import COLUMNS, SKIP, Parsed, RowReader, meanings, missing_columns
from customers.models import ImportBatch
from customers.services.import_chunks import Counts, take_chunk
from customers.services.import_staging import Piece, Stager
from staff.models import User
from staff.services import write_audit

MAX_BYTES, MAX_ROWS = 60_000_000, 200_000
LIMITS = Limits(MAX_BYTES, MAX_ROWS)
CHUNK_ROWS = 10_000
PREVIEW_ROWS = 50
LEASE_SHARE = 0.4  # a piece that starts now must end within the lease


def upload_file(*, target: str, filename: str, content: bytes, user: User | None) -> tuple[ImportBatch, bool]:
    """Take a file and propose what its columns mean; (batch, whether it is new). Nothing is imported yet.

    The same content for the same target is one batch, unless that one failed or was rolled back. BadInput when the file
    is no readable table.
    """
    if target not in ImportTarget.values:
        raise BadInput(_("Say what the rows are."), {"target": _("is not known")})
    try:
        stream = open_stream(content, LIMITS)
        head = list(itertools.islice(stream.rows, PREVIEW_ROWS))
        total = stream.count(len(head))
    except UnreadableFile as error:
        raise BadInput(str(error.fault.label), {"file": str(error.fault.label)}) from error
    if not head:
        raise BadInput(str(FileFault.EMPTY.label), {"file": str(FileFault.EMPTY.label)})
    matches = meanings(target).propose(stream.columns, column_samples(Table(stream.format, stream.columns, head)))
    batch = ImportBatch(
        target=target, filename=filename[-200:], sha256=hashlib.sha256(content).hexdigest(), content=seal_bytes(content),
        format=stream.format, mapping=_stored(matches), preview=seal(_preview(stream, head)), rows_total=total, created_by=user,
    )  # fmt: skip
    return _kept(batch)


def _kept(batch: ImportBatch) -> tuple[ImportBatch, bool]:
    try:
        with transaction.atomic():
            batch.save()
    except IntegrityError:
        known = ImportBatch.objects.exclude(state__in=[ImportState.FAILED, ImportState.UNDONE])
        return known.get(target=batch.target, sha256=batch.sha256), False
    return batch, True


def _stored(matches: list[Match]) -> list[list[Any]]:
    return [[match.column, str(match.field), match.confidence] for match in matches]


def matches_of(batch: ImportBatch) -> list[Match]:
    """What each column of the file means."""
    return [Match(column, field, confidence) for column, field, confidence in batch.mapping]


def _preview(stream: Stream, head: list[Row]) -> str:
    return json.dumps({"columns": stream.columns, "rows": [[row.number, [as_text(cell) for cell in row.cells]] for row in head]})


def preview_of(batch: ImportBatch) -> list[tuple[list[str], Parsed]]:
    """The first rows: their cells, and what the mapping makes of them."""
    if not batch.preview:
        return []
    kept = json.loads(unseal(bytes(batch.preview)))
    reader = RowReader(batch.target, kept["columns"], matches_of(batch))
    return [(cells, reader.read(Row(number, [cell or None for cell in cells]))) for number, cells in kept["rows"]]


def remap_file(batch: ImportBatch, fields: Mapping[str, str]) -> None:
    """Take a person's choice of columns (label -> column name). BadInput when two mean the same; Refused once it runs."""
    known = {column.name for column in COLUMNS[batch.target]} | {SKIP}
    if set(fields.values()) - known:
        raise BadInput(_("Please choose a meaning for every column."))
    matches = chosen(matches_of(batch), corrections=fields)
    used = [match.field for match in matches if match.field != SKIP and match.is_certain]
    if len(set(used)) != len(used):
        raise BadInput(_("Two columns cannot mean the same."))
    changed = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.UPLOADED).update(mapping=_stored(matches))
    if not changed:
        raise Refused(_("This file is being imported already."), "running")


@transaction.atomic
def confirm_file(batch: ImportBatch, *, is_verified: bool, user: User) -> None:
    """Start the import in the background. BadInput while a column it needs has no certain meaning; Refused when started."""
    missing = missing_columns(batch.target, [match for match in matches_of(batch) if match.is_certain])
    if missing:
        names = "、".join(str(column.label) for column in missing)
        raise BadInput(_("No column is chosen for: %(names)s") % {"names": names})
    changed = ImportBatch.objects.filter(pk=batch.pk, state=ImportState.UPLOADED).update(
        state=ImportState.RUNNING, is_verified=is_verified, preview=b""
    )
    if not changed:
        raise Refused(_("This file is being imported already."), "running")
    write_audit(user, "import.started", batch, {"target": batch.target, "rows": batch.rows_total})
    enqueue(import_rows, key=f"{batch.pk}:0", batch_id=batch.pk)


def discard_file(batch: ImportBatch) -> None:
    """Throw an upload away that was not started."""
    if not ImportBatch.objects.filter(pk=batch.pk, state=ImportState.UPLOADED).delete()[0]:
        raise Refused(_("This file is being imported already."), "running")


@job(Lane.BULK)
def import_rows(batch_id: int) -> None:
    """Take the file in piece by piece, each with its progress in one transaction; goes on where the last piece ended.

    Works for a part of its lease, then leaves the rest to a job of its own.
    """
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state != ImportState.RUNNING:
        return
    stop_at = time.monotonic() + settings.JOB_LEASE_SECONDS * LEASE_SHARE
    try:
        with _read_ahead(batch) as pieces:
            for piece in pieces:
                if not _take(batch, piece):
                    return  # somebody else is at it
                if time.monotonic() > stop_at:
                    enqueue(import_rows, key=f"{batch.pk}:{batch.row_done}", batch_id=batch.pk)
                    return
    except UnreadableFile as error:
        _fail(batch, error.fault)
        return
    _finish(batch)


@contextlib.contextmanager
def _read_ahead(batch: ImportBatch) -> Iterator[Iterator[Piece]]:
    """The pieces of a file; the next one is read, checked and sealed by a thread while Postgres takes this one."""
    made, language = _pieces(batch), translation.get_language()

    def make() -> Piece | None:
        with translation.override(language):
            return next(made, None)

    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="import") as reader:

        def pieces() -> Iterator[Piece]:
            coming = reader.submit(make)
            while (piece := coming.result()) is not None:
                coming = reader.submit(make)
                yield piece

        yield pieces()


def _pieces(batch: ImportBatch) -> Iterator[Piece]:
    """The rows that are not settled yet, read and cut into pieces."""
    stream = open_stream(unseal_bytes(bytes(batch.content)), LIMITS)
    read, done = RowReader(batch.target, stream.columns, matches_of(batch)).read, batch.row_done
    rows = (read(row) for row in stream.rows if row.number > done)
    while True:
        stager = Stager(batch.target, verified=batch.is_verified)
        for row in itertools.islice(rows, CHUNK_ROWS):
            stager.add(row)
        piece = stager.piece()
        if not piece.size:
            return
        yield piece


_CLAIM = "SELECT row_done FROM customers_importbatch WHERE id = %s AND state = 'running' FOR UPDATE"


def _take(batch: ImportBatch, piece: Piece) -> bool:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [batch.pk])
            if cursor.fetchone() != (batch.row_done,):
                return False
        counts = take_chunk(batch, piece)
        batch.row_done = piece.last
        _note(batch, piece.size, counts)
    return True


_COUNTED = ("created", "matched", "added", "duplicate", "refused", "flagged")


def _note(batch: ImportBatch, number: int, counts: Counts) -> None:
    batch.rows_read += number
    for name in _COUNTED:
        setattr(batch, f"rows_{name}", getattr(batch, f"rows_{name}") + getattr(counts, name))
    batch.save(update_fields=["row_done", "rows_read", *(f"rows_{name}" for name in _COUNTED)])


@transaction.atomic
def _finish(batch: ImportBatch) -> None:
    if ImportBatch.objects.filter(pk=batch.pk, state=ImportState.RUNNING).update(
        state=ImportState.DONE, finished_at=clock.now(), content=b"", rows_total=batch.rows_read
    ):
        record(ImportFinished(batch.pk, batch.target), key=f"import.finished:{batch.pk}")


def _fail(batch: ImportBatch, fault: FileFault) -> None:
    """The file broke in the middle: what came before it stays, and can be rolled back."""
    ImportBatch.objects.filter(pk=batch.pk).update(
        state=ImportState.FAILED, error=fault.value, finished_at=clock.now(), content=b""
    )
