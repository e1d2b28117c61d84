"""Identities, log-in, consent, WeCom relations."""

import threading

import pytest
from django.db import connection
from django.test import Client

from core.errors import Refused
from core.models import Event
from core.worker import run_pending
from customers.choices import RelationState
from customers.models import Consent, Customer, Identity, MemberToken, MergeReview, Relationship
from customers.services import consents, identities, keys
from customers.services.login import log_in
from customers.services.resolve import resolve
from gateways.errors import GatewayError
from gateways.simulator.testing import SimulatorHandle
from staff.models import AuditEntry, User
from tests.factories import make_customer


@pytest.mark.django_db
def test_log_in_makes_a_customer_once_and_knows_a_wecom_friend_again(simulator: SimulatorHandle, chen: User) -> None:
    simulator.do("seed", members=[{"userid": "chen", "name": "陈思雨"}])
    added = simulator.do("customer/add", userid="chen", name="阿苏")
    simulator.deliver(Client())
    run_pending("chat")
    friend = Relationship.objects.get(user=chen)
    code = simulator.do("customer/login_code", external_userid=added["external_userid"])["js_code"]
    session = log_in(code)
    assert (session.customer.pk, session.is_new) == (friend.customer_id, False)
    assert set(Identity.objects.values_list("kind", flat=True)) == {"unionid", "mini_openid", "external_userid"}
    again = log_in(simulator.do("customer/login_code", external_userid=added["external_userid"])["js_code"])
    assert again.customer.pk == friend.customer_id
    assert MemberToken.objects.count() == 2
    with pytest.raises(GatewayError):
        log_in(code)  # a code is good once


@pytest.mark.django_db
def test_identity_values_are_not_readable_in_the_table() -> None:
    claim = keys.phone("+8613812345678")
    made = resolve([claim], source="test")
    row = Identity.objects.get()
    assert made.is_new
    assert b"13812345678" not in bytes(row.value_sealed) + bytes(row.value_hash)
    assert "138" not in repr(claim)
    again = resolve([claim], source="test")
    assert (again.customer, again.is_new) == (made.customer, False)


@pytest.mark.django_db(transaction=True)
def test_two_first_log_ins_at_once_are_one_person() -> None:
    barrier = threading.Barrier(6)

    def arrive() -> None:
        barrier.wait()
        try:
            resolve([keys.unionid("u-1"), keys.mini_openid("o-1")], source="mini")
        finally:
            connection.close()

    threads = [threading.Thread(target=arrive) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Customer.objects.count(), Identity.objects.count()) == (1, 2)
    assert Event.objects.filter(kind="customer.created").count() == 1


@pytest.mark.django_db
def test_a_phone_that_two_accounts_prove_joins_them() -> None:
    su, lu = make_customer("苏晴"), make_customer("苏晴")
    identities.bind_phone(su, "+8613812345678", source="mini")
    joined = identities.bind_phone(lu, "+8613812345678", source="mini")
    assert joined == su
    assert Customer.objects.get(pk=lu.pk).merged_into == su
    assert (su.pk, lu.pk) in Event.objects.filter(kind="customer.merged").values_list("customer_id", "props__absorbed_id")
    assert AuditEntry.objects.filter(action="customers.merge").count() == 1


@pytest.mark.django_db
def test_two_verified_phones_are_never_joined_without_a_person() -> None:
    su, lu = make_customer("苏晴"), make_customer("陆遥")
    identities.bind_phone(su, "+8613812345678", source="mini")
    identities.bind_phone(lu, "+8613999998888", source="mini")
    with pytest.raises(Refused) as refused:
        identities.bind_phone(lu, "+8613812345678", source="mini")
    assert refused.value.code == "phone_in_use"
    assert Customer.objects.get(pk=lu.pk).phone_masked == "139****8888"
    assert not Customer.objects.filter(merged_into__isnull=False).exists()
    review = MergeReview.objects.get()
    assert (review.left, review.right, review.reason, review.state) == (su, lu, "phones_differ", "open")


@pytest.mark.django_db
def test_the_consent_ledger_keeps_every_decision_and_one_is_in_force() -> None:
    su = make_customer()
    decide = {"purpose": "marketing", "channel": "any", "text_version": "2026-01", "source": "mini"}
    for granted in (True, True, False):
        consents.set_consent(su, granted=granted, **decide)
    assert list(Consent.objects.order_by("id").values_list("granted", "is_current")) == [(True, False), (False, True)]
    assert Event.objects.filter(kind="consent.changed").count() == 2


@pytest.mark.django_db
def test_a_friend_who_leaves_and_comes_back(simulator: SimulatorHandle, chen: User) -> None:
    simulator.do("seed", members=[{"userid": "chen", "name": "陈思雨"}])
    external = simulator.do("customer/add", userid="chen", name="阿苏")["external_userid"]
    client = Client()
    simulator.deliver(client)
    run_pending("chat")
    simulator.do("customer/delete", userid="chen", external_userid=external)
    simulator.deliver(client)
    run_pending()
    relation = Relationship.objects.get()
    assert relation.state == RelationState.DELETED_BY_CUSTOMER
    assert relation.customer.owner == chen
    kinds = Event.objects.filter(customer_id=relation.customer_id, kind__startswith="contact.").order_by("occurred_at")
    assert [event.kind for event in kinds] == ["contact.added", "contact.lost"]


@pytest.mark.django_db
@pytest.mark.parametrize("twist", ["bad_signature", "stale", "wrong_receiver", "bad_padding", "huge_nonce"])
def test_a_callback_that_is_not_wecoms_is_refused(simulator: SimulatorHandle, chen: User, twist: str) -> None:
    simulator.do("seed", members=[{"userid": "chen", "name": "陈思雨"}])
    simulator.do("customer/add", userid="chen", name="阿苏")
    assert simulator.forge("wecom", twist, Client()) in {403, 413}
    assert run_pending() == 0
    assert Customer.objects.count() == 0
