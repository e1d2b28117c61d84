"""Build `.venv` from requirements.lock and continue inside it. Standard library only, runs before anything is installed.

Every package is checked against the hashes in the lock. `uv` (itself in the lock) installs them in seconds; where it
cannot be had, pip does the same in a minute or two. The package index configured for pip (a mirror, say) serves both.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LOCK = REPOSITORY / "requirements.lock"
ENVIRONMENT = REPOSITORY / ".venv"
STAMP = ENVIRONMENT / "scrm.stamp"
PYTHON = ENVIRONMENT / "bin" / "python"
CHECKED_COMMANDS = {"up", "test"}  # these also notice that the lock has changed


def enter_environment(arguments: list[str]) -> None:
    """Return inside the right environment, or replace this process by the same command in `.venv`."""
    if os.environ.get("SCRM_BOOTSTRAP") == "0" or sys.prefix != sys.base_prefix:
        _explain_if_empty()
        return
    if not PYTHON.exists() or (CHECKED_COMMANDS & set(arguments[:1]) and _stamp() != _wanted_stamp()):
        _build()
    # Compiling two thousand modules at every start costs more than all the rest of it; __pycache__ is ignored by git.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execv(PYTHON, [str(PYTHON), str(REPOSITORY / "manage.py"), *arguments])


def _explain_if_empty() -> None:
    import importlib.util

    if importlib.util.find_spec("django") is None:
        sys.exit(
            "scrm: Django is not installed in this Python environment. Leave it (deactivate) so that .venv is built and used, "
            "or run: pip install --require-hashes -r requirements.lock"
        )


def _wanted_stamp() -> str:
    return hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()


def _stamp() -> str:
    return STAMP.read_text() if STAMP.exists() else ""


def _build() -> None:
    """One process builds; a second that starts at the same time waits and then finds the work done."""
    with _only_one():
        if PYTHON.exists() and _stamp() == _wanted_stamp():
            return
        started = time.monotonic()
        _say("preparing .venv from requirements.lock (the first time this downloads about 200 MB) ...")
        _make_environment()
        pip = _pip()
        if not _install_with_uv(pip):
            _say("uv is not available here; pip takes a minute or two ...")
            command = [*pip, "install", "--require-hashes", "--prefer-binary", "-r", str(LOCK)]
            _run(command, "the packages could not be installed; the lines above say why")
        STAMP.write_text(_wanted_stamp())
        _say(f"packages are ready after {time.monotonic() - started:.0f} s")


def _make_environment() -> None:
    if PYTHON.exists() and _version_of(PYTHON) == _version_of(Path(sys.executable)):
        return
    if ENVIRONMENT.exists():
        shutil.rmtree(ENVIRONMENT)
    if not _succeeds([sys.executable, "-m", "venv", str(ENVIRONMENT)]):  # Debian's Python without python3-venv has no ensurepip
        _run(
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(ENVIRONMENT)],
            "Python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv",
        )


def _pip() -> list[str]:
    """pip for .venv: its own, or a fresh one, or the one of the Python that runs this."""
    own = [str(PYTHON), "-m", "pip"]
    if _succeeds([*own, "--version"]) or _succeeds([str(PYTHON), "-m", "ensurepip", "--upgrade"]):
        return own
    outer = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if not _succeeds([*outer, "--version"]):
        sys.exit("scrm: this Python has neither venv nor pip; on Debian and Ubuntu: apt install python3-venv")
    return outer


def _version_of(python: Path) -> str:
    done = subprocess.run([str(python), "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=False)
    return done.stdout


def _install_with_uv(pip: list[str]) -> bool:
    """False when uv cannot be installed or fails, whatever the reason; pip is then tried with the same lock."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(_stanza("uv"))
        wanted.flush()
        quiet = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", wanted.name]
        if not _succeeds([*pip, "install", *quiet]):
            return False
    uv = str(ENVIRONMENT / "bin" / "uv")
    command = [uv, "pip", "install", "--python", str(PYTHON), "--require-hashes", "--quiet", "--compile-bytecode"]
    environment = {**os.environ, **uv_settings(_pip_settings(pip))}
    return _succeeds([*command, "--index-strategy", "unsafe-best-match", "-r", str(LOCK)], environment)


def _stanza(package: str) -> str:
    """The lines of one package in the lock, hashes included."""
    found = re.search(rf"^{package}==.*(?:\n[ \t]+.*)*", LOCK.read_text(), re.MULTILINE)
    return found.group(0) if found else ""


def _pip_settings(pip: list[str]) -> dict[str, str]:
    """pip's own configuration, from its files and the environment; the environment wins."""
    done = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    found = re.findall(r"^(global|install|:env:)\.([\w-]+)='(.*)'$", done.stdout, re.MULTILINE)
    return {name: value for _, name, value in sorted(found, key=lambda line: line[0] == ":env:")}


def uv_settings(pip: dict[str, str]) -> dict[str, str]:
    """The same index, certificates and patience for uv, which does not read pip's configuration."""
    names = {
        "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE", "trusted-host": "UV_INSECURE_HOST", "timeout": "UV_HTTP_TIMEOUT",
        "default-timeout": "UV_HTTP_TIMEOUT",
    }  # fmt: skip
    settings = {names[name]: " ".join(value.replace("\\n", " ").split()) for name, value in pip.items() if name in names}
    if "UV_FIND_LINKS" in settings:
        settings["UV_FIND_LINKS"] = settings["UV_FIND_LINKS"].replace(" ", ",")
    return {name: value for name, value in settings.items() if name not in os.environ}


def _run(command: list[str], complaint: str) -> None:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).strip().splitlines()[-15:]), file=sys.stderr)
        sys.exit(f"scrm: {complaint}.")


def _succeeds(command: list[str], environment: dict[str, str] | None = None) -> bool:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
    if done.returncode and os.environ.get("SCRM_BOOTSTRAP") == "verbose":
        _say(done.stderr)
    return done.returncode == 0


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    import fcntl

    with (REPOSITORY / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(f"scrm: {text}", file=sys.stderr, flush=True)
