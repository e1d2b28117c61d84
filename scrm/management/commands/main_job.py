"""`manage.py main_job`: drive the running system from outside, over HTTP, and check that its numbers add up."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from scrm.mainjob import story
from scrm.mainjob.http import Gone, Wrong


class Command(BaseCommand):
    help = "Customers arrive and browse, tags appear, a broadcast goes out, customers order and pay; prints the funnel."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the system is; by default the one that runs beside this checkout."""
        parser.add_argument("--url", default="", help="address of the running system")
        parser.add_argument("--sim-url", default="", help="address of the simulated platforms")
        parser.add_argument("--password", default="demo-pass-2026", help="of the demo's staff")
        parser.add_argument("--seed", type=int, default=None, help="the same people each time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 when a number does not add up, or the system does what no user would accept."""
        url, sim_url = options["url"] or settings.PUBLIC_URL, options["sim_url"] or settings.SIM_URL
        try:
            good = story.run(url.rstrip("/"), sim_url.rstrip("/"), options["password"], self._say, options["seed"])
        except (Gone, Wrong) as error:
            self.stderr.write(f"main job: {error}")
            sys.exit(1)
        if not good:
            self.stderr.write("main job: the numbers do not add up")
            sys.exit(1)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
