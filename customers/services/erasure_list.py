"""The list of erasures kept outside the database: what a restored backup does not know.

One JSON line per erasure: the customer's number and public id, when, and the keyed hashes of the identities. No personal data.
It must be kept apart from the database's backups (settings.ERASURE_LIST).
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from core.choices import Lane
from core.jobs import job
from customers.models import ErasedIdentity, Erasure

logger = logging.getLogger(__name__)


def remember(erasures: Iterable[Erasure]) -> None:
    """Append erasures to the list. A disk that fails is loud in the log; `complete_erasure_list` writes them the next night."""
    lines = [_line(done) for done in erasures]
    path = Path(settings.ERASURE_LIST)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + "".join(lines))  # whatever a crash left of the last line ends here
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        logger.exception("%s erasures could not be written to the list; they are tried again tonight", len(lines))


def _line(done: Erasure) -> str:
    rows = ErasedIdentity.objects.filter(erasure=done).order_by("id").values_list("kind", "scope", "value_hash")
    entry = {
        "customer_id": done.customer_id,
        "public_id": str(done.public_id),
        "at": done.at.isoformat(),
        "orders_until": done.orders_until.isoformat() if done.orders_until else None,
        "tombstones": [[kind, scope, bytes(value).hex()] for kind, scope, value in rows],
    }
    return json.dumps(entry, separators=(",", ":")) + "\n"


def read_list(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a list, the last word on each customer; a line cut off by a crash is skipped, loudly."""
    entries: dict[int, dict[str, Any]] = {}
    if not path.exists():
        return iter(())
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            entries[int(entry["customer_id"])] = entry
        except (ValueError, KeyError, TypeError):
            logger.error("line %s of the erasure list cannot be read", number)
    return iter(entries.values())


@job(Lane.BULK, coalesce=True)
def complete_erasure_list() -> int:
    """Every night: write what the database knows and the list does not; the number written."""
    known = {int(entry["customer_id"]) for entry in read_list(Path(settings.ERASURE_LIST))}
    missing = list(Erasure.objects.exclude(customer_id__in=known).order_by("id"))
    if missing:
        remember(missing)
    return len(missing)
