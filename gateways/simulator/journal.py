"""What happened: every call, callback and deed of a simulated person, newest last, with a search."""

import collections
import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

KEPT_ENTRIES = 5_000
KEPT_CHARACTERS = 20_000
_SECRET_PARAMS = ("access_token", "corpsecret", "secret", "js_code")

Json = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """One line of the journal. `at` is the machine's clock, `virtual_at` the platform's; `took_ms` in milliseconds."""

    kind: Literal["call", "callback", "person", "console"]
    host: str
    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    code: str = ""
    reply: str = ""
    took_ms: float = 0.0
    at: float = 0.0
    virtual_at: float = 0.0
    fault: str = ""
    note: str = ""
    id: int = 0


def clipped(data: bytes | str) -> str:
    """Text of a body, cut to what the journal keeps."""
    text = data if isinstance(data, str) else data[: KEPT_CHARACTERS * 4].decode("utf-8", "replace")
    return text[:KEPT_CHARACTERS]


def without_secrets(params: dict[str, str]) -> dict[str, str]:
    """Query parameters as the journal may keep them."""
    return {name: "***" if name in _SECRET_PARAMS else value for name, value in params.items()}


class Journal:
    """A ring of entries, and counts per path that are never cut."""

    def __init__(self) -> None:
        self._entries: collections.deque[Entry] = collections.deque(maxlen=KEPT_ENTRIES)
        self._counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self._lock = threading.Lock()
        self._last_id = 0

    def add(self, entry: Entry) -> None:
        """Keep an entry."""
        with self._lock:
            self._last_id += 1
            entry.id = self._last_id
            self._entries.append(entry)
            self._counts[f"{entry.host}{entry.path}", entry.code] += 1

    def clear(self) -> None:
        """Forget everything; ids go on."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()

    def find(self, *, limit: int = 100, after: int = 0, **wanted: str) -> list[Entry]:
        """The newest entries (oldest first) whose fields contain the wanted texts.

        `path="mark_tag"` looks into a field, `body__contains="P01"` reads the same; an unknown field is a ValueError.
        """
        filters = {name.removesuffix("__contains"): str(value) for name, value in wanted.items()}
        unknown = set(filters) - set(Entry.__dataclass_fields__)
        if unknown:
            raise ValueError(f"the journal has no field {', '.join(sorted(unknown))}")
        with self._lock:
            entries = list(self._entries)
        found = (entry for entry in reversed(entries) if entry.id > after and _matches(entry, filters))
        return list(_first(found, limit))[::-1]

    def counts(self) -> dict[str, dict[str, int]]:
        """Calls per host and path, per result code; counted since the last clear."""
        result: dict[str, dict[str, int]] = {}
        with self._lock:
            for (path, code), number in self._counts.items():
                result.setdefault(path, {})[code or "0"] = number
        return result

    def assert_absent(self, *needles: str) -> None:
        """AssertionError when any text occurs in an address or a query: personal data must never be there."""
        for entry in self.find(limit=KEPT_ENTRIES):
            place = entry.path + json.dumps(entry.params, ensure_ascii=False)
            for needle in needles:
                if needle in place:
                    raise AssertionError(f"journal entry {entry.id} shows {needle!r} in its address")


def as_json(entry: Entry) -> Json:
    """An entry for the control plane."""
    return asdict(entry)


def _matches(entry: Entry, filters: dict[str, str]) -> bool:
    for name, wanted in filters.items():
        value = getattr(entry, name)
        if name in {"id", "kind", "method", "status", "code"}:
            if str(value) != wanted:
                return False
        elif wanted not in (json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)):
            return False
    return True


def _first(entries: Iterable[Entry], limit: int) -> Iterable[Entry]:
    for number, entry in enumerate(entries):
        if number >= limit:
            return
        yield entry
