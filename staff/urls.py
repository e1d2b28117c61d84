"""Log-in, the settings hub, staff, policy, audit."""

from django.urls import path

from staff import views

app_name = "staff"
urlpatterns = [
    path("login", views.log_in, name="login"),
    path("logout", views.log_out, name="logout"),
]
