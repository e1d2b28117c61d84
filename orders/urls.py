"""Orders: staff pages, the mini-program's API, the cashier's notices."""

from django.urls import path

from orders import callbacks

app_name = "orders"
urlpatterns = [
    path("callbacks/pay", callbacks.notify, name="notify"),
]
