"""The consent ledger: versions of texts, evidence, withdrawal, re-consent, suppression."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from core import clock
from core.errors import BadInput, Refused
from core.secrets import lookup_hash
from core.worker import run_pending
from customers.choices import IdentityKind
from customers.models import Consent, Customer, Identity, PrivacyText, Suppression
from customers.queries.texts import current_texts, current_version, texts_for
from customers.services import consents, suppressions, texts
from customers.services.consents import Evidence
from staff.models import AuditEntry, User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
BODY = "我们只在您同意之后才给您发送优惠信息，您随时可以退订。" * 2


def publish(actor: User, *, kind: str = "marketing", version: str = "2026-12", again: bool = False) -> PrivacyText:
    draft = texts.save_text(
        actor=actor, kind=kind, version=version, title="优惠通知", body=BODY, change_note="改写", needs_consent_again=again
    )
    return texts.publish_text(draft, actor=actor)


def agree(customer: Customer, version: str, *, purpose: str = "marketing", granted: bool = True) -> Consent:
    return consents.decide(customer, purpose=purpose, channel="any", granted=granted, text_version=version, source="mini")


def test_built_in_texts_stand_until_the_agency_publishes_its_own(lin: User) -> None:
    assert {kind: text.version for kind, text in current_texts().items()} == {
        "service": "1", "marketing": "1", "profiling": "1", "document": "1", "cross_border": "1", "guardian": "1",
    }  # fmt: skip
    publish(lin)
    assert (current_version("marketing"), current_version("service")) == ("2026-12", "1")
    assert current_texts()["marketing"].body == BODY


def test_a_published_text_never_changes_and_never_goes(lin: User) -> None:
    text = publish(lin)
    with pytest.raises(Refused) as refused:
        texts.save_text(actor=lin, kind="marketing", version="2026-12", title="别的", body=BODY)
    assert refused.value.code == "published"
    with pytest.raises(Refused):
        texts.publish_text(text, actor=lin)
    with pytest.raises(DatabaseError), transaction.atomic():
        PrivacyText.objects.filter(pk=text.pk).update(body="changed")
    with pytest.raises(DatabaseError), transaction.atomic():
        PrivacyText.objects.filter(pk=text.pk).delete()
    assert PrivacyText.objects.get().body == BODY


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "nonsense"), ("version", ""), ("version", "1"), ("version", "x" * 21), ("version", "二"), ("version", "a b"),
     ("title", " "), ("body", "short"), ("body", "x" * 20_001), ("change_note", "x" * 201), ("body", BODY + "\x00")],
)  # fmt: skip
def test_a_text_that_cannot_be_is_refused_and_nothing_is_kept(lin: User, field: str, value: str) -> None:
    right = {"kind": "marketing", "version": "2026-12", "title": "优惠", "body": BODY, "change_note": ""}
    with pytest.raises(BadInput):
        texts.save_text(actor=lin, **{**right, field: value})  # type: ignore[arg-type]
    assert PrivacyText.objects.count() == 0


def test_a_decision_keeps_its_evidence_and_no_address(lin: User) -> None:
    su = make_customer()
    entry = consents.set_consent(
        su, purpose="marketing", channel="sms", granted=True, text_version="1", source="mini",
        evidence=Evidence(screen="pages/privacy/index", ip="203.0.113.9"),
    )  # fmt: skip
    entry.refresh_from_db()
    assert (entry.screen, bytes(entry.ip_hash or b"")) == ("pages/privacy/index", lookup_hash("ip", "203.0.113.9"))
    assert "203.0.113.9" not in repr(Evidence(ip="203.0.113.9"))


def test_an_entry_of_the_ledger_cannot_be_rewritten() -> None:
    su = make_customer()
    entry = agree(su, "1")
    for change in ({"granted": False}, {"text_version": "9"}, {"at": clock.now() - dt.timedelta(days=9)}, {"source": "paper"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Consent.objects.filter(pk=entry.pk).update(**change)
    assert Consent.objects.filter(pk=entry.pk).update(is_current=False) == 1


def test_what_is_granted_is_granted_to_the_words_in_force(lin: User) -> None:
    su = make_customer()
    publish(lin)
    for version in ("1", "2027-01", ""):
        with pytest.raises(Refused) as refused:
            agree(su, version)
        assert refused.value.code == "text_outdated"
    assert Consent.objects.count() == 0
    assert agree(su, "2026-12").granted
    assert not agree(su, "1", granted=False).granted  # a refusal needs no newest text


def test_a_new_text_can_end_what_was_granted_under_the_old_one(lin: User) -> None:
    granted, refused, elsewhere = make_customer("甲"), make_customer("乙"), make_customer("丙")
    agree(granted, "1")
    agree(refused, "1", granted=False)
    agree(elsewhere, "1", purpose="profiling")
    publish(lin, again=True)
    run_pending()
    lapsed = Consent.objects.get(customer=granted)
    assert (lapsed.is_current, lapsed.granted, lapsed.lapsed_at is not None) == (False, True, True)
    assert Consent.objects.get(customer=refused).is_current
    assert Consent.objects.get(customer=elsewhere).is_current
    due = {stand.text.kind: stand.is_due for stand in texts_for(granted)}
    assert (due["marketing"], due["service"]) == (True, True)
    agree(granted, "2026-12")
    assert texts.lapse_consents(PrivacyText.objects.get().pk) == 0
    assert Consent.objects.get(customer=granted, is_current=True).text_version == "2026-12"


def test_a_small_change_ends_nothing(lin: User) -> None:
    su = make_customer()
    agree(su, "1")
    publish(lin, again=False)
    run_pending()
    assert Consent.objects.get().is_current
    assert not {stand.text.kind: stand.is_due for stand in texts_for(su)}["marketing"]


def test_staff_write_down_what_was_signed_on_paper(chen: User) -> None:
    su = make_customer(owner=chen)
    entry = consents.record_paper_consent(
        su, actor=chen, purpose="marketing", channel="any", granted=True, note="湖滨店 2026 年第 31 号", ip="10.0.0.1"
    )
    assert (entry.source, entry.recorded_by, entry.note) == ("paper", chen, "湖滨店 2026 年第 31 号")
    assert AuditEntry.objects.get(action="customer.consent_recorded").object_id == str(su.pk)
    with pytest.raises(BadInput):
        consents.record_paper_consent(su, actor=chen, purpose="marketing", channel="any", granted=False, note=" 无 ")
    assert Consent.objects.get().granted


def test_the_switch_follows_the_ledger() -> None:
    su = make_customer()
    consents.set_personalised(su, False, source="mini")
    su.refresh_from_db()
    assert not su.is_personalised
    consents.set_consent(su, purpose="profiling", channel="sms", granted=True, text_version="1", source="mini")
    su.refresh_from_db()
    assert not su.is_personalised  # one channel's consent does not turn the switch
    consents.set_personalised(su, True, source="mini")
    su.refresh_from_db()
    assert su.is_personalised


IDENTITIES = {
    IdentityKind.PHONE: ("", "+8613812345678"),
    IdentityKind.UNIONID: ("", "oUnion0001"),
    IdentityKind.MINI_OPENID: ("wx1", "oOpen0001"),
    IdentityKind.EXTERNAL_USERID: ("ww1", "wmExternal0001"),
    IdentityKind.ALIPAY: ("2021", "2088000000000001"),
}


def identify(customer: Customer, kind: Any) -> None:
    scope, value = IDENTITIES[kind]
    Identity.objects.create(
        customer=customer, kind=kind, scope=scope, value_hash=lookup_hash(f"{kind}:{scope}", value), value_sealed=b"x"
    )


def test_a_customer_s_every_identity_goes_on_the_list_and_off_it(lin: User) -> None:
    su, other = make_customer("苏晴"), make_customer("别人")
    for kind in IDENTITIES:
        identify(su, kind)
    assert suppressions.stop_marketing(su, actor=lin, reason="电话里要求") == len(IDENTITIES)
    assert suppressions.stop_marketing(su, actor=lin, reason="再次") == 0
    assert set(Suppression.objects.values_list("kind", flat=True)) == set(IDENTITIES)
    suppressions.suppress("phone", "", "+8613900000000", reason="x")
    with pytest.raises(BadInput):
        suppressions.lift(su, actor=lin, reason="")
    assert suppressions.lift(su, actor=lin, reason="本人来电恢复") == len(IDENTITIES)
    assert suppressions.lift(other, actor=lin, reason="本人来电恢复") == 0
    assert Suppression.objects.count() == 1


def test_a_number_nobody_here_has_can_be_put_on_the_list(lin: User) -> None:
    assert suppressions.suppress_phone("１３８ 1234 5678", actor=lin, reason="12321 投诉")
    assert not suppressions.suppress_phone("+86 13812345678", actor=lin, reason="again")
    with pytest.raises(BadInput):
        suppressions.suppress_phone("00000", actor=lin, reason="x")
    assert bytes(Suppression.objects.get().value_hash) == lookup_hash("phone:", "+8613812345678")
    assert "13812345678" not in str(AuditEntry.objects.get(action="privacy.suppressed").detail)
