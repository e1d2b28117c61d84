"""Membership: staff pages, and the mini-program's API."""

from django.urls import path

from membership import api
from membership.views import coupons, points, records, tiers, work

app_name = "membership"

api_urlpatterns = [
    path("member", api.MemberView.as_view(), name="api_member"),
    path("points", api.PointsView.as_view(), name="api_points"),
    path("coupons", api.CouponsView.as_view(), name="api_coupons"),
    path("coupons/centre", api.CouponCentreView.as_view(), name="api_centre"),
    path("coupons/code", api.CodeView.as_view(), name="api_code"),
    path("coupons/centre/<int:template_id>/claim", api.ClaimView.as_view(), name="api_claim"),
    path("member-tasks", api.TasksView.as_view(), name="api_tasks"),
    path("member-tasks/<str:task>/complete", api.TaskView.as_view(), name="api_task"),
    path("checkin", api.CheckInView.as_view(), name="api_checkin"),
    path("invitations", api.InvitationView.as_view(), name="api_invitations"),
    path("mall", api.MallView.as_view(), name="api_mall"),
    path("mall/orders", api.ExchangesView.as_view(), name="api_exchanges"),
    path("mall/<int:item_id>/redeem", api.RedeemView.as_view(), name="api_redeem"),
    path("services", api.ServicesView.as_view(), name="api_services"),
    path("services/orders", api.BookingsView.as_view(), name="api_bookings"),
    path("services/orders/<str:booking_no>/cancel", api.CancelBookingView.as_view(), name="api_booking_cancel"),
    path("services/slots/<int:slot_id>/orders", api.BookView.as_view(), name="api_book"),
]
urlpatterns = [
    path("membership", tiers.overview, name="overview"),
    path("membership/draft", tiers.draft, name="draft"),
    path("membership/draft/save", tiers.save, name="save"),
    path("membership/draft/simulation", tiers.simulation, name="simulation"),
    path("membership/draft/publish", tiers.publish, name="publish"),
    path("membership/roll-back", tiers.back, name="roll_back"),
    path("membership/points", points.ledger, name="points"),
    path("membership/points/adjustments", points.adjust, name="adjust"),
    path("membership/points/adjustments/<int:adjustment_id>", points.decide, name="decide"),
    path("membership/points/proof", points.prove, name="prove"),
    path("membership/tasks", work.task_page, name="tasks"),
    path("membership/tasks/done/<int:done_id>", work.check_task, name="check_task"),
    path("membership/mall", work.mall_page, name="mall"),
    path("membership/mall/orders/<int:exchange_id>", work.finish_exchange, name="finish_exchange"),
    path("membership/mall/bookings/<int:booking_id>", work.finish_booking, name="finish_booking"),
    path("membership/mall/services/<int:service_id>/slots", work.slots, name="slots"),
    path("membership/gifts", work.gifts, name="gifts"),
    path("membership/records/<slug:kind>", records.new, name="record_new"),
    path("membership/records/<slug:kind>/<int:record_id>", records.edit, name="record_edit"),
    path("coupons", coupons.template_list, name="coupons"),
    path("coupons/new", coupons.new, name="coupon_new"),
    path("coupons/redeem", coupons.redeem, name="coupon_redeem"),
    path("coupons/<int:template_id>", coupons.detail, name="coupon"),
    path("coupons/<int:template_id>/state", coupons.set_state, name="coupon_state"),
    path("coupons/<int:template_id>/issue", coupons.issue, name="coupon_issue"),
    path("coupons/<int:template_id>/codes/<int:batch_id>", coupons.codes, name="coupon_codes"),
    path("coupons/<int:template_id>/void/<int:coupon_id>", coupons.void, name="coupon_void"),
    path("customers/<int:customer_id>/membership", work.customer_panel, name="customer_panel"),
    path("customers/<int:customer_id>/membership/benefits/<slug:benefit>", work.use, name="use_benefit"),
]
