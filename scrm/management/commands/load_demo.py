"""`manage.py load_demo`: the demo agency with invented customers, into an empty database."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core import clock
from scrm.demo import truth
from scrm.demo.loader import load
from scrm.demo.loader.identity import load_identity
from scrm.demo.loader.platform import NotPlanted, plant
from scrm.demo.loader.story import load_story
from scrm.embedded import prepare_state, state_dir
from scrm.servers import CannotStart

EVENTS_PER_CUSTOMER = 30
MOST_CUSTOMERS = 5_000_000


class Command(BaseCommand):
    """Load everything in one transaction; cut short, it leaves nothing."""

    requires_system_checks: list[str] = []
    help = "Load the demo agency: staff, catalogue, customers with a past, campaigns. Only into an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much, from which seed, and whether to remove what is there."""
        parser.add_argument("--customers", type=int, default=2000)
        parser.add_argument("--events", type=int, help=f"behaviour events in all (default: {EVENTS_PER_CUSTOMER} per customer)")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--reset", action="store_true", help="first remove EVERY row of this system from the database")
        parser.add_argument("--truth", type=Path, help="where to write the customers' hidden interests")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, and say what was loaded."""
        if settings.PLATFORM_MODE != "sim":
            raise CommandError("the demo is never loaded beside live platforms (SCRM_PLATFORM_MODE=live)")
        wish, state, started = _wish(options), _state(), time.monotonic()
        path = options["truth"] or state / truth.NAME
        try:
            with transaction.atomic():
                story = load.load_world(wish, path, self._say, reset=options["reset"])
                load_story(story, self._say)
                load_identity(story, self._say)
        except load.NotEmpty as error:
            raise CommandError("the database is not empty; --reset removes everything in it first") from error
        except OSError as error:
            raise CommandError(f"nothing was loaded: {error}") from error
        self._plant(wish, state, reset=options["reset"])
        self._say(f"loaded in {time.monotonic() - started:.1f} s; hidden interests in {path}")

    def _plant(self, wish: load.Wish, state: Path, *, reset: bool) -> None:
        try:
            where = plant(customers=wish.customers, seed=wish.seed, at=wish.at, state=state, reset=reset)
        except NotPlanted as error:
            raise CommandError(f"the demo is loaded, but the simulator does not know its people: {error}") from error
        self._say(f"people planted {where}")

    def _say(self, text: str) -> None:
        self.stdout.write(f"load_demo: {text}")
        self.stdout.flush()


def _state() -> Path:
    try:
        return prepare_state(state_dir())
    except CannotStart as error:
        raise CommandError(str(error)) from error


def _wish(options: dict[str, Any]) -> load.Wish:
    customers = options["customers"]
    events = EVENTS_PER_CUSTOMER * customers if options["events"] is None else options["events"]
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise CommandError(f"--customers must be from 1 to {MOST_CUSTOMERS:,}")
    if not 0 <= events <= 200 * customers:
        raise CommandError("--events must be from 0 to 200 per customer")
    return load.Wish(customers, events, options["seed"], clock.now())
