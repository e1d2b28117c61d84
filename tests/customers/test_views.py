"""The staff's pages about customers: who sees whom, what a list finds, what may be changed, and what is written down."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from core import clock
from core.secrets import lookup_hash, seal
from customers.choices import IdentityKind, Lifecycle
from customers.models import Activity, Customer, Identity, Note, StageChange
from customers.rules.versions import version_of
from customers.services.standing import refresh_standing
from staff.models import AuditEntry, User
from tests.factories import make_customer

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"


def seen_ago(customer: Customer, **ago: float) -> Customer:
    """The customer was last seen that long ago."""
    Activity.objects.filter(customer=customer).update(last_seen_at=clock.now() - dt.timedelta(**ago))
    refresh_standing([customer.pk])
    return customer


def give_phone(customer: Customer, number: str = PHONE) -> None:
    """A verified phone number."""
    value_hash = lookup_hash(f"{IdentityKind.PHONE}:", number)
    Identity.objects.create(
        customer=customer, kind=IdentityKind.PHONE, value_hash=value_hash, value_sealed=seal(number), verified_at=timezone.now()
    )
    Customer.objects.filter(pk=customer.pk).update(phone_masked=f"{number[3:6]}****{number[-4:]}")


def names(answer: Any) -> list[str]:
    """Who stands on the list, from top to bottom."""
    assert answer.status_code == 200
    return [customer.name for customer, _added in answer.context["rows"]]


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
    """苏晴, whom 陈思雨 looks after."""
    return make_customer(
        "苏晴", name_pinyin="suqing", city="杭州", owner=chen, department=chen.department, lifecycle=Lifecycle.LEAD
    )


def test_one_row_or_three_cost_the_same_queries(at_lins: Client, su: Customer, django_assert_num_queries: Any) -> None:
    at_lins.get("/customers")
    with django_assert_num_queries(10):
        assert names(at_lins.get("/customers")) == ["苏晴"]
    make_customer("周敏", owner=su.owner)
    make_customer("钱进")
    with django_assert_num_queries(10):
        assert len(names(at_lins.get("/customers"))) == 3


def test_the_page_of_a_customer_costs_few_queries(at_chens: Client, su: Customer, django_assert_max_num_queries: Any) -> None:
    for part in ("", "/timeline", "/peek"):
        with django_assert_max_num_queries(12):
            assert at_chens.get(f"/customers/{su.pk}{part}").status_code == 200


def test_everybody_sees_only_their_own(client: Client, su: Customer, lin: User, chen: User, wang: User) -> None:
    for user, status, seen in ((chen, 200, ["苏晴"]), (lin, 200, ["苏晴"]), (wang, 404, [])):
        client.force_login(user)
        assert names(client.get("/customers")) == seen
        for part in ("", "/timeline", "/peek"):
            assert client.get(f"/customers/{su.pk}{part}").status_code == status
    assert names(client.get("/customers", {"q": "苏晴"})) == []
    assert client.get("/customers/count", {"q": "苏晴"}).context["found"].total == 0


def test_a_strangers_hands_change_nothing(client: Client, su: Customer, chen: User, wang: User) -> None:
    note = Note.objects.create(customer=su, author=chen, text="喜欢靠窗")
    give_phone(su)
    client.force_login(wang)
    for path, data in (
        ("/notes", {"text": "x"}), (f"/notes/{note.pk}/delete", {}), (f"/notes/{note.pk}/restore", {}),
        ("/facts/name", {"name": "改名", "version": version_of("苏晴")}), ("/reveal", {"reason": "想打电话"}),
    ):  # fmt: skip
        assert client.post(f"/customers/{su.pk}{path}", data).status_code == 404
    su.refresh_from_db()
    assert (su.name, Note.objects.get().deleted_at) == ("苏晴", None)
    assert not AuditEntry.objects.filter(action__startswith="reveal").exists()


def test_a_department_sees_its_customers(client: Client, su: Customer, chen: User, wang: User) -> None:
    User.objects.filter(pk=wang.pk).update(row_scope="department", department=chen.department)
    client.force_login(wang)
    assert names(client.get("/customers")) == ["苏晴"]


def test_merged_customers_show_nowhere(at_lins: Client, su: Customer) -> None:
    gone = make_customer("旧档案", merged_into=su)
    assert names(at_lins.get("/customers")) == ["苏晴"]
    assert at_lins.get(f"/customers/{gone.pk}").status_code == 404


def test_the_last_active_stands_first(at_lins: Client, su: Customer) -> None:
    seen_ago(make_customer("周敏"), days=3)
    seen_ago(make_customer("钱进"), days=100)
    assert names(at_lins.get("/customers")) == ["苏晴", "周敏", "钱进"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"view": "silent"}, ["钱进"]),
        ({"view": "active"}, ["苏晴"]),
        ({"view": "mine"}, []),
        ({"lifecycle": "active"}, ["周敏"]),
        ({"city": "杭州"}, ["苏晴"]),
        ({"city": "杭州", "lifecycle": "active"}, []),
        ({"tag": "99"}, []),
        ({"q": "苏"}, ["苏晴"]),
        ({"q": "晴"}, ["苏晴"]),
        ({"q": "suq"}, ["苏晴"]),
        ({"q": "SUQING"}, ["苏晴"]),
        ({"q": "qing"}, []),
        ({"q": "13812345678"}, ["周敏"]),
        ({"q": "+86 138-1234-5678"}, ["周敏"]),
        ({"q": "13812345679"}, []),
        ({"q": "5678"}, ["周敏"]),
        ({"q": "0000"}, []),
        ({"q": "小周"}, ["周敏"]),
        ({"q": "推荐"}, ["钱进"]),
        ({"q": "%"}, []),
        ({"q": "_"}, []),
        ({"q": "' OR 1=1--"}, []),
        ({"after": "nonsense"}, ["苏晴", "周敏", "钱进"]),
    ],
)
def test_what_a_list_finds(at_lins: Client, su: Customer, query: dict[str, str], found: list[str]) -> None:
    zhou = seen_ago(make_customer("周敏", nickname="小周", lifecycle=Lifecycle.ACTIVE, city="上海"), days=3)
    give_phone(zhou)
    seen_ago(make_customer("钱进", remark="老客户推荐"), days=100)
    assert names(at_lins.get("/customers", query)) == found


@pytest.mark.parametrize(
    "query", [{"view": "x"}, {"lifecycle": "x"}, {"tag": "-1"}, {"owner": "a"}, {"q": "x" * 61}, {"after": "x" * 61}]
)
def test_wrong_filters_are_400(at_lins: Client, query: dict[str, str]) -> None:
    assert at_lins.get("/customers", query).status_code == 400


def test_the_cursor_goes_through_everybody_once(at_lins: Client, su: Customer) -> None:
    moment = clock.now() - dt.timedelta(hours=1)
    for number in range(119):
        make_customer(f"客户{number:03}")
    Activity.objects.update(last_seen_at=moment)  # all at the same moment: the id decides
    seen: list[str] = []
    after, pages = "", 0
    while pages == 0 or after:
        answer = at_lins.get("/customers", {"after": after})
        seen += names(answer)
        after, pages = answer.context["page"].after, pages + 1
    assert (pages, len(seen), len(set(seen))) == (4, 120, 120)


def test_a_filter_can_be_taken_away(at_lins: Client, su: Customer) -> None:
    answer = at_lins.get("/customers", {"city": "杭州", "lifecycle": "lead"})
    assert [chip["without"] for chip in answer.context["chips"]] == ["?city=%E6%9D%AD%E5%B7%9E", "?lifecycle=lead"]
    assert [chip["value"] for chip in answer.context["chips"]][1] == "杭州"
    assert names(at_lins.get("/customers" + answer.context["chips"][0]["without"])) == ["苏晴"]


def test_names_are_escaped(at_lins: Client, su: Customer) -> None:
    evil = "<img src=x onerror=alert(1)>"
    Customer.objects.filter(pk=su.pk).update(name=evil, nickname=evil, remark=evil, city=evil)
    Note.objects.create(customer=su, text=evil)
    for path in ("/customers", f"/customers/{su.pk}", f"/customers/{su.pk}/peek", f"/customers/{su.pk}/timeline"):
        page = at_lins.get(path).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def test_a_peek_shows_who_it_is_without_the_shell(at_chens: Client, su: Customer) -> None:
    page = at_chens.get(f"/customers/{su.pk}/peek").content.decode()
    assert "苏晴" in page
    assert "<html" not in page


def test_a_note_is_kept_deleted_and_brought_back(at_chens: Client, su: Customer, chen: User) -> None:
    answer = at_chens.post(f"/customers/{su.pk}/notes", {"text": "  喜欢靠窗  "}, headers={"HX-Request": "true"})
    assert (answer.status_code, "timeline-changed" in answer["HX-Trigger"]) == (204, True)
    note = Note.objects.get()
    assert (note.text, note.author, note.customer) == ("喜欢靠窗", chen, su)
    assert "喜欢靠窗" in at_chens.get(f"/customers/{su.pk}/timeline").content.decode()
    answer = at_chens.post(f"/customers/{su.pk}/notes/{note.pk}/delete", headers={"HX-Request": "true"})
    undo = f"/customers/{su.pk}/notes/{note.pk}/restore"
    assert undo in answer["HX-Trigger"]
    assert "喜欢靠窗" not in at_chens.get(f"/customers/{su.pk}/timeline").content.decode()
    assert at_chens.post(undo, headers={"HX-Request": "true"}).status_code == 204
    assert "喜欢靠窗" in at_chens.get(f"/customers/{su.pk}/timeline?group=note").content.decode()


@pytest.mark.parametrize("text", ["", "   ", "\u3000", "x" * 2001, "a\x00b"])
def test_a_note_without_words_is_400(at_chens: Client, su: Customer, text: str) -> None:
    assert at_chens.post(f"/customers/{su.pk}/notes", {"text": text}).status_code == 400
    assert not Note.objects.exists()


def test_only_the_author_or_an_administrator_deletes_a_note(client: Client, su: Customer, lin: User, chen: User) -> None:
    note = Note.objects.create(customer=su, author=lin, text="要事")
    client.force_login(chen)
    assert client.post(f"/customers/{su.pk}/notes/{note.pk}/delete").status_code == 409
    assert Note.objects.get().deleted_at is None
    other = make_customer("周敏", owner=chen)
    assert client.post(f"/customers/{other.pk}/notes/{note.pk}/delete").status_code == 404
    client.force_login(lin)
    assert client.post(f"/customers/{su.pk}/notes/{note.pk}/delete").status_code == 302
    assert Note.objects.get().deleted_at is not None


def edit(client: Client, customer: Customer, name: str, value: Any, seen: Any, **more: Any) -> Any:
    """Write one fact, having seen `seen` there."""
    data = {"ages" if name == "child_ages" else name: value, "version": version_of(seen), **more}
    return client.post(f"/customers/{customer.pk}/facts/{name}", data, headers={"HX-Request": "true"})


def test_a_fact_is_corrected_and_written_down(at_chens: Client, su: Customer, chen: User) -> None:
    assert "杭州" in at_chens.get(f"/customers/{su.pk}/facts/city").content.decode()
    assert edit(at_chens, su, "remark", "老客户", "").status_code == 200
    assert edit(at_chens, su, "birthday", "1990-05-04", None).status_code == 200
    assert edit(at_chens, su, "gender", "female", "").status_code == 200
    assert "7 岁" in edit(at_chens, su, "child_ages", "3，7", []).content.decode()
    su.refresh_from_db()
    assert (su.remark, su.birthday, su.child_ages, su.gender) == ("老客户", dt.date(1990, 5, 4), [3, 7], "female")
    entries = AuditEntry.objects.filter(action="customer.edited").order_by("id")
    assert [(entry.actor, entry.object_id, entry.detail) for entry in entries] == [
        (chen, str(su.pk), {"fields": [name]}) for name in ("remark", "birthday", "gender", "child_ages")
    ]
    assert edit(at_chens, su, "city", "杭州", "anything").status_code == 200  # nothing changes, nothing to write
    assert AuditEntry.objects.count() == 4


def test_whoever_is_slower_sees_both_values_and_chooses(at_chens: Client, su: Customer, lin: User) -> None:
    first = Client()
    first.force_login(lin)
    assert edit(first, su, "city", "上海", "杭州").status_code == 200
    answer = edit(at_chens, su, "city", "宁波", "杭州")
    assert (answer.status_code, answer["X-Conflict"]) == (409, "1")
    page = answer.content.decode()
    assert ("上海" in page, "宁波" in page, str(lin) in page) == (True, True, True)
    su.refresh_from_db()
    assert su.city == "上海"
    version = answer.context["version"]
    assert edit(at_chens, su, "city", "宁波", "", version=version).status_code == 200
    su.refresh_from_db()
    assert su.city == "宁波"
    assert edit(at_chens, su, "remark", "同时改别的", "").status_code == 200  # another fact is no conflict


def test_an_edit_is_taken_back_unless_it_was_changed_again(at_chens: Client, su: Customer) -> None:
    def undo(answer: Any) -> str:
        return json.loads(answer["HX-Trigger"])["toasts"][0]["undo"]

    back = undo(edit(at_chens, su, "birthday", "1990-05-04", None))
    assert at_chens.post(back).status_code == 204
    su.refresh_from_db()
    assert su.birthday is None
    back = undo(edit(at_chens, su, "city", "上海", "杭州"))
    edit(at_chens, su, "city", "宁波", "上海")
    assert at_chens.post(back).status_code == 409
    other = make_customer("周敏", owner=su.owner, city="上海")
    for path in (back.replace(f"/{su.pk}/", f"/{other.pk}/"), f"/customers/{su.pk}/facts/undo?was=x"):
        assert at_chens.post(path).status_code == 400
    assert set(Customer.objects.values_list("name", "city")) == {("苏晴", "宁波"), ("周敏", "上海")}


def test_a_stage_set_by_hand_is_dated(at_chens: Client, su: Customer) -> None:
    assert edit(at_chens, su, "lifecycle", "quoted", "lead").status_code == 200
    change = StageChange.objects.get()
    assert (change.customer, change.before, change.after) == (su, "lead", "quoted")
    assert "已报价" in at_chens.get(f"/customers/{su.pk}/timeline").content.decode()


def test_only_who_may_assign_changes_the_owner(client: Client, su: Customer, chen: User, lin: User, wang: User) -> None:
    client.force_login(chen)
    assert edit(client, su, "owner", wang.pk, chen.pk).status_code == 404
    client.force_login(lin)
    assert edit(client, su, "owner", wang.pk, chen.pk).status_code == 200
    su.refresh_from_db()
    assert (su.owner, su.department) == (wang, wang.department)
    User.objects.filter(pk=chen.pk).update(is_active=False)
    assert edit(client, su, "owner", chen.pk, wang.pk).status_code == 422


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birthday", "2026-02-30"), ("birthday", "1800-01-01"), ("birthday", "2999-01-01"),
        ("child_ages", "18"), ("child_ages", "-1"), ("child_ages", "三岁"), ("child_ages", ",".join("1" * 11)),
        ("lifecycle", "king"), ("lifecycle", ""), ("name", "x" * 61), ("gender", "x"),
    ],
)  # fmt: skip
def test_a_wrong_fact_comes_back_with_the_complaint(at_chens: Client, su: Customer, name: str, value: str) -> None:
    answer = edit(at_chens, su, name, value, "")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    su.refresh_from_db()
    assert (su.name, su.birthday, su.child_ages, su.lifecycle) == ("苏晴", None, [], "lead")
    assert not AuditEntry.objects.filter(action="customer.edited").exists()


def test_facts_that_nobody_offered_are_not_taken(at_chens: Client, su: Customer) -> None:
    for name in ("phone_masked", "source", "merged_into", "id", "public_id"):
        assert edit(at_chens, su, name, "x", "").status_code == 404
    extra = {"phone_masked": "x", "source": "x", "nickname": "改名"}
    assert edit(at_chens, su, "city", "上海", "杭州", **extra).status_code == 200
    found = Customer.objects.get()
    assert (found.nickname, found.city, found.phone_masked, found.source) == ("", "上海", "", "")


def test_a_number_is_masked_until_somebody_says_why(at_chens: Client, su: Customer, chen: User) -> None:
    give_phone(su)
    assert not re.search(r"13812345678", at_chens.get(f"/customers/{su.pk}").content.decode())
    for reason in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "aaaaaa"}):
        assert at_chens.post(f"/customers/{su.pk}/reveal", reason).status_code == 400
    assert not AuditEntry.objects.exists()
    answer = at_chens.post(f"/customers/{su.pk}/reveal", {"reason": "客户请求回电"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert "13812345678" in answer.content.decode()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.object_id) == (chen, "reveal.contact", str(su.pk))
    assert entry.detail == {"field": "phone", "reason": "客户请求回电"}


def test_marketing_never_sees_a_number(client: Client, su: Customer, chen: User) -> None:
    give_phone(su)
    User.objects.filter(pk=chen.pk).update(role="operations", row_scope="all")
    client.force_login(chen)
    assert client.post(f"/customers/{su.pk}/reveal", {"reason": "想打个电话"}).status_code == 403
    assert not AuditEntry.objects.exists()


def test_the_data_page(at_lins: Client, su: Customer, django_assert_max_num_queries: Any) -> None:
    give_phone(su)
    cache.delete_many(["data.events", "data.identities"])
    with django_assert_max_num_queries(12):
        answer = at_lins.get("/data")
    assert answer.status_code == 200
    assert {name: answer.context["identities"][name] for name in ("people", "joined", "friends", "phones", "merged")} == {
        "people": 1, "joined": 0, "friends": 0, "phones": 1, "merged": 0,
    }  # fmt: skip
    assert {card.name for card in answer.context["cards"]} == {"events-mini", "events-app", "wecom", "mini", "pay", "sms", "llm"}
    assert at_lins.get("/data/sources").status_code == 200


def test_the_data_page_is_not_for_sales(at_chens: Client) -> None:
    assert at_chens.get("/data").status_code == 403
    assert at_chens.get("/data/sources").status_code == 403
