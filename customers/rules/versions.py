"""Which value somebody saw: the version of a field is a digest of the value itself, so that only a true change conflicts."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence

Value = str | int | dt.date | Sequence[int] | None


def version_of(value: Value) -> str:
    """Sixteen hex digits that stand for a value: equal values, and only they, have equal versions."""
    plain = value.isoformat() if isinstance(value, dt.date) else value
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()[:16]
