"""The doors to customers: mini-program API, WeCom callbacks, staff pages."""

from django.urls import path

from customers import callbacks, views
from customers.api import views as api

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
    path("customers", views.customer_list, name="list"),
    path("customers/<int:customer_id>", views.customer_detail, name="detail"),
    path("customers/<int:customer_id>/timeline", views.timeline, name="timeline"),
    path("customers/<int:customer_id>/peek", views.peek, name="peek"),
    path("customers/<int:customer_id>/notes", views.note_add, name="note_add"),
    path("customers/<int:customer_id>/notes/<int:note_id>/delete", views.note_delete, name="note_delete"),
    path("customers/<int:customer_id>/notes/<int:note_id>/restore", views.note_restore, name="note_restore"),
    path("customers/<int:customer_id>/profile", views.profile_edit, name="profile_edit"),
    path("customers/<int:customer_id>/reveal", views.reveal_phone, name="reveal_phone"),
    path("customers/assign", views.assign, name="assign"),
    path("data", views.data_health, name="data"),
    path("data/sources", views.data_sources, name="data_sources"),
]
