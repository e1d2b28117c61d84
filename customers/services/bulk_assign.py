"""Many customers get another owner."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock, params
from core.errors import BadInput
from customers.choices import SkipReason
from customers.models import BulkAction, Standing
from customers.services.bulk import Ask, Kind, Outcome
from staff.models import User

# Rows are locked in the order of their ids, as every writer of many does.
_GIVE = """
WITH before AS MATERIALIZED (
    SELECT id, owner_id, department_id FROM customers_customer WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
)
UPDATE customers_customer AS customer SET owner_id = %(owner)s, department_id = %(department)s, updated_at = %(now)s
FROM before WHERE customer.id = before.id
    AND (before.owner_id, before.department_id) IS DISTINCT FROM (%(owner)s::bigint, %(department)s::bigint)
RETURNING customer.id, before.owner_id, before.department_id
"""
_BACK = """
WITH told AS (
    SELECT told.id, told.owner_id, told.department_id
    FROM unnest(%(ids)s::bigint[], %(owners)s::bigint[], %(departments)s::bigint[]) AS told (id, owner_id, department_id)
    JOIN customers_customer AS customer ON customer.id = told.id
    WHERE customer.owner_id IS NOT DISTINCT FROM %(owner)s AND customer.merged_into_id IS NULL
    ORDER BY told.id FOR NO KEY UPDATE OF customer
)
UPDATE customers_customer AS customer SET updated_at = %(now)s,
    owner_id = (SELECT id FROM staff_user WHERE id = told.owner_id),
    department_id = (SELECT id FROM staff_department WHERE id = told.department_id)
FROM told WHERE customer.id = told.id RETURNING customer.id
"""


def _colleagues(_user: User) -> Sequence[tuple[Any, str, str]]:
    return [(user.pk, str(user), "") for user in User.objects.filter(is_active=True).order_by("id")]


def _clean(_actor: User, given: Mapping[str, str], _total: int) -> dict[str, Any]:
    owner = User.objects.filter(pk=params.whole("owner", given.get("owner"), 0), is_active=True).first()
    if owner is None:
        raise BadInput(_("Choose who takes care of them."), {"owner": _("choose somebody")})
    return {"owner": owner.pk, "department": owner.department_id}


def _same(args: dict[str, Any]) -> QuerySet[Any]:
    return Standing.objects.filter(owner_id=args["owner"], department_id=args["department"]).values("customer_id")


def _step(bulk: BulkAction, ids: list[int]) -> Outcome:
    with connection.cursor() as cursor:
        cursor.execute(_GIVE, {**bulk.args, "ids": ids, "now": clock.now()})
        changed = {pk: [owner, department] for pk, owner, department in cursor.fetchall()}
    return Outcome(changed, dict.fromkeys(set(ids) - set(changed), SkipReason.SAME))


def _undo(bulk: BulkAction, before: Mapping[int, Any]) -> Outcome:
    owners, departments = zip(*before.values(), strict=True)
    told = {"ids": list(before), "owners": list(owners), "departments": list(departments), "owner": bulk.args["owner"]}
    with connection.cursor() as cursor:
        cursor.execute(_BACK, {**told, "now": clock.now()})
        back = {pk for (pk,) in cursor.fetchall()}
    return Outcome(dict.fromkeys(back), dict.fromkeys(set(before) - back, SkipReason.CHANGED_SINCE))


def _describe(args: dict[str, Any]) -> str:
    return str(User.objects.filter(pk=args["owner"]).first() or "—")


ASSIGN = Kind(
    gettext_lazy("Assign"), "customers.assign", "user-check", (Ask("owner", gettext_lazy("New owner"), _colleagues),),
    _clean, _step, _undo, _same, describe=_describe,
)  # fmt: skip
