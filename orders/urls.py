"""Orders: the mini-program's API, the cashier's notices, staff pages."""

from django.urls import path

from orders import api, callbacks
from orders.views import actions, pages

app_name = "orders"

api_urlpatterns = [
    path("orders", api.OrdersView.as_view(), name="api_orders"),
    path("orders/<str:no>", api.OrderView.as_view(), name="api_order"),
    path("orders/<str:no>/pay", api.PayView.as_view(), name="api_pay"),
    path("orders/<str:no>/cancel", api.CancelView.as_view(), name="api_cancel"),
]
callback_urlpatterns = [path("pay", callbacks.notify, name="notify")]
urlpatterns = [
    path("orders", pages.order_list, name="list"),
    path("orders/<str:no>", pages.order_detail, name="detail"),
    path("orders/<str:no>/body", pages.order_body, name="body"),
    path("orders/<str:no>/cancel", actions.cancel, name="cancel"),
    path("orders/<str:no>/refunds", actions.refund, name="refund"),
    path("orders/<str:no>/refunds/<int:refund_id>/decide", actions.decide, name="decide"),
    path("customers/<int:customer_id>/orders", pages.customer_panel, name="customer_panel"),
]
