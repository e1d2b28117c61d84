"""`manage.py bench NAME [options]`: run one of the measures in bench/."""

import importlib
import pkgutil
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import bench


class Command(BaseCommand):
    help = "Run a measure; its last line is one JSON object."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME, and how large."""
        parser.add_argument("name", choices=sorted(module.name for module in pkgutil.iter_modules(bench.__path__)))
        parser.add_argument("--smoke", action="store_true", help="a short form, for CI")
        parser.add_argument("--full", action="store_true", help="the full size; takes long")
        parser.add_argument("--seconds", type=float, help="CPU seconds per instance, for measures of a search")

        parser.add_argument("--recipients", type=int, help="people of the broadcast")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 when the measure misses its target."""
        module = importlib.import_module(f"bench.{options['name']}")
        if options["smoke"] and options["full"]:
            raise CommandError("--smoke and --full exclude each other")
        size = "smoke" if options["smoke"] else "full" if options["full"] else "usual"
        more = {name: options[name] for name in ("seconds", "recipients") if options[name]}
        if not module.run(size, self.stdout.write, **more):
            sys.exit(1)
