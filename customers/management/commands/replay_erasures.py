"""`manage.py replay_erasures [FILE]`: after a restore from a backup, erase again everybody who had been erased since."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from customers.services.replay import replay


class Command(BaseCommand):
    """Run it before anything else is started: the nightly sync must find the tombstones."""

    help = "Do every erasure of the list again (settings.ERASURE_LIST by default). Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the list is."""
        parser.add_argument("file", nargs="?", default="", help="another list than SCRM_ERASURE_LIST")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and say what was found."""
        path = Path(options["file"] or settings.ERASURE_LIST)
        if not path.exists():
            raise CommandError(f"there is no list of erasures at {path}")
        entries, people = replay(path)
        self.stdout.write(f"{entries} erasures done again, {people} people erased")
