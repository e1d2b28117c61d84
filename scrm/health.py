"""Is a part of the system well? `python -m scrm.health web|worker|beat` exits 0 or 1, for container health checks.

Workers and beat touch a heartbeat file; the web server is asked over HTTP. Needs no settings and no database.
"""

import http.client
import os
import sys
import time
from pathlib import Path

ROLE = "SCRM_ROLE"  # web, worker-chat, beat ...: names the heartbeat file of this process
FOLDER = "SCRM_HEARTBEAT_DIR"
STALE_AFTER_SECONDS = 30.0


def heartbeat_file() -> Path | None:
    """Where this process tells that it is well; None when nobody asked it to."""
    folder, role = os.environ.get(FOLDER), os.environ.get(ROLE)
    return Path(folder) / role if folder and role else None


def touch() -> None:
    """Tell that this process is well."""
    path = heartbeat_file()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def age_seconds(path: Path) -> float:
    """Seconds since a heartbeat; infinite when there was none."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def web_answers(port: int, path: str, host: str = "127.0.0.1", timeout: float = 3.0) -> bool:
    """Whether the web server on this machine answers 200. `host` is the Host header, which Django checks."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """The exit code for a container's health check."""
    if arguments == ["web"]:
        allowed = os.environ.get("SCRM_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "127.0.0.1"
        return 0 if web_answers(int(os.environ.get("PORT", "8000")), "/readyz", allowed) else 1
    path = heartbeat_file()
    return 0 if path is not None and age_seconds(path) < STALE_AFTER_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
