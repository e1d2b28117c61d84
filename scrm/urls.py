"""HTTP -> views. Everything that can be called from outside."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from catalog.urls import api_urlpatterns as catalog_api
from core import views as core_views
from customers.urls import api_urlpatterns, callback_urlpatterns
from customers.urls_privacy import api_urlpatterns as privacy_api
from gateways.urls import sim_urlpatterns
from itinerary.urls import api_urlpatterns as itinerary_api
from membership.urls import api_urlpatterns as membership_api
from messaging.urls import api_urlpatterns as messaging_api
from orders.urls import api_urlpatterns as orders_api
from orders.urls import callback_urlpatterns as orders_callbacks
from scrm import views
from staff.access import requires

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("healthz", core_views.healthz, name="healthz"),
    path("readyz", core_views.readyz, name="readyz"),
    path("palette", views.palette, name="palette"),
    path("preferences", views.preferences, name="preferences"),
    path("settings/ui", views.components, name="components"),
    path("api/mp/v1/", include((api_urlpatterns, "customers_api"))),
    path("api/mp/v1/", include((privacy_api, "privacy_api"))),
    path("api/mp/v1/", include((messaging_api, "messaging_api"))),
    path("api/mp/v1/", include((catalog_api, "catalog_api"))),
    path("api/mp/v1/", include((orders_api, "orders_api"))),
    path("api/mp/v1/", include((membership_api, "membership_api"))),
    path("api/mp/v1/", include((itinerary_api, "itinerary_api"))),
    path("callbacks/", include((orders_callbacks, "orders_callbacks"))),
    path("callbacks/", include((callback_urlpatterns, "customers_callbacks"))),
    path("", include("analytics.urls")),
    path("", include("staff.urls")),
    path("", include("customers.urls")),
    path("", include("customers.urls_channels")),
    path("", include("customers.urls_data")),
    path("", include("customers.urls_privacy")),
    path("", include("messaging.urls")),
    path("", include("tagging.urls")),
    path("", include("membership.urls")),
    path("", include("campaigns.urls")),
    path("", include("catalog.urls")),
    path("", include("orders.urls")),
    path("", include("merchants.urls")),
    path("", include("itinerary.urls")),
    path("", include("service_bot.urls")),
    re_path("", views.missing, name="missing"),  # last
]
if settings.PLATFORM_MODE == "sim":
    urlpatterns.insert(-1, path("sim/", include((sim_urlpatterns(requires("sim.use")), "sim"))))

handler400 = "scrm.errors.bad_request"
handler403 = "scrm.errors.forbidden"
handler404 = "scrm.errors.not_found"
handler500 = "scrm.errors.server_error"
