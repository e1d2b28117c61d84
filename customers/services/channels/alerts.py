"""What somebody should see to: opened once, closed by itself when it is over."""

from django.db import connection

from core import clock
from customers.models import ChannelAlert

_OPEN = """
INSERT INTO customers_channelalert AS alert (kind, way_id, user_id, number, opened_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (kind, way_id, user_id) WHERE closed_at IS NULL DO UPDATE SET number = EXCLUDED.number
RETURNING (xmax = 0)
"""


def raise_alert(kind: str, *, way_id: int | None = None, user_id: int | None = None, number: int | None = None) -> bool:
    """Open an alert, or keep the one that is open and its number up to date; whether it is new."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [kind, way_id, user_id, number, clock.now()])
        row = cursor.fetchone()
    return bool(row and row[0])


def close_alert(kind: str, *, way_id: int | None = None, user_id: int | None = None) -> None:
    """What the alert said is over."""
    ChannelAlert.objects.filter(kind=kind, way=way_id, user=user_id, closed_at__isnull=True).update(closed_at=clock.now())


def close_alerts_of(way_id: int) -> None:
    """A code is withdrawn: nothing about it needs anybody."""
    ChannelAlert.objects.filter(way=way_id, closed_at__isnull=True).update(closed_at=clock.now())
