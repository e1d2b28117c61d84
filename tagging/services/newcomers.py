"""Tags that a channel gives its newcomers."""

from collections.abc import Collection

from django.db import connection, transaction

from core import clock
from tagging.choices import TagSource
from tagging.queries.refreshing import Change
from tagging.services.refresh import lock_tags, rebuild_tags, record_tags

# Never over a person's word ("never again"), and never a second tag of an exclusive group; two of one such group: the first.
_GIVE = """
INSERT INTO tagging_tagassignment
    (customer_id, tag_id, source, evidence, confidence, assigned_at, matched_at, is_blocked)
SELECT DISTINCT ON (CASE WHEN family.is_exclusive THEN -family.id ELSE tag.id END)
    %(customer)s, tag.id, 'channel', '[]', 1, %(now)s, %(now)s, false
FROM tagging_tag AS tag JOIN tagging_taggroup AS family ON family.id = tag.group_id
WHERE tag.id = ANY(%(tags)s) AND NOT tag.is_archived AND NOT (family.is_exclusive AND EXISTS (
    SELECT 1 FROM tagging_tagassignment AS held JOIN tagging_tag AS other ON other.id = held.tag_id
    WHERE held.customer_id = %(customer)s AND other.group_id = family.id AND NOT held.is_blocked))
ORDER BY CASE WHEN family.is_exclusive THEN -family.id ELSE tag.id END, tag.id
ON CONFLICT (customer_id, tag_id) DO NOTHING
RETURNING customer_id, tag_id
"""


@transaction.atomic
def tag_newcomer(customer_id: int, tag_ids: Collection[int]) -> int:
    """Give a newcomer the tags of their channel; how many are new. Safe to run twice; a merged customer gets none."""
    if not tag_ids or not lock_tags([customer_id]):
        return 0
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE, {"customer": customer_id, "tags": list(tag_ids), "now": now})
        given = [Change(customer, tag, None, "assign") for customer, tag in cursor.fetchall()]
    rebuild_tags([customer_id])
    record_tags(given, [], TagSource.CHANNEL, now)
    return len(given)
