"""Reading settings from the environment, so that a wrong value stops the start with one clear line."""

import base64
import binascii
import os
import sys
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit


def stop(message: str) -> NoReturn:
    """End the process with one line; a traceback would bury what to do."""
    sys.exit(f"scrm: {message}")


def text(name: str, default: str = "") -> str:
    """An environment variable as text; surrounding spaces are dropped."""
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool) -> bool:
    """An on/off variable: 1/0, true/false, yes/no, on/off."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    stop(f"{name}={value!r} is not one of 1, 0, true, false, yes, no, on, off.")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """A variable that must be one of a few words."""
    value = text(name, default)
    if value not in allowed:
        stop(f"{name}={value!r} is not one of {', '.join(allowed)}.")
    return value


def whole_number(name: str, default: int, low: int, high: int) -> int:
    """A whole number within bounds."""
    value = text(name) or str(default)
    if not value.isascii() or not value.isdigit() or not low <= int(value[:12]) <= high:
        stop(f"{name}={value!r} is not a whole number from {low} to {high}.")
    return int(value)


def key32(name: str, default: str) -> bytes:
    """A 32-byte key in base64."""
    value = text(name, default)
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        stop(
            f"{name} must be 32 bytes in base64; make one with: python3 -c "
            '"import base64,os;print(base64.b64encode(os.urandom(32)).decode())"'
        )
    return raw


def http_url(name: str, default: str) -> str:
    """An http(s) address without a trailing slash."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        stop(f"{name}={value!r} is not an http(s) address.")
    return value


def database(url: str, options: Callable[[], dict[str, object]]) -> dict[str, object]:
    """A Django DATABASES entry from `postgresql://user:password@host:port/name?host=/socket`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        stop("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    query = dict(parse_qsl(parts.query))
    try:
        port = parts.port
    except ValueError:
        stop("DATABASE_URL has a port that is not a number.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": {**options(), **query},
        "CONN_HEALTH_CHECKS": True,
    }
