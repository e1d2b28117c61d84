"""What the bot does when something happens elsewhere."""

from core.event_types import ChatReceived, OrderPlaced
from messaging.services.touches import credit_order
from orders.models import Order
from service_bot.services.responding import hear


def on_chat_received(fact: ChatReceived) -> None:
    """The customer wrote."""
    hear(fact.message_id)


def on_order_placed(fact: OrderPlaced) -> None:
    """An order may come from a card that was offered in a chat."""
    order = Order.objects.select_related("product").filter(pk=fact.order_id).first()
    if order is not None:
        credit_order(customer_id=fact.customer_id, product_code=order.product.code, order_id=order.pk)
