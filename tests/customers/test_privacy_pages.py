"""The privacy pages: the panel on a customer's page, the queue with its colours, texts, registers."""

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core import clock
from customers.models import (
    Consent,
    Customer,
    DataExport,
    DataRequest,
    Erasure,
    PrivacyText,
    Sharing,
    SharingSubject,
    Suppression,
    TravellerDocument,
)
from customers.services import consents, documents, requests
from customers.services.sharing import record_sharing
from staff.models import AuditEntry, User
from tests.factories import make_customer, make_token

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def at_chens(client: Client, chen: User) -> Client:
    client.force_login(chen)
    return client


@pytest.fixture
def at_lins(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


@pytest.fixture
def su(chen: User) -> Customer:
    return make_customer("苏晴", owner=chen, department=chen.department)


def test_the_matrix_shows_each_decision_with_its_evidence(at_chens: Client, su: Customer, chen: User) -> None:
    consents.record_paper_consent(su, actor=chen, purpose="marketing", channel="sms", granted=True, note="湖滨店 31 号")
    consents.set_consent(su, purpose="profiling", channel="any", granted=False, text_version="1", source="mini")
    page = at_chens.get(f"/customers/{su.pk}/consents").content.decode()
    assert "湖滨店 31 号" in page
    assert page.count("text-good") == 1
    assert page.count("text-bad") == 1


def test_the_panel_costs_the_same_with_more_entries(at_chens: Client, su: Customer, django_assert_num_queries: Any) -> None:
    at_chens.get(f"/customers/{su.pk}/consents")
    with django_assert_num_queries(7):
        at_chens.get(f"/customers/{su.pk}/consents")
    for granted in (True, False, True):
        consents.set_consent(su, purpose="marketing", channel="any", granted=granted, text_version="1", source="mini")
    with django_assert_num_queries(7):
        assert at_chens.get(f"/customers/{su.pk}/consents").status_code == 200


def test_staff_write_down_a_paper_consent_and_see_it_at_once(at_chens: Client, su: Customer) -> None:
    form = {"purpose": "marketing", "channel": "any", "granted": "yes", "note": "<b>湖滨店</b> 31 号"}
    answer = at_chens.post(f"/customers/{su.pk}/consents/record", form, headers=HTMX)
    assert answer.status_code == 200
    assert "&lt;b&gt;湖滨店" in answer.content.decode()
    assert Consent.objects.get().source == "paper"
    assert at_chens.post(f"/customers/{su.pk}/consents/record", {**form, "note": ""}, headers=HTMX).status_code == 400
    assert at_chens.post(f"/customers/{su.pk}/consents/record", {**form, "purpose": "x"}, headers=HTMX).status_code == 400
    assert Consent.objects.count() == 1


def test_a_stranger_s_hand_changes_nothing(client: Client, wang: User, su: Customer) -> None:
    client.force_login(wang)
    for path in ("consents/record", "suppression", "requests"):
        assert client.post(f"/customers/{su.pk}/{path}", {"note": "xxxx", "reason": "xxxx", "kind": "export"}).status_code == 404
    assert (Consent.objects.count(), Suppression.objects.count(), DataRequest.objects.count()) == (0, 0, 0)


def test_only_who_made_a_copy_gets_it(client: Client, lin: User, su: Customer) -> None:
    boss = User.objects.create_user("boss", display_name="老板", role="administrator", row_scope="all")
    client.force_login(lin)
    made = client.post(f"/customers/{su.pk}/copies", {"reason": "客户到店索取"})
    url = made.headers["Location"]
    answer = client.get(url)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    other = Client()
    other.force_login(boss)
    assert other.get(url).status_code == 404
    DataExport.objects.update(expires_at=clock.now())
    assert client.get(url).status_code == 409


def test_a_sales_advisor_makes_no_copies_and_reveals_no_document(at_chens: Client, su: Customer) -> None:
    traveller = documents.add_traveller(su, name="小宝", birthday=dt.date(1990, 1, 1))
    kept = documents.keep_document(traveller, kind="passport", number="E12345678", text_version="1")
    assert at_chens.post(f"/customers/{su.pk}/copies", {"reason": "想看看"}).status_code == 403
    assert at_chens.post(f"/customers/{su.pk}/documents/{kept.pk}/reveal", {"reason": "想看看号码"}).status_code == 403
    page = at_chens.get(f"/customers/{su.pk}/consents").content.decode()
    assert "****5678" in page
    assert "E12345678" not in page
    assert (DataExport.objects.count(), AuditEntry.objects.filter(action__startswith="reveal").count()) == (0, 0)


def test_an_administrator_reveals_a_document_with_a_reason(at_lins: Client, su: Customer) -> None:
    traveller = documents.add_traveller(su, name="小宝", birthday=dt.date(1990, 1, 1))
    kept = documents.keep_document(traveller, kind="passport", number="E12345678", text_version="1")
    url = f"/customers/{su.pk}/documents/{kept.pk}/reveal"
    assert at_lins.post(url, {"reason": ""}).status_code == 400
    answer = at_lins.post(url, {"reason": "出票需要核对号码"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "E12345678" in answer.content.decode()
    assert "出票需要核对号码" in at_lins.get("/settings/privacy?tab=access").content.decode()


@pytest.mark.parametrize(("days", "tone"), [(-5, "bad"), (1, "warn"), (20, "good")])
def test_the_queue_shows_how_urgent_each_request_is(at_lins: Client, su: Customer, days: int, tone: str) -> None:
    request = requests.open_request(su, kind="complaint", words="太多短信")
    DataRequest.objects.update(due_on=clock.today() + dt.timedelta(days=days))
    page = at_lins.get("/settings/privacy").content.decode()
    assert f'/settings/privacy/requests/{request.pk}"' in page
    assert f"chip {tone}" in page or f"{tone}" in page


def test_the_queue_costs_the_same_with_three_rows(at_lins: Client, su: Customer, django_assert_num_queries: Any) -> None:
    requests.open_request(su, kind="complaint", words="一")
    at_lins.get("/settings/privacy")
    with django_assert_num_queries(5):
        at_lins.get("/settings/privacy")
    for words in ("二", "三"):
        requests.open_request(su, kind="complaint", words=words)
    with django_assert_num_queries(5):
        assert at_lins.get("/settings/privacy").status_code == 200


def test_every_tab_opens(at_lins: Client, su: Customer, lin: User) -> None:
    record_sharing(recipient="大理地接社", purpose="接机", fields=["name"], customer_ids=[su.pk], shared_by=lin, is_abroad=True)
    for tab in ("queue", "closed", "texts", "keeping", "sharing", "access"):
        assert at_lins.get(f"/settings/privacy?tab={tab}").status_code == 200
    assert "大理地接社" in at_lins.get("/settings/privacy?tab=sharing").content.decode()
    assert at_lins.get("/settings/privacy?tab=nonsense").status_code == 400


def test_a_request_is_taken_answered_and_closed(at_lins: Client, su: Customer, lin: User) -> None:
    request = requests.open_request(su, kind="complaint", words="<script>太多短信</script>")
    page = at_lins.get(f"/settings/privacy/requests/{request.pk}").content.decode()
    assert "<script>太多" not in page
    assert at_lins.post(f"/settings/privacy/requests/{request.pk}/take").status_code == 302
    answer = {"answer": "已把您的号码列入停发名单，抱歉打扰。", "do": "answer"}
    assert at_lins.post(f"/settings/privacy/requests/{request.pk}/close", answer).status_code == 302
    request.refresh_from_db()
    assert (request.state, request.closed_by, request.taken_by) == ("done", lin, lin)
    assert at_lins.post(f"/settings/privacy/requests/{request.pk}/close", answer).status_code == 409


def test_an_erasure_needs_the_typed_word(at_lins: Client, su: Customer, settings: Any, tmp_path: Path) -> None:
    settings.ERASURE_LIST = tmp_path / "erasures.jsonl"
    request = requests.open_request(su, kind="erasure")
    url = f"/settings/privacy/requests/{request.pk}/erase"
    assert at_lins.post(url, {"confirm": "是"}).status_code == 400
    assert Erasure.objects.count() == 0
    assert at_lins.post(url, {"confirm": "删除"}).status_code == 302
    su.refresh_from_db()
    assert (su.name, Erasure.objects.count()) == ("", 1)
    assert at_lins.get("/settings/privacy?tab=closed").status_code == 200
    assert at_lins.get(f"/customers/{su.pk}/consents").status_code == 200


def test_a_text_is_drafted_and_published_from_the_page(at_lins: Client) -> None:
    form = {
        "kind": "marketing",
        "version": "2026-12",
        "title": "优惠通知",
        "body": "我们只在您同意之后才给您发送优惠信息。" * 3,
        "again": "on",
    }
    assert at_lins.post("/settings/privacy/texts", form).status_code == 302
    draft = PrivacyText.objects.get()
    assert draft.needs_consent_again
    assert at_lins.post(f"/settings/privacy/texts/{draft.pk}/publish").status_code == 302
    assert at_lins.post(f"/settings/privacy/texts/{draft.pk}/publish").status_code == 409
    assert "2026-12" in at_lins.get("/settings/privacy?tab=texts").content.decode()


def test_a_number_is_suppressed_from_the_page(at_lins: Client) -> None:
    assert at_lins.post("/settings/privacy/suppression", {"phone": "+852 5123 4567", "reason": "12321"}).status_code == 302
    assert at_lins.post("/settings/privacy/suppression", {"phone": "123"}).status_code == 400
    assert Suppression.objects.count() == 1


def test_a_transfer_is_written_down_listed_and_taken_out(at_lins: Client, su: Customer, lin: User) -> None:
    form = {
        "recipient": "=大理地接社", "purpose": "接机", "fields": ["name", "phone"], "people": f"#{su.pk}，{su.pk}", "reference": "SO-1",
        "abroad": "on",
    }  # fmt: skip
    assert at_lins.post("/settings/privacy/sharing", form).status_code == 302
    entry = Sharing.objects.get()
    assert (entry.people, entry.fields, entry.is_abroad, entry.shared_by) == (1, ["name", "phone"], True, lin)
    assert SharingSubject.objects.get().customer_id == su.pk
    assert "=大理地接社" in at_lins.get("/settings/privacy?tab=sharing").content.decode()
    table = at_lins.get("/settings/privacy/sharing.csv").content.decode("utf-8-sig")
    assert "'=大理地接社" in table
    assert "苏晴" not in table
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["sharing.recorded", "sharing.exported"]


@pytest.mark.parametrize("wrong", [
    {"people": "0"}, {"people": "abc"}, {"people": ""}, {"people": "99999999999999999999"}, {"people": "1' OR 1=1--"},
    {"fields": ["salary"]}, {"fields": []}, {"recipient": ""}, {"purpose": " "}, {"recipient": "x" * 121},
])  # fmt: skip
def test_a_transfer_that_is_wrong_changes_nothing(at_lins: Client, su: Customer, wrong: dict[str, Any]) -> None:
    form = {"recipient": "地接社", "purpose": "接机", "fields": ["name"], "people": str(su.pk), **wrong}
    assert at_lins.post("/settings/privacy/sharing", form).status_code == 400
    assert (Sharing.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_staff_enter_a_document_from_paper_and_see_it_masked(at_chens: Client, su: Customer, wang: User) -> None:
    traveller = documents.add_traveller(su, name="小宝", birthday=dt.date(1990, 1, 1))
    child = documents.add_traveller(su, name="小贝", birthday=clock.today() - dt.timedelta(days=2000))
    url = f"/customers/{su.pk}/travellers/{traveller.pk}/documents"
    form = {"kind": "passport", "number": "E12345678", "note": "湖滨店 31 号文件夹"}
    page = at_chens.post(url, form, headers=HTMX).content.decode()
    assert "****5678" in page
    assert "E12345678" not in page
    kept = TravellerDocument.objects.get()
    assert b"E12345678" not in bytes(kept.number_sealed)
    assert (kept.consent_source, Consent.objects.get(purpose="document").note) == ("paper", "湖滨店 31 号文件夹")
    assert AuditEntry.objects.filter(action="customer.document_recorded").count() == 1
    for wrong in ({"number": "1"}, {"note": ""}, {"kind": "x"}, {"expires_on": "2020-01-01"}, {"expires_on": "2026-02-30"}):
        assert at_chens.post(url, {**form, **wrong}, headers=HTMX).status_code == 400
    at_childs = f"/customers/{su.pk}/travellers/{child.pk}/documents"
    assert at_chens.post(at_childs, form, headers=HTMX).status_code == 409  # nobody said that a guardian signed
    assert at_chens.post(at_childs, {**form, "guardian": "on"}, headers=HTMX).status_code == 200
    assert TravellerDocument.objects.count() == 2
    stranger = Client()
    stranger.force_login(wang)
    assert stranger.post(url, form).status_code == 404
    foreign = documents.add_traveller(make_customer("陆远"), name="别人", birthday=dt.date(1990, 1, 1))
    assert at_chens.post(f"/customers/{su.pk}/travellers/{foreign.pk}/documents", form).status_code == 404


def test_customers_see_who_saw_and_got_their_data_and_nobody_elses(at_lins: Client, su: Customer, lin: User) -> None:
    other = make_customer("陆远")
    traveller = documents.add_traveller(su, name="小宝", birthday=dt.date(1990, 1, 1))
    kept = documents.keep_document(traveller, kind="passport", number="E12345678", text_version="1")
    at_lins.post(f"/customers/{su.pk}/documents/{kept.pk}/reveal", {"reason": "出票需要核对号码"})
    record_sharing(recipient="大理地接社", purpose="接机", fields=["name"], customer_ids=[su.pk], shared_by=lin)
    answers = []
    for customer in (su, other):
        headers = {"Authorization": f"Bearer {make_token(customer)}"}
        answers.append(Client().get("/api/mp/v1/access-log", headers=headers).json())
    assert [one["action"] for one in answers[0]["accesses"]] == ["reveal.document"]
    assert answers[0]["accesses"][0]["role"] == "管理员"
    assert [(one["recipient"], one["fields_given"], one["is_abroad"]) for one in answers[0]["sharings"]] == [
        ("大理地接社", ["name"], False)
    ]
    assert "林岚" not in str(answers[0])
    assert answers[1] == {"accesses": [], "sharings": []}
    assert Client().get("/api/mp/v1/access-log").status_code == 401
