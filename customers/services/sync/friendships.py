"""Friendships as the platform tells them, written many at a time: the only writer of Relationship rows.

Last fetch wins: each friendship comes with the moment at which the platform was asked, and an older answer never
replaces a newer one. The platform goes on showing a friendship that the customer ended, so such an end is undone only
by a friendship that began later.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from django.db import connection, transaction

from core import clock
from core.event_types import ContactAdded, ContactLost
from core.events import Dated, record_many
from customers.choices import Gender, RelationState
from customers.models import Relationship
from customers.rules.friendships import Known, Outcome, Told, decide
from customers.services.sync import people
from customers.services.sync.staff import member_ids
from gateways.wecom import Contact

GENDERS = {1: Gender.MALE, 2: Gender.FEMALE}
Pair = tuple[int, str]


@dataclasses.dataclass(frozen=True)
class Friendship:
    """One member's friendship with one contact, as told at `fetched_at`. `welcome_code` comes with a callback only."""

    userid: str
    external_userid: str
    created_at: dt.datetime
    fetched_at: dt.datetime
    nickname: str = ""
    gender: str = ""
    unionid: str = ""
    add_way: int = 0
    state: str = ""
    remark: str = ""
    corp_tags: tuple[str, ...] = ()
    welcome_code: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True)
class Change:
    """What became of one friendship."""

    relationship_id: int
    customer_id: int
    user_id: int
    external_userid: str
    outcome: Outcome

    @property
    def pair(self) -> Pair:
        """The member of staff and the contact."""
        return self.user_id, self.external_userid


def friendships_of(contact: Contact, fetched_at: dt.datetime, welcome: Mapping[str, str] | None = None) -> list[Friendship]:
    """A fetched contact as one friendship per member; `welcome` maps a userid to the welcome code of its callback."""
    return [
        Friendship(
            userid=follow.userid,
            external_userid=contact.external_userid,
            created_at=follow.created_at,
            fetched_at=fetched_at,
            nickname=contact.name[:64],
            gender=GENDERS.get(contact.gender, Gender.UNKNOWN),
            unionid=contact.unionid,
            add_way=max(0, follow.add_way),
            state=follow.state[:30],
            remark=follow.remark[:64],
            corp_tags=tuple(sorted(tag.tag_id for tag in follow.tags if tag.tag_id and tag.kind == 1)),
            welcome_code=(welcome or {}).get(follow.userid, ""),
        )
        for follow in contact.follow_users
    ]


_LOCKS = "SELECT pg_advisory_xact_lock(lock) FROM (SELECT hashtextextended(unnest(%s::text[]), 11) AS lock ORDER BY 1) AS sorted"
_TOLD = """
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::text[], %s::text[],
    %s::timestamptz[]) AS told (customer_id, user_id, external_userid, add_way, channel_state, added_at, remark, tags, fetched_at)
"""
_TAGS = "coalesce(string_to_array(nullif(told.tags, ''), ','), '{}')"
# Both texts are put together from constants: nothing from outside is ever put into them.
_UPSERT = f"""
INSERT INTO customers_relationship AS old (customer_id, user_id, external_userid, state, add_way, channel_state, added_at,
    remark, corp_tags, fetched_at)
SELECT customer_id, user_id, external_userid, 'active', add_way, channel_state, added_at, remark, {_TAGS}, fetched_at
{_TOLD}
ON CONFLICT (user_id, external_userid) DO UPDATE SET customer_id = EXCLUDED.customer_id, state = 'active', ended_at = NULL,
    add_way = EXCLUDED.add_way, channel_state = EXCLUDED.channel_state, added_at = EXCLUDED.added_at,
    remark = EXCLUDED.remark, corp_tags = EXCLUDED.corp_tags, fetched_at = EXCLUDED.fetched_at
RETURNING id, customer_id, user_id, external_userid
"""
_TOUCH = f"""
UPDATE customers_relationship AS rel SET customer_id = told.customer_id, add_way = told.add_way,
    channel_state = told.channel_state, added_at = told.added_at, remark = told.remark, corp_tags = {_TAGS},
    fetched_at = told.fetched_at
{_TOLD}
WHERE rel.user_id = told.user_id AND rel.external_userid = told.external_userid
RETURNING rel.id, rel.customer_id, rel.user_id, rel.external_userid
"""  # noqa: S608


@transaction.atomic
def apply_friendships(told: Sequence[Friendship]) -> list[Change]:
    """Write what the platform told, and record who was won; one entry per friendship that is new, revived or changed.

    Erased people are left out, unless they made friends with us again after they were forgotten.
    """
    _queue_up({item.external_userid for item in told})
    members = member_ids({item.userid: "" for item in told})
    customers = people.resolve_contacts(people.newest_by_contact(told))
    rows = {(members[item.userid], item.external_userid): item for item in told if item.external_userid in customers}
    known = _known(rows)
    verdicts = {pair: decide(_as_told(item, customers), known.get(pair)) for pair, item in rows.items()}
    changes = _write(_UPSERT, rows, verdicts, customers, {Outcome.NEW, Outcome.REVIVED})
    changes += _write(_TOUCH, rows, verdicts, customers, {Outcome.CHANGED})
    _record_added(changes, rows)
    people.fill_profiles(changes, rows)
    return changes


def _queue_up(external_userids: Collection[str]) -> None:
    """Two answers about one contact wait for each other, in one order."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCKS, [list(external_userids)])


def _known(pairs: Collection[Pair]) -> dict[Pair, Known]:
    wanted = Relationship.objects.filter(
        user__in={user for user, _ in pairs}, external_userid__in={external for _, external in pairs}
    )
    return {(rel.user_id, rel.external_userid): _as_known(rel) for rel in wanted.select_for_update()}


def _as_known(rel: Relationship) -> Known:
    told = Told(
        customer_id=rel.customer_id, fetched_at=rel.fetched_at or rel.added_at, added_at=rel.added_at, add_way=rel.add_way,
        channel_state=rel.channel_state, remark=rel.remark, corp_tags=tuple(rel.corp_tags),
    )  # fmt: skip
    return Known(rel.state, rel.ended_at, told, rel.fetched_at is not None)


def _as_told(item: Friendship, customers: Mapping[str, int]) -> Told:
    return Told(
        customer_id=customers[item.external_userid], fetched_at=item.fetched_at, added_at=item.created_at,
        add_way=item.add_way, channel_state=item.state, remark=item.remark, corp_tags=item.corp_tags,
    )  # fmt: skip


def _write(
    statement: str,
    rows: Mapping[Pair, Friendship],
    verdicts: Mapping[Pair, Outcome],
    customers: Mapping[str, int],
    outcomes: set[Outcome],
) -> list[Change]:
    chosen = sorted(pair for pair, verdict in verdicts.items() if verdict in outcomes)
    if not chosen:
        return []
    lines = [_line(user_id, rows[user_id, external], customers[external]) for user_id, external in chosen]
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*lines, strict=True)])
        written = cursor.fetchall()
    return [Change(row, customer, user, external, verdicts[user, external]) for row, customer, user, external in written]


def _line(user_id: int, item: Friendship, customer_id: int) -> tuple[object, ...]:
    tags = ",".join(item.corp_tags)
    head = (customer_id, user_id, item.external_userid, item.add_way, item.state, item.created_at)
    return (*head, item.remark, tags, item.fetched_at)


def _record_added(changes: Sequence[Change], rows: Mapping[Pair, Friendship]) -> None:
    facts = []
    for change in changes:
        if change.outcome is not Outcome.CHANGED:
            item = rows[change.pair]
            fact = ContactAdded(change.customer_id, change.user_id, item.state, item.welcome_code)
            key = f"contact.added:{change.user_id}:{item.external_userid}:{int(item.created_at.timestamp())}"
            facts.append(Dated(fact, key, item.created_at))
    record_many(facts)


@transaction.atomic
def end_friendships(
    pairs: Collection[tuple[str, str]], state: str, at: dt.datetime, *, fetched_at: dt.datetime | None = None
) -> list[int]:
    """These friendships (userid, external_userid) are over since `at`; the ids of those that were not over already.

    A friendship that began later, or was fetched later than `fetched_at`, goes on.
    """
    _queue_up({external for _, external in pairs})
    found = [
        rel
        for rel in Relationship.objects.select_for_update(of=("self",))
        .filter(external_userid__in={external for _, external in pairs}, state=RelationState.ACTIVE)
        .select_related("user")
        if (rel.user.wecom_userid, rel.external_userid) in pairs and _may_end(rel, at, fetched_at)
    ]
    end_rows([rel.pk for rel in found], state, at, fetched_at)
    return [rel.pk for rel in found]


def _may_end(rel: Relationship, at: dt.datetime, fetched_at: dt.datetime | None) -> bool:
    if fetched_at is not None:
        return rel.fetched_at is None or rel.fetched_at <= fetched_at
    return rel.added_at <= at


_END = """
UPDATE customers_relationship SET state = %s, ended_at = %s, fetched_at = coalesce(%s, fetched_at)
WHERE id = ANY(%s) AND state = 'active' RETURNING id, customer_id, user_id, added_at
"""


def end_rows(relationship_ids: Sequence[int], state: str, at: dt.datetime, fetched_at: dt.datetime | None = None) -> int:
    """End friendships by their ids and record the loss; how many there were. Call it in a transaction."""
    if not relationship_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_END, [state, at, fetched_at, list(relationship_ids)])
        ended = cursor.fetchall()
    by = "customer" if state == RelationState.DELETED_BY_CUSTOMER else "staff"
    facts = [
        Dated(ContactLost(customer, user, by), f"contact.lost:{row}:{int(added_at.timestamp())}", min(at, clock.now()))
        for row, customer, user, added_at in ended
    ]
    record_many(facts)
    return len(ended)
