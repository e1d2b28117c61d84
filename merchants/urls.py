"""Merchants: the assistant on their phones, the agency's pages."""

from django.urls import path

from merchants.views import agency, assistant

app_name = "merchants"

urlpatterns = [
    path("merchant", assistant.today, name="today"),
    path("merchant/scan", assistant.scan, name="scan"),
    path("merchant/redeem", assistant.redeem, name="redeem"),
    path("merchant/goods", assistant.goods, name="goods"),
    path("merchant/goods/new", assistant.offer_new, name="offer_new"),
    path("merchant/goods/<int:offer_id>", assistant.offer, name="offer"),
    path("merchant/goods/<int:offer_id>/days", assistant.offer_days, name="offer_days"),
    path("merchant/goods/<int:offer_id>/state", assistant.offer_state, name="offer_state"),
    path("merchant/orders", assistant.orders, name="orders"),
    path("merchant/redemptions", assistant.redemptions, name="redemptions"),
    path("merchant/redemptions/<int:redemption_id>/dispute", assistant.dispute, name="dispute"),
    path("merchant/statements", assistant.statements, name="statements"),
    path("merchant/statements/<int:statement_id>", assistant.statement, name="statement"),
    path("merchant/statements/<int:statement_id>/confirm", assistant.statement_confirm, name="statement_confirm"),
    path("merchant/people", assistant.people, name="people"),
    path("merchant/people/<int:person_id>/end", assistant.person_end, name="person_end"),
    path("merchants", agency.merchant_list, name="list"),
    path("merchants/new", agency.merchant_new, name="new"),
    path("merchants/<slug:merchant_code>", agency.merchant, name="merchant"),
    path("merchants/<slug:merchant_code>/people", agency.person_add, name="person_add"),
    path("merchants/<slug:merchant_code>/people/<int:person_id>/remove", agency.person_remove, name="person_remove"),
    path("merchants/<slug:merchant_code>/statements/<int:statement_id>", agency.statement, name="statement_agency"),
    path("merchants/<slug:merchant_code>/statements/<int:statement_id>/paid", agency.statement_paid, name="statement_paid"),
    path("merchants/<slug:merchant_code>/disputes/<int:dispute_id>", agency.dispute_decide, name="dispute_decide"),
]
