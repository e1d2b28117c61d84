"""How far a back-fill is: of the customers who differed, those whose portion has been done."""

import dataclasses

from django.db import connection

from tagging.models import RuleRun, TagRule

# What is left: the customers of portions that still wait, run or failed. Only waiting and running jobs are many, and those
# stand in small indexes of their own.
_LEFT = """
SELECT coalesce(sum(jsonb_array_length(args->'customer_ids')) FILTER (WHERE state IN ('pending', 'running')), 0),
    coalesce(sum(jsonb_array_length(args->'customer_ids')) FILTER (WHERE state = 'failed'), 0)
FROM core_job WHERE state IN ('pending', 'running', 'failed') AND function = 'tagging.services.refresh.refresh_batch'
    AND starts_with(key, %s)
"""


@dataclasses.dataclass(frozen=True)
class Progress:
    """A back-fill: `done` of `total` customers; `total` is None while everybody is still being asked."""

    run: RuleRun
    total: int | None
    done: int
    failed: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.total is not None and self.done + self.failed >= self.total


def progress_of(rule: TagRule) -> Progress | None:
    """The newest back-fill of a rule; None when there never was one."""
    run = rule.runs.first()
    if run is None or run.total is None:
        return None if run is None else Progress(run, None, 0)
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [f"refresh_batch:{run.stamp}:"])
        left, failed = cursor.fetchone()
    return Progress(run, run.total, max(run.total - left - failed, 0), failed)
