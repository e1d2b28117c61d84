"""Lines for the orders that were placed before an order had any."""

from django.db import migrations

FILL = """
INSERT INTO orders_orderline (order_id, position, kind, name, departure_id, starts_on, quantity, unit_amount, terms, returned_quantity)
SELECT bought.id, part.position, part.kind, left(product.name, 80), CASE WHEN part.kind <> 'supplement' THEN departure.id END,
    departure.departs_on, part.quantity, part.unit, product.cancellation,
    CASE WHEN bought.state = 'refunded' THEN part.quantity ELSE 0 END
FROM orders_order AS bought JOIN catalog_departure AS departure ON departure.id = bought.departure_id
JOIN catalog_product AS product ON product.id = bought.product_id
CROSS JOIN LATERAL (VALUES
    (1, 'adult', bought.adults, bought.adult_amount), (2, 'child', bought.children, bought.child_amount),
    (3, 'supplement', CASE WHEN bought.extra_amount <> 0 THEN 1 ELSE 0 END, bought.extra_amount)
) AS part (position, kind, quantity, unit)
WHERE part.quantity > 0 AND NOT EXISTS (SELECT FROM orders_orderline AS line WHERE line.order_id = bought.id)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_whole_orders'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
