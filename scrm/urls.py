"""HTTP -> views. Everything that can be called from outside."""

from django.urls import URLPattern, URLResolver, include, path

from core import views as core_views
from scrm import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", core_views.healthz, name="healthz"),
    path("readyz", core_views.readyz, name="readyz"),
    path("palette", views.palette, name="palette"),
    path("preferences", views.preferences, name="preferences"),
    path("settings/ui", views.components, name="components"),
    path("", include("staff.urls")),
]

handler400 = "scrm.errors.bad_request"
handler403 = "scrm.errors.forbidden"
handler404 = "scrm.errors.not_found"
handler500 = "scrm.errors.server_error"
