"""`manage.py test [pytest arguments]`: the test suite, on throw-away servers."""

import os
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from scrm.bootstrap import REPOSITORY

# By file, in the order of collection: the browser tests stay last in each process (see tests/browser/conftest.py).
IN_PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


def run_pytest(arguments: list[str]) -> NoReturn:
    """Replace this process by pytest. Called by manage.py before any setting is read, so no development server starts.

    The whole suite runs in two processes; a choice of tests (a path, -k, -m, -n ...) in one, as pytest was told.
    """
    whole = all(argument.startswith("-") and not argument.startswith(("-k", "-m", "-n")) for argument in arguments)
    if whole and (os.cpu_count() or 1) > 1:
        arguments = [*IN_PARALLEL, *arguments]
    configuration = str(REPOSITORY / "pyproject.toml")  # named, so that a test file anywhere runs under the same rules
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-c", configuration, *arguments])


class Command(BaseCommand):
    help = "Run the test suite with pytest; all arguments pass through (-k, -x, -n 2, a path ...)."

    def run_from_argv(self, argv: list[str]) -> None:
        """All arguments belong to pytest."""
        run_pytest(argv[2:])

    def handle(self, *args: Any, **options: Any) -> None:
        """As `call_command("test")`."""
        run_pytest(list(args))
