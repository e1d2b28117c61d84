"""Messages when a merge is undone."""

from django.db import connection

from customers.services.movers import Undone

# A message goes to a WeCom contact; the friendship stands with its own customer again by now.
_MESSAGES = """
WITH home AS (
    UPDATE messaging_message AS message SET customer_id = %(to)s
    FROM customers_relationship AS rel
    WHERE message.customer_id = %(from)s AND message.external_userid <> '' AND rel.customer_id = %(to)s
        AND rel.external_userid = message.external_userid
    RETURNING message.id
)
UPDATE core_event SET customer_id = %(to)s WHERE customer_id = %(from)s AND kind IN ('message.sent', 'message.clicked')
    AND props ->> 'message_id' IN (SELECT id::text FROM home)
"""


def bring_messages_home(undone: Undone) -> None:
    """What was sent since the merge to a contact that went home goes with it, and what the log says of it."""
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, {"to": undone.absorbed, "from": undone.root})
