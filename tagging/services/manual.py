"""Tags by hand: give, take, "never again", for one customer or for many. A person's word wins over every rule."""

from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import BadInput
from core.jobs import enqueue
from customers.models import Customer
from staff.models import User
from staff.services import write_audit
from tagging.choices import TagSource
from tagging.models import CustomerTags, Tag
from tagging.queries.refreshing import Change, live_rules
from tagging.services.refresh import lock_tags, rebuild_tags, record_tags, refresh_batch, refresh_tags

MOST_AT_ONCE = 5_000
NAMED_IN_AUDIT = 50

_LEAVE_GROUP = """
DELETE FROM tagging_tagassignment AS held USING tagging_tag AS tag, tagging_taggroup AS family
WHERE held.customer_id = ANY(%(ids)s) AND held.tag_id <> %(tag)s AND NOT held.is_blocked AND tag.id = held.tag_id
    AND family.id = tag.group_id AND family.is_exclusive AND family.id = %(group)s
RETURNING held.customer_id, held.tag_id
"""
_GIVE = """
WITH before AS (
    SELECT customer_id FROM tagging_tagassignment WHERE customer_id = ANY(%(ids)s) AND tag_id = %(tag)s AND NOT is_blocked
), given AS (
    INSERT INTO tagging_tagassignment AS held
        (customer_id, tag_id, source, evidence, confidence, assigned_at, matched_at, is_blocked, assigned_by_id)
    SELECT id, %(tag)s, %(source)s, '[]', 1, %(now)s, %(now)s, false, %(actor)s FROM unnest(%(ids)s::bigint[]) AS id ORDER BY id
    ON CONFLICT (customer_id, tag_id) DO UPDATE SET source = EXCLUDED.source, rule_id = NULL, rule_version = NULL, confidence = 1,
        expires_at = NULL, is_blocked = false, assigned_by_id = EXCLUDED.assigned_by_id,
        assigned_at = CASE WHEN held.is_blocked THEN EXCLUDED.assigned_at ELSE held.assigned_at END
    RETURNING customer_id
)
SELECT customer_id, %(tag)s FROM given WHERE customer_id NOT IN (SELECT customer_id FROM before)
"""
_TAKE = """
DELETE FROM tagging_tagassignment WHERE customer_id = ANY(%(ids)s) AND tag_id = %(tag)s AND NOT is_blocked
RETURNING customer_id, tag_id
"""
_BLOCK = """
INSERT INTO tagging_tagassignment
    (customer_id, tag_id, source, evidence, confidence, assigned_at, matched_at, is_blocked, assigned_by_id)
SELECT id, %(tag)s, 'manual', '[]', 1, %(now)s, %(now)s, true, %(actor)s FROM unnest(%(ids)s::bigint[]) AS id ORDER BY id
ON CONFLICT (customer_id, tag_id) DO UPDATE SET is_blocked = true, source = 'manual', rule_id = NULL, rule_version = NULL,
    expires_at = NULL, assigned_by_id = EXCLUDED.assigned_by_id, assigned_at = EXCLUDED.assigned_at
"""
_UNBLOCK = "DELETE FROM tagging_tagassignment WHERE customer_id = ANY(%s) AND tag_id = %s AND is_blocked"


def add_tag(actor: User, customer_ids: Collection[int], tag: Tag) -> int:
    """Give customers a tag by hand; the number who did not have it. In an exclusive group it replaces the others.

    Customers outside the actor's row scope are left out. "Never again" is lifted: the newer word counts.
    """
    with transaction.atomic():
        ids = _allowed(actor, customer_ids)
        replaced = _run(_LEAVE_GROUP, actor, ids, tag)
        came = _run(_GIVE, actor, ids, tag)
        _finish(actor, "tags.add", tag, ids, came=came, went=replaced)
    return len(came)


def remove_tag(actor: User, customer_ids: Collection[int], tag: Tag, *, never_again: bool = False) -> int:
    """Take a tag away; the number who had it. Unless `never_again`, a rule that matches may give it anew."""
    with transaction.atomic():
        ids = _allowed(actor, customer_ids)
        went = _run(_TAKE, actor, ids, tag)
        if never_again:
            _run(_BLOCK, actor, ids, tag)
        CustomerTags.objects.filter(pk__in=ids).update(marks=None)  # a rule that matches may give it anew, at night
        _finish(actor, "tags.block" if never_again else "tags.remove", tag, ids, went=went)
    return len(went)


def allow_tag_again(actor: User, customer_ids: Collection[int], tag: Tag) -> None:
    """Lift "never again"; rules that match give the tag back at once."""
    with transaction.atomic():
        ids = _allowed(actor, customer_ids)
        with connection.cursor() as cursor:
            cursor.execute(_UNBLOCK, [ids, tag.pk])
        write_audit(actor, "tags.allow", tag, _detail(ids))
    refresh_tags(ids)


def hear_from_wecom(customer_id: int, tag: Tag, *, given: bool) -> None:
    """A member of staff tagged or untagged the customer in WeCom: as good as by hand here."""
    with transaction.atomic():
        ids = lock_tags([customer_id])
        came: list[Change] = []
        if given:
            went = _run(_LEAVE_GROUP, None, ids, tag)
            came = _run(_GIVE, None, ids, tag, TagSource.WECOM)
        else:
            went = _run(_TAKE, None, ids, tag)
            _run(_BLOCK, None, ids, tag)
        now = clock.now()
        rebuild_tags(ids)
        record_tags(came, went, TagSource.WECOM, now)
        write_audit(None, "tags.wecom_add" if given else "tags.wecom_remove", tag, _detail(ids))


def _allowed(actor: User, customer_ids: Collection[int]) -> list[int]:
    if len(customer_ids) > MOST_AT_ONCE:
        raise BadInput(_("Choose at most %(most)s customers at once.") % {"most": MOST_AT_ONCE})
    return lock_tags(list(Customer.objects.visible_to(actor).filter(pk__in=customer_ids).values_list("pk", flat=True)))


def _run(statement: str, actor: User | None, ids: list[int], tag: Tag, source: str = TagSource.MANUAL) -> list[Change]:
    params: dict[str, Any] = {"ids": ids, "tag": tag.pk, "group": tag.group_id, "actor": actor.pk if actor else None}
    params |= {"now": clock.now(), "source": source}
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall() if cursor.description else []
    return [Change(customer_id, tag_id, None, "manual") for customer_id, tag_id in rows]


def _finish(
    actor: User, action: str, tag: Tag, ids: list[int], *, came: list[Change] | None = None, went: list[Change] | None = None
) -> None:
    now = clock.now()
    rebuild_tags(ids)
    record_tags(came or [], went or [], TagSource.MANUAL, now)
    if any(rule.asks_tags for rule in live_rules()):
        enqueue(refresh_batch, key=f"{action}:{tag.pk}:{now.isoformat()}", customer_ids=ids)
    write_audit(actor, action, tag, _detail(ids))


def _detail(ids: list[int]) -> dict[str, Any]:
    return {"customers": len(ids), "first": ids[:NAMED_IN_AUDIT]}
