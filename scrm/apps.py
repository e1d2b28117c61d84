from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ScrmConfig(AppConfig):
    default = True
    name = "scrm"
    verbose_name = "SCRM"

    def ready(self) -> None:
        """Every process knows the broker: a web request rings the doorbell too."""
        from scrm import celery  # noqa: F401


class StaffAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our site in it."""

    default = False
    default_site = "scrm.admin.StaffAdminSite"
