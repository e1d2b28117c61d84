"""The `/sim/` page: what the phones show and do. The mini-program's screens run against a served application."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from catalog.models import Departure, Destination, Product
from core import clock
from gateways.simulator.state import MassTask, SenderTask
from gateways.simulator.testing import SimulatorHandle
from staff.models import User

CARD = {"title": "大理亲子五日", "appid": "wx51m0000000000001", "page": "pages/product/index?code=P02&touch=unknowntouch"}


@pytest.fixture
def staff(client: Client, lin: User) -> Client:
    client.force_login(lin)
    return client


@pytest.fixture
def friend(simulator: SimulatorHandle) -> str:
    """A customer of sales1; the external_userid."""
    seeded = simulator.do("seed", contacts=[{"name": "苏晴", "openid": "o-suqing", "relations": [{"userid": "sales1"}]}])
    return str(seeded["external_userids"][0])


@pytest.fixture
def msgid(simulator: SimulatorHandle, friend: str) -> str:
    """A mass send that waits for sales1."""
    world = simulator.world
    with world.lock:
        number = world.new_id("msg", 34)
        cards = [{"msgtype": "miniprogram", "miniprogram": {**CARD, "pic_media_id": "none"}}]
        senders = {"sales1": SenderTask("sales1", [friend])}
        world.state.mass_tasks[number] = MassTask(number, world.wall(), 0.0, False, "带孩子看雪吗？", cards, senders)
    return number


def screen(client: Client, name: str, /, *args: object, **query: str) -> str:
    response = client.get(reverse(f"sim:{name}", args=args), query)
    assert response.status_code == 200, response.content
    return response.content.decode()


def press(client: Client, name: str, /, *args: object, **form: Any) -> str:
    response = client.post(reverse(f"sim:{name}", args=args), form)
    assert response.status_code == 200, response.content
    assert response["HX-Trigger-After-Settle"] == "sim:changed"
    return response.content.decode()


def test_only_staff_see_the_page(client: Client, db: None) -> None:
    response = client.get("/sim/")
    assert (response.status_code, response["Location"].startswith("/login")) == (302, True)


def test_the_page_has_no_inline_script_or_style(staff: Client, simulator: SimulatorHandle) -> None:
    page = screen(staff, "phones")
    assert all(
        name in page for name in ('id="staff-screen"', 'id="customer-screen"', 'id="console-screen"', 'id="journal-screen"')
    )
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page)


def test_a_screen_is_sent_only_when_it_changed(staff: Client, simulator: SimulatorHandle, friend: str) -> None:
    first = screen(staff, "staff_home", "sales1")
    match = re.search(r"v=([0-9a-f]{12})", first)
    assert match is not None
    assert staff.get(reverse("sim:staff_home", args=["sales1"]), {"v": match[1]}).status_code == 204
    simulator.do("customer/message", userid="sales1", external_userid=friend, text="在吗？")
    assert "在吗？" in staff.get(reverse("sim:staff_home", args=["sales1"]), {"v": match[1]}).content.decode()


def test_a_member_confirms_a_mass_send(staff: Client, simulator: SimulatorHandle, friend: str, msgid: str) -> None:
    assert "群发助手" in screen(staff, "staff", userid="sales1")
    assert "待发送" in screen(staff, "staff_tasks", "sales1")
    task = screen(staff, "staff_task", "sales1", msgid)
    assert CARD["title"] in task
    assert "/covers/P02.svg" in task
    assert "已发送" in press(staff, "staff_send", "sales1", msgid)
    assert simulator.do("customer/inbox", who=friend)[0]["text"] == "带孩子看雪吗？"
    chat = screen(staff, "customer_chat", friend, "sales1")
    assert CARD["title"] in chat
    assert reverse("sim:mini", args=[friend]) in chat
    again = staff.post(reverse("sim:staff_send", args=["sales1", msgid]))
    assert again.status_code == 409


def test_a_member_sends_to_nobody_when_nobody_is_ticked_and_can_put_a_task_aside(
    staff: Client, simulator: SimulatorHandle, friend: str, msgid: str
) -> None:
    assert "已忽略" in press(staff, "staff_ignore", "sales1", msgid)
    assert simulator.do("customer/inbox", who=friend) == []
    press(staff, "staff_send", "sales1", msgid, some="1")
    assert simulator.do("customer/inbox", who=friend) == []


def test_a_newcomer_scans_chats_and_leaves(staff: Client, simulator: SimulatorHandle) -> None:
    assert "陈思雨" in press(staff, "scan", name="新客小满", userid="sales1")
    who = simulator.do("customers", search="小满")[0]["who"]
    assert "还有位置吗" in press(staff, "customer_say", who, "sales1", text="还有位置吗")
    assert "还有位置吗" in screen(staff, "staff_chat", "sales1", who)
    assert "<b>x</b>" not in press(staff, "staff_say", "sales1", who, text="<b>x</b>")
    assert "你们已不是好友" in press(staff, "customer_delete", who, "sales1")
    assert "已不是好友" in screen(staff, "customer_me", who)
    assert simulator.do("state")["counts"]["deliveries"] == 2


def test_screens_of_a_world_that_was_reset_lead_home(staff: Client, simulator: SimulatorHandle, friend: str) -> None:
    simulator.do("reset")
    assert "customer-rows" in screen(staff, "customer_home", friend)
    assert "群发助手" in screen(staff, "staff_task", "sales1", "gone")


def test_a_simulator_that_is_away_is_said_so(staff: Client, settings: Any) -> None:
    settings.SIM_URL = "http://127.0.0.1:1"
    page = screen(staff, "console")
    assert "模拟器没有应答" in page
    assert 'hx-trigger="every 2s"' in page


def test_text_messages_and_opting_out(staff: Client, simulator: SimulatorHandle, friend: str) -> None:
    simulator.do("customer/phone_code", who=friend, phone="13800000001")
    assert "还没有短信" in screen(staff, "customer_sms", friend)
    assert "TD" in press(staff, "customer_sms_reply", friend, text="TD")
    assert simulator.world.state.opted_out == ["13800000001"]


def test_the_console_moves_time_makes_trouble_and_turns_knobs(staff: Client, simulator: SimulatorHandle) -> None:
    before = simulator.world.now()
    assert "比现实快" in press(staff, "clock", step="day")
    assert simulator.world.now() - before >= 86_400
    press(staff, "clock", step="freeze")
    assert simulator.world.clock.frozen
    press(staff, "clock", step="resume")
    assert staff.post(reverse("sim:clock"), {"step": "century"}).status_code == 400
    assert "剩 3" in press(staff, "fault", trouble="busy")
    assert "企微繁忙" in screen(staff, "console")
    assert staff.post(reverse("sim:fault"), {"trouble": "flood"}).status_code == 400
    press(staff, "clear_faults")
    assert simulator.do("faults") == []
    press(staff, "knobs", cap_rule="day_1", dispatch_seconds="5")
    config = simulator.do("state")["config"]
    assert (config["cap_rule"], config["dispatch_seconds"]) == ("day_1", 5)


def test_the_journal_and_one_entry(staff: Client, simulator: SimulatorHandle, friend: str) -> None:
    simulator.do("customer/message", userid="sales1", external_userid=friend, text="hi")
    assert "给顾问发消息" in screen(staff, "journal", kind="person")
    assert "给顾问发消息" not in screen(staff, "journal", kind="call")
    entry = simulator.do("journal/find", kind="person")[-1]
    assert "customer/message" in screen(staff, "journal_entry", entry["id"])


@pytest.fixture
def shop(transactional_db: None) -> None:
    """One product with one departure."""
    yunnan = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    product = Product.objects.create(
        code="P02",
        name="大理亲子5日",
        destination=yunnan,
        days=5,
        themes=["亲子"],
        price_from_amount=Decimal("3680.00"),
        state="on_sale",
    )
    day = clock.today() + dt.timedelta(days=20)
    Departure.objects.create(
        product=product, departs_on=day, adult_amount=Decimal("3680.00"), child_amount=Decimal("2000.00"), seats=10
    )


def test_a_card_opens_the_shop_and_an_order_is_paid(
    shop: None, live_server: LiveServer, client: Client, lin: User, simulator: SimulatorHandle, friend: str, settings: Any
) -> None:
    client.force_login(lin)
    settings.PUBLIC_URL = live_server.url
    product = screen(client, "mini", friend, page=CARD["page"])
    assert "大理亲子5日" in product
    departs_on = re.search(r'name="departs_on" value="([\d-]+)"', product)
    assert departs_on is not None
    sheet = press(client, "mini_order", friend, product="P02", departs_on=departs_on[1], adults="2", children="1")
    assert "9,360.00" in sheet
    [order] = simulator.do("pay/orders", who=friend)
    assert (order["total"], order["trade_state"]) == (936000, "NOTPAY")
    assert "未支付" in press(client, "settle", friend, order["out_trade_no"], cancel="1")
    assert "支付成功" in press(client, "settle", friend, order["out_trade_no"], pay="1")
    assert simulator.do("pay/orders", who=friend)[0]["trade_state"] == "SUCCESS"
    assert "大理亲子5日" in screen(client, "customer_me", friend)


def test_what_the_application_refuses_is_shown_on_the_phone(
    shop: None, live_server: LiveServer, client: Client, lin: User, simulator: SimulatorHandle, friend: str, settings: Any
) -> None:
    client.force_login(lin)
    settings.PUBLIC_URL = live_server.url
    assert "大理亲子5日" in screen(client, "mini", friend)
    refused = client.post(reverse("sim:mini_order", args=[friend]), {"product": "P02", "departs_on": "2020-01-01"})
    assert 'role="alert"' in refused.content.decode()
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    assert "系统没有应答" in screen(client, "mini", friend)
