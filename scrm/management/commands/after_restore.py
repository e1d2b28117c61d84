"""`manage.py after_restore --dumped-at TIME`: before the first worker starts on a restored database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from messaging.services.restoring import fence


class Command(BaseCommand):
    help = "After a restore from a backup: ask the platforms about everything unfinished before anything is sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """When the backup was made."""
        parser.add_argument("--dumped-at", required=True, help="the moment of the backup, such as 2026-11-25T03:00:00+08:00")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was put behind a question."""
        moment = parse_datetime(options["dumped_at"])
        if moment is None or moment.tzinfo is None:
            raise CommandError("--dumped-at is a moment with its zone, such as 2026-11-25T03:00:00+08:00")
        done = fence(moment)
        self.stdout.write(
            f"{done.tasks} mass-send tasks and {done.asked} messages are asked for, {done.keyed} may go under their key, "
            f"{done.doubtful} stay open to doubt"
        )
