"""Every URL of the project, from the resolver, and the declared policy."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

POLICY = Path(__file__).with_name("policy.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclasses.dataclass(frozen=True)
class Route:
    """One URL pattern, as `urls.py` spells it, with what policy.txt says of it."""

    path: str
    methods: tuple[str, ...]
    who: str

    @property
    def abilities(self) -> list[str]:
        """What lets one in: any of these."""
        return self.who.split(" or ")

    @property
    def parameters(self) -> list[str]:
        """The names in the pattern, in order."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.path)

    def url(self, values: dict[str, object]) -> str:
        """The address with values put in."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), self.path)


def resolved() -> list[str]:
    """The patterns that the resolver knows; Django's admin is one entry, guarded as a whole."""
    return sorted({path for path in _walk(get_resolver().url_patterns) if not path.startswith("admin/")} | {"admin/"})


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        elif pattern.name != "missing":
            yield path


def declared() -> list[Route]:
    """What policy.txt says, line by line: `path | methods | who`."""
    lines = [line.partition("#")[0].strip() for line in POLICY.read_text().splitlines()]
    parts = [[part.strip() for part in line.split("|")] for line in lines if line]
    return [Route("" if path == "/" else path, tuple(methods.split()), who) for path, methods, who in parts]
