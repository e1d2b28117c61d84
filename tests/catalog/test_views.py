"""The staff pages of the catalogue: who may, what they show, how much they cost."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from catalog.models import Departure, Destination, FeedIssue, FeedRun, Product, Resource, Supplier
from catalog.views.suppliers import harmless
from core import clock
from core.worker import run_pending
from staff.models import AuditEntry
from tests.catalog.conftest import LogIn

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def supplier() -> Supplier:
    return Supplier.objects.create(code="jiangnan", name="江南地接社")


def make_products(number: int) -> None:
    destination, _new = Destination.objects.get_or_create(code="yunnan", defaults={"name": "云南", "cities": ["大理"]})
    for index in range(number):
        product = Product.objects.create(
            code=f"P{index:02}",
            name=f"大理{index}",
            destination=destination,
            days=6,
            themes=["亲子"],
            price_from_amount=1000,
            state="on_sale",
        )
        for day in (3, 10):
            on = clock.today() + dt.timedelta(days=day)
            Departure.objects.create(
                product=product, departs_on=on, adult_amount=1000, child_amount=800, seats=10, seats_taken=index % 10
            )


def make_resources(supplier: Supplier, number: int) -> None:
    Resource.objects.bulk_create(
        Resource(
            supplier=supplier, external_id=f"A{n}", kind="attraction", name=f"景点{n:03}", city="杭州", price_amount=Decimal(n)
        )
        for n in range(number)
    )


def upload(client: Any, supplier: Supplier, content: bytes, **more: Any) -> HttpResponse:
    data = {"supplier": supplier.pk, "file": SimpleUploadedFile("表.json", content), "is_full": "on", **more}
    response: HttpResponse = client.post("/suppliers/import", data)
    return response


def rows(number: int, **changes: Any) -> bytes:
    return json.dumps(
        [{"编号": f"A{n}", "名称": f"景点{n}", "城市": "杭州", "门票": 100 + n, **changes} for n in range(number)]
    ).encode()


def test_every_page_asks_for_its_ability(log_in: LogIn, supplier: Supplier) -> None:
    make_products(1)
    pages = {
        "/products": {"sales", "finance", "readonly"},
        "/products/P00": {"sales"},
        "/suppliers": {"planner", "finance", "readonly"},
        "/suppliers/resources": {"planner", "readonly"},
        "/suppliers/import": {"planner", "operations"},
        "/products/P00/calendar/edit": {"planner"},
    }
    for path, roles in pages.items():
        for role in roles:
            assert log_in(role).get(path).status_code == 200, (path, role)
    for path in ("/suppliers", "/suppliers/resources", "/suppliers/import"):
        assert log_in("sales").get(path).status_code == 403
    for path in ("/products/P00/calendar/edit", "/suppliers/import"):
        assert log_in("finance").get(path).status_code == 403
    assert log_in("sales").post("/products/P00/sale", {"state": "paused"}).status_code == 403
    assert Product.objects.get().state == "on_sale"


def test_product_cards_cost_the_same_for_one_and_for_three(log_in: LogIn, django_assert_num_queries: Any) -> None:
    client = log_in("planner")
    make_products(1)
    client.get("/products")
    with django_assert_num_queries(9):
        assert client.get("/products").content.count(b'class="card linked product"') == 1
    Product.objects.all().delete()
    make_products(3)
    with django_assert_num_queries(9):
        assert client.get("/products").content.count(b'class="card linked product"') == 3


def test_product_filters(log_in: LogIn) -> None:
    make_products(3)
    Product.objects.filter(code="P01").update(state="paused", themes=["海岛"], name="三亚")
    client = log_in("sales")
    wanted = {
        "state=paused": ["P01"],
        "theme=海岛": ["P01"],
        "q=大理": ["P00", "P02"],
        "q=p02": ["P02"],
        "destination=yunnan": ["P00", "P01", "P02"],
    }
    for query, shown in wanted.items():
        text = client.get(f"/products?{query}").content.decode()
        assert [code for code in ("P00", "P01", "P02") if f'/products/{code}"' in text] == shown, query
    for query in ("state=x", "theme=x", "destination=x", "q=" + "x" * 61):
        assert client.get(f"/products?{query}").status_code == 400


def test_the_calendar_page_and_its_bulk_edit(log_in: LogIn, django_assert_num_queries: Any) -> None:
    make_products(1)
    client, day = log_in("planner"), clock.today() + dt.timedelta(days=3)
    text = client.get("/products/P00").content.decode()
    assert "¥1,000" in text
    assert "余 10" in text
    form = {"first": day, "last": day, "weekdays": list("1234567"), "adult_amount": "1280.50", "sale": ""}
    answer = client.post("/products/P00/calendar/edit", form, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert {"close-dialog", "calendar-changed"} <= set(json.loads(answer["HX-Trigger"]))
    assert Departure.objects.get(departs_on=day).adult_amount == Decimal("1280.50")
    for wrong in (
        {"adult_amount": "-1"},
        {"seats": "0.5"},
        {"seats": "1e9"},
        {"first": "2026-02-30"},
        {"last": "2020-01-01"},
        {"weekdays": ["9"]},
        {"adult_amount": "NaN"},
    ):
        assert client.post("/products/P00/calendar/edit", {**form, **wrong}).status_code == 422, wrong
    assert Departure.objects.get(departs_on=day).adult_amount == Decimal("1280.50")
    for month in ("2026-13", "0000-01", "abc", "2026-1"):
        assert client.get(f"/products/P00/calendar?month={month}").status_code == 400
    assert client.get("/products/P00?month=2027-03").status_code == 200
    assert client.get("/products/P99").status_code == 404


def test_pausing_and_going_on_sale(log_in: LogIn) -> None:
    make_products(1)
    client = log_in("operations")
    assert client.post("/products/P00/sale", {"state": "paused"}).status_code == 302
    assert Product.objects.get().state == "paused"
    Departure.objects.all().delete()
    assert client.post("/products/P00/sale", {"state": "on_sale"}).status_code == 409
    assert Product.objects.get().state == "paused"


def test_a_file_goes_in_and_its_report_comes_out(log_in: LogIn, supplier: Supplier) -> None:
    client = log_in("planner")
    answer = upload(client, supplier, rows(3, 门票=-1))
    run = FeedRun.objects.get()
    assert answer["Location"] == f"/suppliers/runs/{run.pk}"
    waiting = client.get(f"/suppliers/runs/{run.pk}").content.decode()
    assert f'hx-get="/suppliers/runs/{run.pk}/progress"' in waiting
    assert client.get(f"/suppliers/runs/{run.pk}/progress").status_code == 200
    run_pending("usual")
    assert client.get(f"/suppliers/runs/{run.pk}/progress")["HX-Refresh"] == "true"
    report = client.get(f"/suppliers/runs/{run.pk}").content.decode()
    assert report.count("价格为负") >= 3
    assert client.get(f"/suppliers/runs/{run.pk}/report.json").json() == {
        "state": "applied",
        "is_finished": True,
        "total": 3,
        "created": 0,
        "changed": 0,
        "same": 0,
        "refused": 3,
        "flagged": 0,
        "gone": 0,
    }


def test_wrong_files_are_told_at_the_door(log_in: LogIn, supplier: Supplier) -> None:
    client = log_in("planner")
    for content in (b"", b"%PDF-", b"[1]", "名称,价格\n甲,1\n".encode()):
        assert upload(client, supplier, content).status_code == 422
    stranger = {"supplier": 9999, "file": SimpleUploadedFile("x.json", rows(1))}
    assert client.post("/suppliers/import", stranger).status_code == 422
    assert client.post("/suppliers/import", {"supplier": supplier.pk}).status_code == 422
    assert not FeedRun.objects.exists()


def test_a_quarantined_file_is_decided_on_its_page(log_in: LogIn, supplier: Supplier) -> None:
    make_resources(supplier, 10)
    client = log_in("planner")
    upload(client, supplier, rows(3))
    run_pending("usual")
    run = FeedRun.objects.get()
    page = client.get(f"/suppliers/runs/{run.pk}").content.decode()
    assert "这份文件等你审核" in page
    assert log_in("finance").post(f"/suppliers/runs/{run.pk}/decide", {"decision": "approve"}).status_code == 403
    assert client.post(f"/suppliers/runs/{run.pk}/decide", {"decision": "approve"}).status_code == 302
    run_pending("usual")
    run.refresh_from_db()
    assert run.state == "applied"
    assert client.post(f"/suppliers/runs/{run.pk}/decide", {"decision": "reject"}).status_code == 409


def test_columns_are_remapped_on_the_page(log_in: LogIn, supplier: Supplier) -> None:
    client = log_in("planner")
    upload(client, supplier, json.dumps([{"项目": "西湖", "门票": 0}]).encode())
    run = FeedRun.objects.get()
    assert "系统不确定哪一列是名称" in client.get(f"/suppliers/runs/{run.pk}").content.decode()
    path = f"/suppliers/runs/{run.pk}/remap"
    assert client.post(path, {"column_0": "name"}).status_code == 400
    assert client.post(path, {"column_0": "x", "column_1": "price"}).status_code == 400
    assert client.post(path, {"column_0": "name", "column_1": "price"}).status_code == 302
    run_pending("usual")
    assert Resource.objects.get().name == "西湖"


def test_reports_filter_page_and_download(log_in: LogIn, supplier: Supplier, django_assert_num_queries: Any) -> None:
    run = FeedRun.objects.create(
        supplier=supplier, kind="hotel", format="csv", filename="x.csv", content_sha256="0", content=b"", state="applied"
    )
    kinds = (("phone_bad", "flagged"), ("price_missing", "refused"))
    FeedIssue.objects.bulk_create(
        FeedIssue(
            run=run, row_no=n, name=f"=cmd|{n}", field="价格", value="@SUM(1)", reason=kinds[n % 2][0], severity=kinds[n % 2][1]
        )
        for n in range(1, 121)
    )
    client = log_in("planner")
    page = client.get(f"/suppliers/runs/{run.pk}?reason=price_missing").content.decode()
    assert page.count('<code class="value">') == 50
    after = page.split("after=")[1].split('"')[0]
    rest = client.get(f"/suppliers/runs/{run.pk}?reason=price_missing&after={after}").content.decode()
    assert rest.count('<code class="value">') == 10
    for query in ("reason=x", "severity=x", "after=" + "9" * 30, "q=" + "x" * 61):
        assert client.get(f"/suppliers/runs/{run.pk}?{query}").status_code == 400
    csv = client.get(f"/suppliers/runs/{run.pk}/report.csv?severity=refused").content.decode()
    lines = csv.removeprefix("\ufeff").splitlines()
    assert len(lines) == 61
    assert lines[1] == "1,'=cmd|1,价格,'@SUM(1),缺少价格,未采用"
    assert AuditEntry.objects.get(action="feed.report_exported").detail == {"reason": "", "severity": "refused"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "＝1", "＠SUM", "\r=1", "|calc"])
def test_no_cell_can_act_as_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("西湖 = 好") == "西湖 = 好"


def test_what_suppliers_write_is_only_shown(log_in: LogIn, supplier: Supplier) -> None:
    client = log_in("planner")
    upload(client, supplier, json.dumps([{"名称": "甲", "门票": XSS, "城市": XSS, "电话": XSS, "备注": XSS}]).encode())
    run_pending("usual")
    Resource.objects.update(name=XSS, address=XSS, city=XSS[:40], attributes={"note": XSS, XSS: XSS})
    Supplier.objects.update(name=XSS, note=XSS)
    run, resource = FeedRun.objects.get(), Resource.objects.get()
    for path in (f"/suppliers/runs/{run.pk}", "/suppliers", "/suppliers/resources", f"/suppliers/resources/{resource.pk}"):
        text = client.get(path).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "alert(1)" in text


def test_resources_cost_the_same_for_one_and_for_three(log_in: LogIn, supplier: Supplier, django_assert_num_queries: Any) -> None:
    client = log_in("planner")
    make_resources(supplier, 1)
    client.get("/suppliers/resources")
    for number in (1, 3):
        Resource.objects.all().delete()
        make_resources(supplier, number)
        with django_assert_num_queries(7):
            assert client.get("/suppliers/resources").content.count(b"data-peek=") == number


def test_resource_filters_and_pages(log_in: LogIn, supplier: Supplier) -> None:
    make_resources(supplier, 60)
    Resource.objects.filter(external_id="A1").update(price_amount=None)
    Resource.objects.filter(external_id="A2").update(gone_at=clock.now())
    client = log_in("planner")
    first = client.get("/suppliers/resources").content.decode()
    assert first.count("data-peek=") == 50
    after = first.split("after=")[1].split('"')[0]
    assert client.get(f"/suppliers/resources?after={after}").content.decode().count("data-peek=") == 9
    wanted = {"gap=price": 1, "gap=gone": 1, "kind=hotel": 0, "q=景点003": 1, f"supplier={supplier.pk}": 50, "city=苏州": 0}
    for query, number in wanted.items():
        assert client.get(f"/suppliers/resources?{query}").content.decode().count("data-peek=") == number, query
    for query in ("kind=x", "gap=x", "supplier=-1", "supplier=" + "9" * 30, "destination=x", "q=" + "x" * 61):
        assert client.get(f"/suppliers/resources?{query}").status_code == 400, query


def test_net_prices_are_for_those_who_may_see_costs(log_in: LogIn, supplier: Supplier) -> None:
    make_resources(supplier, 1)
    Resource.objects.update(price_amount=Decimal("1234"))
    resource = Resource.objects.get()
    for path in ("/suppliers/resources", f"/suppliers/resources/{resource.pk}"):
        assert "¥1,234" in log_in("planner").get(path).content.decode()
        assert "1,234" not in log_in("readonly").get(path).content.decode()
