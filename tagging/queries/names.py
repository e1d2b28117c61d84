"""What tagging adds to other apps' pages: names of tags."""

from collections.abc import Mapping, Sequence

from django.db import connection

from tagging.models import Tag

_TAGS_OF = """
SELECT tagged.customer_id, array_agg(tag.name ORDER BY tag_group.position, tag.position, tag.id)
FROM tagging_customertags AS tagged JOIN tagging_tag AS tag ON tag.id = ANY(tagged.tag_ids)
JOIN tagging_taggroup AS tag_group ON tag_group.id = tag.group_id
WHERE tagged.customer_id = ANY(%s) GROUP BY 1
"""


def tags_of(customer_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """Names of each customer's tags, for lists; customers without tags are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TAGS_OF, [list(customer_ids)])
        return dict(cursor.fetchall())


def tag_names(tag_ids: set[int]) -> Mapping[int, str]:
    """Tag id -> name."""
    return dict(Tag.objects.filter(pk__in=tag_ids).values_list("pk", "name"))
