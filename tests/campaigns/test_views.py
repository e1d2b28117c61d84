"""The pages: who may, what is shown, what a wrong or hostile request gets, and that nothing is sent without the typed name."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.choices import CampaignState
from campaigns.models import Campaign, FollowUp, Recipient
from campaigns.services.attribution import attribute_orders
from campaigns.services.drafts import duplicate_campaign
from campaigns.services.launch import advance_campaigns, dispatch_campaign, launch_campaign
from core import clock
from core.models import Job
from core.worker import run_pending
from customers.models import Customer
from messaging.models import MassTask, Message
from messaging.services.results import poll_mass_task
from staff.models import AgencyPolicy, User
from tagging.models import Segment
from tests.campaigns.conftest import order
from tests.messaging.conftest import Corp
from tests.messaging.people import make_customer

pytestmark = pytest.mark.django_db


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def page(ops: User) -> Client:
    return page_of(ops)


def filled(segment: Segment, /, **fields: Any) -> dict[str, Any]:
    return {
        "name": "早鸟", "segment": segment.id, "product": "P01", "text": "早订先选团期", "card_title": "云南六日",
        "holdout_percent": 10, "attribution_days": 7, "launch_at": "", "salt": "0123456789abcdef",
    } | fields  # fmt: skip


class TestList:
    def test_an_empty_list_offers_templates(self, page: Client, db: None) -> None:
        answer = page.get(reverse("campaigns:index"))
        assert answer.status_code == 200
        for name in ("早鸟预订", "沉默唤醒", "亲子假期"):
            assert name in answer.content.decode()

    def test_filters_and_search(self, page: Client, campaign: Campaign) -> None:
        assert "早鸟" in page.get("/campaigns?state=draft").content.decode()
        assert "没有符合条件的活动" in page.get("/campaigns?state=finished").content.decode()
        assert "没有符合条件的活动" in page.get("/campaigns?q=不存在").content.decode()

    @pytest.mark.parametrize("query", ["state=nonsense", "after=abc", "after=-5", "q=" + "x" * 100])
    def test_nonsense_is_400(self, page: Client, campaign: Campaign, query: str) -> None:
        assert page.get(f"/campaigns?{query}").status_code == 400

    def test_the_same_queries_for_one_and_three_rows(
        self, page: Client, campaign: Campaign, friends: list[Customer], ops: User
    ) -> None:
        launch_campaign(campaign, actor=ops)
        dispatch_campaign(campaign.id)
        page.get("/campaigns")
        with CaptureQueriesContext(connection) as one:
            page.get("/campaigns?q=早")
        for _ in range(2):
            duplicate_campaign(campaign, actor=ops)
        with CaptureQueriesContext(connection) as three:
            answer = page.get("/campaigns?q=早鸟")
        assert answer.content.decode().count("data-row") == 3
        assert len(one) == len(three) <= 12


class TestEditor:
    def test_a_template_fills_the_form(self, page: Client, everybody: Segment, product: object) -> None:
        text = page.get("/campaigns/new?template=family").content.decode()
        assert "孩子快放假啦" in text
        assert 'value="P01" data-cover="/covers/P01.svg" checked' in text.replace("\n", "")

    def test_saving_keeps_a_draft_with_its_picture(self, page: Client, everybody: Segment, product: object, ops: User) -> None:
        answer = page.post("/campaigns/new", filled(everybody))
        made = Campaign.objects.get()
        assert answer.headers["Location"] == f"/campaigns/{made.id}"
        assert (made.state, made.created_by, made.salt) == (CampaignState.DRAFT, ops, "0123456789abcdef")
        assert made.content.card_page == "pages/product/index?code=P01"
        assert bytes(made.content.card_image or b"")[:8] == b"\x89PNG\r\n\x1a\n"
        picture = page.get(f"/campaigns/{made.id}/card.png")
        assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""), ("name", "x" * 61), ("segment", "999999"), ("segment", "abc"), ("product", "P99"), ("text", ""),
            ("text", "山" * 1334), ("card_title", "海" * 22), ("holdout_percent", "51"), ("holdout_percent", "x"),
            ("attribution_days", "0"), ("launch_at", "2020-01-01T10:00"), ("launch_at", "nonsense"), ("salt", "mine"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_at_the_field(
        self, page: Client, everybody: Segment, product: object, field: str, value: str
    ) -> None:
        answer = page.post("/campaigns/new", filled(everybody, **{field: value}))
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert not Campaign.objects.exists()

    def test_editing_changes_the_draft_and_only_a_draft(
        self, page: Client, campaign: Campaign, friends: list[Customer], ops: User
    ) -> None:
        later = (clock.now() + dt.timedelta(days=3)).astimezone(clock.SHANGHAI)
        values = filled(campaign.segment, name="早鸟二", text="新文案", launch_at=f"{later:%Y-%m-%dT%H:%M}")
        page.post(f"/campaigns/{campaign.id}/edit", values)
        campaign.refresh_from_db()
        assert (campaign.name, campaign.content.text) == ("早鸟二", "新文案")
        assert campaign.launch_at == later.replace(second=0, microsecond=0)
        campaign.launch_at = None
        campaign.save()
        launch_campaign(campaign, actor=ops)
        answer = page.post(f"/campaigns/{campaign.id}/edit", filled(campaign.segment, name="三"))
        assert answer.status_code == 409
        campaign.refresh_from_db()
        assert campaign.name == "早鸟二"

    def test_the_audience_panel(self, page: Client, everybody: Segment, friends: list[Customer]) -> None:
        make_customer()
        answer = page.get("/campaigns/audience", {"segment": str(everybody.id), "holdout_percent": "0", "salt": "x"})
        reach = answer.context["reach"]
        assert (reach.target, reach.reached, reach.reasons) == (31, 30, {"no_relation": 1})
        assert "无好友关系" in answer.content.decode()
        assert page.get("/campaigns/audience").status_code == 200
        assert page.get("/campaigns/audience", {"segment": str(everybody.id), "holdout_percent": "99"}).status_code == 400

    def test_why_somebody_is_not_in_it(self, page: Client, everybody: Segment, friends: list[Customer]) -> None:
        lonely = make_customer("孤独的客人")
        found = page.get("/campaigns/why", {"segment": str(everybody.id), "who": "孤独"}).content.decode()
        assert "孤独的客人" in found
        answer = page.get("/campaigns/why", {"segment": str(everybody.id), "customer": str(lonely.id)}).content.decode()
        assert "无好友关系" in answer
        outside = make_customer("老客")
        Customer.objects.filter(id=outside.id).update(lifecycle="active")
        answer = page.get("/campaigns/why", {"segment": str(everybody.id), "customer": str(outside.id)}).content.decode()
        assert "不满足客群条件" in answer
        assert page.get("/campaigns/why", {"segment": str(everybody.id), "customer": str(10**9)}).status_code == 404

    def test_the_wording_check(self, page: Client, product: object) -> None:
        answer = page.post(
            "/campaigns/check", {"text": "全网最低 4980元", "card_title": "云南", "product": "P01"}
        ).content.decode()
        assert "绝对化用语" in answer
        assert "3980.00" in answer
        assert page.post("/campaigns/check", {"text": "x" * 9000}).status_code == 400


class TestLaunching:
    def test_nothing_is_sent_without_the_typed_name(self, page: Client, campaign: Campaign, friends: list[Customer]) -> None:
        for typed in ("", "早", "早鸟 二"):
            assert page.post(f"/campaigns/{campaign.id}/launch", {"confirm": typed}).status_code == 409
        campaign.refresh_from_db()
        assert campaign.state == CampaignState.DRAFT
        assert not Job.objects.filter(function__endswith="dispatch_campaign").exists()
        page.post(f"/campaigns/{campaign.id}/launch", {"confirm": " 早鸟 "})
        campaign.refresh_from_db()
        assert campaign.state == CampaignState.LAUNCHING

    def test_the_review_says_who_would_get_it(self, page: Client, campaign: Campaign, friends: list[Customer]) -> None:
        answer = page.get(f"/campaigns/{campaign.id}")
        reach = answer.context["reach"]
        assert reach.target == 30
        assert answer.context["is_launchable"] is True
        assert f'data-confirm="{campaign.name}"' in answer.content.decode()
        run = Recipient.objects.count()
        assert run == 0

    def test_approval_by_a_second_person(self, page: Client, campaign: Campaign, friends: list[Customer], boss: User) -> None:
        AgencyPolicy.objects.update(approval_limit=5)
        assert page.get(f"/campaigns/{campaign.id}").context["is_launchable"] is False
        page.post(f"/campaigns/{campaign.id}/submit")
        assert page.post(f"/campaigns/{campaign.id}/approve").status_code == 409
        page_of(boss).post(f"/campaigns/{campaign.id}/approve")
        page.post(f"/campaigns/{campaign.id}/launch", {"confirm": "早鸟"})
        campaign.refresh_from_db()
        assert (campaign.state, campaign.approved_by) == (CampaignState.LAUNCHING, boss)

    def test_the_preview_is_what_is_sent(self, page: Client, campaign: Campaign, friends: list[Customer], ops: User) -> None:
        reach = page.get(f"/campaigns/{campaign.id}").context["reach"]
        launch_campaign(campaign, actor=ops)
        dispatch_campaign(campaign.id)
        assert Message.objects.count() == reach.reached
        assert Recipient.objects.filter(arm="holdout").count() == reach.reasons["holdout"]


class TestResults:
    @pytest.fixture
    def sent(self, campaign: Campaign, friends: list[Customer], ops: User, corp: Corp) -> Campaign:
        """Everything confirmed by one of the two members."""
        launch_campaign(campaign, actor=ops)
        run_pending()
        corp.simulator.do("staff/confirm_all", userid="sales1")
        for task in MassTask.objects.all():
            poll_mass_task(task.id)
        advance_campaigns()
        campaign.refresh_from_db()
        return campaign

    def test_the_page_and_its_live_part_and_the_json_agree(self, page: Client, sent: Campaign) -> None:
        answer = page.get(f"/campaigns/{sent.id}")
        assert answer.status_code == 200
        assert answer.context["broken"] == []
        data = page.get(f"/campaigns/{sent.id}/funnel.json").json()
        delivered = Message.objects.filter(state="sent").count()
        assert data["adds_up"] is True
        assert (data["delivered"], data["created"], data["campaign"]["state"]) == (
            delivered,
            Message.objects.count(),
            "awaiting_staff",
        )
        assert [stage.value for stage in answer.context["stages"]] == [
            data[name] for name in ("audience", "treated", "created", "confirmed", "delivered", "opened", "ordered")
        ]
        live = page.get(f"/campaigns/{sent.id}/live")
        assert live.status_code == 200
        assert 'hx-trigger="every 3s' in live.content.decode()

    def test_a_new_state_reloads_the_page_with_its_buttons(self, page: Client, sent: Campaign) -> None:
        assert page.get(f"/campaigns/{sent.id}/live?state=awaiting_staff").status_code == 200
        answer = page.get(f"/campaigns/{sent.id}/live?state=launching")
        assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")

    def test_polling_stops_when_nothing_can_change(self, page: Client, sent: Campaign) -> None:
        Campaign.objects.update(state="finished", launched_at=clock.now() - dt.timedelta(days=30))
        live = page.get(f"/campaigns/{sent.id}/live")
        assert live.status_code == 286
        assert "every" not in live.content.decode()

    def test_numbers_that_do_not_add_up_are_said_loudly(self, page: Client, sent: Campaign) -> None:
        Recipient.objects.filter(arm="treated").update(message=None)
        answer = page.get(f"/campaigns/{sent.id}")
        assert "这些数字对不上" in answer.content.decode()
        assert page.get(f"/campaigns/{sent.id}/funnel.json").json()["adds_up"] is False

    def test_the_list_of_people(self, page: Client, sent: Campaign) -> None:
        everybody = page.get(f"/campaigns/{sent.id}/people").context["people"]
        assert len(everybody) == 25
        rest = page.get(f"/campaigns/{sent.id}/people", {"after": everybody[-1].id}).context["people"]
        assert len(rest) == 5
        held_out = page.get(f"/campaigns/{sent.id}/people", {"fate": "holdout"}).context["people"]
        assert {row.arm for row in held_out} == {"holdout"}
        waiting = page.get(f"/campaigns/{sent.id}/people", {"fate": "awaiting_staff"}).context["people"]
        assert {row.sender for row in waiting} == {"Sales2"}
        assert page.get(f"/campaigns/{sent.id}/people", {"fate": "x' OR 1=1"}).status_code == 400

    def test_names_of_customers_outside_the_row_scope_are_not_shown(self, sent: Campaign, chen: User) -> None:
        mine = Recipient.objects.order_by("id").first()
        assert mine is not None
        Customer.objects.filter(id=mine.customer_id).update(owner=chen)
        rows = page_of(chen).get(f"/campaigns/{sent.id}/people").context["people"]
        assert [row.customer_id for row in rows] == [mine.customer_id]

    def test_reminding(self, page: Client, sent: Campaign, corp: Corp) -> None:
        answer = page.post(f"/campaigns/{sent.id}/remind", headers={"HX-Request": "true"})
        assert answer.status_code == 204
        assert "campaign-changed" in answer.headers["HX-Trigger"]
        run_pending("usual")
        assert sorted(made["reminded"] for made in corp.tasks()) == [0, 1]
        for _ in range(3):
            page.post(f"/campaigns/{sent.id}/remind")
        run_pending("usual")
        assert sorted(made["reminded"] for made in corp.tasks()) == [0, 3]

    def test_refresh_pause_cancel(self, page: Client, sent: Campaign, corp: Corp) -> None:
        corp.simulator.do("staff/confirm_all", userid="sales2")
        page.post(f"/campaigns/{sent.id}/refresh")
        run_pending("usual")
        assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
        assert page.post(f"/campaigns/{sent.id}/pause").status_code == 409  # everything is with staff
        assert page.post(f"/campaigns/{sent.id}/cancel", {"confirm": "x"}).status_code == 409
        assert page.post(f"/campaigns/{sent.id}/cancel", {"confirm": "早鸟"}).status_code == 302

    def test_an_order_shows_as_claimed_and_against_the_hold_out(self, page: Client, sent: Campaign) -> None:
        message = Message.objects.filter(state="sent").select_related("customer").first()
        assert message is not None
        bought = order(message.customer, paid_at=clock.now())
        attribute_orders(order_ids=[bought.id])
        data = page.get(f"/campaigns/{sent.id}/funnel.json").json()
        assert (data["ordered"], data["revenue"], data["ordered_after_opening"]) == (1, "7960.00", 0)
        assert data["comparison"]["arms"]["treated"]["buyers"] == 1
        assert data["comparison"]["lift"]["incremental_revenue"]["value"] > 0

    def test_twelve_queries_at_most_beyond_the_shells(self, page: Client, sent: Campaign) -> None:
        page.get(f"/campaigns/{sent.id}/live")
        with CaptureQueriesContext(connection) as captured:
            page.get(f"/campaigns/{sent.id}/live")
        assert len(captured) <= 12


READS = ("", "/live", "/people", "/funnel.json", "/card.png")
WRITES = ("launch", "submit", "approve", "return", "pause", "resume", "cancel", "refresh", "remind", "duplicate", "delete")


class TestAccess:
    @pytest.mark.parametrize("role", ["merchant", "service", "readonly", "sales"])
    def test_only_some_roles_may_write(self, campaign: Campaign, role: str) -> None:
        client = page_of(User.objects.create(username=role, role=role, row_scope="all"))
        refused = {name: client.post(f"/campaigns/{campaign.id}/{name}").status_code for name in WRITES if name != "refresh"}
        assert set(refused.values()) == {403}
        assert client.get("/campaigns/new").status_code == 403
        campaign.refresh_from_db()
        assert campaign.state == CampaignState.DRAFT

    def test_a_merchant_sees_nothing(self, campaign: Campaign) -> None:
        client = page_of(User.objects.create(username="m", role="merchant", row_scope="all"))
        assert {client.get(f"/campaigns/{campaign.id}{path}").status_code for path in READS} == {403}
        assert client.get("/tasks").status_code == 403

    def test_the_anonymous_are_asked_to_log_in(self, campaign: Campaign) -> None:
        for path in READS:
            answer = Client().get(f"/campaigns/{campaign.id}{path}")
            assert answer.headers["Location"].startswith("/login")
        assert Client().get("/campaigns", headers={"HX-Request": "true"}).status_code == 401

    @pytest.mark.parametrize("campaign_id", ["0", "999999999999999999", "99999999999999999999999"])
    def test_unknown_campaigns(self, page: Client, campaign: Campaign, campaign_id: str) -> None:
        for path in READS:
            assert page.get(f"/campaigns/{campaign_id}{path}").status_code == 404
        for name in WRITES:
            assert page.post(f"/campaigns/{campaign_id}/{name}").status_code == 404

    def test_reading_methods_do_not_write(self, page: Client, campaign: Campaign) -> None:
        assert {page.get(f"/campaigns/{campaign.id}/{name}").status_code for name in WRITES} == {405}


class TestTasks:
    @pytest.fixture
    def task(self, chen: User, product: object) -> FollowUp:
        customer = make_customer("苏晴", friend_of=chen)
        Customer.objects.filter(id=customer.id).update(owner=chen)
        return FollowUp.objects.create(
            key="k", customer=customer, assignee=chen, title="反复浏览", reason="repeated_views", suggested_text="您好<b>",
            product_code="P01", due_at=clock.now() - dt.timedelta(hours=1),
            evidence=[{"views": 3, "quotes": 0, "checkouts": 0, "hours": 48, "last_at": clock.now().isoformat()}],
        )  # fmt: skip

    def test_the_card_says_why_and_what_to_write(self, chen: User, task: FollowUp) -> None:
        text = page_of(chen).get("/tasks").content.decode()
        assert "48 小时内浏览 3 次" in text
        assert "您好&lt;b&gt;" in text
        assert "/covers/P01.svg" in text

    def test_one_keystroke_finishes_it_and_the_toast_undoes(self, chen: User, task: FollowUp) -> None:
        client = page_of(chen)
        answer = client.post(
            f"/tasks/{task.id}/done", {"outcome": "no_answer", "tab": "now", "mine": "1"}, headers={"HX-Request": "true"}
        )
        assert "今天清空了" in answer.content.decode()
        (toast,) = json.loads(answer.headers["HX-Trigger"])["toasts"]
        assert toast["undo"] == f"/tasks/{task.id}/reopen"
        assert client.post(toast["undo"]).status_code == 204
        task.refresh_from_db()
        assert task.state == "open"

    def test_others_tasks_are_404(self, wang: User, task: FollowUp) -> None:
        client = page_of(wang)
        for name in ("done", "reopen", "snooze"):
            assert client.post(f"/tasks/{task.id}/{name}", {"outcome": "contacted"}).status_code == 404
        task.refresh_from_db()
        assert task.state == "open"

    def test_the_card_offers_what_can_be_done_with_it(self, chen: User, wang: User, ops: User, task: FollowUp) -> None:
        text = page_of(ops).get("/tasks?mine=0").content.decode()
        assert f'name="assignee" value="{wang.pk}"' in text
        assert f"</span>{wang.display_name}</button>" in text
        assert 'name="outcome" value="contacted" data-outcome="1"' in text
        assert 'name="until" value="tomorrow"' in text
        assert 'name="assignee"' not in page_of(chen).get("/tasks").content.decode()

    def test_a_sales_person_cannot_hand_over_but_operations_can(self, chen: User, wang: User, ops: User, task: FollowUp) -> None:
        assert page_of(chen).post(f"/tasks/{task.id}/assign", {"assignee": wang.id}).status_code == 403
        page_of(ops).post(f"/tasks/{task.id}/assign", {"assignee": wang.id})
        task.refresh_from_db()
        assert task.assignee == wang

    @pytest.mark.parametrize("data", [{"outcome": "nonsense"}, {"outcome": "ordered"}])
    def test_nonsense_outcomes(self, chen: User, task: FollowUp, data: dict[str, str]) -> None:
        assert page_of(chen).post(f"/tasks/{task.id}/done", data).status_code == 400
        task.refresh_from_db()
        assert task.state == "open"

    def test_snooze(self, chen: User, task: FollowUp) -> None:
        page_of(chen).post(f"/tasks/{task.id}/snooze", {"until": "week"})
        task.refresh_from_db()
        assert task.due_at > clock.now()
