"""`manage.py simulator`: the simulated platforms as an HTTP server, for development, the demo and load tests."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gateways.simulator.__main__ import CannotServe, add_options, serve


class Command(BaseCommand):
    """Serve until SIGTERM or Ctrl-C. `python -m gateways.simulator` does the same and starts faster."""

    help = "Serve the simulated WeCom, mini-program, WeChat Pay, SMS and LLM over HTTP."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen and where to keep the state."""
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the server with the project's settings."""
        try:
            serve(options["host"], options["port"], options["state"], settings.PUBLIC_URL, settings.VENDORS)
        except CannotServe as error:
            raise CommandError(str(error)) from error
