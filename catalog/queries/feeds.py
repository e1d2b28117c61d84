"""Suppliers' files: the newest ones, and the report of one."""

import dataclasses
from collections.abc import Iterator

from django.db.models import Count, Q, QuerySet

from catalog.choices import IssueReason, IssueSeverity
from catalog.models import FeedIssue, FeedRun

PAGE = 50
NEWEST = 20
_HEAVY = ("content", "findings", "mapping")


def newest_runs(limit: int = NEWEST) -> list[FeedRun]:
    """The newest files, without their content. One query."""
    return list(FeedRun.objects.defer(*_HEAVY).select_related("supplier", "created_by").order_by("-created_at", "-id")[:limit])


def run_without_content(run_id: int) -> FeedRun | None:
    """One file's run; its content stays in the database."""
    found = FeedRun.objects.defer("content").select_related("supplier", "created_by", "decided_by")
    return found.filter(pk=run_id).first()


@dataclasses.dataclass(frozen=True)
class ReasonCount:
    """How many rows have one complaint."""

    reason: str
    label: str
    severity: str
    number: int

    @property
    def is_refusal(self) -> bool:
        """Whether these rows were not taken."""
        return self.severity == IssueSeverity.REFUSED


def reasons_of(run: FeedRun) -> list[ReasonCount]:
    """The complaints of a run, refusals first, the frequent ones first."""
    rows = FeedIssue.objects.filter(run=run).values("reason", "severity").annotate(number=Count("id"))
    counts = [ReasonCount(row["reason"], reason_label(row["reason"]), row["severity"], row["number"]) for row in rows]
    return sorted(counts, key=lambda one: (not one.is_refusal, -one.number, one.reason))


def reason_label(reason: str) -> str:
    """The words for a reason; the bare word for one that an older version knew."""
    return str(IssueReason(reason).label) if reason in IssueReason else reason


@dataclasses.dataclass(frozen=True)
class IssueFilter:
    """What of a report is shown; empty values ask for nothing."""

    reason: str = ""
    severity: str = ""
    q: str = ""


@dataclasses.dataclass(frozen=True)
class IssuePage:
    """Rows in the file's order, and the cursor of the next page (empty at the end)."""

    rows: list[FeedIssue]
    after: str


def read_issues(run: FeedRun, wanted: IssueFilter, after: str) -> IssuePage:
    """One page of a report. `after` is the id of the last row before it; nonsense starts anew."""
    found = issues_of(run, wanted)
    last = found.filter(pk=int(after)).values_list("row_no", "pk").first() if after.isascii() and after.isdigit() else None
    if last is not None:
        found = found.filter(Q(row_no__gt=last[0]) | Q(row_no=last[0], pk__gt=last[1]))
    rows = list(found[: PAGE + 1])
    return IssuePage(rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else "")


def issues_of(run: FeedRun, wanted: IssueFilter) -> QuerySet[FeedIssue]:
    """The complaints of a run that fit, in the file's order."""
    found = FeedIssue.objects.filter(run=run).order_by("row_no", "pk")
    if wanted.reason:
        found = found.filter(reason=wanted.reason)
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    return found.filter(Q(name__icontains=wanted.q) | Q(value__icontains=wanted.q)) if wanted.q else found


def report_lines(run: FeedRun, wanted: IssueFilter) -> Iterator[list[str]]:
    """The report as rows of text, for a CSV; streamed, so that ten thousand complaints take no memory."""
    for issue in issues_of(run, wanted).iterator(chunk_size=2000):
        severity = str(IssueSeverity(issue.severity).label)
        yield [str(issue.row_no), issue.name, issue.field, issue.value, reason_label(issue.reason), severity]
