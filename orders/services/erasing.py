"""Orders of somebody who was forgotten: under a number for three years, then gone."""

from collections.abc import Sequence

from django.db import connection, transaction

from orders.models import Order, Payment, Refund


def blank_payers(customer_ids: Sequence[int]) -> int:
    """Take the payers' openids out of the payments; amounts, numbers and dates stay."""
    return Payment.objects.filter(order__customer__in=customer_ids).exclude(openid="").update(openid="")


def delete_orders(customer_ids: Sequence[int]) -> int:
    """Delete the orders with their payments and refunds; the number of orders. Only when their time is over."""
    with transaction.atomic():
        orders = Order.objects.filter(customer__in=customer_ids)
        ids = list(orders.values_list("pk", flat=True))
        Refund.objects.filter(payment__order__in=ids).delete()
        Payment.objects.filter(order__in=ids).delete()
        orders.delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM orders_orderhistory WHERE pgh_obj_id = ANY(%s)", [ids])
    return len(ids)
