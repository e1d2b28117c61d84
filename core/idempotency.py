"""`Idempotency-Key` on POST: a retry gets the first answer, and the work is done once."""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import BadInput, Refused

_CLAIM = """
INSERT INTO core_idempotencyrecord (scope, key, request_hash) VALUES (%s, %s, %s)
ON CONFLICT (scope, key) DO NOTHING
"""
_READ = "SELECT request_hash, status, body FROM core_idempotencyrecord WHERE scope = %s AND key = %s FOR UPDATE"
_KEEP = "UPDATE core_idempotencyrecord SET status = %s, body = %s::jsonb WHERE scope = %s AND key = %s"


def idempotent(scope: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Decorator for a DRF view method that writes. The answer is kept in the same transaction as the work.

    A second request with the same key waits for the first, then gets its answer. The same key with another body
    is refused (409, `idempotency_mismatch`). Errors are not kept: the client may try again.
    """

    def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
        @functools.wraps(view)
        def wrapper(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = idempotency_key(request)
            who = f"{scope}:{getattr(request.user, 'pk', '-')}"
            digest = hashlib.sha256(json.dumps([request.data, kwargs], sort_keys=True, default=str).encode()).hexdigest()
            with transaction.atomic():
                kept = _begin(who, key, digest)
                if kept is not None:
                    return kept
                response = view(self, request, *args, **kwargs)
                _finish(who, key, response)
                return response

        return wrapper

    return decorate


def idempotency_key(request: Request) -> str:
    """The header of a POST that needs one; BadInput without it. For views whose work is idempotent by itself."""
    key = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 100 or not key.isascii() or not key.isprintable() or " " in key:
        raise BadInput(
            _("Send an Idempotency-Key header of 8 to 100 characters."), {"Idempotency-Key": _("missing or malformed")}
        )
    return key


def claim(scope: str, key: str, digest: str) -> tuple[int, Any] | None:
    """Take a key for a request with this digest, in the caller's transaction: (status, body) when it was answered
    already, else None. A second caller waits for the first. Refused when the key was used for another request."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [scope, key, digest])
        cursor.execute(_READ, [scope, key])
        row = cursor.fetchone()
    if row[0] != digest:
        raise Refused(_("This Idempotency-Key was used for another request."), "idempotency_mismatch")
    if row[1] is None:
        return None
    return row[1], json.loads(row[2]) if isinstance(row[2], str) else row[2]


def keep(scope: str, key: str, status: int, body: Any) -> None:
    """Keep the answer of a claimed key; in the transaction that does the work."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [status, json.dumps(body, default=str), scope, key])


def _begin(scope: str, key: str, digest: str) -> Response | None:
    kept = claim(scope, key, digest)
    return None if kept is None else Response(kept[1], status=kept[0], headers={"Idempotent-Replay": "true"})


def _finish(scope: str, key: str, response: Response) -> None:
    keep(scope, key, response.status_code, response.data)
