"""Who stands behind a code, with all that decides whether they answer now."""

import datetime as dt

from django.db.models import Count

from core import clock
from customers.models import Absence, ContactWay, CorpMember, Relationship
from customers.rules.shifts import Answerer, Span
from staff.models import User


def answerers_of(way: ContactWay, at: dt.datetime) -> tuple[list[Answerer], Answerer | None]:
    """The members of a code and its spare, as the rules about shifts want them. Those without a WeCom account are left out."""
    members = list(way.members.select_related("user").prefetch_related("shifts"))
    users = [member.user for member in members] + ([way.spare] if way.spare else [])
    ids = {user.pk for user in users}
    away, unable, today = _away(ids, at), _unable(ids), _added_today(way, at)
    found = [
        Answerer(
            userid=str(member.user.wecom_userid),
            spans=tuple(Span(frozenset(s.weekdays), s.starts, s.ends) for s in member.shifts.all()),
            daily_cap=member.daily_cap, added_today=today.get(member.user_id, 0),
            is_away=member.user_id in away, can_serve=member.user_id not in unable,
        )
        for member in members
        if member.user.wecom_userid
    ]  # fmt: skip
    spare = way.spare
    if spare is None or not spare.wecom_userid:
        return found, None
    return found, Answerer(str(spare.wecom_userid), is_away=spare.pk in away, can_serve=spare.pk not in unable)


def _away(user_ids: set[int], at: dt.datetime) -> set[int]:
    day = clock.shanghai_date(at)
    return set(Absence.objects.filter(user__in=user_ids, starts_on__lte=day, ends_on__gte=day).values_list("user_id", flat=True))


def _unable(user_ids: set[int]) -> set[int]:
    left = User.objects.filter(pk__in=user_ids, wecom_userid__isnull=True).values_list("pk", flat=True)
    lost = CorpMember.objects.filter(user__in=user_ids, serves=False).values_list("user_id", flat=True)
    return {pk for pk in (*left, *lost) if pk is not None}


def can_serve(user_id: int) -> bool:
    """Whether a member of staff may have customers at WeCom, as far as we know."""
    return not _unable({user_id})


def _added_today(way: ContactWay, at: dt.datetime) -> dict[int, int]:
    """Newcomers by this code since Shanghai's midnight, per member: also those who left again."""
    start, end = clock.day_bounds(clock.shanghai_date(at))
    counted = Relationship.objects.filter(channel_state=way.state, added_at__gte=start, added_at__lt=end)
    return dict(counted.values_list("user_id").annotate(Count("pk")))


def names_of(userids: set[str]) -> dict[str, str]:
    """userid -> what to call the member of staff."""
    return {str(u): name for u, name in User.objects.filter(wecom_userid__in=userids).values_list("wecom_userid", "display_name")}
