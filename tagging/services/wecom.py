"""Our tags in WeCom: shown as corp tags on each friendship, and what staff change there comes back.

WeCom keeps tags per (member, customer) and knows no exclusive groups, so one call per pair carries what to add and what to
take off. Only tags that our own app made are ever touched: the others of the library are locked.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import clock
from core.choices import Lane
from core.errors import Refused
from core.jobs import enqueue, job
from customers.models import CorpTag, Relationship
from gateways.errors import GatewayError
from gateways.wecom import wecom
from staff.models import User
from staff.services import write_audit
from tagging.models import Tag, TagGroup, TagPush
from tagging.services.manual import hear_from_wecom

NAME_LIMIT = 30
OURS = "·SCRM"  # behind a group's name where the library has a group of that name which is not ours

_EVERYBODY_DUE = """
UPDATE tagging_customertags AS row SET push_due = true FROM customers_relationship AS relation
WHERE relation.customer_id = row.customer_id AND relation.state = 'active' AND row.tag_ids && %s::integer[]
"""


def show_in_wecom(actor: User | None, group: TagGroup, *, shown: bool = True) -> None:
    """Show a group's tags in WeCom from now on, or no longer (then they are taken off; the library keeps their names).

    Refused when the library would pass the capacity that settings.WECOM_TAG_CAPACITY names.
    """
    tags = group.tags.filter(is_archived=False)
    missing = tags.filter(wecom_tag_id="").count()
    if shown and CorpTag.objects.count() + missing > settings.WECOM_TAG_CAPACITY:
        raise Refused(
            _("WeCom's tag library would hold more than %(most)s tags.") % {"most": settings.WECOM_TAG_CAPACITY}, "full"
        )
    with transaction.atomic():
        tags.update(is_pushed=shown)
        if shown:
            enqueue(make_corp_tags, key=f"{group.pk}:{clock.now().isoformat()}", group_id=group.pk)
        else:
            _everybody_due(list(tags.values_list("pk", flat=True)))
        write_audit(actor, "tag_groups.wecom", group, {"shown": shown})


def _everybody_due(tag_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EVERYBODY_DUE, [list(tag_ids)])


@job(Lane.USUAL, coalesce=True)
def make_corp_tags(group_id: int) -> None:
    """Put the tags of a group that WeCom does not have yet into its library, and have their people told.

    A call whose answer was lost left tags behind: they are found by name in our own group before anything is made.
    """
    group = TagGroup.objects.filter(pk=group_id).first()
    if group is None:
        return
    missing = list(group.tags.filter(is_pushed=True, wecom_tag_id="", is_archived=False).order_by("position", "id"))
    if missing:
        missing = _adopt_own(group, missing)
    if missing:
        made = wecom().add_corp_tag(_group_name(group), [tag.name[:NAME_LIMIT] for tag in missing], group_id=group.wecom_group_id)
        _remember(group, made.group_id, {tag.name: tag.id for tag in made.tags}, missing)
    _everybody_due(list(group.tags.filter(is_pushed=True).values_list("pk", flat=True)))


def _adopt_own(group: TagGroup, missing: list[Tag]) -> list[Tag]:
    if not group.wecom_group_id:
        return missing
    known = {tag.name: tag.id for one in wecom().list_corp_tags(group_ids=[group.wecom_group_id]) for tag in one.tags}
    _remember(group, group.wecom_group_id, known, missing)
    return [tag for tag in missing if not tag.wecom_tag_id]


def _group_name(group: TagGroup) -> str:
    foreign = CorpTag.objects.filter(group_name=group.name).exclude(group_id=group.wecom_group_id).exists()
    return (group.name[: NAME_LIMIT - len(OURS)] + OURS) if foreign else group.name[:NAME_LIMIT]


def _remember(group: TagGroup, group_id: str, ids: dict[str, str], tags: Sequence[Tag]) -> None:
    """Our own writes come back by no callback: the mirror of the library is written here."""
    with transaction.atomic():
        TagGroup.objects.filter(pk=group.pk).update(wecom_group_id=group_id)
        for tag in tags:
            tag.wecom_tag_id = ids.get(tag.name[:NAME_LIMIT], "")
            if tag.wecom_tag_id:
                tag.save(update_fields=["wecom_tag_id"])
                CorpTag.objects.update_or_create(
                    tag_id=tag.wecom_tag_id,
                    defaults={"name": tag.name, "group_id": group_id, "group_name": group.name, "fetched_at": clock.now()},
                )


# --- The way there --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Pair:
    """One friendship: what it should show, what it shows, and what we last told. Sets of corp tag ids, ours only."""

    relationship_id: int
    customer_id: int
    userid: str
    external_userid: str
    wanted: frozenset[str]
    shown: frozenset[str]
    told: frozenset[str] | None
    pushed_at: dt.datetime | None


_PAIRS = """
SELECT relation.id, relation.customer_id, member.wecom_userid, relation.external_userid,
    ARRAY(SELECT tag.wecom_tag_id FROM tagging_tag AS tag
          WHERE tag.id = ANY(row.tag_ids) AND tag.is_pushed AND tag.wecom_tag_id <> '' AND NOT tag.is_archived),
    ARRAY(SELECT tag.wecom_tag_id FROM tagging_tag AS tag
          WHERE tag.wecom_tag_id <> '' AND tag.wecom_tag_id = ANY(relation.corp_tags)),
    push.tag_ids, push.pushed_at
FROM tagging_customertags AS row JOIN customers_relationship AS relation
    ON relation.customer_id = row.customer_id AND relation.state = 'active'
JOIN staff_user AS member ON member.id = relation.user_id AND member.wecom_userid IS NOT NULL
LEFT JOIN tagging_tagpush AS push ON push.relationship_id = relation.id
WHERE {which} AND (push.retry_at IS NULL OR push.retry_at <= %(now)s)
ORDER BY row.customer_id, relation.id LIMIT %(most)s
"""
_DUE = "row.push_due AND (push.pushed_at IS NULL OR push.pushed_at <= %(since)s)"
# Somebody tagged the friendship in WeCom since we last told it something.
_CHANGED_THERE = """
push.pushed_at IS NOT NULL AND relation.fetched_at > push.pushed_at AND NOT (
    ARRAY(SELECT wecom_tag_id FROM tagging_tag WHERE wecom_tag_id <> '' AND wecom_tag_id = ANY(relation.corp_tags))
    @> push.tag_ids::varchar[] AND push.tag_ids::varchar[] @>
    ARRAY(SELECT wecom_tag_id FROM tagging_tag WHERE wecom_tag_id <> '' AND wecom_tag_id = ANY(relation.corp_tags)))
"""
_SETTLED = """
UPDATE tagging_customertags AS row SET push_due = false WHERE row.push_due AND NOT EXISTS (
    SELECT 1 FROM customers_relationship AS relation LEFT JOIN tagging_tagpush AS push ON push.relationship_id = relation.id
    WHERE relation.customer_id = row.customer_id AND relation.state = 'active' AND NOT (relation.id = ANY(%s)))
    AND row.customer_id = ANY(%s)
"""


def _pairs(which: str, now: dt.datetime) -> list[Pair]:
    since = now - dt.timedelta(seconds=settings.WECOM_TAG_PAUSE_SECONDS)
    params: dict[str, Any] = {"now": now, "since": since, "most": settings.WECOM_TAG_CALLS_PER_RUN}
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS.replace("{which}", which), params)
        return [
            Pair(
                pk, customer, userid, external, frozenset(wanted), frozenset(shown), None if told is None else frozenset(told), at
            )
            for pk, customer, userid, external, wanted, shown, told, at in cursor.fetchall()
        ]


@job(Lane.USUAL, coalesce=True)
def push_tags() -> None:
    """Hear what staff changed in WeCom, then tell WeCom what changed here: one call per friendship that differs.

    A friendship is told at most once in settings.WECOM_TAG_PAUSE_SECONDS, and a run makes at most
    settings.WECOM_TAG_CALLS_PER_RUN calls: churn of tags is the first cause of a blocked API.
    """
    if not Tag.objects.exclude(wecom_tag_id="").exists():
        return
    for pair in _pairs(_CHANGED_THERE, clock.now()):
        _hear(pair)
    due = _pairs(_DUE, clock.now())
    told = [pair for pair in due if _push(pair)]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED, [[pair.relationship_id for pair in told], sorted({pair.customer_id for pair in due})])
        cursor.execute(_STRANGERS)


# Who has no friendship has nobody to be told about them.
_STRANGERS = """
UPDATE tagging_customertags AS row SET push_due = false WHERE row.push_due AND NOT EXISTS (
    SELECT 1 FROM customers_relationship AS relation WHERE relation.customer_id = row.customer_id AND relation.state = 'active')
"""


@transaction.atomic
def _hear(pair: Pair) -> None:
    """Staff's hand in WeCom is a hand: what they put on is given, what they took off is never added again by a rule."""
    base = pair.told or frozenset()
    tags = {tag.wecom_tag_id: tag for tag in Tag.objects.filter(wecom_tag_id__in=[*(pair.shown ^ base)]).select_related("group")}
    for tag_id in sorted(pair.shown - base):
        hear_from_wecom(pair.customer_id, tags[tag_id], given=True)
    for tag_id in sorted((base - pair.shown) & tags.keys()):
        hear_from_wecom(pair.customer_id, tags[tag_id], given=False)
    TagPush.objects.filter(relationship=pair.relationship_id).update(tag_ids=sorted(pair.shown), pushed_at=clock.now())


def _push(pair: Pair) -> bool:
    """Tell WeCom about one friendship; whether it shows now what it should."""
    if pair.told is None and pair.shown - pair.wanted:
        _hear(dataclasses.replace(pair, told=pair.shown & pair.wanted))  # tags that were there before we ever told anything
        return False
    add, remove = sorted(pair.wanted - pair.shown), sorted(pair.shown - pair.wanted)
    now = clock.now()
    try:
        if add or remove:
            wecom().mark_tag(userid=pair.userid, external_userid=pair.external_userid, add=add, remove=remove)
    except GatewayError as error:
        wait = error.retry_in_seconds or (300 if error.retryable else 86_400)
        _note(pair, retry_at=now + dt.timedelta(seconds=wait), error=error.user_text[:200])
        return False
    with transaction.atomic():
        relation = Relationship.objects.select_for_update().get(pk=pair.relationship_id)
        relation.corp_tags = sorted((set(relation.corp_tags) - set(remove)) | set(add))
        relation.save(update_fields=["corp_tags"])
        _note(pair, retry_at=None, error="", tag_ids=sorted(pair.wanted), pushed_at=now)
    return True


def _note(pair: Pair, **values: object) -> None:
    TagPush.objects.update_or_create(relationship_id=pair.relationship_id, defaults=values)
