"""Moments, hand-overs, rules that make tasks, pushing, acquisition and the sidebar: against the simulated platform."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.test import Client

from campaigns.choices import FollowUpReason, HandOverState, MomentState
from campaigns.models import CopyDraft, FollowUp, HandOverItem, LinkDay, Moment
from campaigns.queries.acquisition import channel_rows
from campaigns.rules.copywriting import Facts, write_copy
from campaigns.rules.wording import check_wording
from campaigns.services.acquisition import draft_copy, enter_cost, make_link
from campaigns.services.follow_up_rules import escalate, sweep_rules
from campaigns.services.handover import hand_over, settle_hand_over
from campaigns.services.moments import answer_comments, poll_moment, send_moment, write_moment
from campaigns.services.pushing import push_follow_up
from campaigns.services.sidebar import sign_page
from catalog.models import Departure, Product
from core import clock
from core.errors import BadInput, Refused
from core.models import Event
from core.worker import run_pending
from customers.models import AcquisitionChannel, ContactWay, Relationship
from gateways.errors import GatewayError
from gateways.wecom import wecom
from messaging.models import Message
from staff.models import User
from tests.campaigns.conftest import order
from tests.messaging.conftest import Corp
from tests.messaging.people import make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("product")]


def happened(customer_id: int, kind: str, ago: dt.timedelta) -> None:
    Event.objects.create(
        key=uuid.uuid4(), occurred_at=clock.now() - ago, kind=kind, customer_id=customer_id, props={"product": "P01"}
    )


class TestMoments:
    def test_nobody_is_not_a_range(self, ops: User, corp: Corp) -> None:
        for nobody in ([], [ops.pk], [999_999]):  # ops has no WeCom account
            with pytest.raises(BadInput):
                write_moment(actor=ops, text="云南的花开了", user_ids=nobody)
        with pytest.raises(ValueError, match="asks everybody"):
            wecom().create_moment(text="花", userids=[])
        assert not Moment.objects.exists()

    def test_forbidden_words_are_not_kept(self, ops: User, corp: Corp) -> None:
        with pytest.raises(BadInput):
            write_moment(actor=ops, text="全网最低价", user_ids=[corp.member("sales1").pk])

    def test_published_by_one_of_two_liked_and_commented(self, ops: User, corp: Corp) -> None:
        chen, wang = corp.member("sales1"), corp.member("sales2")
        friend = corp.friend(chen, "苏晴")
        moment = write_moment(actor=ops, text="云南的花开了", user_ids=[chen.pk, wang.pk], product_code="P01")
        send_moment(moment, actor=ops)
        with pytest.raises(Refused):
            send_moment(moment, actor=ops)
        run_pending()
        moment.refresh_from_db()
        assert moment.state == MomentState.RUNNING
        poll_moment(moment)
        moment.refresh_from_db()
        assert moment.state == MomentState.AWAITING
        corp.simulator.do("staff/publish", moment_id=moment.moment_id, userid="sales1")
        external = Relationship.objects.get(customer=friend).external_userid
        for kind in ("like", "comment"):
            corp.simulator.do("customer/react", moment_id=moment.moment_id, userid="sales1", external_userid=external, kind=kind)
        for _again in range(2):
            poll_moment(Moment.objects.get(pk=moment.pk))
        published = {row.user.username: row.published_at is None for row in moment.staff.all()}
        assert published == {"sales1": False, "sales2": True}
        assert set(moment.reactions.values_list("customer_id", "kind")) == {(friend.pk, "like"), (friend.pk, "comment")}
        kinds = Event.objects.filter(customer_id=friend.pk, kind__startswith="moment.").values_list("kind", flat=True)
        assert sorted(kinds) == ["moment.commented", "moment.liked"]
        assert (answer_comments(moment, actor=ops), answer_comments(moment, actor=ops)) == (1, 0)
        assert FollowUp.objects.get().assignee == chen


class TestGroups:
    def test_a_message_to_groups_waits_for_their_owner(self, corp: Corp) -> None:
        corp.member("sales1")
        made = corp.simulator.do("group/create", name="云南亲子群", owner="sales1")
        msgid = wecom().create_group_task(owner="sales1", chat_ids=[made["chat_id"]], text="明天九点集合")
        assert [one.status for one in wecom().group_task_results(msgid, "sales1")] == [0]
        corp.simulator.do("staff/group_send", msgid=msgid)
        assert [one.status for one in wecom().group_task_results(msgid, "sales1")] == [1]
        with pytest.raises(GatewayError):
            wecom().create_group_task(owner="sales1", chat_ids=["unknown"], text="早")


class TestHandOver:
    def test_tasks_and_customers_at_once_friends_when_they_agree(self, ops: User, corp: Corp) -> None:
        chen, wang = corp.member("sales1"), corp.member("sales2")
        calm, angry = corp.friend(chen, "苏晴"), corp.friend(chen, "钱多多")
        for customer in (calm, angry):
            customer.owner = chen
            customer.save()
        FollowUp.objects.create(key="t", customer=calm, assignee=chen, title="回访", reason="by_hand", due_at=clock.now())
        row = hand_over(actor=ops, giver=chen, taker=wang, message="之后由我服务您")
        assert (row.tasks, row.customers) == (1, 2)
        run_pending()
        assert set(HandOverItem.objects.values_list("state", flat=True)) == {HandOverState.WAITING}
        refuses = Relationship.objects.get(customer=angry).external_userid
        corp.simulator.do("transfer/answer", external_userid=refuses)
        corp.simulator.do("clock/advance", seconds=90_000)
        settle_hand_over(row)
        assert dict(HandOverItem.objects.values_list("customer_id", "state")) == {calm.pk: "done", angry.pk: "refused"}
        with pytest.raises(BadInput):
            hand_over(actor=ops, giver=chen, taker=chen)


class TestTasksByRule:
    def test_consulted_departing_and_back_once_each(self, chen: User) -> None:
        asker, leaver, back = make_customer("问", friend_of=chen), make_customer("走"), make_customer("回")
        happened(asker.pk, "advisor.asked", dt.timedelta(hours=3))
        trip = order(leaver, paid_at=clock.now())
        Departure.objects.filter(pk=trip.departure_id).update(departs_on=clock.today() + dt.timedelta(days=2))
        old = Departure.objects.create(
            product_id=trip.product_id,
            departs_on=clock.today() - dt.timedelta(days=6),
            adult_amount=3980,
            child_amount=1980,
            seats=9,
        )
        order(back, paid_at=clock.now(), departure=old)
        assert sweep_rules() == 3
        assert sweep_rules() == 0
        found = dict(FollowUp.objects.values_list("customer_id", "reason"))
        assert found == {
            asker.pk: FollowUpReason.CONSULTED,
            leaver.pk: FollowUpReason.DEPARTURE,
            back.pk: FollowUpReason.CAME_BACK,
        }
        assert FollowUp.objects.get(customer=asker).assignee == chen

    def test_what_nobody_finishes_goes_to_a_superior_once(self, chen: User, ops: User) -> None:
        now = clock.now()
        late = FollowUp.objects.create(
            key="a", customer=make_customer(), assignee=chen, title="t", reason="by_hand", due_at=now - dt.timedelta(hours=25)
        )
        FollowUp.objects.create(key="b", customer=make_customer(), assignee=chen, title="t", reason="by_hand", due_at=now)
        assert (escalate(now), escalate(now)) == (1, 0)
        late.refresh_from_db()
        assert (late.escalated_to, late.escalated_at) == (ops, now)

    def test_pushed_once_and_the_governor_is_asked(self, ops: User, corp: Corp) -> None:
        friend, stranger = corp.friend(corp.member("sales1")), make_customer()
        tasks = [
            FollowUp.objects.create(
                key=f"k{one.pk}", customer=one, title="t", reason="by_hand", due_at=clock.now(), product_code="P01"
            )
            for one in (friend, stranger)
        ]
        push_follow_up(tasks[0], actor=ops, text="您好，余位还有")
        with pytest.raises(Refused):
            push_follow_up(tasks[0], actor=ops, text="您好，余位还有")
        with pytest.raises(Refused):
            push_follow_up(tasks[1], actor=ops, text="您好")
        with pytest.raises(BadInput):
            push_follow_up(tasks[1], actor=ops, text="全网最低")
        message = Message.objects.get()
        assert (message.customer, message.content.product_code) == (friend, "P01")  # type: ignore[union-attr]


class TestAcquisition:
    def test_cost_friends_orders_and_when_the_money_came_back(self, ops: User, chen: User) -> None:
        channel = AcquisitionChannel.objects.create(kind="xiaohongshu", name="小红书")
        ContactWay.objects.create(channel=channel, name="码", state="c_1")
        today = clock.today()
        enter_cost(actor=ops, channel=channel, day=today - dt.timedelta(days=9), amount=Decimal("500.50"), exposures=9000)
        came = clock.now() - dt.timedelta(days=8)
        buyer, looker = make_customer(friend_of=chen), make_customer(friend_of=chen)
        Relationship.objects.update(channel_state="c_1", added_at=came)
        happened(looker.pk, "advisor.asked", dt.timedelta(days=7))
        order(buyer, paid_at=clock.now() - dt.timedelta(days=5))
        first = today - dt.timedelta(days=29)
        (row,) = channel_rows(first, today, clock.day_bounds(first)[0], clock.day_bounds(today)[1])
        assert (row.exposures, row.added, row.spoke, row.ordered, row.revenue, row.cost) == (
            9000,
            2,
            1,
            1,
            Decimal(7960),
            Decimal("500.50"),
        )
        assert (row.per_friend, row.per_buyer, row.paid_back_days) == (Decimal("250.25"), Decimal("500.50"), 4)

    @pytest.mark.parametrize("amount", ["-1", "1.001", "NaN", "1e12"])
    def test_no_amount(self, ops: User, amount: str) -> None:
        channel = AcquisitionChannel.objects.create(kind="ads", name="广告")
        with pytest.raises(BadInput):
            enter_cost(actor=ops, channel=channel, day=clock.today(), amount=Decimal(amount))

    def test_a_short_link_counts_views_not_crawlers(self, ops: User, client: Client) -> None:
        channel = AcquisitionChannel.objects.create(kind="douyin", name="抖音")
        link = make_link(actor=ops, channel=channel, name="云南", product_code="P01", utm={"campaign": "spring"})
        assert client.get(f"/s/{link.code}").status_code == 200
        client.head(f"/s/{link.code}")
        assert (LinkDay.objects.get().opened, link.utm_source, link.utm_campaign) == (1, "douyin", "spring")
        assert client.get("/s/nothing").status_code == 404

    @pytest.mark.parametrize("kind", ["xiaohongshu", "douyin", "ad", "moment"])
    def test_drafts_keep_to_the_law_and_to_the_catalogue(self, ops: User, kind: str) -> None:
        draft = draft_copy(actor=ops, product=Product.objects.select_related("destination").get(), kind=kind)
        assert not draft.by_model
        assert not [one for one in check_wording(draft.title + draft.text) if one.is_blocking]
        assert "3,980" in draft.text
        bare = write_copy(kind, Facts("线路", "云南", 6, None, (), ()))
        assert "价格以下单页为准" in bare.text
        assert CopyDraft.objects.count() == 1


class TestSidebar:
    def test_signatures_and_the_member_behind_a_code(self, corp: Corp) -> None:
        corp.member("sales1")
        signed = sign_page("https://agency.test/wecom/sidebar#x")
        assert {len(str(part["signature"])) for part in signed.values()} == {40}
        assert wecom().member_of_code("sim-sales1") == "sales1"
        with pytest.raises(GatewayError):
            wecom().member_of_code("sim-nobody")

    def test_only_ones_own_friends(self, corp: Corp, client: Client) -> None:
        chen, wang = corp.member("sales1"), corp.member("sales2")
        friend = corp.friend(chen, "苏晴")
        external = Relationship.objects.get(customer=friend).external_userid
        for user, seen in ((chen, True), (wang, False)):
            user.row_scope = "own"
            user.save()
            client.force_login(user)
            page = client.get("/wecom/sidebar", {"external_userid": external}).content.decode()
            assert ("苏晴" in page) is seen

    def test_a_log_in_needs_the_random_word_of_its_own_question(self, corp: Corp, client: Client) -> None:
        corp.member("sales1")
        assert client.get("/wecom/sidebar/enter", {"code": "sim-sales1", "state": "x"}).status_code == 403
        asked = client.get("/wecom/sidebar/enter")
        word = client.session["sidebar_state"]
        assert word in asked.headers["Location"]
        assert client.get("/wecom/sidebar/enter", {"code": "sim-sales1", "state": word}).headers["Location"] == "/wecom/sidebar"
        assert client.get("/wecom/sidebar/enter", {"code": "sim-sales1", "state": word}).status_code == 403
