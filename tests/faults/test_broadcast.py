"""A broadcast under misfortune: whatever goes wrong and wherever a worker dies, each person is asked for once and counted once.

Counted at the sink, the simulated platform: which tasks stand there, and who received what.
"""

import collections
import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.choices import Arm, CampaignState
from campaigns.models import Campaign, Recipient
from campaigns.queries.funnel import funnel, sender_checks, senders
from campaigns.services import launch as launching
from campaigns.services.drafts import create_campaign
from catalog.choices import SaleState
from catalog.models import Destination, Product
from core import clock, worker
from core.models import Event, Job
from messaging.choices import MessageState, TaskState
from messaging.models import MassTask, Message
from messaging.services import mass_tasks, results
from staff.models import AgencyPolicy, User
from tagging.models import Segment
from tests.campaigns.conftest import draft
from tests.messaging.conftest import Corp, corp, open_hours

__all__ = ["corp", "open_hours"]
pytestmark = pytest.mark.django_db
MEMBERS = 4


class Killed(BaseException):
    """The worker's process ends here: nothing after this line runs, and no error handler sees it."""


@pytest.fixture
def members(corp: Corp) -> list[User]:
    return [corp.member(f"adviser{index}") for index in range(MEMBERS)]


def populate(corp: Corp, members: list[User], people: int) -> None:
    """Customers who agreed, each a friend of one member, on both sides, set-based."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_customer (public_id, name, name_pinyin, nickname, remark, gender, city, child_ages,"
            " phone_masked, lifecycle, source) SELECT gen_random_uuid(), 'c' || i, '', '', '', '', '', '{}', '', 'lead', ''"
            " FROM generate_series(1, %s) AS i",
            [people],
        )
        cursor.execute(
            "INSERT INTO customers_relationship (customer_id, user_id, external_userid, state, add_way, channel_state, added_at)"
            " SELECT id, (%s::bigint[])[1 + id %% %s], 'wm' || id, 'active', 1, '', now() FROM customers_customer",
            [[member.id for member in members], len(members)],
        )
        cursor.execute(
            "INSERT INTO customers_consent (customer_id, purpose, channel, granted, text_version, source, at, is_current)"
            " SELECT id, 'marketing', 'any', true, '1', 'test', now(), true FROM customers_customer"
        )
        cursor.execute(
            "SELECT external_userid, username FROM customers_relationship AS r JOIN staff_user AS u ON u.id = r.user_id"
        )
        rows = cursor.fetchall()
        cursor.execute("ANALYZE")
    contacts = [{"name": who, "external_userid": who, "relations": [{"userid": userid}]} for who, userid in rows]
    for start in range(0, len(contacts), 2000):
        corp.simulator.do("seed", contacts=contacts[start : start + 2000])


@pytest.fixture
def make_campaign(members: list[User]) -> Callable[[], Campaign]:
    place = Destination.objects.create(code="yunnan", name="云南")
    Product.objects.create(
        code="P01", name="云南六日", destination=place, days=6, price_from_amount=3980, state=SaleState.ON_SALE
    )
    segment = Segment.objects.create(name="所有人", condition={"lifecycle": {"values": ["lead"]}})
    ops = User.objects.create_user("ops", password="x", role="operations", row_scope="all")

    def make() -> Campaign:
        return create_campaign(draft(segment, holdout_percent=10), actor=ops)

    return make


def received(corp: Corp) -> collections.Counter[str]:
    """How often the platform delivered a mass message to each contact."""
    with corp.simulator.world.lock:
        return collections.Counter(
            {who: len(one.mass_received) for who, one in corp.simulator.world.state.contacts.items() if one.mass_received}
        )


def settle(corp: Corp, campaign: Campaign, *, confirm: bool = True, rounds: int = 40) -> None:
    """Let time pass, leases run out and workers come back until the campaign is over."""
    with time_machine.travel(clock.now()) as traveller:
        for _ in range(rounds):
            _everything_is_due()
            try:
                worker.run_pending()
            except Killed:
                continue
            results.poll_due_tasks()
            launching.advance_campaigns()
            campaign.refresh_from_db()
            if campaign.state in {CampaignState.FINISHED, CampaignState.CANCELLED} and not _open_jobs():
                return
            if confirm and not MassTask.objects.filter(state__in=["pending", "creating", "unknown"]).exists():
                corp.simulator.do("staff/confirm_all")
            MassTask.objects.filter(next_poll_at__isnull=False).update(next_poll_at=clock.now())
            traveller.shift(25)
    raise AssertionError(f"still {campaign.state}: {list(MassTask.objects.values_list('state', 'error'))} {_open_jobs()}")


def _everything_is_due() -> None:
    Job.objects.filter(state="pending").update(run_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    Job.objects.filter(state="running").update(lease_until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def _open_jobs() -> list[tuple[str, str, str]]:
    return list(Job.objects.filter(state__in=["pending", "running"]).values_list("function", "state", "error"))


def check_exactly_once(corp: Corp, campaign: Campaign) -> None:
    """Nobody twice, nobody lost, nothing unknown, and every number of the page adds up."""
    treated = Recipient.objects.filter(campaign=campaign, arm=Arm.TREATED)
    wanted = {f"wm{customer_id}" for customer_id in treated.values_list("customer_id", flat=True)}
    at_the_sink = received(corp)
    assert set(at_the_sink) == wanted
    assert set(at_the_sink.values()) == {1}
    pages = [made["page"] for made in corp.tasks()]
    assert len(pages) == len(set(pages)) == MassTask.objects.count()
    assert not MassTask.objects.exclude(state=TaskState.SETTLED).exists()
    assert not Message.objects.exclude(state=MessageState.SENT).exists()
    assert Event.objects.filter(kind="message.sent").count() == len(wanted)
    found = funnel(campaign)
    assert [check for check in found.checks + sender_checks(found, senders(campaign.id)) if not check.holds] == []
    assert found.delivered == len(wanted)


def run_the_launch(campaign: Campaign) -> None:
    launching.launch_campaign(campaign, actor=campaign.created_by)


class TestCrashes:
    """A worker dies at each place where something is half done."""

    @pytest.fixture(autouse=True)
    def _people(self, corp: Corp, members: list[User]) -> None:
        populate(corp, members, 40)

    def kill_once(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *, after: bool) -> None:
        real, state = getattr(module, name), {"left": 1}

        def dying(*args: Any, **kwargs: Any) -> Any:
            if state["left"] and not after:
                state["left"] -= 1
                raise Killed
            answer = real(*args, **kwargs)
            if state["left"]:
                state["left"] -= 1
                raise Killed
            return answer

        monkeypatch.setattr(module, name, dying)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize(
        ("module", "name"),
        [
            (launching, "queue_broadcast"),  # in the middle of the snapshot's transaction
            (launching, "start_tasks"),
            (mass_tasks, "uploaded"),
            (mass_tasks, "_commit_intent"),  # after: intent committed, not called
            (mass_tasks, "record_created"),  # before: called, not recorded
            (results, "record_results"),
            (results, "record_many"),
            (worker, "_mark_done"),  # the work is done, the job does not know
        ],
    )
    def test_dying_there(
        self,
        monkeypatch: pytest.MonkeyPatch,
        corp: Corp,
        make_campaign: Callable[[], Campaign],
        module: Any,
        name: str,
        after: bool,
    ) -> None:
        campaign = make_campaign()
        run_the_launch(campaign)
        self.kill_once(monkeypatch, module, name, after=after)
        settle(corp, campaign)
        check_exactly_once(corp, campaign)


class TestFaults:
    """The platform misbehaves, by a seeded plan."""

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_any_mixture_of_faults(
        self, corp: Corp, members: list[User], make_campaign: Callable[[], Campaign], monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        monkeypatch.setattr("messaging.services.broadcasts.PEOPLE_PER_TASK", 7)
        populate(corp, members, 60)
        campaign = make_campaign()
        dice = random.Random(seed)
        for _ in range(14):
            kind, value = dice.choice(
                [("lost_reply", None), ("reset", None), ("malformed", None), ("html", None), ("http", 502), ("expire", None),
                 ("errcode", 45033), ("errcode", -1), ("errcode", 41063)]
            )  # fmt: skip
            path = dice.choice(
                [
                    "add_msg_template",
                    "add_msg_template",
                    "get_groupmsg_task",
                    "get_groupmsg_send_result",
                    "list_v2",
                    "media/upload",
                ]
            )
            if value == 41063 and path == "add_msg_template":
                path = "get_groupmsg_task"
            corp.simulator.fault(kind, path=path, value=value, times=1, skip=dice.randrange(4))
        run_the_launch(campaign)
        settle(corp, campaign)
        check_exactly_once(corp, campaign)

    def test_a_platform_that_is_away_for_long_loses_nothing(
        self, corp: Corp, members: list[User], make_campaign: Callable[[], Campaign]
    ) -> None:
        populate(corp, members, 20)
        campaign = make_campaign()
        run_the_launch(campaign)
        corp.simulator.fault("errcode", path="add_msg_template", value=45033, times=30)
        settle(corp, campaign)
        check_exactly_once(corp, campaign)

    def test_everything_twice(self, corp: Corp, members: list[User], make_campaign: Callable[[], Campaign]) -> None:
        """Every job runs again after it was done, as after a lost mark."""
        populate(corp, members, 20)
        campaign = make_campaign()
        run_the_launch(campaign)
        settle(corp, campaign)
        for task in MassTask.objects.all():
            mass_tasks.create_mass_task(task.id)
            mass_tasks.settle_mass_task(task.id)
            results.poll_mass_task(task.id)
        launching.dispatch_campaign(campaign.id)
        check_exactly_once(corp, campaign)


@pytest.mark.timeout(240)
def test_ten_thousand_people(corp: Corp, members: list[User], make_campaign: Callable[[], Campaign]) -> None:
    """The number of statements depends on senders and pages, never on people."""
    populate(corp, members, 10_000)
    campaign = make_campaign()
    AgencyPolicy.objects.update(approval_limit=100_000)
    run_the_launch(campaign)
    with CaptureQueriesContext(connection) as snapshot:
        launching.dispatch_campaign(campaign.id)
    assert len(snapshot) == 26 + MEMBERS - 2 + 1  # one job row per task; fresh statistics for many rows
    first, second = MassTask.objects.order_by("id")[:2]
    mass_tasks.create_mass_task(first.id)  # token and picture are fetched once
    with CaptureQueriesContext(connection) as creating:
        mass_tasks.create_mass_task(second.id)
    assert len(_ours(creating)) == 13  # one of them asks whether the task is a single message
    settle(corp, campaign)
    check_exactly_once(corp, campaign)
    task = MassTask.objects.order_by("id")[0]
    Message.objects.filter(task=task).update(state=MessageState.AWAITING_STAFF, sent_at=None)
    MassTask.objects.filter(id=task.id).update(state=TaskState.CREATED)
    Event.objects.filter(kind="message.sent").delete()
    with CaptureQueriesContext(connection) as polling:
        results.poll_mass_task(task.id)
    assert Message.objects.filter(task=task, state=MessageState.SENT).count() > 2000
    assert len(_ours(polling)) == 11  # the last of them: the customers' last touch


def _ours(captured: CaptureQueriesContext) -> list[str]:
    """The statements on our tables; not the gateway's log of calls, nor savepoints."""
    tables = ("messaging_", "core_event", "core_job", "staff_", "customers_")
    return [query["sql"] for query in captured.captured_queries if any(table in query["sql"] for table in tables)]
