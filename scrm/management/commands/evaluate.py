"""`manage.py evaluate NAME [options]`: measure the accuracy of an engine on labelled data."""

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

import evaluations


class Command(BaseCommand):
    help = "Measure accuracy on labelled data; the last line is one JSON object."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand per module of evaluations/, with that module's own options."""
        names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
        for name, module in _modules().items():
            module.add_arguments(names.add_parser(name, help=module.HELP))

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 when the measure misses its target."""
        if not _modules()[options["name"]].run(options, self.stdout.write):
            sys.exit(1)


def _modules() -> dict[str, ModuleType]:
    found = sorted(module.name for module in pkgutil.iter_modules(evaluations.__path__) if not module.name.startswith("_"))
    return {name: importlib.import_module(f"evaluations.{name}") for name in found}
