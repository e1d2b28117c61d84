"""The doors to customers: mini-program API, WeCom callbacks, staff pages."""

from django.urls import path

from customers import callbacks
from customers.api import views as api
from customers.views import bulk, data, detail, fields, households, next_steps, notes, portrait, reviews, saved, web
from customers.views import list as listing

app_name = "customers"

api_urlpatterns = [
    path("auth/login", api.LogInView.as_view(), name="api_login"),
    path("auth/logout", api.LogOutView.as_view(), name="api_logout"),
    path("web-ticket", api.WebTicketView.as_view(), name="api_web_ticket"),
    path("me", api.ProfileView.as_view(), name="api_me"),
    path("phone", api.PhoneView.as_view(), name="api_phone"),
    path("consents", api.ConsentView.as_view(), name="api_consents"),
]
callback_urlpatterns = [path("wecom", callbacks.wecom_callback, name="wecom_callback")]
urlpatterns = [
    path("c.js", web.snippet, name="snippet"),
    path("customers", listing.customer_list, name="list"),
    path("customers/<int:customer_id>", detail.customer_detail, name="detail"),
    path("customers/<int:customer_id>/timeline", detail.timeline, name="timeline"),
    path("customers/<int:customer_id>/next", next_steps.advice_panel, name="advice_panel"),
    path("customers/<int:customer_id>/notes/new", next_steps.compose_note, name="compose_note"),
    path("customers/<int:customer_id>/peek", detail.peek, name="peek"),
    path("customers/<int:customer_id>/notes", notes.note_add, name="note_add"),
    path("customers/<int:customer_id>/notes/<int:note_id>/delete", notes.note_delete, name="note_delete"),
    path("customers/<int:customer_id>/notes/<int:note_id>/restore", notes.note_restore, name="note_restore"),
    path("customers/<int:customer_id>/facts/undo", fields.field_undo, name="field_undo"),
    path("customers/<int:customer_id>/facts/<slug:fact>", fields.field, name="field"),
    path("customers/<int:customer_id>/reveal", detail.reveal_phone, name="reveal_phone"),
    path("customers/reviews", reviews.review_queue, name="reviews"),
    path("customers/reviews/badge", reviews.reviews_badge, name="reviews_badge"),
    path("customers/reviews/pair", reviews.review_pair, name="review_pair"),
    path("customers/reviews/<int:review_id>/merge", reviews.review_confirm, name="review_confirm"),
    path("customers/reviews/<int:review_id>/apart", reviews.review_reject, name="review_reject"),
    path("customers/reviews/<int:review_id>/reopen", reviews.review_reopen, name="review_reopen"),
    path("customers/merges/<int:merge_id>/undo", reviews.merge_undo, name="merge_undo"),
    path("customers/<int:customer_id>/merges", reviews.merges_panel, name="merges_panel"),
    path("customers/<int:customer_id>/portrait", portrait.portrait_panel, name="portrait_panel"),
    path("customers/<int:customer_id>/household", households.household_panel, name="household_panel"),
    path("customers/<int:customer_id>/household/add", households.member_add, name="member_add"),
    path("customers/<int:customer_id>/household/<int:member_id>/remove", households.member_remove, name="member_remove"),
    path("customers/<int:customer_id>/travellers/new", households.traveller_form, name="traveller_new"),
    path("customers/<int:customer_id>/travellers", households.traveller_save, name="traveller_add"),
    path("customers/<int:customer_id>/travellers/<int:traveller_id>", households.traveller_form, name="traveller_form"),
    path("customers/<int:customer_id>/travellers/<int:traveller_id>/save", households.traveller_save, name="traveller_save"),
    path(
        "customers/<int:customer_id>/travellers/<int:traveller_id>/remove", households.traveller_remove, name="traveller_remove"
    ),
    path(
        "customers/<int:customer_id>/travellers/<int:traveller_id>/restore",
        households.traveller_restore,
        name="traveller_restore",
    ),
    path("customers/bulk", bulk.bulk_list, name="bulk_list"),
    path("customers/bulk/preview", bulk.preview, name="bulk_preview"),
    path("customers/bulk/start", bulk.start, name="bulk_start"),
    path("customers/bulk/<int:bulk_id>", bulk.bulk_page, name="bulk"),
    path("customers/bulk/<int:bulk_id>/progress", bulk.progress, name="bulk_progress"),
    path("customers/bulk/<int:bulk_id>/stop", bulk.stop, name="bulk_stop"),
    path("customers/bulk/<int:bulk_id>/undo", bulk.undo, name="bulk_undo"),
    path("customers/bulk/<int:bulk_id>/file", bulk.file, name="bulk_file"),
    path("customers/count", listing.customer_count, name="count"),
    path("customers/sample.csv", listing.sample_csv, name="sample_csv"),
    path("customers/views", saved.view_save, name="view_save"),
    path("customers/views/<int:view_id>", saved.view_change, name="view_change"),
    path("customers/views/<int:view_id>/delete", saved.view_delete, name="view_delete"),
    path("customers/views/<int:view_id>/restore", saved.view_restore, name="view_restore"),
    path("data", data.data_health, name="data"),
    path("data/sources", data.data_sources, name="data_sources"),
    path("data/jobs/retry", data.jobs_retry, name="jobs_retry"),
]
