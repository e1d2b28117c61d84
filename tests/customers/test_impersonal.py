"""关闭个性化推荐 is honoured everywhere: docs/privacy.md lists the places, here is a test for each."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection

from analytics.queries import hot_customers
from campaigns.models import FollowUp
from campaigns.queries.audience import plan_for
from campaigns.services.follow_ups import make_follow_ups
from core import clock
from core.conditions import parse
from core.worker import run_pending
from customers.models import Customer
from customers.services.consents import set_personalised
from messaging.choices import Reason
from messaging.queries import explain, preview
from staff.models import User
from tagging.models import Segment, Tag, TagAssignment, TagRule
from tagging.queries.personal import is_personal
from tagging.queries.previews import rule_effect
from tagging.queries.refreshing import collect_stale, live_rules
from tagging.services.manual import add_tag
from tagging.services.refresh import refresh_all, refresh_tags
from tests.factories import make_customer
from tests.messaging.people import befriend, consent, plan
from tests.tagging.conftest import VIEWED_FAMILY, Did, did, family, family_rule, make_rule, products

__all__ = ["did", "family", "family_rule", "products"]
pytestmark = pytest.mark.django_db
LIVES_IN_HANGZHOU = {"city": {"values": ["杭州"]}}


@pytest.fixture
def pair(did: Did, chen: User) -> tuple[Customer, Customer]:
    """Two people who did the same; the second turned personal recommendations off."""
    both = (make_customer("苏晴", city="杭州", owner=chen), make_customer("李默", city="杭州", owner=chen))
    for customer in both:
        for day in (0.1, 0.2, 0.3, 0.4):
            did(customer, "product.viewed", days=day, product="P01")
        befriend(customer, chen, added_at=clock.now())
        consent(customer, at=clock.now())
    set_personalised(both[1], False, source="mini")
    return both


def tagged(rule: TagRule) -> list[str]:
    return sorted(TagAssignment.objects.filter(rule=rule).values_list("customer__name", flat=True))


def test_rules_on_behaviour_skip_them_when_somebody_did_something(pair: Any, family_rule: TagRule) -> None:
    refresh_tags([customer.pk for customer in pair])
    assert tagged(family_rule) == ["苏晴"]


def test_rules_on_behaviour_skip_them_in_the_nightly_refresh(pair: Any, family_rule: TagRule) -> None:
    refresh_all()
    run_pending()
    assert tagged(family_rule) == ["苏晴"]
    assert collect_stale(live_rules(), clock.now()) == 0


def test_the_preview_of_a_rule_on_behaviour_does_not_count_them(pair: Any, family: Tag) -> None:
    found = rule_effect(parse(VIEWED_FAMILY), family, None, clock.now())
    assert found is not None
    assert (found.matching, found.would_add, found.would_remove) == (1, 1, 0)
    neutral = rule_effect(parse(LIVES_IN_HANGZHOU), family, None, clock.now())
    assert neutral is not None
    assert neutral.matching == 2


def test_turning_it_off_takes_the_tags_away_and_on_brings_them_back(pair: Any, family_rule: TagRule) -> None:
    su, _li = pair
    refresh_tags([su.pk])
    assert tagged(family_rule) == ["苏晴"]
    set_personalised(su, False, source="mini")
    run_pending()
    assert tagged(family_rule) == []
    set_personalised(su, True, source="mini")
    run_pending()
    assert tagged(family_rule) == ["苏晴"]


def test_a_rule_on_what_they_told_us_and_a_tag_by_hand_stay(pair: Any, family_rule: TagRule, lin: User) -> None:
    local = make_rule(Tag.objects.create(group=family_rule.tag.group, name="杭州人"), LIVES_IN_HANGZHOU)
    by_hand = Tag.objects.create(group=family_rule.tag.group, name="老朋友")
    add_tag(lin, [pair[1].pk], by_hand)
    refresh_tags([customer.pk for customer in pair])
    assert tagged(local) == ["李默", "苏晴"]
    assert TagAssignment.objects.filter(tag=by_hand, customer=pair[1]).exists()


def test_a_second_rule_on_what_they_told_us_still_gives_the_tag(pair: Any, family_rule: TagRule) -> None:
    make_rule(family_rule.tag, LIVES_IN_HANGZHOU)
    refresh_tags([customer.pk for customer in pair])
    assert TagAssignment.objects.filter(tag=family_rule.tag, customer=pair[1]).count() == 1


@pytest.mark.parametrize(
    ("condition", "personal"),
    [
        (LIVES_IN_HANGZHOU, False),
        (VIEWED_FAMILY, True),
        ({"tags": {"has": "any", "tags": [1]}}, True),
        ({"any": [LIVES_IN_HANGZHOU, {"tags": {"has": "any", "tags": [1]}}]}, True),
        ({"all": [LIVES_IN_HANGZHOU, {"not": VIEWED_FAMILY}]}, True),
    ],
)
def test_which_questions_are_personal(family: Any, condition: Any, personal: bool) -> None:
    text = json.dumps(condition).replace('"tags": [1]', f'"tags": [{family.pk}]')
    assert is_personal(json.loads(text)) is personal


def test_marketing_to_a_personal_segment_leaves_them_out(pair: Any, family_rule: TagRule) -> None:
    segment = Segment.objects.create(name="看过亲子", condition=VIEWED_FAMILY)
    reach = preview(plan_for(segment, salt="s", holdout_percent=0))
    assert reach.reasons == {Reason.IMPERSONAL: 1}
    assert reach.sample == [pair[0].pk]


def test_marketing_to_everybody_and_service_messages_still_reach_them(pair: Any) -> None:
    li = pair[1]
    segment = Segment.objects.create(name="杭州", condition=LIVES_IN_HANGZHOU)
    assert preview(plan_for(segment, salt="s", holdout_percent=0)).reasons == {}
    answers = {
        personal: explain(plan(clock.now(), is_personal=personal), li.pk).reason  # type: ignore[union-attr]
        for personal in (True, False)
    }
    assert answers == {True: Reason.IMPERSONAL, False: ""}
    service = explain(plan(clock.now(), is_personal=True, purpose="service"), li.pk)
    assert service is not None
    assert service.reason == Reason.NO_CONSENT  # nobody asked for this purpose: the switch is not the reason


def test_the_hot_list_does_not_name_them(pair: Any, lin: User) -> None:
    assert [hot.customer.name for hot in hot_customers(lin)] == ["苏晴"]


def test_follow_ups_come_from_an_order_they_began_not_from_what_they_looked_at(pair: Any, did: Did) -> None:
    ids = [customer.pk for customer in pair]
    make_follow_ups(ids)
    assert list(FollowUp.objects.values_list("customer__name", flat=True)) == ["苏晴"]
    did(pair[1], "checkout.started", days=0.05, product="P02")
    make_follow_ups(ids)
    assert FollowUp.objects.get(customer=pair[1]).reason == "checkout_unpaid"


def test_asking_about_them_costs_no_scan_of_everybody(pair: Any) -> None:
    """The index holds only those who turned it off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'customer_impersonal'")
        assert "WHERE (NOT is_personalised)" in cursor.fetchone()[0]
    assert isinstance(pair[0].public_id, uuid.UUID)
