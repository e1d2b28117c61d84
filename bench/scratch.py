"""A throw-away database on the running server, and the web process against it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent


def connection_string(name: str) -> str:
    """A libpq URL of another database on the server this process uses."""
    main = settings.DATABASES["default"]
    query = urlencode({"host": main["HOST"], **({"port": main["PORT"]} if main["PORT"] else {})})
    password = f":{main['PASSWORD']}" if main["PASSWORD"] else ""
    return f"postgresql://{main['USER']}{password}@/{name}?{query}"


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Create and migrate a database; its URL. Dropped at the end."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(connection_string(settings.DATABASES["default"]["NAME"]), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            url = connection_string(name)
            manage("migrate", "-v", "0", database_url=url)
            yield url
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def environment(database_url: str) -> dict[str, str]:
    """The environment of a process that uses the scratch database."""
    return {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": settings.REDIS_URL, "SCRM_BOOTSTRAP": "0"}


def manage(*arguments: str, database_url: str, **more: str) -> None:
    """Run a management command against the scratch database; `more` goes into its environment."""
    env = {**environment(database_url), **more}
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, check=True)


def output(*arguments: str, database_url: str) -> str:
    """What a management command prints, run against the scratch database."""
    found = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment(database_url), check=True, stdout=subprocess.PIPE
    )
    return found.stdout.decode()


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def web(database_url: str, **more: str) -> Iterator[int]:
    """The web process as `up` starts it; its port. `more` goes into its environment."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "scrm.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    env = {**environment(database_url), **more}
    process = subprocess.Popen([*command, "--no-access-log", "--log-level", "warning"], cwd=ROOT, env=env)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the web process did not start")


def cpu_seconds(port: int, database_name: str) -> float:
    """Processor time used so far by the web process on that port and by the database's sessions, all threads."""
    return sum(
        _on_cpu(Path("/proc") / pid) for pid in os.listdir("/proc") if pid.isdigit() and _is_ours(pid, port, database_name)
    )


def _is_ours(pid: str, port: int, database_name: str) -> bool:
    try:
        command = Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return False
    return f"--port {port} " in command or (command.startswith("postgres:") and database_name in command)


def _on_cpu(process: Path) -> float:
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in (process / "task").iterdir()) / 1e9
    except OSError:
        return 0.0  # ended meanwhile
