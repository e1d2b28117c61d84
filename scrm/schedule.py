"""Time -> jobs. Wall times are Shanghai's."""

from core.schedule import Daily, Every

SCHEDULE: list[Every | Daily] = [
    Daily("00:20", "core.services.ensure_event_partitions"),
    Daily("03:40", "core.services.prune_ledger"),
]
