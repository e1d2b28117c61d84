"""The doors to customers: mini-program API, WeCom callbacks, staff pages."""

from django.urls import path

from customers import callbacks
from customers.api import views as api
from customers.views import data, detail, notes
from customers.views import list as listing

app_name = "customers"

api_urlpatterns = [
    path("auth/login", api.LogInView.as_view(), name="api_login"),
    path("auth/logout", api.LogOutView.as_view(), name="api_logout"),
    path("me", api.ProfileView.as_view(), name="api_me"),
    path("phone", api.PhoneView.as_view(), name="api_phone"),
    path("consents", api.ConsentView.as_view(), name="api_consents"),
]
callback_urlpatterns = [path("wecom", callbacks.wecom_callback, name="wecom_callback")]
urlpatterns = [
    path("customers", listing.customer_list, name="list"),
    path("customers/<int:customer_id>", detail.customer_detail, name="detail"),
    path("customers/<int:customer_id>/timeline", detail.timeline, name="timeline"),
    path("customers/<int:customer_id>/peek", detail.peek, name="peek"),
    path("customers/<int:customer_id>/notes", notes.note_add, name="note_add"),
    path("customers/<int:customer_id>/notes/<int:note_id>/delete", notes.note_delete, name="note_delete"),
    path("customers/<int:customer_id>/notes/<int:note_id>/restore", notes.note_restore, name="note_restore"),
    path("customers/<int:customer_id>/profile", detail.profile_edit, name="profile_edit"),
    path("customers/<int:customer_id>/reveal", detail.reveal_phone, name="reveal_phone"),
    path("customers/assign", listing.assign, name="assign"),
    path("data", data.data_health, name="data"),
    path("data/sources", data.data_sources, name="data_sources"),
]
