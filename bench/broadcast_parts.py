"""The parts of `bench broadcast`, each run in a process of its own against the scratch database."""

import functools
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

MEMBERS = 20
SEAL_AT_ONCE = 20_000

_PEOPLE = (
    "INSERT INTO customers_customer (public_id, name, name_pinyin, nickname, remark, gender, city, child_ages, phone_masked,"
    " lifecycle, source) SELECT gen_random_uuid(), '客人' || n, '', 'n' || n, '', '', '杭州', '{}', '', 'lead', ''"
    " FROM generate_series(1, %s) AS n",
    "INSERT INTO customers_relationship (customer_id, user_id, external_userid, state, add_way, channel_state, added_at)"
    " SELECT id, (SELECT array_agg(id ORDER BY id) FROM staff_user)[1 + id %% %s], 'wm' || id, 'active', 1, '', now()"
    " FROM customers_customer",
    "INSERT INTO customers_consent (customer_id, purpose, channel, granted, text_version, source, at, is_current)"
    " SELECT id, 'marketing', 'any', true, '1', 'bench', now(), true FROM customers_customer WHERE id %% %s >= 0",
)
# As many rows, bare: the same columns of the same tables, nothing asked.
_BARE_MESSAGES = """
INSERT INTO messaging_message (key, customer_id, channel, purpose, campaign_id, content_id, sender_id, external_userid,
    task_id, state, reason, error, created_at)
SELECT 'campaign:1:' || customer_id, customer_id, 'wecom', 'marketing', %s, %s, user_id, external_userid, 1, 'queued', '', '',
    now() FROM customers_relationship ORDER BY customer_id
"""
_BARE_RECIPIENTS = """
INSERT INTO campaigns_recipient (campaign_id, customer_id, arm, reason, message_id)
SELECT %s, customer_id, 'treated', '', id FROM messaging_message
"""

_ONLY = """
UPDATE customers_customer SET lifecycle = 'lost' WHERE id > (SELECT min(id) - 1 + %s FROM customers_customer)
"""


def plant(people: int) -> dict[str, Any]:
    """Staff, customers who agreed and are somebody's friends, and follow the official account."""
    from core.secrets import lookup_hash, seal_many
    from staff.models import AgencyPolicy, User

    AgencyPolicy.objects.create(
        id=1, quiet_start="00:00", quiet_end="00:00", approval_limit=10**9, house_cap_count=1000, holdout_percent=0
    )
    User.objects.bulk_create(
        [User(username=f"adviser{n}", wecom_userid=f"adviser{n}", role="sales", row_scope="all") for n in range(MEMBERS)]
    )
    with connection.cursor() as cursor:
        for statement, value in zip(_PEOPLE, (people, MEMBERS, MEMBERS), strict=True):
            cursor.execute(statement, [value])
        cursor.execute("SELECT id FROM customers_customer ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
        with cursor.copy(
            "COPY customers_identity (customer_id, kind, scope, value_hash, value_sealed, source) FROM STDIN"
        ) as copy:
            for place in range(0, len(ids), SEAL_AT_ONCE):
                part = ids[place : place + SEAL_AT_ONCE]
                names = [f"o{id_:027d}" for id_ in part]
                for id_, name, sealed in zip(part, names, seal_many(names), strict=True):
                    copy.write_row((id_, "oa_openid", "", lookup_hash("oa", name), sealed, "bench"))
        cursor.execute("ANALYZE")
    return {}


def _campaign(**fields: Any) -> Any:
    from campaigns.models import Campaign
    from catalog.models import Destination, Product
    from messaging.models import Content
    from staff.models import User
    from tagging.models import Segment

    place, _new = Destination.objects.get_or_create(code="yunnan", defaults={"name": "云南"})
    Product.objects.get_or_create(
        code="P01",
        defaults={"name": "云南六日", "destination": place, "days": 6, "price_from_amount": 3980, "state": "on_sale"},
    )
    segment, _new = Segment.objects.get_or_create(name="所有人", defaults={"condition": {"lifecycle": {"values": ["lead"]}}})
    content = Content.objects.create(
        name="秋", text="秋天的云南，点开看看", card_title="云南六日", card_page="pages/product/index?code=P01",
        product_code="P01", card_image=b"\x89PNG\r\n\x1a\n" + bytes(60), template_id="OA1",
        fields={"first": "{{name}}，您收藏的云南亲子六日本周有位", "keyword1": "12 月 6 日出发"},
    )  # fmt: skip
    values = {"holdout_percent": 0, "created_by": User.objects.order_by("id")[0]} | fields
    return Campaign.objects.create(name="bench", segment=segment, content=content, **values)


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE messaging_message, messaging_masstask, campaigns_recipient, core_job, messaging_sendbatch CASCADE"
        )


def _launch(campaign: Any) -> None:
    """The snapshot in a transaction of its own, as the job takes it."""
    from campaigns.services.launch import take_snapshot

    with transaction.atomic():
        take_snapshot(campaign)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def materialise(people: int, rounds: int) -> dict[str, Any]:
    """The launch and the bare insert in turn, each on empty tables; the median of each pair's ratio."""
    from campaigns.models import Recipient

    ours, bare = [], []
    for _ in range(rounds):
        campaign = _campaign()
        _empty()
        ours.append(_timed(functools.partial(_launch, campaign)))
        if (found := Recipient.objects.filter(campaign=campaign, arm="treated").count()) != people:
            raise RuntimeError(f"{found} of {people} planned")
        _empty()
        bare.append(_timed(functools.partial(_bare, campaign.id, campaign.content_id)))
    _empty()
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    return {
        "materialise_ratio": round(statistics.median(ratios), 2), "launch_seconds": round(statistics.median(ours), 2),
        "bare_seconds": round(statistics.median(bare), 2),
    }  # fmt: skip


def _bare(campaign_id: int, content_id: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BARE_MESSAGES, [campaign_id, content_id])
        cursor.execute(_BARE_RECIPIENTS, [campaign_id])


def send(sink: str, count: int) -> dict[str, Any]:
    """`count` official-account messages through the whole sender; messages per second and the peak memory."""
    from gateways.official.live import LiveOfficial
    from messaging.models import Message
    from messaging.services.direct import send_waiting

    _empty()
    _launch(_campaign(channel="official"))
    Message.objects.exclude(id__in=Message.objects.order_by("id").values("id")[:count]).update(state="cancelled")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) messaging_message")
    way = LiveOfficial(base_url=sink, limited=False)
    way.send_template_messages([]).outcomes()  # the token is fetched, the loop runs
    seconds = _timed(lambda: send_waiting("official", seconds=600, send=way.send_template_messages, size=2000))
    if (found := Message.objects.filter(state="sent").count()) != count:
        raise RuntimeError(f"{found} of {count} sent")
    return {"per_second": count / seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def confirm(people: int) -> dict[str, Any]:
    """Plan, make the tasks, have every member confirm, read the results: seconds until every message is known delivered."""
    from django.conf import settings

    from campaigns.services.launch import advance_campaigns, dispatch_campaign, launch_campaign
    from core.worker import run_pending
    from messaging.models import Message
    from messaging.services.results import refresh_results

    _empty()
    _seed(settings.SIM_URL, people)
    with connection.cursor() as cursor:
        cursor.execute(_ONLY, [people])
    campaign = _campaign()
    started = time.perf_counter()
    launch_campaign(campaign, actor=campaign.created_by)
    dispatch_campaign(campaign.id)
    run_pending("bulk")
    _tell(settings.SIM_URL, "staff/confirm_all")
    refresh_results(campaign.id)
    run_pending("usual")
    advance_campaigns()
    seconds = time.perf_counter() - started
    campaign.refresh_from_db()
    found = Message.objects.filter(campaign_id=campaign.id, state="sent").count()
    if found != people or campaign.state != "finished":
        raise RuntimeError(f"{found} of {people} delivered, campaign {campaign.state}")
    return {"confirmed": found, "confirmed_seconds": round(seconds, 1)}


def _seed(simulator: str, people: int) -> None:
    from customers.models import Relationship

    _tell(simulator, "config/set", changes={"dispatch_seconds": 0})
    _tell(simulator, "seed", members=[{"userid": f"adviser{n}", "name": f"adviser{n}"} for n in range(MEMBERS)])
    rows = list(Relationship.objects.order_by("customer_id").values_list("external_userid", "user__username")[:people])
    for place in range(0, len(rows), 2000):
        part = rows[place : place + 2000]
        _tell(simulator, "seed", contacts=[
            {"name": who, "external_userid": who, "relations": [{"userid": member}]} for who, member in part
        ])  # fmt: skip


def _tell(simulator: str, verb: str, **arguments: Any) -> None:
    import requests

    requests.post(f"{simulator}/_sim/{verb}", json=arguments, timeout=120).raise_for_status()


def seed_platform(people: int) -> None:
    """The same people at the simulated platform: friends of the members, followers of the official account."""
    from django.conf import settings

    from customers.models import Relationship

    _seed(settings.SIM_URL, people)
    ids = list(Relationship.objects.order_by("customer_id").values_list("customer_id", flat=True)[:people])
    _tell(settings.SIM_URL, "official/follow", openids=[f"o{id_:027d}" for id_ in ids])


def launch_both() -> None:
    """Two campaigns to everybody: one by mass send, one by the official account."""
    from campaigns.services.launch import launch_campaign

    for channel in ("wecom", "official"):
        campaign = _campaign(channel=channel)
        launch_campaign(campaign, actor=campaign.created_by)
