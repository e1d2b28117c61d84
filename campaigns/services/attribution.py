"""Which campaign may claim a paid order: the last touch before payment, within that campaign's window.

A click counts before a mere delivery. Recomputed from scratch whenever an order, a delivery or a click is news, so
that lateness, repetition and order do not matter.
"""

from collections.abc import Collection

from django.db import connection, transaction

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


def attribute_orders(*, order_ids: Collection[int] = (), customer_ids: Collection[int] = ()) -> None:
    """Recompute the attribution of these orders, and of all paid orders of these customers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ATTRIBUTE, {"orders": sorted(order_ids), "customers": sorted(customer_ids)})
