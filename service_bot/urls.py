"""The doors of service_bot."""

from django.urls import path

from service_bot import views

app_name = "service_bot"
urlpatterns = [
    path("kb", views.entry_list, name="entries"),
    path("kb/new", views.entry_new, name="entry_new"),
    path("kb/test", views.hit_test, name="hit_test"),
    path("kb/doubts", views.doubts, name="doubts"),
    path("kb/documents/new", views.document_new, name="document_new"),
    path("kb/documents/<int:document_id>", views.document, name="document"),
    path("kb/<int:entry_id>", views.entry_edit, name="entry"),
    path("kb/<int:entry_id>/state", views.entry_state, name="entry_state"),
]
