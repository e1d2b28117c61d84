"""Forgetting a person, for good: tombstones keep every sync, import and restore from bringing them back."""

import datetime as dt
from collections.abc import Collection

from django.db import connection

_AMONG = """
SELECT value_hash, at FROM customers_erasedidentity
WHERE kind = %s AND scope = %s AND value_hash = ANY(%s::bytea[])
"""


def erased_among(kind: str, scope: str, hashes: Collection[bytes]) -> dict[bytes, dt.datetime]:
    """Which of these identities belong to somebody who was erased, and when: one statement, however many are asked.

    `hashes` are `core.secrets.lookup_hash(f"{kind}:{scope}", value)`. A sync, an import or a connector must leave these out.
    An identity that turns up again by the person's own act after that moment (a new friendship in WeCom, a log-in) may
    be taken as a new person.
    """
    if not hashes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_AMONG, [kind, scope, list(hashes)])
        return {bytes(value): at for value, at in cursor.fetchall()}
