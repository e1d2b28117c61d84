"""Forgetting a person, for good: tombstones keep every sync, import and restore from bringing them back.

Guarantee: afterwards no table, no key of Redis and no file of ours holds the person's name, number or platform ids, but for
sealed callbacks, which go within thirty days. Orders stay under a number for three years (E-commerce Law 31), then go too.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import job
from core.secrets import unseal
from customers.choices import RequestState
from customers.models import Customer, DataRequest, Erasure, Identity
from customers.services import erasers
from customers.services.erasure_list import remember
from staff.models import User
from staff.services import write_audit

_AMONG = """
SELECT value_hash, at FROM customers_erasedidentity
WHERE kind = %s AND scope = %s AND value_hash = ANY(%s::bytea[])
"""
_CLUSTER = """
WITH RECURSIVE one AS (
    SELECT id FROM customers_customer WHERE id = %s
    UNION SELECT absorbed.id FROM customers_customer AS absorbed JOIN one ON absorbed.merged_into_id = one.id
) SELECT id FROM customers_customer WHERE id IN (SELECT id FROM one) ORDER BY id FOR UPDATE
"""


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """Why somebody cannot be erased yet, in words for the customer; `code` is stable."""

    code: str
    message: str


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


def obstacles(customer: Customer) -> list[Obstacle]:
    """What must end before the person can be erased: every app above says its own (settings.ERASURE_OBSTACLES)."""
    ids = cluster(customer.pk)
    found = [obstacle for path in settings.ERASURE_OBSTACLES for obstacle in import_string(path)(ids)]
    return [Obstacle(code, message) for code, message in found]


def cluster(customer_id: int) -> list[int]:
    """The person's row and every row that was merged into it, locked where a transaction is open."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLUSTER, [customer_id])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def erase(
    customer: Customer, *, actor: User | None, request: DataRequest | None = None, ip: str | None = None
) -> Erasure:  # fmt: skip
    """Erase a person now. Refused ("erasure_blocked") with what must end first; nothing is changed then."""
    blocked = obstacles(customer)
    if blocked:
        reasons = " ".join(obstacle.message for obstacle in blocked)
        raise Refused(_("Not yet possible: %(reasons)s") % {"reasons": reasons}, "erasure_blocked")
    done = forget(customer.pk, at=clock.now())
    if request is not None:
        DataRequest.objects.filter(pk=request.pk).update(
            state=RequestState.DONE, closed_at=done.at, closed_by=actor, erasure=done, blocked_by=[]
        )
    write_audit(actor, "customer.erased", done, {"removed": done.removed}, ip=ip)
    return done


def forget(customer_id: int, *, at: dt.datetime) -> Erasure:
    """The work of `erase` and of `replay_erasures`, without asking what stands in the way. In a transaction."""
    ids = cluster(customer_id)
    root = Customer.objects.get(pk=customer_id)
    values = _values(ids)
    until = _orders_until(ids)
    done, _made = Erasure.objects.get_or_create(
        customer_id=root.pk, defaults={"public_id": root.public_id, "at": at, "orders_until": until}
    )
    _bury(done, ids, at)
    removed = {"households": erasers.household_names(ids), **erasers.erase_places(ids), "ledger": erasers.ledger(ids)}
    removed["wecom"] = erasers.wecom_mirror(values)
    for path in settings.ERASERS:
        removed[path.rpartition(".")[2]] = int(import_string(path)(ids))
    erasers.empty_shells(ids, at)
    _forget_history(ids)
    done.removed = {name: count for name, count in removed.items() if count}
    done.save(update_fields=["removed"])
    transaction.on_commit(lambda: _after(done, values))
    return done


def _after(done: Erasure, values: Sequence[str]) -> None:
    erasers.redis_traces(values)
    remember([done])


def _values(ids: Sequence[int]) -> list[str]:
    """The person's plain values, for as long as this takes, to look for them where no customer id stands."""
    found = []
    for sealed in Identity.objects.filter(customer__in=ids).values_list("value_sealed", flat=True):
        try:
            found.append(unseal(bytes(sealed)))
        except ValueError:  # sealed with a key that is gone: nobody can read it anywhere
            continue
    return [*found, *(value.removeprefix("+86") for value in found if value.startswith("+86"))]


_BURY = """
INSERT INTO customers_erasedidentity (erasure_id, kind, scope, value_hash, at)
SELECT %s, kind, scope, value_hash, %s FROM customers_identity WHERE customer_id = ANY(%s)
ON CONFLICT (kind, scope, value_hash) DO UPDATE SET erasure_id = EXCLUDED.erasure_id, at = EXCLUDED.at
"""


def _bury(done: Erasure, ids: Sequence[int], at: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_BURY, [done.pk, at, list(ids)])


def _orders_until(ids: Sequence[int]) -> dt.date | None:
    """The day after which the last order may go; None when there is none."""
    days: list[dt.date | None] = [import_string(path)(ids) for path in settings.ERASURE_KEPT_UNTIL]
    return max((day for day in days if day), default=None)


def _forget_history(ids: Sequence[int]) -> None:
    """What the database's triggers noted while the row was emptied, and before."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_customerhistory WHERE pgh_obj_id = ANY(%s)", [list(ids)])


@job(Lane.BULK, coalesce=True)
def delete_expired_orders() -> int:
    """Every night: the orders of erased people whose three years are over go, and the empty customer with them; people."""
    due = list(Erasure.objects.filter(orders_until__lt=clock.today()).order_by("id")[:500])
    gone = 0
    for done in due:
        with transaction.atomic():
            ids = cluster(done.customer_id)
            for path in settings.ERASURE_FINALLY:
                import_string(path)(ids)
            Customer.objects.filter(pk__in=ids, erased_at__isnull=False).update(merged_into=None)
            Customer.objects.filter(pk__in=ids, erased_at__isnull=False).delete()
            _forget_history(ids)
            Erasure.objects.filter(pk=done.pk).update(orders_until=None)
            gone += 1
    return gone
