"""What a message may call a person, and where to reach them: read for many at once, just before sending."""

from collections.abc import Collection

from django.conf import settings
from django.db import connection

from core.secrets import unseal
from messaging.choices import Route
from messaging.queries.governor import ADDRESS

_FACTS = """
SELECT customer.id, coalesce(nullif(customer.name, ''), nullif(customer.nickname, ''), ''), customer.nickname, customer.city,
    coalesce(nullif(owner.display_name, ''), '')
FROM customers_customer AS customer LEFT JOIN staff_user AS owner ON owner.id = customer.owner_id
WHERE customer.id = ANY(%s)
"""
_ADDRESSES = """
SELECT DISTINCT ON (customer_id) customer_id, value_sealed FROM customers_identity
WHERE customer_id = ANY(%s) AND kind = %s AND (scope = ANY(%s) OR %s)
ORDER BY customer_id, verified_at DESC NULLS LAST, id DESC
"""


def facts_of(customer_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Customer id -> the variables everybody has: name, nickname, city, adviser."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [list(customer_ids)])
        return {
            key: {"name": name, "nickname": nickname, "city": city, "adviser": adviser}
            for key, name, nickname, city, adviser in cursor.fetchall()
        }


def addresses_of(channel: str, customer_ids: Collection[int]) -> dict[int, str]:
    """Customer id -> the openid or phone number of the channel, readable; who has none is left out. Keep it out of logs."""
    scopes = [settings.VENDORS.get("MINI_APP_ID", ""), ""] if channel in (Route.SUBSCRIBE, Route.INBOX) else []
    with connection.cursor() as cursor:
        cursor.execute(_ADDRESSES, [list(customer_ids), str(ADDRESS[channel]), scopes, not scopes])
        return {key: unseal(bytes(sealed)) for key, sealed in cursor.fetchall()}
