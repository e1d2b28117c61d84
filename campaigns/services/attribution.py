"""Which campaign may claim a paid order: the last touch before payment, within that campaign's window.

A click counts before a mere delivery. Recomputed from scratch whenever an order, a delivery or a click is news, so
that lateness, repetition and order do not matter.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db import connection, transaction

from campaigns.models import TouchCredit
from campaigns.rules.credit import credit

# An order placed from a card is proof that the card was opened, even if the click itself was lost on its way.
_TOUCHES = """
SELECT DISTINCT ON (placed.id) placed.id AS order_id, message.id AS message_id, message.campaign_id, touch.at,
    placed.paid_amount - placed.refunded_amount AS amount
FROM orders_order AS placed
JOIN messaging_message AS message ON message.customer_id = placed.customer_id AND message.campaign_id IS NOT NULL
JOIN campaigns_campaign AS campaign ON campaign.id = message.campaign_id
CROSS JOIN LATERAL (VALUES
    (true, message.clicked_at),
    (true, CASE WHEN placed.message_id = message.id THEN placed.placed_at END),
    (false, CASE WHEN message.state = 'sent' THEN message.sent_at END)
) AS touch (is_click, at)
WHERE placed.paid_at IS NOT NULL AND (placed.id = ANY(%(orders)s) OR placed.customer_id = ANY(%(customers)s))
  AND touch.at <= placed.paid_at AND touch.at > placed.paid_at - make_interval(days => campaign.attribution_days)
ORDER BY placed.id, touch.is_click DESC, touch.at DESC, message.id DESC
"""
_ATTRIBUTE = f"""
WITH touch AS MATERIALIZED ({_TOUCHES}),
gone AS (
    DELETE FROM campaigns_attribution AS old USING orders_order AS placed
    WHERE placed.id = old.order_id AND (placed.id = ANY(%(orders)s) OR placed.customer_id = ANY(%(customers)s))
      AND NOT EXISTS (SELECT 1 FROM touch WHERE touch.order_id = old.order_id)
)
INSERT INTO campaigns_attribution AS old (order_id, campaign_id, message_id, amount, touched_at)
SELECT order_id, campaign_id, message_id, amount, at FROM touch ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET campaign_id = EXCLUDED.campaign_id, message_id = EXCLUDED.message_id,
    amount = EXCLUDED.amount, touched_at = EXCLUDED.touched_at
WHERE (old.campaign_id, old.message_id, old.amount, old.touched_at)
    IS DISTINCT FROM (EXCLUDED.campaign_id, EXCLUDED.message_id, EXCLUDED.amount, EXCLUDED.touched_at)
"""  # noqa: S608 - a constant; every value is a parameter


# Who bought since these campaigns began and was sent one of them. Holds end after half an hour, so what was placed
# long before the launch was not paid after it.
_BUYERS = """
SELECT DISTINCT placed.customer_id
FROM orders_order AS placed
JOIN messaging_message AS message ON message.customer_id = placed.customer_id AND message.campaign_id = ANY(%(campaigns)s)
WHERE placed.paid_at IS NOT NULL
  AND placed.placed_at >= (SELECT min(launched_at) - interval '1 day' FROM campaigns_campaign WHERE id = ANY(%(campaigns)s))
"""


def attribute_buyers(campaign_ids: Collection[int]) -> int:
    """Recompute the attribution of everybody who bought and was sent one of these campaigns; how many people."""
    if not campaign_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_BUYERS, {"campaigns": sorted(campaign_ids)})
        buyers = [row[0] for row in cursor.fetchall()]
    if buyers:
        attribute_orders(customer_ids=buyers)
    return len(buyers)


# Every touch on the way to an order, once per message: its clicks if it has any. Where somebody opened anything, mere
# deliveries do not count, so that the last of these is the touch that `_TOUCHES` credits.
_PATHS = """
WITH path AS (
    SELECT DISTINCT ON (placed.id, message.id) placed.id AS order_id, placed.paid_at,
        placed.paid_amount - placed.refunded_amount AS amount, message.id AS message_id, message.campaign_id,
        touch.is_click, touch.at
    FROM orders_order AS placed
    JOIN messaging_message AS message ON message.customer_id = placed.customer_id AND message.campaign_id IS NOT NULL
    JOIN campaigns_campaign AS campaign ON campaign.id = message.campaign_id
    CROSS JOIN LATERAL (VALUES
        (true, message.clicked_at),
        (true, CASE WHEN placed.message_id = message.id THEN placed.placed_at END),
        (false, CASE WHEN message.state = 'sent' THEN message.sent_at END)
    ) AS touch (is_click, at)
    WHERE placed.paid_at IS NOT NULL AND (placed.id = ANY(%(orders)s) OR placed.customer_id = ANY(%(customers)s))
      AND touch.at <= placed.paid_at AND touch.at > placed.paid_at - make_interval(days => campaign.attribution_days)
    ORDER BY placed.id, message.id, touch.is_click DESC, touch.at DESC
)
SELECT order_id, paid_at, amount, message_id, campaign_id, at
FROM (SELECT path.*, bool_or(is_click) OVER (PARTITION BY order_id) AS any_click FROM path) AS found
WHERE is_click OR NOT any_click
ORDER BY order_id, at, message_id
"""
_OURS = """
SELECT credit.id, credit.order_id, credit.model, credit.message_id, credit.campaign_id, credit.amount
FROM campaigns_touchcredit AS credit JOIN orders_order AS placed ON placed.id = credit.order_id
WHERE placed.id = ANY(%(orders)s) OR placed.customer_id = ANY(%(customers)s)
"""
Step = tuple[int, dt.datetime, Decimal, int, int, dt.datetime]


def _credit_paths(values: dict[str, list[int]]) -> None:
    """Share each order's money under every model; only what changed is written."""
    with connection.cursor() as cursor:
        cursor.execute(_PATHS, values)
        wanted = {line[:4]: line[4] for line in _lines(cursor.fetchall())}
        cursor.execute(_OURS, values)
        held = {row[1:5]: (row[0], row[5]) for row in cursor.fetchall()}
    gone = [pk for line, (pk, amount) in held.items() if wanted.get(line) != amount]
    TouchCredit.objects.filter(id__in=gone).delete()
    fresh = [line for line, amount in wanted.items() if line not in held or held[line][1] != amount]
    TouchCredit.objects.bulk_create(
        [
            TouchCredit(
                order_id=order,
                model=model,
                message_id=message,
                campaign_id=campaign,
                amount=wanted[order, model, message, campaign],
            )
            for order, model, message, campaign in fresh
        ],
        batch_size=2000,
        ignore_conflicts=True,
    )


def _lines(steps: Iterable[Step]) -> Iterable[tuple[int, str, int, int, Decimal]]:
    """(order, model, message, campaign, amount) for every touch of every path."""
    for order_id, path in groupby(steps, itemgetter(0)):
        way = list(path)
        for model, amounts in credit(way[0][2], [step[5] for step in way], way[0][1]).items():
            for step, amount in zip(way, amounts, strict=True):
                yield order_id, model, step[3], step[4], amount


def attribute_orders(*, order_ids: Collection[int] = (), customer_ids: Collection[int] = ()) -> None:
    """Recompute the attribution of these orders, and of all paid orders of these customers."""
    with transaction.atomic(), connection.cursor() as cursor:
        values = {"orders": sorted(order_ids), "customers": sorted(customer_ids)}
        cursor.execute(_ATTRIBUTE, values)
        _credit_paths(values)
