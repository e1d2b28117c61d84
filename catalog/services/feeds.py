"""A supplier's file from upload to report: read once, applied or put before a person."""

import collections
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from catalog.choices import FeedField, FeedRunState, FileFault, IssueReason, ResourceKind
from catalog.feeds import places
from catalog.feeds.columns import guess_kind, propose
from catalog.feeds.decoding import Table, UnreadableFile, column_samples, open_table
from catalog.feeds.rows import Draft, Outcome, Reader, city_counts
from catalog.models import Destination, FeedRun, Supplier
from catalog.services.matching import match_resources
from catalog.services.resources import Reading, apply_reading
from core import clock
from core.choices import Lane
from core.errors import BadInput, Refused
from core.jobs import enqueue, job
from core.tables.columns import Match, chosen
from staff.models import User

PROGRESS_ROWS = 500


@transaction.atomic
def upload_feed(
    *, supplier: Supplier, filename: str, content: bytes, user: User | None, kind: str = "", city: str = "", is_full: bool = True
) -> FeedRun:
    """Take a supplier's file and have it read in the background; the run, whose page shows the progress.

    The same content is read once: a second upload returns the first run. Only where another file was applied since
    is it read again, which brings its state back. BadInput when it is no readable table, or of no tellable kind.
    """
    try:
        table = open_table(content)
    except UnreadableFile as error:
        raise BadInput(str(error.fault.label), {"file": str(error.fault.label)}) from error
    matches = propose(table.columns, column_samples(table))
    found = kind or _kind(table, matches)
    if not found:
        raise BadInput(_("Say what the file lists."), {"kind": _("The file does not tell what it lists; please choose.")})
    digest = hashlib.sha256(content).hexdigest()
    run, is_new = FeedRun.objects.get_or_create(
        supplier=supplier,
        kind=found,
        content_sha256=digest,
        defaults={
            "format": table.format,
            "filename": filename[-200:],
            "content": content,
            "mapping": {"columns": _stored(matches)},
            "city": city,
            "is_full": is_full,
            "rows_total": len(table.rows),
            "created_by": user,
        },
    )
    if is_new:
        _start_if_certain(run, matches)
    elif _is_overtaken(run):
        _restart(run, decided_by=None)
    return run


def _kind(table: Table, matches: list[Match]) -> ResourceKind | None:
    column = next((index for index, match in enumerate(matches) if match.field == FeedField.KIND), None)
    sample = column_samples(table)[column] if column is not None else []
    return guess_kind(table.columns, sample)


def _stored(matches: list[Match]) -> list[tuple[str, str, float]]:
    return [(match.column, str(match.field), match.confidence) for match in matches]


def matches_of(run: FeedRun) -> list[Match]:
    """What each column of the run's file means."""
    return [Match(column, FeedField(field), confidence) for column, field, confidence in run.mapping.get("columns", [])]


def _start_if_certain(run: FeedRun, matches: list[Match]) -> bool:
    """Read at once when the name's column is certain; otherwise the page asks."""
    certain = any(match.field == FeedField.NAME and match.is_certain for match in matches)
    if certain:
        enqueue(read_feed, key=str(run.pk), run_id=run.pk)
    return certain


def _is_overtaken(run: FeedRun) -> bool:
    """Whether the run may be read again: it came to nothing, or another file was applied after it."""
    if run.state in {FeedRunState.FAILED, FeedRunState.REJECTED}:
        return True
    return run.state == FeedRunState.APPLIED and _newer_applied(run).exists()


def _newer_applied(run: FeedRun) -> QuerySet[FeedRun]:
    return FeedRun.objects.filter(
        supplier_id=run.supplier_id, kind=run.kind, state=FeedRunState.APPLIED, finished_at__gt=run.finished_at or run.created_at
    ).exclude(pk=run.pk)


def _restart(run: FeedRun, *, decided_by: User | None) -> None:
    run.state = FeedRunState.UPLOADED
    run.decided_by = decided_by
    run.decided_at = clock.now() if decided_by else None
    run.rows_read = 0
    run.save(update_fields=["state", "decided_by", "decided_at", "rows_read"])
    enqueue(read_feed, key=str(run.pk), run_id=run.pk)


@transaction.atomic
def remap_feed(run: FeedRun, fields: Mapping[str, str], *, user: User) -> None:
    """Read the file again with a person's choice of columns (label -> FeedField). Refused while it is being read."""
    if run.state == FeedRunState.RUNNING:
        raise Refused(_("The file is being read; please wait."), "running")
    matches = chosen(matches_of(run), corrections={column: FeedField(field) for column, field in fields.items()})
    used = [match.field for match in matches if match.field not in {FeedField.EXTRA, FeedField.SKIP}]
    twice = {field for field in used if used.count(field) > 1}
    if twice:
        raise BadInput(_("Two columns cannot mean the same."), {str(field): _("chosen twice") for field in twice})
    if FeedField.NAME not in used:
        raise BadInput(str(FileFault.NO_NAME_COLUMN.label), {FeedField.NAME.value: str(FileFault.NO_NAME_COLUMN.label)})
    run.mapping = {"columns": _stored(matches)}
    run.save(update_fields=["mapping"])
    _restart(run, decided_by=None)


@transaction.atomic
def approve_feed(run: FeedRun, *, user: User) -> None:
    """Apply a quarantined file, or the fivefold price changes an applied file held back.

    Refused when there is nothing to approve, or a newer file was applied since.
    """
    held = run.state == FeedRunState.APPLIED and run.issues.filter(reason=IssueReason.PRICE_JUMP, severity="refused").exists()
    if run.state != FeedRunState.QUARANTINED and not held:
        raise Refused(_("Nothing is waiting for approval here."), "not_quarantined")
    if _newer_applied(run).exists():
        raise Refused(_("A newer file was applied since. Upload this one again to go back to it."), "superseded")
    _restart(run, decided_by=user)


def reject_feed(run: FeedRun, *, user: User) -> None:
    """Leave everything as it is. Refused unless the file waits for approval."""
    changed = FeedRun.objects.filter(pk=run.pk, state=FeedRunState.QUARANTINED).update(
        state=FeedRunState.REJECTED, decided_by=user, decided_at=clock.now()
    )
    if not changed:
        raise Refused(_("Nothing is waiting for approval here."), "not_quarantined")


@job(Lane.USUAL, coalesce=True)
def read_feed(run_id: int) -> None:
    """Read a file and apply it; the page follows `rows_read`. Safe to run twice: the second finds it finished."""
    started = FeedRun.objects.filter(pk=run_id, state__in=[FeedRunState.UPLOADED, FeedRunState.RUNNING]).update(
        state=FeedRunState.RUNNING, error="", rows_read=0
    )
    if not started:
        return
    run = FeedRun.objects.get(pk=run_id)
    cities = _cities()
    try:
        reading = _read(run, frozenset(cities))
    except UnreadableFile as error:
        _fail(run, error.fault)
        return
    if apply_reading(run.pk, reading, cities) == FeedRunState.APPLIED:
        enqueue(match_resources, key=run.kind, kind=run.kind)


def _cities() -> dict[str, int]:
    """City -> destination."""
    return {city: pk for pk, cities in Destination.objects.values_list("pk", "cities") for city in cities}


def _fail(run: FeedRun, fault: FileFault) -> None:
    FeedRun.objects.filter(pk=run.pk).update(state=FeedRunState.FAILED, error=fault.value, finished_at=clock.now())


def _read(run: FeedRun, cities: frozenset[str]) -> Reading:
    table = open_table(bytes(run.content))
    matches = matches_of(run)
    if not any(match.field == FeedField.NAME and match.is_certain for match in matches):
        raise UnreadableFile(FileFault.NO_NAME_COLUMN)
    known = places.with_places(cities)
    counts = city_counts(table, matches, known)
    city = run.city or places.assumed_city(counts)
    reader = Reader(table.columns, matches, ResourceKind(run.kind), known_cities=known, default_city=city, today=clock.today())
    outcomes = list(_with_progress(run, reader, table))
    drafts = [outcome.draft for outcome in outcomes if outcome.draft is not None]
    refused = [outcome.external_id for outcome in outcomes if outcome.draft is None]
    issues = [issue for outcome in outcomes for issue in outcome.issues]
    findings = _findings(drafts, cities, city, counts.get("", 0))
    return Reading(drafts, refused, issues, findings)


def _findings(drafts: list[Draft], cities: frozenset[str], city: str, rows_without: int) -> dict[str, Any]:
    """What concerns the file as a whole: rows put into an assumed city, rows where no destination of ours is."""
    elsewhere = collections.Counter(draft.city for draft in drafts if draft.city in places.CITIES and draft.city not in cities)
    assumed = {"assumed_city": {"city": city, "rows": rows_without}} if city and rows_without else {}
    return {**assumed, "no_destination": dict(elsewhere.most_common(20))}


def _with_progress(run: FeedRun, reader: Reader, table: Table) -> Iterator[Outcome]:
    for count, outcome in enumerate(reader.read_all(table.rows), start=1):
        if count % PROGRESS_ROWS == 0:
            FeedRun.objects.filter(pk=run.pk).update(rows_read=count, rows_total=len(table.rows))
        yield outcome
