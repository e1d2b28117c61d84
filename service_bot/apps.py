from django.apps import AppConfig


class ServiceBotConfig(AppConfig):
    name = "service_bot"
    verbose_name = "Service bot"
