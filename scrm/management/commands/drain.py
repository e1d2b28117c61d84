"""`manage.py drain`: run due jobs without Celery and without Redis."""

import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections

from core import schedule, worker
from core.choices import Lane

PAUSE_SECONDS = 0.5
PAUSE_WITHOUT_DATABASE_SECONDS = 2.0
SLICE_SECONDS = 2.0  # one lane may not keep the others waiting longer than this


class Command(BaseCommand):
    help = "Run all due jobs and stop; with --loop go on for ever, and turn the schedule into jobs too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until Ctrl-C or SIGTERM")
        parser.add_argument("--lane", choices=Lane.values, action="append", help="only this lane (may be given more than once)")

    def handle(self, *args: Any, **options: Any) -> None:
        lanes = options["lane"] or list(Lane.values)
        if not options["loop"]:
            ran = sum(worker.run_pending(lane) for lane in lanes)
            self.stdout.write(f"{ran} jobs run")
            return
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self.stopping:
            time.sleep(self._round(lanes))

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _round(self, lanes: list[str]) -> float:
        """One look at every lane; the seconds to wait before the next. A lost database is waited for."""
        close_old_connections()
        try:
            schedule.tick()
            ran = sum(worker.run_pending(lane, seconds=SLICE_SECONDS) for lane in lanes)
        except (DatabaseError, InterfaceError) as error:
            self.stderr.write(f"the database does not answer ({type(error).__name__}); waiting")
            return PAUSE_WITHOUT_DATABASE_SECONDS
        return 0.0 if ran else PAUSE_SECONDS
