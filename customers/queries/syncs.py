"""Reads over the synchronisations with WeCom."""

from collections.abc import Sequence

from customers.models import SyncRepair, SyncRun

SHOWN = 4


def newest_runs() -> list[SyncRun]:
    """The latest runs, newest first."""
    return list(SyncRun.objects.select_related("started_by").order_by("-started_at")[:SHOWN])


def repairs_of(run_ids: Sequence[int]) -> list[SyncRepair]:
    """The latest things that these runs put right."""
    found = SyncRepair.objects.filter(run__in=run_ids).select_related("run", "relationship__customer", "relationship__user")
    return list(found.order_by("-pk")[:8])
