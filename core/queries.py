"""Reads over the ledger."""

from django.db import connection

_LAG = """
SELECT lane, extract(epoch FROM clock_timestamp() - min(run_at))::float
FROM core_job WHERE state = 'pending' AND run_at <= clock_timestamp() GROUP BY lane
"""


def lane_lag_seconds() -> dict[str, float]:
    """Lane -> age in seconds of its oldest due job; lanes with nothing due are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_LAG)
        return {lane: round(age, 1) for lane, age in cursor.fetchall()}
