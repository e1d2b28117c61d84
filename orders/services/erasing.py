"""Orders of somebody who was forgotten: under a number for three years, then gone."""

from collections.abc import Sequence

from django.db import connection, transaction

from orders.choices import InvoiceKind
from orders.models import Invoice, Order, OrderChange, OrderContact, OrderTraveller, Payment, Refund


def blank_payers(customer_ids: Sequence[int]) -> int:
    """Take payers, travellers, contacts and addresses out of the orders; amounts, numbers and dates stay."""
    OrderTraveller.objects.filter(order__customer__in=customer_ids).update(name="", traveller=None, document=None)
    OrderContact.objects.filter(order__customer__in=customer_ids).delete()
    Invoice.objects.filter(order__customer__in=customer_ids, kind=InvoiceKind.PERSON).update(title="")
    Invoice.objects.filter(order__customer__in=customer_ids).update(email_sealed=b"", email_masked="")
    return Payment.objects.filter(order__customer__in=customer_ids).exclude(openid="").update(openid="")


def delete_orders(customer_ids: Sequence[int]) -> int:
    """Delete the orders with their payments and refunds; the number of orders. Only when their time is over."""
    with transaction.atomic():
        orders = Order.objects.filter(customer__in=customer_ids)
        ids = list(orders.values_list("pk", flat=True))
        Refund.objects.filter(payment__order__in=ids, leader__isnull=False).delete()
        Refund.objects.filter(payment__order__in=ids).delete()
        OrderChange.objects.filter(order__in=ids).delete()
        Invoice.objects.filter(order__in=ids).delete()
        Payment.objects.filter(order__in=ids).delete()
        orders.delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM orders_orderhistory WHERE pgh_obj_id = ANY(%s)", [ids])
    return len(ids)
