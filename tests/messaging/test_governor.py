"""The Touch Governor: every reason by itself, their order, and that preview and sending are one."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import Channel, RelationState
from customers.models import Customer, Relationship
from messaging import rules
from messaging.choices import MessageState, Reason
from messaging.models import Message
from messaging.queries import TouchPlan, Verdict, decisions, explain, preview
from staff.choices import PlatformCapRule
from staff.models import AgencyPolicy, User
from tests.messaging.people import NOON, befriend, consent, make_customer, make_member, make_touch, plan, suppress_phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    return make_member("lin")


def reason_of(customer: Customer, **fields: Any) -> str:
    verdict = explain(plan(**fields), customer.id)
    assert verdict is not None
    return verdict.reason


def test_a_friend_who_agreed_is_reached(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    assert explain(plan(), customer.id) == Verdict(customer.id, lin.id, "", 0, 0)


def test_nobody_is_told_about_people_outside_the_audience(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    assert explain(plan(audience=("SELECT id FROM customers_customer WHERE id <> %s", [customer.id])), customer.id) is None


@pytest.mark.parametrize("state", [RelationState.DELETED_BY_CUSTOMER, RelationState.DELETED_BY_STAFF])
def test_no_relation(lin: User, state: str) -> None:
    stranger, lost = make_customer(), make_customer()
    befriend(lost, lin, state=state)
    assert (reason_of(stranger), reason_of(lost)) == (Reason.NO_RELATION, Reason.NO_RELATION)


def test_a_member_who_left_cannot_send(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    User.objects.filter(id=lin.id).update(is_active=False)
    assert reason_of(customer) == Reason.NO_RELATION
    User.objects.filter(id=lin.id).update(is_active=True, wecom_userid=None)
    assert reason_of(customer) == Reason.NO_RELATION


def test_never_asked_is_no_consent(lin: User) -> None:
    assert reason_of(make_customer(friend_of=lin, consents=False)) == Reason.NO_CONSENT


def test_consent_for_another_purpose_or_channel_does_not_count(lin: User) -> None:
    customer = make_customer(friend_of=lin, consents=False)
    consent(customer, channel=Channel.SMS)
    assert reason_of(customer) == Reason.NO_CONSENT
    consent(customer, purpose="service")
    assert reason_of(customer) == Reason.NO_CONSENT


def test_a_refusal_is_an_opt_out(lin: User) -> None:
    everything, wecom_only = make_customer(friend_of=lin, consents=False), make_customer(friend_of=lin)
    consent(everything, granted=False)
    consent(wecom_only, granted=False, channel=Channel.WECOM)
    assert (reason_of(everything), reason_of(wecom_only)) == (Reason.OPTED_OUT, Reason.OPTED_OUT)


def test_an_old_entry_no_longer_in_force_does_not_count(lin: User) -> None:
    customer = make_customer(friend_of=lin, consents=False)
    consent(customer, granted=False)
    customer.consents.update(is_current=False)
    consent(customer)
    assert reason_of(customer) == ""


def test_the_channels_own_later_grant_beats_a_general_refusal(lin: User) -> None:
    customer = make_customer(friend_of=lin, consents=False)
    consent(customer, granted=False, at=NOON - dt.timedelta(days=9))
    consent(customer, channel=Channel.WECOM, at=NOON - dt.timedelta(days=2))
    assert reason_of(customer) == ""


def test_a_later_general_refusal_ends_the_channels_grant(lin: User) -> None:
    customer = make_customer(friend_of=lin, consents=False)
    consent(customer, channel=Channel.WECOM, at=NOON - dt.timedelta(days=9))
    consent(customer, granted=False, at=NOON - dt.timedelta(days=2))
    assert reason_of(customer) == Reason.OPTED_OUT


def test_the_suppression_list_beats_consent(lin: User) -> None:
    customer, other = make_customer(friend_of=lin), make_customer(friend_of=lin)
    suppress_phone(customer)
    assert (reason_of(customer), reason_of(other)) == (Reason.OPTED_OUT, "")


def test_quiet_hours_hold_back_a_single_message_but_never_a_broadcast(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    sql, params = decisions(plan(), is_quiet=True)
    with connection.cursor() as cursor:
        cursor.execute(sql + "SELECT reason FROM verdict", params)
        assert cursor.fetchall() == [(Reason.QUIET_HOURS,)]
    night = dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)  # 23:00
    assert reason_of(customer, at=night) == ""


def test_platform_cap_of_one_a_day_ends_at_midnight_in_shanghai(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    policy = AgencyPolicy(platform_cap_rule=PlatformCapRule.DAY_1, house_cap_count=100)
    make_touch(customer, lin, dt.datetime(2026, 11, 17, 15, 59, tzinfo=dt.UTC))  # 23:59 of the 17th
    last_of_the_day = dt.datetime(2026, 11, 17, 15, 59, 30, tzinfo=dt.UTC)
    assert reason_of(customer, at=last_of_the_day, policy=policy) == Reason.PLATFORM_CAP
    assert reason_of(customer, at=last_of_the_day + dt.timedelta(minutes=1), policy=policy) == ""


def test_platform_cap_of_the_month_starts_anew_on_the_first(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    policy = AgencyPolicy(platform_cap_rule=PlatformCapRule.MONTH_DAYS, house_cap_count=100)
    for day in range(1, 31):  # November has 30 days
        make_touch(customer, lin, dt.datetime(2026, 11, day, 4, tzinfo=dt.UTC))
    end = dt.datetime(2026, 11, 30, 15, 59, tzinfo=dt.UTC)
    assert reason_of(customer, at=end, policy=policy) == Reason.PLATFORM_CAP
    assert reason_of(customer, at=end + dt.timedelta(minutes=1), policy=policy) == ""


def test_platform_cap_counts_mass_messages_only(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    policy = AgencyPolicy(platform_cap_rule=PlatformCapRule.DAY_1, house_cap_count=100)
    make_touch(customer, lin, NOON, task=None)
    assert reason_of(customer, policy=policy) == ""


def test_house_cap_counts_marketing_of_every_channel(lin: User) -> None:
    customer = make_customer(friend_of=lin)
    make_touch(customer, lin, NOON - dt.timedelta(days=1))
    make_touch(customer, lin, NOON - dt.timedelta(days=2), purpose="service")
    assert reason_of(customer) == ""
    make_touch(customer, lin, NOON - dt.timedelta(days=2), task=None, channel=Channel.SMS)
    assert reason_of(customer) == Reason.HOUSE_CAP
    assert reason_of(customer, at=NOON + dt.timedelta(days=5)) == ""


@pytest.mark.parametrize("state", [MessageState.QUEUED, MessageState.AWAITING_STAFF])
def test_waiting_messages_count_as_touches(lin: User, state: str) -> None:
    customer = make_customer(friend_of=lin)
    for _ in range(2):
        make_touch(customer, lin, NOON - dt.timedelta(hours=1), state=state)
    assert reason_of(customer) == Reason.HOUSE_CAP
    assert reason_of(customer, campaign_id=900) == ""  # a campaign does not block itself
    assert reason_of(customer, pending_before=NOON - dt.timedelta(hours=2)) == ""


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.CANCELLED, MessageState.OVER_CAP, MessageState.SUPPRESSED])
def test_what_never_arrived_does_not_count(lin: User, state: str) -> None:
    customer = make_customer(friend_of=lin)
    for _ in range(3):
        make_touch(customer, lin, NOON - dt.timedelta(hours=1), state=state)
    assert reason_of(customer) == ""


def test_the_hold_out_is_the_rules_hold_out(lin: User) -> None:
    customers = [make_customer(friend_of=lin) for _ in range(60)]
    for customer in customers:
        expected = Reason.HOLDOUT if rules.is_held_out("salt", customer.id, 30) else ""
        assert reason_of(customer, salt="salt", holdout_percent=30) == expected


def test_reasons_are_asked_in_order(lin: User) -> None:
    """Somebody with everything against them is told the first thing; take it away, and the next appears."""
    customer = make_customer(consents=False)
    policy = AgencyPolicy(platform_cap_rule=PlatformCapRule.DAY_1, house_cap_count=1)
    for _ in range(2):
        make_touch(customer, lin, NOON - dt.timedelta(minutes=5))
    suppress_phone(customer)
    full = plan(policy=policy, holdout_percent=50, salt=_salt_holding_out(customer.id))
    assert _reason(full, customer) == Reason.NO_RELATION
    befriend(customer, lin)
    assert _reason(full, customer) == Reason.NO_CONSENT
    consent(customer)
    assert _reason(full, customer) == Reason.OPTED_OUT
    customer.identities.all().delete()
    assert _reason(full, customer) == Reason.PLATFORM_CAP
    policy.platform_cap_rule = PlatformCapRule.WEEK_7
    assert _reason(full, customer) == Reason.HOUSE_CAP
    policy.house_cap_count = 5
    assert _reason(full, customer) == Reason.HOLDOUT
    assert _reason(dataclasses.replace(full, holdout_percent=0), customer) == ""


def _reason(full: TouchPlan, customer: Customer) -> str:
    verdict = explain(full, customer.id)
    assert verdict is not None
    return verdict.reason


def _salt_holding_out(customer_id: int) -> str:
    return next(salt for salt in map(str, range(1000)) if rules.is_held_out(salt, customer_id, 50))


def test_whoever_talked_last_sends(lin: User) -> None:
    chen, wang = make_member("chen"), make_member("wang")
    customer = make_customer(friend_of=lin)
    befriend(customer, chen, added_at=NOON)
    assert explain(plan(), customer.id).sender_id == chen.id  # type: ignore[union-attr]  # nobody talked: added last
    befriend(customer, wang, added_at=NOON - dt.timedelta(days=900), last_chat_at=NOON - dt.timedelta(days=3))
    assert explain(plan(), customer.id).sender_id == wang.id  # type: ignore[union-attr]
    Relationship.objects.filter(user=lin).update(last_chat_at=NOON - dt.timedelta(days=1))
    assert explain(plan(), customer.id).sender_id == lin.id  # type: ignore[union-attr]
    Relationship.objects.filter(user=lin).update(state=RelationState.DELETED_BY_CUSTOMER)
    assert explain(plan(), customer.id).sender_id == wang.id  # type: ignore[union-attr]


def test_the_preview_is_a_waterfall(lin: User) -> None:
    chen = make_member("chen")
    reached = [make_customer(friend_of=lin), make_customer(friend_of=lin), make_customer(friend_of=chen)]
    make_customer()
    make_customer(friend_of=lin, consents=False)
    suppressed = make_customer(friend_of=chen)
    suppress_phone(suppressed)
    reach = preview(plan())
    assert reach.target == 6
    assert reach.reasons == {"no_relation": 1, "no_consent": 1, "opted_out": 1}
    assert reach.senders == {lin.id: 2, chen.id: 1}
    assert sorted(reach.sample) == sorted(customer.id for customer in reached)
    assert reach.reached == 3
    assert [(lost, left) for _reason, lost, left in reach.steps] == [
        (0, 6),
        (1, 5),
        *[(0, 5)] * 3,
        (1, 4),
        (1, 3),
        *[(0, 3)] * 8,
    ]
    assert preview(plan(), sample=2).sample == reach.sample[:2]


def test_an_audience_with_positional_parameters_and_percent_signs(lin: User) -> None:
    customer = make_customer("a%b", friend_of=lin)
    make_customer("ab", friend_of=lin)
    like = "SELECT id FROM customers_customer WHERE name LIKE 'a\\%%%%' AND id >= %s AND id <= %s"
    assert preview(plan(audience=(like, [customer.id, customer.id + 9]))).target == 1
    with pytest.raises(ValueError, match="do not fit"):
        preview(plan(audience=("SELECT id FROM customers_customer WHERE id = %s", [])))


PERSON = st.fixed_dictionaries({
    "friend": st.booleans(), "consents": st.sampled_from(["yes", "no", "never"]), "suppressed": st.booleans(),
    "touches": st.integers(0, 3), "merged": st.booleans(),
})  # fmt: skip


@given(people=st.lists(PERSON, min_size=1, max_size=12), percent=st.integers(0, 50), salt=st.text("ab", min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everybody_has_exactly_one_fate(people: list[dict[str, object]], percent: int, salt: str, lin: User) -> None:
    Customer.objects.exclude(pk__in=Message.objects.values("customer_id")).delete()
    target = {_person(person, index, lin).id for index, person in enumerate(people) if not person["merged"]}
    full = plan(
        audience=("SELECT unnest(%s::bigint[]) UNION ALL SELECT unnest(%s::bigint[])", [list(target), list(target)]),
        salt=salt, holdout_percent=percent,
    )  # fmt: skip
    sql, params = decisions(full)
    with connection.cursor() as cursor:
        cursor.execute(sql + "SELECT customer_id, reason, sender_id FROM verdict", params)
        rows = cursor.fetchall()
    assert sorted(row[0] for row in rows) == sorted(target)
    assert all(sender is not None for _customer, reason, sender in rows if reason in {"", Reason.HOLDOUT})
    reach = preview(full)
    assert reach.target == len(target)
    assert reach.reached == sum(reach.senders.values()) == sum(reason == "" for _customer, reason, _sender in rows)


def _person(person: dict[str, object], index: int, lin: User) -> Customer:
    customer = make_customer(friend_of=lin if person["friend"] else None, consents=False)
    if person["consents"] != "never":
        consent(customer, granted=person["consents"] == "yes")
    if person["suppressed"]:
        suppress_phone(customer, f"1380000{customer.id}{index}")
    for _ in range(int(str(person["touches"]))):
        make_touch(customer, lin, NOON - dt.timedelta(days=1))
    return customer


def test_the_preview_is_one_query_whatever_the_size(lin: User, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    make_customer(friend_of=lin)
    with django_assert_num_queries(1):
        preview(plan())
    for _ in range(20):
        make_customer(friend_of=lin)
    with django_assert_num_queries(1):
        assert preview(plan()).reached == 21
