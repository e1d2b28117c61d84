"""Orders: the mini-program's API, the cashier's notices, staff pages."""

from django.urls import path

from orders import api, callbacks

app_name = "orders"

api_urlpatterns = [
    path("orders", api.OrdersView.as_view(), name="api_orders"),
    path("orders/<str:no>", api.OrderView.as_view(), name="api_order"),
    path("orders/<str:no>/pay", api.PayView.as_view(), name="api_pay"),
    path("orders/<str:no>/cancel", api.CancelView.as_view(), name="api_cancel"),
]
callback_urlpatterns = [path("pay", callbacks.notify, name="notify")]
urlpatterns: list[object] = []
