"""Orders: the mini-program's API, the cashier's notices, staff pages."""

from django.urls import path

from orders import api, callbacks
from orders.views import actions, bills, pages

app_name = "orders"

api_urlpatterns = [
    path("orders", api.OrdersView.as_view(), name="api_orders"),
    path("orders/preview", api.PreviewView.as_view(), name="api_preview"),
    path("service-orders", api.ServiceOrdersView.as_view(), name="api_service_orders"),
    path("offers", api.OffersView.as_view(), name="api_offers"),
    path("orders/<str:no>", api.OrderView.as_view(), name="api_order"),
    path("orders/<str:no>/refund-preview", api.RefundPreviewView.as_view(), name="api_refund_preview"),
    path("orders/<str:no>/refunds", api.RefundsView.as_view(), name="api_refunds"),
    path("orders/<str:no>/change-preview", api.ChangePreviewView.as_view(), name="api_change_preview"),
    path("orders/<str:no>/change", api.ChangeView.as_view(), name="api_change"),
    path("orders/<str:no>/travellers", api.TravellersView.as_view(), name="api_travellers"),
    path("orders/<str:no>/invoice", api.InvoiceView.as_view(), name="api_invoice"),
    path("orders/<str:no>/pay", api.PayView.as_view(), name="api_pay"),
    path("orders/<str:no>/cancel", api.CancelView.as_view(), name="api_cancel"),
]
callback_urlpatterns = [path("pay", callbacks.notify, name="notify")]
urlpatterns = [
    path("bills", bills.bill_list, name="bills"),
    path("bills/<str:day>", bills.bill, name="bill"),
    path("bills/<str:day>/<int:difference_id>", bills.bill_explain, name="bill_explain"),
    path("orders", pages.order_list, name="list"),
    path("orders/<str:no>", pages.order_detail, name="detail"),
    path("orders/<str:no>/body", pages.order_body, name="body"),
    path("orders/<str:no>/cancel", actions.cancel, name="cancel"),
    path("orders/<str:no>/refunds", actions.refund, name="refund"),
    path("orders/<str:no>/refunds/<int:refund_id>/decide", actions.decide, name="decide"),
    path("customers/<int:customer_id>/orders", pages.customer_panel, name="customer_panel"),
]
