"""HTTP -> views. Everything that can be called from outside."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from core import views as core_views
from customers.urls import api_urlpatterns, callback_urlpatterns
from messaging.urls import api_urlpatterns as messaging_api
from scrm import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("healthz", core_views.healthz, name="healthz"),
    path("readyz", core_views.readyz, name="readyz"),
    path("palette", views.palette, name="palette"),
    path("preferences", views.preferences, name="preferences"),
    path("settings/ui", views.components, name="components"),
    path("api/mp/v1/", include((api_urlpatterns, "customers_api"))),
    path("api/mp/v1/", include((messaging_api, "messaging_api"))),
    path("callbacks/", include((callback_urlpatterns, "customers_callbacks"))),
    path("", include("staff.urls")),
    path("", include("customers.urls")),
    path("", include("campaigns.urls")),
    path("", include("orders.urls")),
]

handler400 = "scrm.errors.bad_request"
handler403 = "scrm.errors.forbidden"
handler404 = "scrm.errors.not_found"
handler500 = "scrm.errors.server_error"
