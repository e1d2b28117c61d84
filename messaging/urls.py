"""The doors of messaging."""

from django.urls import path

from messaging.api import OpenView

app_name = "messaging"
api_urlpatterns = [path("touches/<slug:token>/open", OpenView.as_view(), name="touch_open")]
