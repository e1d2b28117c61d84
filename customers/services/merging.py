"""Two records become one person, and two again: one transaction, every registered table, nothing lost.

A merge notes what it moved (MergeMove). Undoing it sends every row home, keeps what changed since, and sends home what
was recorded since under an identity that came from the absorbed side. Merges of merges are undone in any order.
"""

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from psycopg import sql

from core import clock
from core.errors import Refused
from core.event_types import CustomerMerged, CustomerUnmerged
from core.events import record
from customers.models import Customer, Merge, MergeReview
from customers.queries.places import Place, place_of, places
from customers.queries.reviews import family_of, roots_of
from customers.rules.identity import ordered
from customers.services import journal
from customers.services.movers import Mover, Undone
from customers.services.standing import refresh_standing
from staff.models import User
from staff.services import write_audit

# What the survivor takes over where it knows nothing itself. Customer's own row is the last place of every merge.
FILLED = (
    "name", "name_pinyin", "nickname", "remark", "gender", "birthday", "city", "child_ages", "phone_masked", "source",
)  # fmt: skip
SLIP = dt.timedelta(minutes=10)
_SELF = Place("customers_customer.id", "", (("id", "bigint"),))


def merge_customers(
    survivor_id: int, absorbed_id: int, *, evidence: list[dict[str, Any]], source: str, actor: User | None = None
) -> Merge:
    """Make two customers one. Refused when either has been absorbed meanwhile. `actor` is None for a strong key.

    `evidence` lists {"kind": ...} without values. Consent in force afterwards is the more restrictive of the two.
    """
    with transaction.atomic():
        _lock_present(survivor_id, absorbed_id)
        merge = Merge.objects.create(
            survivor_id=survivor_id, absorbed_id=absorbed_id, evidence=evidence, source=source[:40], actor=actor, at=clock.now()
        )
        for place in places():
            _move(merge, place)
        journal.noted(merge, _SELF, lambda: _join_rows(survivor_id, absorbed_id))
        record(CustomerMerged(survivor_id, absorbed_id), key=f"customer.merged:{merge.pk}")
        detail = {"absorbed": absorbed_id, "evidence": evidence, "source": source, "merge": merge.pk}
        write_audit(actor, "customers.merge", merge, detail)
    return merge


def _locked(customer_ids: Collection[int]) -> list[Customer]:
    """Rows locked in id order. Others may meanwhile add rows that refer to them."""
    return list(Customer.objects.select_for_update(no_key=True).filter(pk__in=customer_ids).order_by("pk"))


def _lock_present(survivor_id: int, absorbed_id: int) -> None:
    """Both must be people of their own."""
    found = _locked({survivor_id, absorbed_id})
    if len(found) != 2 or any(one.merged_into_id for one in found):
        raise Refused(_("One of these two has been joined with somebody else meanwhile. Look again."), "merged_already")


def _move(merge: Merge, place: Place) -> None:
    how, _colon, columns = place.how.partition(":")
    if how == "stay":
        return
    if how == "move":
        journal.move_rows(merge, place)
    elif how == "home":
        _move_home(merge, place)
    elif how == "unless":
        journal.move_rows(merge, place, only=journal.unless_taken(place, columns.split(",")))
    elif how == "drop":
        journal.noted(merge, place, lambda: _drop(place, merge.absorbed_id))
    else:
        mover = _mover(place)
        journal.noted(merge, place, lambda: mover.move(merge.survivor_id, merge.absorbed_id))


def _mover(place: Place) -> Mover:
    mover: Mover = import_string(place.how)
    return mover


def _move_home(merge: Merge, place: Place) -> None:
    statement = sql.SQL(
        "UPDATE {table} SET {column} = %(to)s, home_id = coalesce(home_id, %(from)s) WHERE {column} = %(from)s"
    ).format(**place.identifiers())
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), {"to": merge.survivor_id, "from": merge.absorbed_id})


def _drop(place: Place, absorbed_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DELETE FROM {table} WHERE {column} = %s").format(**place.identifiers()).as_string(), [absorbed_id]
        )


def _join_rows(survivor_id: int, absorbed_id: int) -> None:
    survivor, absorbed = Customer.objects.get(pk=survivor_id), Customer.objects.get(pk=absorbed_id)
    for name in FILLED:
        if not getattr(survivor, name):
            setattr(survivor, name, getattr(absorbed, name))
    if survivor.owner_id is None:
        survivor.owner_id, survivor.department_id = absorbed.owner_id, absorbed.department_id
    survivor.created_at = min(survivor.created_at, absorbed.created_at)
    survivor.save()
    Customer.objects.filter(pk=absorbed_id).update(merged_into=survivor_id)


# --- undoing -----------------------------------------------------------------------------------------------


def undo_merge(merge: Merge, *, actor: User | None) -> None:
    """Make the absorbed customer a person of their own again, with everything that came with them.

    The pair is remembered as two people, so that no key joins them again (a question answered just now is open again
    instead). Refused when it was undone already.
    """
    with transaction.atomic():
        root = roots_of([merge.absorbed_id])[merge.absorbed_id]
        _locked({root, merge.survivor_id, merge.absorbed_id})
        fresh = Merge.objects.select_for_update().get(pk=merge.pk)
        if fresh.undone_at is not None:
            raise Refused(_("This has been undone already."), "undone_already")
        _give_back(fresh, root)
        Merge.objects.filter(pk=merge.pk).update(undone_at=clock.now(), undone_by=actor)
        _keep_apart(fresh, actor)
        record(CustomerUnmerged(root, merge.absorbed_id), key=f"customer.unmerged:{merge.pk}")
        write_audit(actor, "customers.unmerge", fresh, {"restored": merge.absorbed_id, "from": root})


def _give_back(merge: Merge, root: int) -> None:
    absorbed = merge.absorbed_id
    family = family_of(absorbed)
    late = _late_events_home(root, absorbed, family)
    for move in merge.moves.order_by("-id"):
        place = _SELF if move.place == _SELF.name else place_of(move.place)
        if place is not None:
            journal.give_back(move, place, root=root, absorbed=absorbed)
    for place in places():
        if place.how == "home":
            _give_home_back(place, root, absorbed, family)
    undone = Undone(merge, root, absorbed, *late)
    for place in places():
        if "." in place.how and (repair := _mover(place).restored):
            repair(undone)
    for path in settings.CUSTOMER_RESTORED:
        follow: Callable[[Undone], object] = import_string(path)
        follow(undone)
    refresh_standing([root, absorbed])


_EVENTS_HOME = """
WITH home AS (
    UPDATE core_event AS event SET customer_id = %(to)s FROM customers_eventhome AS home
    WHERE home.home_id = ANY(%(family)s) AND event.key = home.key AND event.occurred_at = home.occurred_at
        AND event.customer_id = %(from)s
    RETURNING event.occurred_at
) SELECT count(*), min(occurred_at), max(occurred_at) FROM home
"""


def _late_events_home(root: int, absorbed: int, family: list[int]) -> tuple[int, Any, Any]:
    """Events recorded since the merge under the absorbed side's identities: (how many, first, last)."""
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS_HOME, {"to": absorbed, "family": family, "from": root})
        count, first, last = cursor.fetchone()
        cursor.execute("DELETE FROM customers_eventhome WHERE home_id = %s", [absorbed])
    return count, first, last


def _give_home_back(place: Place, root: int, absorbed: int, family: list[int]) -> None:
    statement = sql.SQL(
        "UPDATE {table} SET {column} = %(to)s, home_id = nullif(home_id, %(to)s)"
        " WHERE home_id = ANY(%(family)s) AND {column} = %(from)s"
    ).format(**place.identifiers())
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(), {"to": absorbed, "family": family, "from": root})


def _keep_apart(merge: Merge, actor: User | None) -> None:
    """A slip of the finger in the review queue puts the question back; otherwise the answer is "two people"."""
    if merge.source == "review" and clock.now() - merge.at < SLIP:
        asked = MergeReview.objects.filter(
            left_id__in=(merge.survivor_id, merge.absorbed_id), state="merged", decided_at=merge.at
        )
        if asked.update(state="open", decided_at=None, decided_by=None):
            return
    left, right = ordered(merge.survivor_id, merge.absorbed_id)
    MergeReview.objects.update_or_create(
        left_id=left,
        right_id=right,
        defaults={"state": "different", "decided_at": clock.now(), "decided_by": actor},
        create_defaults={
            "state": "different", "decided_at": clock.now(), "decided_by": actor, "reason": "phones_differ",
            "evidence": merge.evidence, "source": "unmerge",
        },
    )  # fmt: skip


def sweep_stragglers(absorbed_id: int) -> int:
    """Move what was written under the absorbed customer while the merge committed; safe to run again. The number moved."""
    with transaction.atomic():
        merge = Merge.objects.select_for_update().filter(absorbed_id=absorbed_id, undone_at__isnull=True).first()
        if merge is None:
            return 0
        root = roots_of([absorbed_id])[absorbed_id]
        merge.survivor_id = root
        for place in places():
            if place.how == "home":
                _move_home(merge, place)
        return sum(journal.move_rows(merge, place) for place in places() if place.how == "move")
