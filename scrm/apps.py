from django.apps import AppConfig


class ScrmConfig(AppConfig):
    name = "scrm"
    verbose_name = "SCRM"

    def ready(self) -> None:
        """Every process knows the broker: a web request rings the doorbell too."""
        from scrm import celery  # noqa: F401
