"""The pages of products, suppliers and orders in a real browser: accessible, silent, and doing what they say."""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Departure, Destination, FeedRun, Product, Supplier
from catalog.services.feeds import upload_feed
from core import clock
from core.worker import run_pending
from customers.models import Customer
from orders.models import Order, Payment
from orders.services.placing import place_order
from staff.models import User

AXE = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text()
RUN_AXE = "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})).violations"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
Visit = Callable[..., Any]


@pytest.fixture(autouse=True)
def _clean() -> Any:
    """The audit table refuses DELETE, so the database is emptied the other way."""
    yield
    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def trip(db: None) -> Product:
    """A product with a date in five days."""
    destination = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    product = Product.objects.create(
        code="P01",
        name="苍洱时光·大理丽江6日",
        subtitle="把日落留给两个人",
        destination=destination,
        days=6,
        themes=["蜜月", "摄影"],
        price_from_amount=4280,
        state="on_sale",
        outline=[{"title": "到大理", "spots": ["大理古城"], "hotel": "古城客栈", "meals": ["晚餐"], "text": "慢慢走"}],
        highlights=["海景房"],
        included=["酒店"],
        excluded=["机票"],
        cancellation=[{"days_before": 7, "fee_percent": 0}, {"days_before": 0, "fee_percent": 60}],
    )
    Departure.objects.create(
        product=product, departs_on=clock.today() + dt.timedelta(days=5), adult_amount=4280, child_amount=3180, seats=10
    )
    return product


@pytest.fixture
def paid(trip: Product) -> Order:
    """Two adults, paid yesterday."""
    customer = Customer.objects.create(name="陈雨")
    order = place_order(customer=customer, product=trip, departs_on=trip.departures.get().departs_on, adults=2)
    now = clock.now()
    Payment.objects.create(
        order=order,
        out_trade_no=f"{order.no}P1",
        amount=order.total_amount,
        openid="o",
        state="paid",
        transaction_id="42",
        paid_at=now,
    )
    Order.objects.update(state="paid", paid_at=now, paid_amount=order.total_amount)
    return order


@pytest.fixture
def report(db: None) -> FeedRun:
    """A file with one good row and three bad ones."""
    supplier = Supplier.objects.create(code="jiangnan", name="江南地接社")
    rows = [
        {"名称": "西湖", "门票": 0, "城市": "杭州"},
        {"名称": "灵隐寺", "门票": -1, "城市": "杭州"},
        {"名称": "塔", "门票": 5, "城市": "某地"},
    ]
    run = upload_feed(supplier=supplier, filename="门票.json", content=json.dumps([*rows, rows[0]]).encode(), user=None)
    run_pending("usual")
    return run


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_pass_axe_and_leave_the_console_silent(
    visit: Visit, lin: User, trip: Product, paid: Order, report: FeedRun, theme: str, width: int
) -> None:
    pages = [
        "/products", "/products/P01", "/suppliers", "/suppliers/import", "/suppliers/resources",
        f"/suppliers/runs/{report.pk}", "/orders", f"/orders/{paid.no}",
    ]  # fmt: skip
    visitor = visit(lin, theme=theme, width=width)
    for path in pages:
        assert visitor.go(path) == 200
        visitor.page.evaluate(AXE)
        found = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in visitor.page.evaluate(RUN_AXE)]
        assert found == [], path
        wider = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path
    assert visitor.complaints == []


def test_a_day_of_the_calendar_is_changed_in_its_dialog(visit: Visit, lin: User, trip: Product) -> None:
    visitor = visit(lin)
    visitor.go("/products/P01")
    page, day = visitor.page, trip.departures.get().departs_on
    page.get_by_role("button", name=f"修改 {day}").click()
    page.locator("#edit-calendar input[name=adult_amount]").fill("3999")
    page.locator("#edit-calendar input[name=seats]").fill("3")
    page.locator("#edit-calendar button[type=submit]").click()
    page.locator("#calendar td", has_text="¥3,999").wait_for()
    assert not page.locator("#edit-calendar").evaluate("one => one.open")
    assert trip.departures.get().adult_amount == Decimal("3999.00")
    page.locator("#calendar header .btn.primary").click()
    page.locator("#edit-calendar button[type=submit]").click()
    page.locator("#edit-calendar .notice.bad", has_text="没有填写要修改的内容").wait_for()
    assert [line for line in visitor.complaints if " 422 " not in line] == []


def test_a_refund_needs_the_word_and_goes_on_its_way(visit: Visit, lin: User, paid: Order) -> None:
    visitor = visit(lin)
    visitor.go(f"/orders/{paid.no}")
    page = visitor.page
    page.get_by_role("button", name="退款", exact=True).click()
    send = page.locator("#refund-order button[type=submit]")
    assert send.is_disabled()
    page.locator("#refund-order input[name=amount]").fill("99999")
    page.locator("#refund-order input[name=confirm]").fill("退款")
    send.click()
    page.locator("#refund-order .error", has_text="最多还能退").wait_for()
    page.locator("#refund-order input[name=amount]").fill("100")
    page.locator("#refund-order input[name=confirm]").fill("退款")
    send.click()
    page.locator(".chip", has_text="退款中").wait_for()
    assert [line for line in visitor.complaints if " 422 " not in line] == []


def test_a_file_is_uploaded_and_followed_to_its_report(visit: Visit, lin: User, tmp_path: Path, report: FeedRun) -> None:
    file = tmp_path / "酒店.csv"
    file.write_bytes("酒店名称,城市,房价\n西湖国宾馆,杭州,1280\n无价酒店,杭州,\n".encode("gb18030"))
    visitor = visit(lin)
    visitor.go("/suppliers")
    page = visitor.page
    page.locator("select[name=supplier]").select_option(label="江南地接社")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="开始读取").click()
    page.locator("#progress").wait_for()
    run_pending("usual")
    page.locator("td", has_text="无价酒店").wait_for()
    page.locator(".reasons a", has_text="缺少价格").click()
    page.wait_for_url("**reason=price_missing**")
    assert page.locator("tbody tr", has_text="未采用").count() == 1
    assert visitor.complaints == []
