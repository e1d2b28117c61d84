"""The doors of messaging."""

from django.urls import path

from messaging import views
from messaging.api import OpenView

app_name = "messaging"
api_urlpatterns = [path("touches/<slug:token>/open", OpenView.as_view(), name="touch_open")]
urlpatterns = [
    path("customers/<int:customer_id>/messages/new", views.compose, name="compose"),
    path("customers/<int:customer_id>/messages", views.send, name="send"),
    path("customers/<int:customer_id>/messages/<int:message_id>/withdraw", views.withdraw, name="withdraw"),
]
