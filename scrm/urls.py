"""HTTP -> views. Everything that can be called from outside."""

from django.urls import URLPattern, URLResolver, path

from core import views as core_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", core_views.healthz, name="healthz"),
    path("readyz", core_views.readyz, name="readyz"),
]
