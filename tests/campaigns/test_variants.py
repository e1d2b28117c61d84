"""Variants, a test with a winner, waves and best hours, and direct broadcasts, from launch to results."""

import datetime as dt

import pytest
import time_machine

from campaigns.choices import Arm, CampaignState
from campaigns.models import Campaign, Recipient, TouchCredit, Variant
from campaigns.queries.credits import claims
from campaigns.queries.funnel import funnel
from campaigns.queries.variants import variant_rows
from campaigns.rules import split
from campaigns.services.attribution import attribute_orders
from campaigns.services.drafts import create_campaign
from campaigns.services.launch import (
    advance_campaigns,
    cancel_campaign,
    choose_winners,
    dispatch_campaign,
    launch_campaign,
    pause_campaign,
    resume_campaign,
    take_snapshot,
)
from core import clock
from core.errors import Refused
from core.secrets import lookup_hash, seal
from core.worker import run_pending
from customers.choices import IdentityKind
from customers.models import Customer, Identity, Portrait
from messaging.choices import MessageState, Route
from messaging.models import Content, MassTask, Message
from orders.models import Order
from staff.models import User
from tagging.models import CustomerTags, Tag, TagGroup
from tests.campaigns.conftest import draft, order
from tests.messaging.conftest import Corp
from tests.messaging.people import PNG

pytestmark = pytest.mark.django_db


def variant(campaign: Campaign, name: str, **fields: object) -> Variant:
    content = Content.objects.create(name=name, text=f"{name}：{campaign.content.text}", card_title=name, product_code="P01",
                                     card_page="pages/product/index?code=P01", card_image=PNG)  # fmt: skip
    position = campaign.variants.count()
    return Variant.objects.create(campaign=campaign, content=content, name=name, position=position, **fields)


def launched(campaign: Campaign, ops: User) -> None:
    launch_campaign(campaign, actor=ops)
    dispatch_campaign(campaign.id)
    campaign.refresh_from_db()


def content_of(campaign: Campaign) -> dict[int, int | None]:
    return dict(Message.objects.filter(campaign_id=campaign.id).values_list("customer_id", "content_id"))


def test_tags_go_first_and_chance_shares_the_rest(campaign: Campaign, friends: list[Customer], ops: User, corp: Corp) -> None:
    tag = Tag.objects.create(group=TagGroup.objects.create(name="兴趣"), name="亲子")
    family = friends[:6]
    for friend in family:
        CustomerTags.objects.update_or_create(customer=friend, defaults={"tag_ids": [tag.pk]})
    one, two = variant(campaign, "A", weight=3), variant(campaign, "B")
    kids = variant(campaign, "亲子", tag_ids=[tag.pk])
    launched(campaign, ops)
    wanted = {}
    for friend in friends:
        place = split.pick(split.bounds([3, 1]), split.bucket(campaign.salt, "v", friend.pk))
        wanted[friend.pk] = kids.content_id if friend in family else (one, two)[place].content_id
    found = content_of(campaign)
    assert found == {pk: content for pk, content in wanted.items() if pk in found}
    assert len(found) == Recipient.objects.filter(campaign=campaign, arm=Arm.TREATED).count() > 20
    run_pending()
    pages = {task["text"].partition("：")[0] for task in corp.tasks()}
    assert pages == {"A", "B", "亲子"}
    assert sum(row.people for row in variant_rows(campaign.id)) == len(found)


def test_the_words_that_are_opened_most_go_to_the_rest(
    campaign: Campaign, friends: list[Customer], ops: User, corp: Corp
) -> None:
    variant(campaign, "A")
    best = variant(campaign, "B")
    Campaign.objects.filter(pk=campaign.pk).update(test_percent=50, holdout_percent=0)
    campaign.refresh_from_db()
    launched(campaign, ops)
    waiting = {one.pk for one in friends if split.bucket(campaign.salt, "t", one.pk) >= 5000}
    assert 0 < len(waiting) < len(friends)
    run_pending()
    queued = set(Message.objects.filter(state=MessageState.QUEUED).values_list("customer_id", flat=True))
    assert queued == waiting
    tested = Message.objects.exclude(customer_id__in=waiting)
    tested.update(state=MessageState.SENT, sent_at=clock.now())
    tested.filter(content=best.content).update(clicked_at=clock.now())
    choose_winners()
    assert Campaign.objects.get(pk=campaign.pk).decided_at is None  # its hours are not over
    with time_machine.travel(clock.now() + dt.timedelta(hours=5)):
        choose_winners()
        choose_winners()
        run_pending()
    campaign.refresh_from_db()
    assert campaign.winner == best
    late = Message.objects.filter(customer_id__in=waiting)
    assert set(late.values_list("content_id", "state")) == {(best.content_id, MessageState.AWAITING_STAFF)}
    assert not Recipient.objects.filter(campaign=campaign, arm=Arm.TREATED, variant_id=None).exists()


def test_waves_and_best_hours_give_tasks_their_hour(campaign: Campaign, friends: list[Customer], ops: User) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(stagger_minutes=30, holdout_percent=0)
    campaign.refresh_from_db()
    with time_machine.travel(dt.datetime(2026, 11, 18, 4, tzinfo=dt.UTC), tick=False):
        launched(campaign, ops)
    at = campaign.launched_at
    assert at is not None
    starts = {(task.start_at - at) if task.start_at else dt.timedelta() for task in MassTask.objects.all()}
    assert starts <= {dt.timedelta(minutes=5 * wave) for wave in range(6)}
    assert len(starts) > 3
    other = create_campaign(draft(campaign.segment, holdout_percent=0), actor=ops)
    Campaign.objects.filter(pk=other.pk).update(at_best_hour=True)
    other.refresh_from_db()
    for friend in friends:
        Portrait.objects.update_or_create(customer=friend, defaults={"preferred_hour": 20 if friend.pk % 2 else None})
    with time_machine.travel(dt.datetime(2026, 11, 18, 4, tzinfo=dt.UTC), tick=False):
        take_snapshot(other)
    hours = set(MassTask.objects.filter(campaign_id=other.pk).values_list("start_at", flat=True))
    assert hours == {None, dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)}


@pytest.fixture
def by_notice(campaign: Campaign, friends: list[Customer], corp: Corp) -> Campaign:
    """The same campaign by the official account, which every second friend follows."""
    for friend in friends[::2]:
        openid = f"o{friend.pk:027d}"
        Identity.objects.create(customer=friend, kind=IdentityKind.OA_OPENID, scope="", value_hash=lookup_hash("oa", openid),
                                value_sealed=seal(openid))  # fmt: skip
        corp.simulator.do("official/follow", openids=[openid])
    Content.objects.filter(pk=campaign.content_id).update(template_id="OA1", fields={"first": "{{name}}，云南六日还有位"})
    Campaign.objects.filter(pk=campaign.pk).update(channel=Route.OFFICIAL, holdout_percent=0)
    campaign.refresh_from_db()
    return campaign


def test_a_direct_broadcast_reaches_its_followers_and_adds_up(by_notice: Campaign, ops: User, corp: Corp) -> None:
    launched(by_notice, ops)
    run_pending()
    advance_campaigns()
    by_notice.refresh_from_db()
    assert by_notice.state == CampaignState.FINISHED
    found = funnel(by_notice)
    assert (found.audience, found.delivered, found.excluded_by_reason) == (30, 15, {"no_address": 15})
    assert [check for check in found.checks if not check.holds] == []
    with corp.simulator.world.lock:
        assert {one.received for one in corp.simulator.world.state.followers.values()} == {1}


def test_a_direct_broadcast_pauses_goes_on_and_stops(by_notice: Campaign, ops: User) -> None:
    launched(by_notice, ops)
    assert pause_campaign(by_notice, actor=ops) == 15
    run_pending()
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    resume_campaign(by_notice, actor=ops)
    first = Message.objects.order_by("id")[0]
    Message.objects.filter(pk=first.pk).update(state=MessageState.SENT, sent_at=clock.now())
    assert cancel_campaign(by_notice, actor=ops) == 14
    run_pending()
    assert sorted(set(Message.objects.values_list("state", flat=True))) == [MessageState.CANCELLED, MessageState.SENT]


def test_a_slip_in_the_words_stops_the_launch(by_notice: Campaign, ops: User) -> None:
    Content.objects.filter(pk=by_notice.content_id).update(fields={"first": "{{nmae}}您好"})
    by_notice.refresh_from_db()
    with pytest.raises(Refused) as refused:
        launch_campaign(by_notice, actor=ops)
    assert refused.value.code == "wording"


def test_all_models_claim_the_whole_order_and_a_refund_is_taken_back(
    campaign: Campaign, friends: list[Customer], ops: User, product: object
) -> None:
    second = create_campaign(draft(campaign.segment, holdout_percent=0), actor=ops)
    Campaign.objects.filter(pk=campaign.pk).update(holdout_percent=0)
    now, buyer = clock.now(), friends[0]
    for one in (campaign, second):
        one.refresh_from_db()
        take_snapshot(one)
    Message.objects.filter(customer=buyer).update(state=MessageState.SENT)
    for days, one in ((5, campaign), (2, second)):
        Message.objects.filter(customer=buyer, campaign_id=one.pk).update(sent_at=now - dt.timedelta(days=days))
    bought = order(buyer, paid_at=now)
    attribute_orders(order_ids=[bought.pk])
    whole = bought.paid_amount
    assert {one.model: one.together for one in claims(campaign.pk)} == dict.fromkeys(
        ["last", "first", "linear", "decay", "position"], whole
    )
    assert all(one.adds_up for one in claims(campaign.pk))
    assert {one.model: one.amount for one in claims(second.pk)}["last"] == whole
    assert {one.model: one.amount for one in claims(campaign.pk)}["linear"] == whole / 2
    Order.objects.filter(pk=bought.pk).update(refunded_amount=whole)
    attribute_orders(order_ids=[bought.pk])
    assert set(TouchCredit.objects.values_list("amount", flat=True)) == {0}
