"""Keep the codes at WeCom as the shifts want them: compared first, so that only what differs costs a call.

A code is looked at when a shift begins or ends (a job of its own for that moment), when somebody with a daily cap took
a newcomer, and after every edit. Making a code is a call the platform does not de-duplicate: before a second attempt we
look whether the first one reached it.
"""

import datetime as dt
import logging

from django.db import transaction

from core import clock
from core.choices import Lane
from core.jobs import enqueue, job
from customers.choices import AlertKind, WayKind
from customers.models import ContactWay
from customers.queries.rosters import answerers_of, can_serve
from customers.rules.shifts import Roster, next_change, roster_at
from customers.services.channels.alerts import close_alert, close_alerts_of, raise_alert
from gateways.errors import GatewayError
from gateways.wecom import wecom

logger = logging.getLogger(__name__)

GONE = {"41044"}
LOW_BALANCE = 20


def push_soon(way: ContactWay) -> None:
    """Look at a code after this transaction."""
    enqueue(push_way, key=str(way.pk), way_id=way.pk)


@job(Lane.USUAL, coalesce=True)
def push_way(way_id: int) -> None:
    """Bring one code at the platform in line with its shifts, and come back when they change next."""
    way = ContactWay.objects.select_related("channel", "spare").get(pk=way_id)
    if way.withdrawn_at is not None:
        _withdraw(way)
        return
    members, spare = answerers_of(way, clock.now())
    now = clock.now()
    roster = roster_at(members, spare, now, is_paused=way.paused_at is not None)
    _tell_unavailable(way, roster)
    try:
        _push(way, roster)
    except GatewayError as error:
        if error.retryable or error.retry_in_seconds is not None:
            raise
        _refused(way, error)
    _come_back(way, next_change([*members, *([spare] if spare else [])], now))


def _push(way: ContactWay, roster: Roster) -> None:
    if not way.config_id:
        if roster.userids:
            _create(way, roster)
    elif roster.userids and list(roster.userids) != sorted(way.pushed_userids):
        if way.kind == WayKind.LINK:
            wecom().update_link(way.config_id, users=roster.userids)
        else:
            wecom().update_contact_way(way.config_id, users=roster.userids)
        _pushed(way, roster)


def _create(way: ContactWay, roster: Roster) -> None:
    if way.pushed_at is not None and _settle(way, way.pushed_at):
        return
    ContactWay.objects.filter(pk=way.pk).update(pushed_at=clock.now())  # the intent, before the call
    if way.kind == WayKind.LINK:
        link = wecom().create_link(name=_remark(way), users=roster.userids, skip_verify=way.skip_verify)
        way.config_id, way.url = link.link_id, link.url
    else:
        made = wecom().add_contact_way(users=roster.userids, state=way.state, remark=_remark(way), skip_verify=way.skip_verify)
        way.config_id, way.url = made.config_id, made.qr_code
    _pushed(way, roster)


def _remark(way: ContactWay) -> str:
    """A link has no state of its own to be known by: the code's number stands in its name."""
    return (f"{way.name[:18]} {way.state}" if way.kind == WayKind.LINK else f"{way.channel.name}·{way.name}")[:30]


def _settle(way: ContactWay, tried_at: dt.datetime) -> bool:
    """Whether an earlier attempt, whose answer was lost, did make the code: then it is taken over as it stands."""
    if way.kind == WayKind.LINK:
        links = [wecom().get_link(link_id) for link_id in wecom().list_links()]
        found = next(((li.link_id, li.url, li.users) for li in links if li.name == _remark(way)), None)
    else:
        since = tried_at - dt.timedelta(minutes=2)
        ways = [wecom().get_contact_way(config_id) for config_id in wecom().list_contact_ways(created_after=since)]
        found = next(((w.config_id, w.qr_code, w.users) for w in ways if w.state == way.state), None)
    if found is None:
        return False
    way.config_id, way.url = found[0], found[1]
    _pushed(way, Roster(tuple(found[2])))
    return True


def _pushed(way: ContactWay, roster: Roster) -> None:
    way.pushed_userids, way.pushed_at, way.error = list(roster.userids), clock.now(), ""
    if way.kind == WayKind.CODE and way.picture is None:
        way.picture = wecom().contact_way_picture(way.url)
    ContactWay.objects.filter(pk=way.pk).update(
        config_id=way.config_id, url=way.url, pushed_userids=way.pushed_userids, pushed_at=way.pushed_at, error="",
        picture=way.picture,
    )  # fmt: skip
    close_alert(AlertKind.REFUSED, way_id=way.pk)


def _refused(way: ContactWay, error: GatewayError) -> None:
    ContactWay.objects.filter(pk=way.pk).update(error=error.errcode[:200])
    raise_alert(AlertKind.REFUSED, way_id=way.pk)
    logger.warning("live code %s: %s", way.pk, error)


def _tell_unavailable(way: ContactWay, roster: Roster) -> None:
    if roster.userids and not (roster.is_spare and way.paused_at is None):
        close_alert(AlertKind.NOBODY_ON_DUTY, way_id=way.pk)
    elif not roster.userids:
        raise_alert(AlertKind.NOBODY_ON_DUTY, way_id=way.pk)
    for member in way.members.select_related("user"):
        gone = not can_serve(member.user_id)
        change = raise_alert if gone else close_alert
        change(AlertKind.MEMBER_UNAVAILABLE, way_id=way.pk, user_id=member.user_id)


def _come_back(way: ContactWay, at: dt.datetime | None) -> None:
    with transaction.atomic():
        ContactWay.objects.filter(pk=way.pk).update(next_change_at=at)
        if at is not None:
            enqueue(push_way, key=f"{way.pk}:{int(at.timestamp())}", run_at=at, way_id=way.pk)


def _withdraw(way: ContactWay) -> None:
    if way.config_id and way.pushed_userids:
        try:
            if way.kind == WayKind.LINK:
                wecom().delete_link(way.config_id)
            else:
                wecom().delete_contact_way(way.config_id)
        except GatewayError as error:
            if error.errcode not in GONE and error.retryable:
                raise
            logger.warning("live code %s was gone at the platform: %s", way.pk, error)
    ContactWay.objects.filter(pk=way.pk).update(pushed_userids=[], next_change_at=None)
    close_alerts_of(way.pk)


@job(Lane.USUAL, coalesce=True)
def look_after_ways() -> None:
    """Every hour: the quota of links, and every code whose moment has passed or that was never made."""
    if ContactWay.objects.filter(kind=WayKind.LINK, withdrawn_at__isnull=True).exists():
        check_quota()
    for way in ContactWay.objects.filter(withdrawn_at__isnull=True):
        push_soon(way)


def check_quota() -> int:
    """How many friends may still come by links; below twenty somebody is told."""
    quota = wecom().acquisition_quota()
    if quota.balance < LOW_BALANCE:
        raise_alert(AlertKind.QUOTA_LOW, number=quota.balance)
    else:
        close_alert(AlertKind.QUOTA_LOW)
    return quota.balance
