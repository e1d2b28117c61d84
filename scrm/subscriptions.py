"""Fact -> who hears of it. Every handler in the house is on this page."""

from collections.abc import Iterable

from core.event_types import CustomerActive, Fact, MessageClicked, MessageSent, OrderPaid, OrderPlaced, OrderRefunded
from core.events import Subscription

SUBSCRIPTIONS: dict[type[Fact], Iterable[str | Subscription]] = {
    CustomerActive: [Subscription("campaigns.handlers.on_customer_active", coalesce=True, batch=True)],
    MessageSent: [Subscription("campaigns.handlers.on_message_news", coalesce=True, batch=True)],
    MessageClicked: [Subscription("campaigns.handlers.on_message_news", coalesce=True, batch=True)],
    OrderPlaced: [Subscription("campaigns.handlers.on_customer_active", coalesce=True, batch=True)],
    OrderPaid: ["campaigns.handlers.on_order_paid"],
    OrderRefunded: ["campaigns.handlers.on_order_refunded"],
}
