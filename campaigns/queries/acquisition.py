"""What each channel costs and brings: from exposures to paid orders, cost per friend, and when the money came back."""

import dataclasses
import datetime as dt
from decimal import Decimal

from django.db import connection

_ROWS = """
WITH channel AS (SELECT id, parent_id, name, kind FROM customers_acquisitionchannel WHERE archived_at IS NULL),
friend AS (
    SELECT DISTINCT ON (rel.customer_id) rel.customer_id, way.channel_id, rel.added_at, rel.state = 'active' AS stays
    FROM customers_relationship AS rel JOIN customers_contactway AS way ON way.state = rel.channel_state
    WHERE rel.channel_state <> '' ORDER BY rel.customer_id, rel.added_at
),
newcomer AS (SELECT * FROM friend WHERE added_at >= %(start)s AND added_at < %(end)s),
deed AS (
    SELECT newcomer.channel_id, newcomer.customer_id,
        bool_or(event.kind IN ('chat.received', 'advisor.asked')) AS spoke, bool_or(event.kind = 'quote.opened') AS quoted
    FROM newcomer JOIN core_event AS event ON event.customer_id = newcomer.customer_id AND event.occurred_at >= newcomer.added_at
        AND event.kind IN ('chat.received', 'advisor.asked', 'quote.opened')
    GROUP BY newcomer.channel_id, newcomer.customer_id
),
bought AS (
    SELECT newcomer.channel_id, count(DISTINCT placed.customer_id) AS buyers,
        sum(placed.paid_amount - placed.refunded_amount) AS revenue
    FROM newcomer JOIN orders_order AS placed ON placed.customer_id = newcomer.customer_id AND placed.paid_at >= newcomer.added_at
    GROUP BY newcomer.channel_id
),
spent AS (
    SELECT channel_id, sum(amount) AS cost, sum(exposures) AS exposures FROM campaigns_channelcost
    WHERE day >= %(first)s AND day <= %(last)s GROUP BY channel_id
),
opened AS (
    SELECT channel_id, sum(opened) AS opened FROM (
        SELECT way.channel_id, day.opened FROM customers_wayday AS day JOIN customers_contactway AS way ON way.id = day.way_id
        WHERE day.day >= %(first)s AND day.day <= %(last)s
        UNION ALL
        SELECT link.channel_id, day.opened FROM campaigns_linkday AS day JOIN campaigns_shortlink AS link ON link.id = day.link_id
        WHERE day.day >= %(first)s AND day.day <= %(last)s) AS both_kinds GROUP BY channel_id
)
SELECT channel.id, channel.parent_id, channel.name, channel.kind, coalesce(spent.exposures, 0), coalesce(opened.opened, 0),
    (SELECT count(*) FROM newcomer WHERE newcomer.channel_id = channel.id),
    (SELECT count(*) FROM newcomer WHERE newcomer.channel_id = channel.id AND stays),
    (SELECT count(*) FROM deed WHERE deed.channel_id = channel.id AND spoke),
    (SELECT count(*) FROM deed WHERE deed.channel_id = channel.id AND quoted),
    coalesce(bought.buyers, 0), coalesce(bought.revenue, 0), coalesce(spent.cost, 0)
FROM channel LEFT JOIN spent ON spent.channel_id = channel.id LEFT JOIN opened ON opened.channel_id = channel.id
LEFT JOIN bought ON bought.channel_id = channel.id
ORDER BY coalesce(bought.revenue, 0) DESC, channel.name
"""
# The first day on which a channel's newcomers had paid more than it had cost by then.
_PAID_BACK = """
WITH friend AS (
    SELECT DISTINCT ON (rel.customer_id) rel.customer_id, way.channel_id, rel.added_at
    FROM customers_relationship AS rel JOIN customers_contactway AS way ON way.state = rel.channel_state
    WHERE rel.channel_state <> '' ORDER BY rel.customer_id, rel.added_at
),
flow AS (
    SELECT channel_id, day, -amount AS amount FROM campaigns_channelcost WHERE day >= %(first)s AND day <= %(last)s
    UNION ALL
    SELECT friend.channel_id, (placed.paid_at AT TIME ZONE 'Asia/Shanghai')::date, placed.paid_amount - placed.refunded_amount
    FROM friend JOIN orders_order AS placed ON placed.customer_id = friend.customer_id AND placed.paid_at >= friend.added_at
    WHERE friend.added_at >= %(start)s AND friend.added_at < %(end)s
),
daily AS (SELECT channel_id, day, sum(amount) AS amount FROM flow GROUP BY channel_id, day),
running AS (
    SELECT channel_id, day, sum(amount) OVER (PARTITION BY channel_id ORDER BY day) AS balance,
        min(day) OVER (PARTITION BY channel_id) AS began FROM daily
)
SELECT channel_id, min(day) - min(began) FROM running WHERE balance >= 0
    AND channel_id IN (SELECT channel_id FROM campaigns_channelcost WHERE day >= %(first)s AND day <= %(last)s AND amount > 0)
    AND day > (SELECT min(cost.day) FROM campaigns_channelcost AS cost WHERE cost.channel_id = running.channel_id
        AND cost.day >= %(first)s) - 1
GROUP BY channel_id
"""


@dataclasses.dataclass(frozen=True)
class ChannelRow:
    """A channel in a period; amounts in yuan. `paid_back_days`: after how many days its newcomers' payments covered its cost."""

    id: int
    parent_id: int | None
    name: str
    kind: str
    exposures: int
    opened: int
    added: int
    stayed: int
    spoke: int
    quoted: int
    ordered: int
    revenue: Decimal
    cost: Decimal
    paid_back_days: int | None = None

    @property
    def per_friend(self) -> Decimal | None:
        """Cost of one new friend; None without cost or friends."""
        return self.cost / self.added if self.cost and self.added else None

    @property
    def per_buyer(self) -> Decimal | None:
        """Cost of one buyer (CAC)."""
        return self.cost / self.ordered if self.cost and self.ordered else None

    @property
    def balance(self) -> Decimal:
        """Payments less cost."""
        return self.revenue - self.cost


def channel_rows(first: dt.date, last: dt.date, start: dt.datetime, end: dt.datetime) -> list[ChannelRow]:
    """Every channel that is in use, for Shanghai days `first` to `last`. Two queries."""
    params = {"first": first, "last": last, "start": start, "end": end}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, params)
        rows = cursor.fetchall()
        cursor.execute(_PAID_BACK, params)
        days = dict(cursor.fetchall())
    return [dataclasses.replace(ChannelRow(*row), paid_back_days=days.get(row[0])) for row in rows]
