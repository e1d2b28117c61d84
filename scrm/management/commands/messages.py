"""`manage.py messages`: collect what people read, merge it into each app's Chinese catalogue, compile. `--check` only looks."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scrm import catalogues


class Command(BaseCommand):
    """Works without gettext's programs and without a database."""

    help = "Bring <app>/locale/zh_Hans up to date (.po and .mo), or with --check fail on what is missing, unfit or stale."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Apps to look at; all by default."""
        parser.add_argument("apps", nargs="*", help="only these apps")
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 with a list of what is wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or check."""
        known = catalogues.apps()
        chosen = options["apps"] or known
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            raise CommandError(f"no such app: {', '.join(unknown)}")
        if options["check"]:
            self._check(chosen)
        else:
            self._write(chosen, known)

    def _write(self, chosen: list[str], known: list[str]) -> None:
        told = catalogues.told_by(["scrm", *(app for app in known if app != "scrm")])
        for app in chosen:
            missing = catalogues.write(app, told)
            self.stdout.write(f"{app}: {'complete' if not missing else f'{missing} without a translation'}")

    def _check(self, chosen: list[str]) -> None:
        wrong = [line for app in chosen for line in catalogues.complaints(app)]
        wrong += catalogues.conflicts(catalogues.apps())
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write("all messages are translated")
