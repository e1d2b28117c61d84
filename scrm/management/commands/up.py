"""`manage.py up`: the whole system on this machine, until Ctrl-C."""

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm import embedded, health, launch, parts
from scrm.servers import CannotStart
from scrm.supervisor import Service, Supervisor

HEAL_EVERY_SECONDS = 0.4
GIVE_UP_AFTER = 3  # failed starts of the web server in a row, before it has ever answered


class Command(BaseCommand):
    help = "Start everything: embedded servers, web, workers, beat and the simulated platforms. Ctrl-C stops it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        launch.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if launch.CLAIMED is None:
            raise CommandError("start this with `python3 manage.py up`")
        code = System(launch.CLAIMED, self.stdout.write).run()
        embedded.leave(launch.CLAIMED.state, wait=3.0)
        if code:
            sys.exit(code)


class System:
    """One running system: prepare, start, say when it is ready, keep it well."""

    def __init__(self, claimed: launch.Claim, write: Callable[[str], object]) -> None:
        self.claimed = claimed
        self.write = write
        self.supervisor = Supervisor(self._print, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        self.next_heal = 0.0
        self.told: dict[str, int] = {}
        self.code = 0

    def run(self) -> int:
        """The exit code, after everything has stopped."""
        self.supervisor.catch_signals()
        try:
            self._start()
            while not self.supervisor.stopping:
                self._turn()
        finally:
            self.say("stopping ...")
            self.supervisor.stop()
        return self.code

    def _start(self) -> None:
        self.say(
            f"servers are ready ({'embedded, ' + str(self.claimed.state) if self.claimed.embedded else 'from DATABASE_URL'})"
        )
        parts.preload_web()
        if threading.active_count() > 1:
            raise CommandError("something started a thread at import; processes cannot be forked safely")
        if self.claimed.sim_port and "simulator" in get_commands():
            self.supervisor.add(parts.simulator(self.claimed.sim_port, self.claimed.state))
        first = not _known_schema(self.claimed.state)
        preparing = self.supervisor.add(Service("prepare", partial(prepare, self.claimed), once=True))
        if first:  # nobody should meet a database without tables
            self._until(lambda: preparing.process is None)
        web = self.supervisor.add(parts.web(self.claimed.port))
        self._until(lambda: preparing.process is None and self._web_answers(web.failures))
        if preparing.failures:
            self._give_up("the database could not be prepared; the lines above say why")
        if not self.supervisor.stopping:
            self._announce()
            parts.preload_workers()
            for service in parts.background(self.claimed.state):
                self.supervisor.add(service)
            if _due(self.claimed.state).exists() and "main_job" in get_commands():
                self.supervisor.add(Service("main-job", partial(main_job, self.claimed), once=True))

    def _until(self, done: Callable[[], bool]) -> None:
        while not self.supervisor.stopping and not done():
            self._turn(0.03)

    def _turn(self, seconds: float = 0.1) -> None:
        self.supervisor.turn(seconds)
        if self.claimed.embedded and time.monotonic() >= self.next_heal:
            self._heal()
        if (pids := self.supervisor.pids()) != self.told and not self.supervisor.stopping:
            self.told = pids
            launch.write_running(self.claimed, pids)

    def _heal(self) -> None:
        self.next_heal = time.monotonic() + HEAL_EVERY_SECONDS
        if not (self.claimed.state / "up.lock").exists():
            self._give_up(f"{self.claimed.state} was deleted")
            return
        try:
            if embedded.heal(self.claimed.state):
                self.say("the embedded servers were gone; they are back")
        except CannotStart as error:
            self.say(str(error))
            self.next_heal += 5.0

    def _web_answers(self, failures: int) -> bool:
        if failures >= GIVE_UP_AFTER:
            self._give_up("the web server does not start; its lines above say why")
        return health.web_answers(self.claimed.port, "/healthz", timeout=1.0)

    def _give_up(self, why: str) -> None:
        self.say(why)
        self.code, self.supervisor.stopping = 1, True

    def _announce(self) -> None:
        self.say(
            f"ready after {time.monotonic() - self.claimed.started_at:.1f} s:  {self.claimed.url}   (Ctrl-C stops everything)"
        )
        for line in _logins(self.claimed.state):
            self.say(line)
        if "simulator" in self.told:
            self.say(f"simulated phones and platforms:  {self.claimed.url}/sim/")

    def say(self, text: str) -> None:
        """A line of our own."""
        self._print(f"{'up':<12} {text}\n")

    def _print(self, text: str) -> None:
        self.write(text.removesuffix("\n"))
        sys.stdout.flush()


# --- In child processes -----------------------------------------------------------------------------------------------


def prepare(claimed: launch.Claim) -> None:
    """Bring the schema up to date; load the demo agency into a database that has no staff yet."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        print(f"applying {len(waiting)} migrations ...")
        call_command("migrate", verbosity=0, interactive=False)
    if claimed.empty or settings.PLATFORM_MODE != "sim" or "load_demo" not in get_commands():
        pass
    elif not get_user_model().objects.exists():
        print("the database is empty; loading the demo agency ...")
        call_command("load_demo", **({} if claimed.customers is None else {"customers": claimed.customers}))
        _demo(claimed.state).touch()
        _due(claimed.state).touch()
    _schema_file(claimed.state).write_text(_schema_stamp())


def main_job(claimed: launch.Claim) -> None:
    """The main job, once, after the demo was loaded; after an interruption again."""
    call_command("main_job", url=claimed.url)
    _due(claimed.state).unlink(missing_ok=True)


def _demo(state: Path) -> Path:
    return state / "demo.loaded"


def _due(state: Path) -> Path:
    return state / "main-job.due"


def _schema_file(state: Path) -> Path:
    return state / "schema.stamp"


def _schema_stamp() -> str:
    """Names the database and every migration in the tree."""
    from django.conf import settings

    names = sorted(str(path.relative_to(embedded.REPOSITORY)) for path in embedded.REPOSITORY.glob("*/migrations/*.py"))
    database = settings.DATABASES["default"]
    return "\n".join([str(database["HOST"]), str(database["NAME"]), *names])


def _known_schema(state: Path) -> bool:
    """Whether the last start prepared this very schema. It is checked again anyhow; this only saves waiting for it."""
    file = _schema_file(state)
    return file.exists() and file.read_text() == _schema_stamp()


def _logins(state: Path) -> list[str]:
    """How to log in to the demo agency, if `up` loaded it."""
    if not _demo(state).exists():
        return []
    from scrm.demo import world

    agency = world.agency()
    lines = [f"  {member.username:<8} {agency.password}   {member.display_name} ({member.title})" for member in world.staff()]
    return [f"{agency.name} (demo); log in as", *lines]
