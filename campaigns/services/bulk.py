"""A follow-up task for each of many customers."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.errors import BadInput
from core.parsers import is_clean
from customers.choices import SkipReason
from customers.models import BulkAction
from customers.services.bulk import Ask, Kind, Outcome
from customers.services.standing import refresh_standing
from staff.models import User

# The owner follows up; who has none is followed up by whoever asked.
_MAKE = """
INSERT INTO campaigns_followup (key, customer_id, assignee_id, title, reason, evidence, suggested_text, product_code, state,
    outcome, due_at, created_at)
SELECT 'bulk:' || %(bulk)s || ':' || customer.id, customer.id, coalesce(owner.id, %(actor)s), %(title)s, 'by_hand',
    jsonb_build_array(jsonb_build_object('by', %(actor)s)), '', '', 'open', '', %(now)s, %(now)s
FROM customers_customer AS customer LEFT JOIN staff_user AS owner ON owner.id = customer.owner_id AND owner.is_active
WHERE customer.id = ANY(%(ids)s) ORDER BY customer.id ON CONFLICT (key) DO NOTHING RETURNING customer_id, id
"""
_UNDO = """
DELETE FROM campaigns_followup WHERE key = ANY(%(keys)s) AND state = 'open' RETURNING customer_id
"""


def _clean(_actor: User, given: Mapping[str, str], _total: int) -> dict[str, Any]:
    title = given.get("title", "").strip()
    if not 1 <= len(title) <= 80 or not is_clean(title):
        raise BadInput(_("Say in 1 to 80 characters what is to be done."), {"title": _("1 to 80 characters")})
    return {"title": title}


def _step(bulk: BulkAction, ids: list[int]) -> Outcome:
    values = {"bulk": bulk.pk, "actor": bulk.actor_id, "title": bulk.args["title"], "now": clock.now(), "ids": ids}
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, values)
        made = dict(cursor.fetchall())
    refresh_standing(list(made))
    return Outcome(made, dict.fromkeys(set(ids) - set(made), SkipReason.SAME))


def _undo(bulk: BulkAction, before: Mapping[int, Any]) -> Outcome:
    """Only tasks that nobody has finished."""
    with connection.cursor() as cursor:
        cursor.execute(_UNDO, {"keys": [f"bulk:{bulk.pk}:{pk}" for pk in before]})
        gone = {pk for (pk,) in cursor.fetchall()}
    refresh_standing(sorted(gone))
    return Outcome(dict.fromkeys(gone), dict.fromkeys(set(before) - gone, SkipReason.CHANGED_SINCE))


TASK = Kind(
    gettext_lazy("Make a task"), "tasks.assign", "clipboard-check",
    (Ask("title", gettext_lazy("What is to be done"), kind="text", hint=gettext_lazy("Each customer's owner gets one")),),
    _clean, _step, _undo, describe=lambda args: str(args["title"]),
)  # fmt: skip
