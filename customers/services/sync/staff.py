"""The members of the corp and their accounts here."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import connection, transaction

from customers.models import CorpMember
from gateways.wecom import Member
from staff.models import User
from staff.services.accounts import adopt_members


def member_ids(names: Mapping[str, str]) -> dict[str, int]:
    """userid -> our user's id. A member without an account gets a sleeping one: no log-in, but customers have an owner."""
    found = dict(User.objects.filter(wecom_userid__in=names).values_list("wecom_userid", "pk"))
    missing = {userid: name for userid, name in names.items() if userid not in found}
    return {**{str(userid): pk for userid, pk in found.items()}, **(adopt_members(missing) if missing else {})}


_SAVE = """
INSERT INTO customers_corpmember AS old (userid, name, user_id, serves, is_present, fetched_at)
SELECT userid, name, user_id, serves, true, %s FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bool[])
    AS told (userid, name, user_id, serves)
ON CONFLICT (userid) DO UPDATE SET name = EXCLUDED.name, user_id = EXCLUDED.user_id, serves = EXCLUDED.serves,
    is_present = true, fetched_at = EXCLUDED.fetched_at
WHERE old.fetched_at <= EXCLUDED.fetched_at
"""


@transaction.atomic
def save_members(members: Sequence[Member], serving: Sequence[str], fetched_at: dt.datetime) -> int:
    """Who is in the corp and who may have customers, as told at `fetched_at`; how many serve customers."""
    names = {member.userid: member.name[:64] for member in members} | {
        userid: userid for userid in serving if userid not in {member.userid for member in members}
    }
    accounts = member_ids({userid: names[userid] for userid in serving})
    known = dict(User.objects.filter(wecom_userid__in=names).values_list("wecom_userid", "pk")) | accounts
    rows = [(userid, name, known.get(userid), userid in set(serving)) for userid, name in sorted(names.items())]
    with connection.cursor() as cursor:
        cursor.execute(
            _SAVE, [fetched_at, *(list(column) for column in zip(*rows, strict=True))] if rows else [fetched_at, [], [], [], []]
        )
    CorpMember.objects.exclude(userid__in=names).filter(fetched_at__lt=fetched_at).update(is_present=False, serves=False)
    return len(serving)
