"""A broadcast at scale while parts of the system are killed under it: nobody lost, nobody twice, nothing unknown at the end.

Real Postgres, Redis and Celery workers of its own, and the simulated platforms as the sink where effects are counted. Two
broadcasts go to the same people: one by WeCom mass send (ask mode: the platform does not know our key), one by the official
account (key mode). Misfortune strikes when the sink has got so far: kill -9 of a worker (5), FLUSHALL (3), kill -9 of Postgres
(3), SIGTERM of a worker (2), beat killed and started twice, a restore from a dump; all the while 5 % of the calls answer 503
and 3 % are done but never answered. `--recipients 100000` is the large form; the seed fixes the order of events.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import requests
from redis import Redis

from bench import scratch

PEOPLE = {"smoke": 150, "usual": 4_000, "full": 100_000}
PLAN = {
    "smoke": ["worker", "flush", "postgres", "two beats"],
    "usual": ["worker"] * 5 + ["flush"] * 3 + ["postgres"] * 3 + ["terminate"] * 2 + ["no beat", "two beats", "restore"],
}
LONGEST_SECONDS = {"smoke": 240, "usual": 900, "full": 3600}
PATIENCE_SECONDS = 20.0  # a fault strikes after this time even when the sink stands still
WORKERS = 2
SEED = 20261125


class System:
    """Servers, simulator, workers and beats of one run."""

    def __init__(self, state: Path, size: str) -> None:
        from scrm import embedded

        self.state, self.port = state, scratch.free_port()
        self.sim = f"http://127.0.0.1:{self.port}"
        # Durable, as in a real house: a throw-away server may forget commits when it is killed.
        self.database, self.redis = embedded.join(state)
        self.programs = Path(json.loads((state / "layout.json").read_text())["postgres"])
        self.env = {
            **os.environ, "DATABASE_URL": self.database, "REDIS_URL": self.redis, "SCRM_SIM_URL": self.sim, "SCRM_BOOTSTRAP": "0",
            "SCRM_PLATFORM_MODE": "sim", "SCRM_JOB_LEASE_SECONDS": "6", "SCRM_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "scrm.settings", "SCRM_TESTING": "",
        }  # fmt: skip
        self.workers: list[subprocess.Popen[bytes]] = []
        self.beats: list[subprocess.Popen[bytes]] = []
        self.simulator = self._start("-m", "gateways.simulator", "--port", str(self.port))
        self.size = size

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=scratch.ROOT, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def manage(self, *arguments: str) -> str:
        """Run a management command on the run's own servers; what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=scratch.ROOT, env=self.env, check=True, stdout=subprocess.PIPE).stdout.decode()

    def part(self, call: str) -> None:
        """Call a function of the parts in a process of its own."""
        program = f"import django; django.setup(); from bench import broadcast_parts as parts; parts.{call}"
        subprocess.run([sys.executable, "-c", program], cwd=scratch.ROOT, env=self.env, check=True)

    def start_worker(self) -> None:
        """One more Celery worker for all lanes."""
        name = f"w{len(self.workers)}-{time.monotonic_ns()}"
        program = (
            f"from scrm.parts import run_celery, worker_arguments; run_celery(worker_arguments({name!r}, 'bulk,usual,chat'))"
        )
        self.workers.append(self._start("-c", program))

    def start_beat(self) -> None:
        """One more beat."""
        self.beats.append(self._start("-c", "from scrm.parts import run_celery, BEAT_ARGUMENTS; run_celery(BEAT_ARGUMENTS)"))

    def stop_all(self, which: list[subprocess.Popen[bytes]], how: signal.Signals = signal.SIGKILL) -> None:
        """End these processes and forget them."""
        for process in which:
            process.send_signal(how)
        for process in which:
            process.wait(60)
        which.clear()

    def tell(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """A verb of the simulator's control plane."""
        reply = requests.post(f"{self.sim}/_sim/{verb}", json=arguments, timeout=120)
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database; waits while Postgres is being started again."""
        for _ in range(300):
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.database, autocommit=True) as reader:
                return reader.execute(statement).fetchall()
            time.sleep(0.1)
        raise RuntimeError("Postgres did not come back")

    def close(self) -> None:
        """End everything."""
        from scrm import embedded

        self.stop_all(self.workers + self.beats + [self.simulator])
        embedded.leave(self.state, wait=10)


def run(size: str, write: Callable[[str], object], recipients: int | None = None, seed: int = SEED) -> bool:
    """Print what struck when and the JSON line; whether nobody was lost, nobody got anything twice, nothing is unknown."""
    people = recipients or PEOPLE[size]
    plan = list(PLAN.get(size, PLAN["usual"]))
    random.Random(seed).shuffle(plan)
    with _system(size) as system:
        _prepare(system, people)
        started = time.monotonic()
        struck = _go(system, people, plan, write, started + LONGEST_SECONDS[size])
        _calm(system, started + LONGEST_SECONDS[size])
        result = {"bench": "faults", "recipients": people, "seed": seed, "faults": struck, **_counted(system, people)}
        result["seconds"] = round(time.monotonic() - started)
    write(json.dumps(result))
    return not any(result[name] for name in ("lost", "duplicates", "unknown", "unfinished"))


@contextlib.contextmanager
def _system(size: str) -> Iterator[System]:
    with tempfile.TemporaryDirectory(prefix="scrm-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        system = System(Path(folder) / "state", size)
        try:
            yield system
        finally:
            system.close()


def _prepare(system: System, people: int) -> None:
    system.manage("migrate", "-v", "0")
    system.part(f"plant({people})")
    system.part(f"seed_platform({people})")
    for path in ("message/template/send", "add_msg_template"):
        system.tell("faults/set", kind="http", path=path, value=503, probability=0.05)
        system.tell("faults/set", kind="lost_reply", path=path, probability=0.03)


def _go(system: System, people: int, plan: list[str], write: Callable[[str], object], deadline: float) -> dict[str, int]:
    """Launch, and let each fault strike when its share of the messages has arrived."""
    system.part("launch_both()")
    for _ in range(WORKERS):
        system.start_worker()
    system.start_beat()
    struck: dict[str, int] = {}
    dump: tuple[Path, str] | None = None
    for number, fault in enumerate(plan):
        if fault == "restore" or (dump is None and "restore" in plan[number:]):
            dump = dump or _dump(system)
        _until_share(system, people, number / (len(plan) + 1), deadline)
        write(f"{received(system):>7} received: {fault}")
        _strike(system, fault, dump)
        struck[fault] = struck.get(fault, 0) + 1
    return struck


def received(system: System) -> int:
    """Messages that have reached the followers of the official account."""
    return int(system.tell("official/follow")["received"])


def _until_share(system: System, people: int, share: float, deadline: float) -> None:
    patience = min(time.monotonic() + PATIENCE_SECONDS, deadline)
    while received(system) < people * share and time.monotonic() < patience:
        time.sleep(0.1)


def _strike(system: System, fault: str, dump: tuple[Path, str] | None) -> None:
    if fault in {"worker", "terminate"}:
        victim = system.workers.pop(0)
        victim.send_signal(signal.SIGKILL if fault == "worker" else signal.SIGTERM)
        system.start_worker()
        victim.wait(90)
    elif fault == "flush":
        Redis.from_url(system.redis).flushall()
    elif fault == "postgres":
        folder = system.ask("SHOW data_directory")[0][0]
        os.kill(int(Path(folder, "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    elif fault == "no beat":
        system.stop_all(system.beats)
        time.sleep(3)
        system.start_beat()
    elif fault == "two beats":
        system.start_beat()
    elif fault == "restore" and dump:
        _restore(system, *dump)


def _dump(system: System) -> tuple[Path, str]:
    """A backup of now: the file, and the moment."""
    from django.utils import timezone

    moment, file = timezone.now().isoformat(), system.state / "backup.dump"
    subprocess.run([str(system.programs / "pg_dump"), "-Fc", "-d", system.database, "-f", str(file)], check=True)
    return file, moment


def _restore(system: System, file: Path, moment: str) -> None:
    """The whole database as it was then, and the fence, before anybody works on it."""
    system.stop_all(system.workers)
    system.stop_all(system.beats)
    system.ask(_HANG_UP)
    command = [str(system.programs / "pg_restore"), "--clean", "--if-exists", "--no-owner", "-d", system.database, str(file)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    system.manage("after_restore", "--dumped-at", moment)
    for _ in range(WORKERS):
        system.start_worker()
    system.start_beat()


_NOT_SENT = """
SELECT message.channel, message.state, message.reason, message.error, coalesce(task.state, '-'), coalesce(task.error, '-'),
    count(*)
FROM messaging_message AS message LEFT JOIN messaging_masstask AS task ON task.id = message.task_id
WHERE message.state <> 'sent' GROUP BY 1, 2, 3, 4, 5, 6
"""
_HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_OPEN = """
SELECT (SELECT count(*) FROM messaging_message WHERE state IN ('queued', 'sending', 'unknown', 'awaiting_staff'))
     + (SELECT count(*) FROM messaging_masstask WHERE state IN ('pending', 'creating', 'unknown', 'created', 'confirmed'))
"""


def _calm(system: System, deadline: float) -> None:
    """No more faults: staff confirm, and everything comes to its end."""
    system.tell("faults/clear")
    while time.monotonic() < deadline:
        system.tell("staff/confirm_all")
        if system.ask(_OPEN)[0][0] == 0:
            return
        time.sleep(1)


def _counted(system: System, people: int) -> dict[str, Any]:
    """Counted at the sink against what was planned, and what the database says is not ended."""
    planned = dict(system.ask("SELECT channel, count(*) FROM messaging_message GROUP BY channel"))
    followers = system.tell("official/follow")
    masses = system.tell("mass/received")
    unknown = system.ask("SELECT count(*) FROM messaging_message WHERE state IN ('unknown', 'uncertain', 'sending')")[0][0]
    states = dict(system.ask("SELECT state, count(*) FROM messaging_message GROUP BY state"))
    held = int(states.get("suppressed", 0))  # with a reason on the row: the governor asks again just before sending
    lost = 2 * people - held - followers["reached"] - masses["reached"]
    twice = followers["received"] - followers["reached"] + masses["received"] - masses["reached"]
    return {
        "planned": sum(planned.values()), "held_back": held, "lost": lost, "duplicates": twice, "unknown": int(unknown),
        "unfinished": int(system.ask(_OPEN)[0][0]), "sent": int(states.get("sent", 0)),
        "not_sent": {" ".join(map(str, row[:-1])): row[-1] for row in system.ask(_NOT_SENT)},
    }  # fmt: skip
