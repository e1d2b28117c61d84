"""Tables of orders."""

from orders.models.bills import Bill, BillDifference
from orders.models.money import CommercePolicy, Invoice, OrderChange, Payment, Refund
from orders.models.offers import Offer
from orders.models.sales import Instalment, Order, OrderContact, OrderLine, OrderQuerySet, OrderTraveller

__all__ = [
    "Bill", "BillDifference", "CommercePolicy", "Instalment", "Invoice", "Offer", "Order", "OrderChange", "OrderContact",
    "OrderLine", "OrderQuerySet", "OrderTraveller", "Payment", "Refund",
]  # fmt: skip
