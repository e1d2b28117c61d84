"""Requests by right: due dates, copies, corrections, erasures, documents, and who gets to see what."""

import csv
import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from catalog.models import Departure
from core import clock
from core.errors import BadInput, Refused
from core.secrets import lookup_hash, seal
from core.worker import run_pending
from customers.choices import Channel, IdentityKind, Purpose, RequestState
from customers.models import (
    Consent,
    Customer,
    DataExport,
    DataRequest,
    Identity,
    Note,
    Sharing,
    SharingSubject,
    Traveller,
    TravellerDocument,
)  # fmt: skip
from customers.privacy.documents import clean_number
from customers.privacy.working_days import after_working_days, is_working_day, working_days_left
from customers.services import documents, exports, requests
from customers.services.sharing import record_sharing
from orders.models import Order
from orders.services.placing import place_order
from staff.models import AuditEntry, User
from tests.factories import make_customer
from tests.orders.conftest import departure, product

__all__ = ["departure", "product"]
ID_CARD = "11010519491231002X"


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (dt.date(2026, 11, 24), 15, dt.date(2026, 12, 15)),
        (dt.date(2026, 11, 27), 1, dt.date(2026, 11, 30)),  # Friday -> Monday
        (dt.date(2025, 9, 30), 1, dt.date(2025, 10, 9)),  # over the National Day week
        (dt.date(2025, 9, 27), 1, dt.date(2025, 9, 28)),  # a Sunday worked in exchange
    ],
)
def test_the_time_limit_is_counted_in_working_days(start: dt.date, days: int, due: dt.date) -> None:
    assert after_working_days(start, days) == due
    assert working_days_left(start, due) == days
    assert is_working_day(due)


def test_an_overdue_request_counts_backwards() -> None:
    assert working_days_left(dt.date(2026, 11, 24), dt.date(2026, 11, 23)) == -1
    assert working_days_left(dt.date(2026, 11, 24), dt.date(2026, 11, 20)) == -2
    assert working_days_left(dt.date(2026, 11, 24), dt.date(2026, 11, 24)) == 0


@pytest.mark.parametrize(
    ("kind", "written", "number"),
    [
        ("id_card", " 110105 19491231 002x ", ID_CARD), ("id_card", "１１０１０５１９４９１２３１００２Ｘ", ID_CARD),
        ("passport", "e1234 5678", "E12345678"), ("hk_macau", "C12345678", "C12345678"), ("taiwan", "t12345678", "T12345678"),
        ("home_return", "H1234567801", "H1234567801"),
    ],
)  # fmt: skip
def test_a_document_number_has_one_spelling(kind: str, written: str, number: str) -> None:
    assert clean_number(kind, written) == number


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("id_card", "110105194912310021"), ("id_card", "11010519491331002X"), ("id_card", "1101051949123100"), ("id_card", ""),
        ("passport", "E1"), ("passport", "护照12345"), ("passport", "E123'--"), ("taiwan", "X12345678"), ("visa", "E12345678"),
        ("other", "x" * 41), ("id_card", "٣1010519491231002X"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused(kind: str, written: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        clean_number(kind, written)


def child(customer: Customer, *, age: int = 8) -> Traveller:
    return documents.add_traveller(customer, name="小宝", birthday=dt.date(clock.today().year - age, 1, 1))


@pytest.mark.django_db
def test_a_document_is_sealed_and_agreed_to_on_its_own() -> None:
    su = make_customer()
    grown = documents.add_traveller(su, name="苏晴", birthday=dt.date(1990, 5, 1))
    with pytest.raises(Refused) as refused:
        documents.keep_document(grown, kind="passport", number="E12345678", text_version="old")
    assert refused.value.code == "text_outdated"
    assert TravellerDocument.objects.count() == 0
    kept = documents.keep_document(grown, kind="passport", number="e1234 5678", text_version="1")
    assert (kept.last_four, kept.masked, kept.guardian_agreed_at) == ("5678", "****5678", None)
    assert b"E12345678" not in bytes(kept.number_sealed)
    assert Consent.objects.get(purpose=Purpose.DOCUMENT, channel=Channel.ANY).granted
    again = documents.keep_document(grown, kind="passport", number="E87654321", text_version="1")
    assert (again.pk, TravellerDocument.objects.count()) == (kept.pk, 1)
    documents.remove_traveller(grown)
    assert TravellerDocument.objects.count() == 0


@pytest.mark.django_db
def test_a_child_s_document_needs_its_guardian_s_consent() -> None:
    su = make_customer()
    small, grown = child(su, age=13), child(su, age=15)
    with pytest.raises(Refused) as refused:
        documents.keep_document(small, kind="passport", number="E12345678", text_version="1")
    assert refused.value.code == "guardian_needed"
    assert (TravellerDocument.objects.count(), Consent.objects.count()) == (0, 0)
    kept = documents.keep_document(small, kind="passport", number="E12345678", text_version="1", guardian_version="1")
    assert (kept.guardian_agreed_at is not None, kept.guardian_version) == (True, "1")
    older = documents.keep_document(grown, kind="passport", number="E12345678", text_version="1", guardian_version="1")
    assert (older.guardian_agreed_at, older.guardian_version) == (None, "")
    unknown = documents.add_traveller(su, name="谁")
    with pytest.raises(Refused) as unsure:
        documents.keep_document(unknown, kind="passport", number="E12345678", text_version="1")
    assert unsure.value.code == "birthday_needed"


@pytest.mark.django_db
def test_a_document_is_revealed_only_to_who_may_with_a_reason(chen: User, lin: User) -> None:
    su = make_customer(owner=chen)
    kept = documents.keep_document(child(su, age=30), kind="id_card", number=ID_CARD, text_version="1")
    with pytest.raises(PermissionDenied):
        documents.reveal_number(kept, actor=chen, reason="出票需要核对号码")  # sales may not
    with pytest.raises(BadInput):
        documents.reveal_number(kept, actor=lin, reason="x")
    assert not AuditEntry.objects.filter(action="reveal.document").exists()
    assert documents.reveal_number(kept, actor=lin, reason="出票需要核对号码") == ID_CARD
    entry = AuditEntry.objects.get(action="reveal.document")
    assert (entry.actor, entry.detail["reason"]) == (lin, "出票需要核对号码")
    assert ID_CARD not in f"{entry.object_name}{entry.detail}"


def opened(made: DataExport) -> tuple[dict[str, Any], dict[str, str], str]:
    with zipfile.ZipFile(io.BytesIO(exports.read_archive(made))) as archive:
        assert archive.testzip() is None
        sheets = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist() if name.startswith("csv/")}
        return json.loads(archive.read("data.json")), sheets, archive.read("index.html").decode()


@pytest.fixture
def full(chen: User, departure: Departure) -> Customer:
    """Somebody with an open order, whose notes are hostile."""
    su = make_customer("=苏晴", owner=chen, city='<img src=x onerror="alert(1)">')
    Identity.objects.create(
        customer=su,
        kind=IdentityKind.PHONE,
        value_hash=lookup_hash("phone:", "+8613812345678"),
        value_sealed=seal("+8613812345678"),
    )
    Note.objects.create(customer=su, author=chen, text="=HYPERLINK(1)")
    Note.objects.create(customer=su, author=chen, text="　＋1+1")
    documents.keep_document(child(su, age=30), kind="id_card", number=ID_CARD, text_version="1")
    place_order(customer=su, product=departure.product, departs_on=departure.departs_on, adults=1)
    record_sharing(recipient="大理地接社", purpose="接机", fields=["name"], customer_ids=[su.pk], shared_by=chen)
    return su


@pytest.mark.django_db
def test_a_customer_s_copy_is_complete_readable_and_safe(full: Customer) -> None:
    request = requests.open_request(full, kind="export")
    run_pending()
    request.refresh_from_db()
    assert request.state == RequestState.DONE
    made = DataExport.objects.get()
    assert made.expires_at - made.made_at == dt.timedelta(hours=24)
    assert "苏晴".encode() not in bytes(made.archive)
    data, sheets, page = opened(made)
    assert data["tables"]["identities"][0]["值" if "值" in data["tables"]["identities"][0] else "value"] == "+8613812345678"
    assert ID_CARD in json.dumps(data)
    assert {
        "profile", "identities", "events", "orders_order", "customers_note", "customers_consent", "travellers", "sharing",
    } <= set(data["tables"])  # fmt: skip
    assert data["tables"]["orders_order"][0][next(iter(data["tables"]["orders_order"][0]))]
    cells = [cell for sheet in sheets.values() for row in csv.reader(io.StringIO(sheet)) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert [cell for cell in cells if cell.lstrip(" \u3000")[:1] in set("=+-@\t\r＝＋－＠") and cell] == []
    assert "<img" not in page
    assert "&lt;img" in page
    assert "<script" not in page


@pytest.mark.django_db
def test_a_copy_made_by_staff_is_masked_and_written_down(full: Customer, chen: User) -> None:
    made = exports.export_for_staff(full, actor=chen, reason="客户到店索取")
    data, _sheets, page = opened(made)
    assert ID_CARD not in json.dumps(data) + page
    assert "13812345678" not in json.dumps(data) + page
    assert "138****5678" in page
    assert AuditEntry.objects.get(action="customer.data_exported").detail["reason"] == "客户到店索取"


@pytest.mark.django_db
def test_a_copy_ends_after_a_day_and_a_newer_one_replaces_it(full: Customer) -> None:
    first = exports.make_export(full, made_by=None)
    second = exports.make_export(full, made_by=None)
    assert not DataExport.objects.filter(pk=first.pk).exists()
    with time_machine.travel(second.expires_at, tick=False):
        with pytest.raises(Refused) as refused:
            exports.read_archive(second)
        assert refused.value.code == "expired"
        assert exports.remove_expired_exports() == 1


@pytest.mark.django_db
def test_the_same_copy_or_erasure_is_asked_for_once_at_a_time() -> None:
    su = make_customer()
    for kind in ("export", "erasure"):
        requests.open_request(su, kind=kind)
        with pytest.raises(Refused) as refused:
            requests.open_request(su, kind=kind)
        assert refused.value.code == "already_open"
    requests.open_request(su, kind="complaint", words="太多短信")
    requests.open_request(su, kind="complaint", words="还是太多")
    assert DataRequest.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "everything"}, {"kind": "complaint"}, {"kind": "complaint", "words": "x" * 1001},
        {"kind": "complaint", "words": "a\x00"}, {"kind": "export", "changes": {"name": "x"}},
        {"kind": "correction", "changes": {"owner": "1"}}, {"kind": "correction", "changes": {"birthday": "2026-02-30"}},
        {"kind": "correction", "changes": {"birthday": "1700-01-01"}}, {"kind": "correction", "changes": {"gender": "x"}},
        {"kind": "correction", "changes": {"name": 5}}, {"kind": "correction", "changes": {"name": "x" * 61}},
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_is_refused_and_not_kept(asked: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        requests.open_request(make_customer(), **asked)
    assert DataRequest.objects.count() == 0


@pytest.mark.django_db
def test_a_correction_is_carried_out_as_asked(lin: User) -> None:
    su = make_customer("苏情")
    changes = {"name": "苏晴", "birthday": "1990-05-01", "city": "杭州", "gender": "female"}
    request = requests.open_request(su, kind="correction", changes=changes)
    requests.take(request, actor=lin)
    done = requests.correct(request, actor=lin)
    su.refresh_from_db()
    assert (su.name, su.birthday, su.city, su.gender) == ("苏晴", dt.date(1990, 5, 1), "杭州", "female")
    assert (done.state, done.closed_by) == (RequestState.DONE, lin)
    with pytest.raises(Refused) as refused:
        requests.correct(request, actor=lin)
    assert refused.value.code == "closed"


@pytest.mark.django_db
def test_a_refusal_needs_a_reason_the_customer_reads(lin: User) -> None:
    request = requests.open_request(make_customer(), kind="complaint", words="太多短信")
    with pytest.raises(BadInput):
        requests.close(request, actor=lin, answer="不行", refused=True)
    closed = requests.close(request, actor=lin, answer="您没有收到过我们的短信，发件人是另一家公司。", refused=True)
    assert (closed.state, closed.answer[:4]) == (RequestState.REFUSED, "您没有收")
    with pytest.raises(Refused):
        requests.take_back(request)


@pytest.mark.django_db
def test_an_erasure_waits_for_what_stands_in_its_way_and_goes_on_by_itself(
    departure: Departure, lin: User, settings: Any, tmp_path: Any
) -> None:
    settings.ERASURE_LIST = tmp_path / "erasures.jsonl"
    su = make_customer("苏晴")
    order = place_order(customer=su, product=departure.product, departs_on=departure.departs_on, adults=1)
    request = requests.open_request(su, kind="erasure")
    assert (request.state, request.blocked_by) == (RequestState.BLOCKED, ["unpaid_order"])
    with pytest.raises(Refused) as refused:
        requests.carry_out_erasure(request, actor=lin)
    assert refused.value.code == "erasure_blocked"
    su.refresh_from_db()
    assert su.name == "苏晴"
    assert requests.recheck_blocked() == 0
    Order.objects.filter(pk=order.pk).update(state="closed", closed_at=clock.now())
    assert requests.recheck_blocked() == 1
    done = requests.carry_out_erasure(request, actor=lin)
    request.refresh_from_db()
    assert (request.state, request.customer, request.erasure, request.answer) == (RequestState.DONE, None, done, "")


@pytest.mark.django_db
def test_what_left_the_house_is_registered_for_each_person(chen: User) -> None:
    people = [make_customer(f"客{number}") for number in range(3)]
    ids = [customer.pk for customer in people]
    entry = record_sharing(
        recipient="大理地接社", purpose="接机名单", fields=["name", "phone"], customer_ids=[*ids, ids[0]], shared_by=chen,
        reference="order:A1",
    )  # fmt: skip
    assert (entry.people, SharingSubject.objects.count()) == (3, 3)
    bad: dict[str, Any]
    for bad in ({"recipient": " "}, {"purpose": ""}, {"fields": []}):
        with pytest.raises(BadInput):
            record_sharing(
                **{"recipient": "x", "purpose": "y", "fields": ["name"], "customer_ids": ids, "shared_by": chen, **bad}  # type: ignore[arg-type]
            )
    assert Sharing.objects.count() == 1
