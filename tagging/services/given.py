"""Tags that a journey gives and takes: as a person would, but never over a person's "never again"."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction

from core import clock
from tagging.choices import TagSource
from tagging.queries.refreshing import Change
from tagging.services.refresh import lock_tags, rebuild_tags, record_tags

# In a group of which a customer has one tag, the new one takes the place of the old one, unless the new one is blocked.
_LEAVE_GROUP = """
DELETE FROM tagging_tagassignment AS held USING tagging_tag AS old, tagging_tag AS new, tagging_taggroup AS family
WHERE held.customer_id = ANY(%(ids)s) AND NOT held.is_blocked AND old.id = held.tag_id AND new.id = ANY(%(add)s)
    AND NOT new.is_archived
  AND family.id = new.group_id AND family.is_exclusive AND old.group_id = family.id AND old.id <> ALL(%(add)s)
  AND NOT EXISTS (SELECT 1 FROM tagging_tagassignment AS no WHERE no.customer_id = held.customer_id
      AND no.tag_id = new.id AND no.is_blocked)
RETURNING held.customer_id, held.tag_id
"""
_GIVE = """
INSERT INTO tagging_tagassignment (customer_id, tag_id, source, evidence, confidence, assigned_at, matched_at, is_blocked)
SELECT customer.id, tag.id, 'manual', '[]', 1, %(now)s, %(now)s, false
FROM unnest(%(ids)s::bigint[]) AS customer (id) CROSS JOIN tagging_tag AS tag
WHERE tag.id = ANY(%(add)s) AND NOT tag.is_archived ORDER BY customer.id, tag.id
ON CONFLICT (customer_id, tag_id) DO NOTHING RETURNING customer_id, tag_id
"""
_TAKE = """
DELETE FROM tagging_tagassignment WHERE customer_id = ANY(%(ids)s) AND tag_id = ANY(%(remove)s) AND NOT is_blocked
RETURNING customer_id, tag_id
"""


@transaction.atomic
def change_tags(customer_ids: Collection[int], *, add: Sequence[int] = (), remove: Sequence[int] = ()) -> int:
    """Give these customers tags and take others away; how many changes. Safe to run twice; merged customers are left out."""
    ids = lock_tags(customer_ids)
    if not ids:
        return 0
    now = clock.now()
    params: dict[str, Any] = {"ids": ids, "add": list(add), "remove": list(remove), "now": now}
    went = _run(_LEAVE_GROUP, params) + _run(_TAKE, params)
    came = _run(_GIVE, params)
    rebuild_tags(ids)
    record_tags(came, went, TagSource.MANUAL, now)
    return len(came) + len(went)


def _run(statement: str, params: dict[str, Any]) -> list[Change]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [Change(customer_id, tag_id, None, "manual") for customer_id, tag_id in cursor.fetchall()]
