"""The walk through everything at WeCom: complete, resumable, sparing, and honest about what it put right."""

import datetime as dt

import pytest

from core import clock
from core.models import Event, Job
from core.secrets import lookup_hash
from core.worker import run_pending
from customers.choices import IdentityKind, RelationState, RepairKind, SyncKind, SyncState, SyncStep
from customers.models import (
    CorpMember,
    CorpTag,
    Customer,
    ErasedIdentity,
    Erasure,
    GroupChat,
    GroupMember,
    Identity,
    Relationship,
    SyncRepair,
    SyncRun,
    SyncSeen,
)
from customers.services.sync import steps
from customers.services.sync.runs import advance, resume_sync, start_sync, stop_sync
from gateways.simulator.defaults import SIM_SETTINGS
from staff.models import AuditEntry, User
from tests.customers.wecom.conftest import Corp, our_state

pytestmark = pytest.mark.django_db


def test_a_first_walk_brings_everything(corp: Corp, chen: User) -> None:
    ids = corp.plant("chen", "甲", "乙", state="c_old") + corp.plant("wang", "丙")
    tag = corp.simulator.do("admin/tag", group_name="兴趣", name="亲子")
    corp.simulator.do("staff/tag", userid="chen", external_userid=ids[0], add=[tag["tag_id"]])
    corp.simulator.do("groups/seed", chats=[{"chat_id": "wr1", "name": "云南群", "owner": "chen", "members": [ids[0]]}])
    run = corp.sync()
    assert run.counts == {"members": 2, "tags": 1, "contacts": 3, "chats": 1}
    assert run.repairs == {}
    assert our_state() == corp.platform_state()
    first = Relationship.objects.get(external_userid=ids[0])
    assert (first.corp_tags, first.channel_state, first.customer.nickname, first.customer.owner) == (
        [tag["tag_id"]], "c_old", "甲", chen,
    )  # fmt: skip
    assert list(CorpTag.objects.values_list("name", "group_name")) == [("亲子", "兴趣")]
    assert set(CorpMember.objects.values_list("userid", "serves")) == {("chen", True), ("wang", True)}
    chat = GroupChat.objects.get()
    assert (chat.name, chat.owner_userid) == ("云南群", "chen")
    assert set(GroupMember.objects.values_list("userid", "is_external")) == {("chen", False), (ids[0], True)}
    assert not SyncSeen.objects.exists()
    assert Event.objects.filter(kind="contact.added").count() == 3


def test_a_second_walk_changes_nothing_and_costs_the_same_calls(corp: Corp) -> None:
    corp.plant("chen", *[f"客{n}" for n in range(120)])
    corp.sync()
    before = list(Relationship.objects.order_by("pk").values())
    asked = corp.calls("batch/get_by_user")
    run = corp.sync(SyncKind.RECONCILE)
    assert asked == 2  # 120 contacts, a hundred at a time
    assert corp.calls("batch/get_by_user") == 4
    assert list(Relationship.objects.order_by("pk").values()) == before
    assert (run.repairs, SyncRepair.objects.count()) == ({}, 0)
    assert (Customer.objects.count(), Event.objects.filter(kind="contact.added").count()) == (120, 120)


def test_members_share_calls(corp: Corp) -> None:
    for userid in ("chen", "wang"):
        corp.plant(userid, *[f"{userid}{n}" for n in range(50)])
    corp.sync()
    assert corp.calls("batch/get_by_user") == 1


def test_short_pages_and_repeats_lose_nobody(corp: Corp) -> None:
    corp.simulator.set(short_page_rate=0.8)
    corp.plant("chen", *[f"客{n}" for n in range(130)])
    corp.sync()
    assert our_state() == corp.platform_state()


def test_a_killed_walk_goes_on_where_its_last_page_ended(corp: Corp) -> None:
    corp.plant("chen", *[f"客{n}" for n in range(250)])
    run = start_sync()
    for _ in range(3):  # members, tags, a first page of contacts
        assert advance(SyncRun.objects.get(pk=run.pk))
    page = steps.fetch(SyncRun.objects.get(pk=run.pk))  # asked, but dead before anything was written
    assert len(page.contacts.contacts) == 100 if page.contacts else False
    run.refresh_from_db()
    assert (run.step, run.pages, Relationship.objects.count()) == (SyncStep.CONTACTS, 3, 100)
    run_pending("bulk")
    run.refresh_from_db()
    assert (run.state, Relationship.objects.count()) == (SyncState.DONE, 250)
    assert corp.calls("batch/get_by_user") == 4  # three pages, and the one that was lost


def test_two_workers_on_one_walk_do_not_count_a_page_twice(corp: Corp, monkeypatch: pytest.MonkeyPatch) -> None:
    corp.plant("chen", "甲")
    run = start_sync()
    stale = SyncRun.objects.get(pk=run.pk)
    assert advance(SyncRun.objects.get(pk=run.pk)) is True
    assert advance(stale) is False
    run.refresh_from_db()
    assert (run.step, run.pages) == (SyncStep.TAGS, 1)


def test_one_walk_at_a_time_and_a_lost_job_is_given_back(corp: Corp, chen: User) -> None:
    run = start_sync(actor=chen)
    assert start_sync().pk == run.pk
    assert Job.objects.filter(function__endswith="sync_slice").count() == 1
    Job.objects.filter(function__endswith="sync_slice").update(state="failed", key="sync_slice:1#1")  # it had begun
    resume_sync()
    assert Job.objects.filter(function__endswith="sync_slice", state="pending").count() == 1
    stop_sync(run.pk, actor=chen)
    run_pending("bulk")
    run.refresh_from_db()
    assert (run.state, run.pages) == (SyncState.STOPPED, 0)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == ["sync.started", "sync.stopped"]


def test_a_refusal_ends_the_walk_with_its_reason(corp: Corp) -> None:
    corp.simulator.fault("errcode", path="get_corp_tag_list", value=48002)
    run = start_sync()
    run_pending("bulk")
    run.refresh_from_db()
    assert (run.state, run.error) == (SyncState.FAILED, "externalcontact/get_corp_tag_list: 48002")


def test_a_call_limit_only_delays(corp: Corp) -> None:
    corp.plant("chen", "甲")
    corp.simulator.fault("errcode", path="get_by_user", value=45009, times=1)
    run = start_sync()
    run_pending("bulk")
    run.refresh_from_db()
    waiting = Job.objects.get(function__endswith="sync_slice", state="pending")
    assert (run.state, waiting.attempts) == (SyncState.RUNNING, 0)
    assert waiting.run_at > clock.now() + dt.timedelta(seconds=50)


class TestReconciliation:
    def test_it_repairs_and_says_what(self, corp: Corp) -> None:
        [gone, renamed] = corp.plant("chen", "甲", "乙")
        corp.sync()
        corp.add("wang", "丙")
        corp.simulator.do("staff/delete", userid="chen", external_userid=gone)
        with corp.simulator.world.lock:
            corp.simulator.world.state.relations["chen"][renamed].remark = "带两娃"
        corp.simulator.do("admin/tag", group_name="兴趣", name="亲子")
        corp.simulator.do("group/create", owner="chen", name="新群", external_userids=[renamed])
        corp.lose_callbacks()
        run = corp.sync(SyncKind.RECONCILE)
        assert run.repairs == {
            RepairKind.TAG: 1, RepairKind.ADDED: 1, RepairKind.CHANGED: 1, RepairKind.CHAT: 1, RepairKind.ENDED: 1,
        }  # fmt: skip
        assert our_state() == corp.platform_state()
        ended = SyncRepair.objects.get(kind=RepairKind.ENDED)
        assert ended.relationship is not None
        assert ended.relationship.external_userid == gone
        assert Event.objects.filter(kind="contact.lost").count() == 1

    def test_an_answer_that_hides_most_of_our_friends_ends_nobody(self, corp: Corp) -> None:
        ids = corp.plant("chen", *[f"客{n}" for n in range(60)])
        corp.sync()
        with corp.simulator.world.lock:
            for ext in ids[5:]:
                del corp.simulator.world.state.relations["chen"][ext]
        run = start_sync(SyncKind.RECONCILE)
        run_pending("bulk")
        run.refresh_from_db()
        assert (run.state, run.error) == (SyncState.FAILED, "too many gone: 5 of 60 friends were shown")
        assert Relationship.objects.filter(state=RelationState.ACTIVE).count() == 60

    def test_who_left_a_member_stays_lost(self, corp: Corp) -> None:
        ext = corp.add()
        corp.simulator.do("customer/delete", userid="chen", external_userid=ext)
        corp.deliver()
        run = corp.sync(SyncKind.RECONCILE)
        assert our_state() == {("chen", ext): RelationState.DELETED_BY_CUSTOMER}
        assert run.repairs == {}

    def test_what_began_during_the_walk_is_not_swept_away(self, corp: Corp) -> None:
        run = start_sync()
        for _ in range(3):
            advance(SyncRun.objects.get(pk=run.pk))
        ext = corp.add()
        corp.deliver()
        run.refresh_from_db()
        assert run.state == SyncState.DONE
        assert our_state() == {("chen", ext): RelationState.ACTIVE}

    def test_a_dismissed_group_is_closed_and_who_left_it_is_marked(self, corp: Corp) -> None:
        [first, second] = corp.plant("chen", "甲", "乙")
        chats = [{"chat_id": c, "name": c, "owner": "chen", "members": [first, second]} for c in ("wr1", "wr2")]
        corp.simulator.do("groups/seed", chats=chats)
        corp.sync()
        corp.simulator.do("group/dismiss", chat_id="wr1")
        corp.simulator.do("group/leave", chat_id="wr2", external_userid=first)
        corp.lose_callbacks()
        run = corp.sync(SyncKind.RECONCILE)
        assert run.repairs == {RepairKind.CHAT: 2}
        assert set(GroupChat.objects.filter(dismissed_at__isnull=False).values_list("chat_id", flat=True)) == {"wr1"}
        left = GroupMember.objects.filter(chat__chat_id="wr2", left_at__isnull=False)
        assert list(left.values_list("userid", flat=True)) == [first]


def _bury(external_userid: str, at: dt.datetime) -> None:
    erasure = Erasure.objects.create(customer_id=999, public_id="00000000-0000-0000-0000-000000000001", at=at)
    scope = SIM_SETTINGS["WECOM_CORP_ID"]
    value = lookup_hash(f"{IdentityKind.EXTERNAL_USERID}:{scope}", external_userid)
    ErasedIdentity.objects.create(erasure=erasure, kind=IdentityKind.EXTERNAL_USERID, scope=scope, value_hash=value, at=at)


def test_the_erased_do_not_come_back_but_by_their_own_act(corp: Corp) -> None:
    [ext] = corp.plant("chen", "甲")
    corp.simulator.do("groups/seed", chats=[{"chat_id": "wr1", "name": "群", "owner": "chen", "members": [ext]}])
    _bury(ext, clock.now() - dt.timedelta(days=1))
    with corp.simulator.world.lock:
        corp.simulator.world.state.group_chats["wr1"].members[ext].join_time = 1_700_000_000
    corp.sync()
    assert (Customer.objects.count(), Relationship.objects.count(), Identity.objects.count()) == (0, 0, 0)
    assert list(GroupMember.objects.values_list("userid", flat=True)) == ["chen"]
    corp.simulator.do("staff/delete", userid="chen", external_userid=ext)
    corp.simulator.do("customer/add", userid="chen", external_userid=ext)
    corp.deliver()
    assert Relationship.objects.get().state == RelationState.ACTIVE
    assert Customer.objects.count() == 1


def test_a_member_without_an_account_keeps_their_customers(corp: Corp) -> None:
    corp.simulator.do("seed", members=[{"userid": "zhao", "name": "赵启明"}])
    corp.plant("zhao", "甲")
    corp.sync()
    sleeping = User.objects.get(wecom_userid="zhao")
    assert (sleeping.display_name, sleeping.is_active, sleeping.role, sleeping.has_usable_password()) == (
        "赵启明", False, "readonly", False,
    )  # fmt: skip
    assert Relationship.objects.get().user == sleeping


def test_the_same_person_under_two_members_is_one_customer(corp: Corp) -> None:
    relations = [{"userid": "chen", "createtime": 1_700_000_100}, {"userid": "wang", "createtime": 1_700_000_000}]
    corp.simulator.do("seed", contacts=[{"name": "甲", "unionid": "u1", "relations": relations}])
    corp.sync()
    assert Relationship.objects.values("customer").distinct().count() == 1
    owner = Customer.objects.get().owner
    assert owner is not None
    assert owner.username == "wang"  # who came first
