"""Files with customers, orders and events: mapped, taken in by pieces, reported, rolled back."""

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter

from core import clock
from core.errors import BadInput, Refused
from core.models import Event
from core.worker import run_pending
from customers.choices import ImportState
from customers.models import Activity, Customer, Identity, ImportBatch, ImportRow, Note
from customers.queries.timeline import read_timeline
from customers.services import import_undo, imports
from customers.services.import_chunks import take_chunk
from customers.services.keys import phone, unionid
from customers.services.resolve import resolve
from staff.models import User

pytestmark = pytest.mark.django_db

PEOPLE = """客户姓名,手机号,性别,出生日期,常住城市,备注,建档时间
张三,13800000001,男,1990-01-02,杭州,老客户,2024-03-01 10:00
李四,+86 138-0000-0002,女,1988/5/6,上海,,2024-03-02
王五,0086 13800000003,,,,=HYPERLINK("x"),
张三,13800000001,男,1990-01-02,杭州,老客户,2024-03-01 10:00
赵六,12345,男,1990-13-45,宁波,,
,,男,,,,
钱七,13800000007,不详,2026-02-30,,,
"""
ORDERS = """订单号,手机号,姓名,产品名称,实付金额,人数,下单时间,出行日期,渠道,状态
C-1,13800000001,张三,云南6日游,"¥3,980.00",2,2026-03-01 09:30,2026-04-01,携程,已出行
C-2,13800000009,孙九,西湖夜游,99,1,2026-03-02,,美团,已支付
C-1,13800000001,张三,云南6日游,"¥3,980.00",2,2026-03-01 09:30,2026-04-01,携程,已出行
C-3,138****0002,李四,江南3日,1280,2人,2026-03-03T10:00:00+08:00,2026-05-01,飞猪,已支付
C-4,13800000001,张三,云南6日游,免费,2,2026-03-01,,携程,
"""
EVENTS = """时间,行为,手机号,景区,闸机,编号
2026-10-01 09:00,入园,13800000001,湖滨景区,南门 1 号,g1
2026-10-01 12:00,离园,13800000001,湖滨景区,北门,g2
2026-10-01 09:00,入园,13800000001,湖滨景区,南门 1 号,g1
2026-10-01 09:10,起飞,13800000001,湖滨景区,南门,g3
2026-10-01 09:20,入园,13800000001,,南门,g4
"""


def run(content: bytes | str, target: str, user: User, *, name: str = "客户.csv", verified: bool = True) -> ImportBatch:
    """Upload, confirm and take in."""
    raw = content.encode() if isinstance(content, str) else content
    batch, is_new = imports.upload_file(target=target, filename=name, content=raw, user=user)
    assert is_new
    imports.confirm_file(batch, is_verified=verified, user=user)
    run_pending("bulk")
    batch.refresh_from_db()
    return batch


def counts(batch: ImportBatch) -> dict[str, int]:
    names = ("read", "created", "matched", "added", "duplicate", "refused", "flagged")
    return {name: number for name in names if (number := getattr(batch, f"rows_{name}"))}


def test_customers_are_made_once_and_every_row_is_reported(lin: User) -> None:
    batch = run(PEOPLE, "customers", lin)
    assert (batch.state, counts(batch)) == (
        ImportState.DONE, {"read": 7, "created": 5, "matched": 1, "refused": 1, "flagged": 2},
    )  # fmt: skip
    zhang = Customer.objects.get(identities__value_hash=phone("+8613800000001").hash)
    assert (zhang.name, zhang.phone_masked, zhang.gender, zhang.city, str(zhang.birthday), zhang.source) == (
        "张三", "138****0001", "male", "杭州", "1990-01-02", batch.source,
    )  # fmt: skip
    assert zhang.created_at.isoformat() == "2024-03-01T02:00:00+00:00"
    states = dict(ImportRow.objects.filter(batch=batch).values_list("row_no", "state"))
    assert states == {2: "created", 3: "created", 4: "created", 5: "matched", 6: "created", 7: "refused", 8: "created"}
    assert [one["field"] for one in ImportRow.objects.get(batch=batch, row_no=6).complaints] == ["phone", "birthday"]
    assert bytes(ImportBatch.objects.values_list("content", flat=True).get()) == b""
    assert Identity.objects.filter(kind="phone").count() == 4
    assert Event.objects.filter(kind="customer.created").count() >= 4


def test_the_same_file_is_one_batch_and_another_with_the_same_rows_adds_nobody(lin: User) -> None:
    batch = run(PEOPLE, "customers", lin)
    again, is_new = imports.upload_file(target="customers", filename="again.csv", content=PEOPLE.encode(), user=lin)
    assert (again.pk, is_new) == (batch.pk, False)
    people = Customer.objects.count()
    second = run("\ufeff" + PEOPLE.replace("赵六,12345,男,1990-13-45,宁波,,\n", ""), "customers", lin)
    assert (second.pk != batch.pk, counts(second)) == (True, {"read": 6, "matched": 5, "refused": 1, "flagged": 1})
    assert Customer.objects.count() == people


def test_known_customers_get_what_was_empty_and_lose_it_when_rolled_back(lin: User) -> None:
    known = resolve([phone("+8613800000001"), unionid("u-1")], source="mini").customer
    Customer.objects.filter(pk=known.pk).update(name="张三丰", city="")
    note = Note.objects.create(customer=known, author=lin, text="喜欢安静")
    batch = run(PEOPLE, "customers", lin)
    known.refresh_from_db()
    assert (known.name, known.city, known.remark, known.gender) == ("张三丰", "杭州", "老客户", "male")
    Customer.objects.filter(pk=known.pk).update(remark="改过的备注")
    used = Customer.objects.get(identities__value_hash=phone("+8613800000002").hash)
    Note.objects.create(customer=used, author=lin, text="已回访")
    import_undo.undo_import(batch, user=lin)
    run_pending("bulk")
    batch.refresh_from_db()
    known.refresh_from_db()
    assert (batch.state, batch.rows_kept, batch.rows_undone) == (ImportState.UNDONE, 1, 5)
    assert (known.name, known.city, known.remark, known.gender, known.birthday) == ("张三丰", "", "改过的备注", "", None)
    assert set(Customer.objects.values_list("pk", flat=True)) == {known.pk, used.pk}
    assert Note.objects.filter(pk=note.pk).exists()
    assert not Event.objects.filter(kind="customer.created").exclude(customer_id__in=[known.pk, used.pk]).exists()
    assert Identity.objects.filter(customer=known).count() == 2
    with pytest.raises(Refused):
        import_undo.undo_import(batch, user=lin)
    once_more, is_new = imports.upload_file(target="customers", filename="x.csv", content=PEOPLE.encode(), user=lin)
    assert (once_more.pk != batch.pk, is_new) == (True, True)


def test_orders_of_other_systems_become_facts_once(lin: User) -> None:
    batch = run(ORDERS, "orders", lin)
    assert counts(batch) == {"read": 5, "added": 3, "duplicate": 1, "refused": 1}
    facts = Event.objects.filter(kind="order.imported").order_by("occurred_at")
    assert [(fact.props["number"], fact.props["amount"], fact.source) for fact in facts] == [
        ("C-1", "3980.00", batch.source), ("C-2", "99.00", batch.source), ("C-3", "1280.00", batch.source),
    ]  # fmt: skip
    assert facts[0].occurred_at.isoformat() == "2026-03-01T01:30:00+00:00"
    zhang = Customer.objects.get(identities__value_hash=phone("+8613800000001").hash)
    assert Activity.objects.get(customer=zhang).event_count == 1
    days, _older = read_timeline(zhang, group="order", before=clock.now())
    assert [entry.text for _day, entries in days for entry in entries] == ["外部订单 C-1：云南6日游，¥3980.00"]
    second = run(ORDERS + "C-5,13800000001,张三,莫干山,600,1,2026-03-05,,携程,\n", "orders", lin)
    assert counts(second) == {"read": 6, "added": 1, "duplicate": 4, "refused": 1}
    import_undo.undo_import(second, user=lin)
    run_pending("bulk")
    assert Event.objects.filter(kind="order.imported").count() == 3
    assert Activity.objects.get(customer=zhang).event_count == 1
    import_undo.undo_import(batch, user=lin)
    run_pending("bulk")
    assert not Event.objects.filter(kind="order.imported").exists()
    assert not Customer.objects.exists()


def test_events_need_what_their_kind_needs(lin: User) -> None:
    batch = run(EVENTS, "events", lin)
    assert counts(batch) == {"read": 5, "added": 2, "duplicate": 1, "refused": 2}
    assert set(Event.objects.filter(source=batch.source).values_list("kind", flat=True)) == {"gate.entered", "gate.left"}
    wrong = {row.row_no: row.complaints[0]["field"] for row in ImportRow.objects.filter(batch=batch, state="refused")}
    assert wrong == {5: "kind", 6: "site"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "utf-16-le"])
def test_encodings(lin: User, encoding: str) -> None:
    batch = run(PEOPLE.encode(encoding), "customers", lin)
    assert counts(batch)["created"] == 5
    assert Customer.objects.filter(name="张三", city="杭州").exists()


def workbook(rows: list[list[Any]], **merged: str) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    if merged:
        sheet.merge_range(0, 0, 0, 3, merged["title"])
    for number, row in enumerate(rows, start=1 if merged else 0):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    book.close()
    return buffer.getvalue()


def test_a_workbook_with_a_merged_title_numbers_as_numbers_and_a_formula(lin: User) -> None:
    rows = [["姓名", "手机", "城市", "备注"], ["张三", 13800000001, "杭州", "=1+1"], ["李四", "13800000002", "上海", "好"]]
    batch = run(workbook(rows, title="2026 年客户表"), "customers", lin, name="客户.xlsx")
    assert (batch.format, counts(batch)) == ("xlsx", {"read": 2, "created": 2})
    assert Customer.objects.get(name="张三").remark in {"0", ""}  # the value the file holds; never computed here


def test_a_bomb_and_a_million_blank_rows_are_refused(lin: User) -> None:
    def zipped(parts: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    blank = (
        b"<worksheet><sheetData>" + b"".join(b'<row r="%d"/>' % n for n in range(1, 500_000, 997)) + b"</sheetData></worksheet>"
    )
    bombs = [
        {"xl/workbook.xml": b"<x/>", "xl/sharedStrings.xml": b"0" * 40_000_000},
        {"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": blank},
    ]
    for parts in bombs:
        with pytest.raises(BadInput):
            imports.upload_file(target="customers", filename="x.xlsx", content=zipped(parts), user=lin)
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"\x00\x01", "姓名,手机\n".encode(), b"\x89PNG\r\n"])
def test_files_of_no_use(lin: User, content: bytes) -> None:
    with pytest.raises(BadInput):
        imports.upload_file(target="customers", filename="x.csv", content=content, user=lin)


def test_wrong_columns_wait_for_a_person(lin: User) -> None:
    batch, _new = imports.upload_file(target="orders", filename="x.csv", content=b"a,b,c\n1,2,3\n", user=lin)
    with pytest.raises(BadInput) as caught:
        imports.confirm_file(batch, is_verified=True, user=lin)
    assert "订单号" in caught.value.message
    with pytest.raises(BadInput):
        imports.remap_file(batch, {"a": "number", "b": "number"})
    with pytest.raises(BadInput):
        imports.remap_file(batch, {"a": "owner_id"})
    imports.remap_file(batch, {"a": "number", "b": "amount", "c": "occurred_at"})
    assert imports.matches_of(ImportBatch.objects.get(pk=batch.pk))[0].field == "number"


def test_headers_that_say_nothing_are_told_by_their_content(lin: User) -> None:
    batch, _new = imports.upload_file(
        target="customers", filename="x.csv", content="col1,col2\n13800000001,男\n13800000002,女\n".encode(), user=lin
    )
    assert [(match.field, match.is_certain) for match in imports.matches_of(batch)] == [("phone", False), ("gender", False)]


def test_a_crash_in_the_middle_goes_on_where_it_was(lin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
    batch, _new = imports.upload_file(target="orders", filename="x.csv", content=ORDERS.encode(), user=lin)
    imports.confirm_file(batch, is_verified=True, user=lin)
    taken = take_chunk
    calls: list[int] = []

    def failing(batch: ImportBatch, rows: Any) -> Any:
        calls.append(rows.size)
        if len(calls) == 2:
            taken(batch, rows)
            raise MemoryError("killed")
        return taken(batch, rows)

    monkeypatch.setattr(imports, "take_chunk", failing)
    with pytest.raises(MemoryError):
        imports.import_rows(batch.pk)
    batch.refresh_from_db()
    assert (batch.rows_read, batch.row_done) == (2, 3)
    imports.import_rows(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("done", {"read": 5, "added": 3, "duplicate": 1, "refused": 1})
    assert ImportRow.objects.filter(batch=batch).count() == 5
    imports.import_rows(batch.pk)
    assert Event.objects.filter(kind="order.imported").count() == 3


def test_unconfirmed_phones_ask_and_never_join(lin: User) -> None:
    known = resolve([phone("+8613800000001")], source="mini").customer
    batch = run("姓名,手机\n张三,13800000001\n", "customers", lin, verified=False)
    assert counts(batch) == {"read": 1, "created": 1}
    assert Customer.objects.exclude(pk=known.pk).count() == 1
