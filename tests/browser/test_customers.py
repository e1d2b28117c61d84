"""The story of one person in a real browser: four traces meet, two records are joined and told apart, copied and erased."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from core import clock
from core.worker import run_pending
from customers.models import Customer, Erasure, Identity, Merge, MergeReview, Relationship
from customers.services import keys
from customers.services.appending import Told, append_told, told_key
from customers.services.resolve import Profile, resolve
from staff.models import AuditEntry, User

AXE = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text()
RUN_AXE = (
    "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})).violations.map(v => v.id + "
    " + v.nodes.map(n => n.target).join("
    "))"
)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
Visit = Callable[..., Any]
PHONE = "+8613712341682"


@pytest.fixture(autouse=True)
def _clean() -> Any:
    """The audit table refuses DELETE, so the database is emptied the other way."""
    yield
    call_command("flush", interactive=False, verbosity=0)


def tell(source: str, customer: Customer, kind: str, **props: Any) -> None:
    """A fact as another system tells it."""
    append_told([Told(told_key(source, kind), kind, clock.now(), customer.pk, props)], source=source)


@pytest.fixture
def cheng(chen: User) -> Customer:
    """程伟明: a WeCom friend with the mini-program; the till knows his phone, the OTA a name and a masked phone only."""
    openid, phone = keys.mini_openid("o-cheng"), keys.phone(PHONE)
    person = resolve([openid, phone, keys.external_userid("wm-cheng")], source="mini", profile=Profile(name="程伟明")).customer
    Customer.objects.filter(pk=person.pk).update(owner=chen, department=chen.department, phone_masked="137****1682")
    Relationship.objects.create(
        customer=person, user=chen, external_userid="wm-cheng", state="active", add_way=1, added_at=clock.now()
    )
    till = resolve([phone, keys.of_platform("member_card", "pos", "8800")], source="pos").customer
    assert till.pk == person.pk  # a strong key joins by itself
    account = keys.of_platform("ota_account", "ctrip", "M-7088")
    ota = resolve([account], source="ota", profile=Profile(name="程伟明", masked_phone="137****1682")).customer
    tell("wecom", person, "contact.added", user_id=chen.pk)
    tell("mini", person, "product.viewed", product="P01")
    tell("pos", till, "sale.made", number="POS-1", shop="湖滨文创店", amount="268.00")
    tell("ota", ota, "ota.ordered", number="C-1", product="千岛湖骑行两日", amount="1280.00", channel="ctrip")
    run_pending()
    assert MergeReview.objects.get(state="open").right_id == ota.pk
    return person


def sources(page: Any) -> set[str]:
    """Where the facts of the timeline on the page came from."""
    page.locator("#timeline .timeline").wait_for()
    return set(page.locator("#timeline [data-from]").all_inner_texts())


def test_one_person_joined_told_apart_copied_and_erased(visit: Visit, cheng: Customer, lin: User) -> None:
    visitor = visit(lin)
    page = visitor.page

    visitor.go(f"/customers/{cheng.pk}")
    assert sources(page) == {"企业微信", "小程序", "收银"}
    page.get_by_role("link", name="对比").first.click()  # the card of advice, or of joined records, leads to the question
    page.locator(".pair [data-merge]").click()
    page.get_by_text("两条记录已合并为同一人").wait_for()
    run_pending()
    merge = Merge.objects.get(undone_at=None, source="review")

    visitor.go(f"/customers/{cheng.pk}")
    assert sources(page) == {"企业微信", "小程序", "收银", "OTA"}
    assert "湖滨文创店" in page.locator("#timeline").inner_text()
    assert "千岛湖骑行两日" in page.locator("#timeline").inner_text()

    page.locator(f"[hx-post='/customers/merges/{merge.pk}/undo']").click()
    page.get_by_text("已撤销合并").first.wait_for()
    run_pending()
    assert sources(page) == {"企业微信", "小程序", "收银"}
    assert set(Customer.objects.filter(merged_into=None).values_list("name", flat=True)) == {"程伟明"}
    assert Customer.objects.filter(merged_into=None).count() == 2

    card = page.locator("section", has_text="同意与权利").last
    card.get_by_label("为什么需要副本").fill("客户到店要一份自己的资料")
    with page.expect_download() as waiting:
        card.get_by_role("button", name="副本").click()
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as archive:
        names, told = archive.namelist(), archive.read("data.json").decode()
    assert "index.html" in names
    assert ("程伟明" in told, "湖滨文创店" in told, PHONE in told, "千岛湖骑行两日" in told) == (True, True, False, False)

    visitor.go(f"/customers/{cheng.pk}")
    card = page.locator("section", has_text="同意与权利").last
    card.locator("summary", has_text="请求").click()
    card.locator("form[hx-post$='/requests'] select").select_option("erasure")
    card.locator("form[hx-post$='/requests'] button").click()
    page.get_by_text("请求已进入隐私待办").wait_for()
    visitor.go("/settings/privacy")
    page.get_by_role("link", name="注销与删除").first.click()
    page.locator("[data-dialog='erase']").click()
    button = page.locator("#erase [data-confirmed]")
    assert button.is_disabled()
    page.locator("#erase-word").fill(page.locator("#erase-word").get_attribute("data-confirm"))
    button.click()
    page.wait_for_url("**/settings/privacy")
    assert Erasure.objects.filter(customer_id=cheng.pk).exists()
    assert not Identity.objects.filter(customer=cheng).exists()
    assert Customer.objects.get(pk=cheng.pk).name == ""
    visitor.go("/customers?q=程伟明")
    assert page.locator("#people tbody tr").count() == 1  # the OTA's record is another person's again, and stays
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"customers.merge", "customers.unmerge", "customer.data_exported", "customer.erased"} <= actions
    assert visitor.complaints == []


def test_the_queue_of_questions_is_worked_through_by_keyboard(visit: Visit, lin: User) -> None:
    for name in ("苏晴", "陆遥"):
        for phone in ("1", "2"):
            born = clock.today().replace(year=1990, day=1)
            key = keys.phone(f"+861380000{ord(name[0]) % 100:02}0{phone}")
            resolve([key], source="t", profile=Profile(name=name, birthday=born))
    visitor = visit(lin)
    page = visitor.page
    visitor.go("/customers/reviews")
    assert page.locator("[data-pair]").count() == 2
    first = page.locator(".pair").get_attribute("data-review")
    page.keyboard.press("j")
    page.wait_for_function("id => document.querySelector('.pair').dataset.review !== id", arg=first)
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    page.keyboard.press("n")
    page.wait_for_function("() => document.querySelectorAll('[data-pair]').length === 1")
    assert list(MergeReview.objects.order_by("state").values_list("state", flat=True)) == ["different", "open"]
    page.keyboard.press("m")
    page.get_by_text("没有待判断的记录").wait_for()
    assert Merge.objects.filter(undone_at=None).count() == 1
    page.locator(".toast [data-undo]").first.click()
    page.locator("[data-pair]").wait_for()
    assert Merge.objects.filter(undone_at=None).count() == 0
    assert visitor.complaints == []


def test_a_fact_is_edited_in_place_and_the_slower_one_chooses(visit: Visit, cheng: Customer, lin: User) -> None:
    visitor = visit(lin)
    page = visitor.page
    visitor.go(f"/customers/{cheng.pk}")
    page.locator("#fact-city button").click()
    page.locator("#fact-city input[name=city]").fill("宁波")
    Customer.objects.filter(pk=cheng.pk).update(city="上海")  # somebody is faster
    page.keyboard.press("Enter")
    page.locator("#fact-city .conflict").wait_for()
    assert page.locator("#fact-city .conflict dd").all_inner_texts() == ["上海", "宁波"]
    page.get_by_role("button", name="改成我的").click()
    page.locator("#fact-city .inline-edit", has_text="宁波").wait_for()
    page.locator(".toast [data-undo]").first.click()
    page.locator("#fact-city .inline-edit", has_text="上海").wait_for()
    page.locator("#fact-remark button").click()
    page.locator("#fact-remark input[name=remark]").fill("写了一半")
    page.keyboard.press("Escape")
    page.locator("#fact-remark .inline-edit").wait_for()
    found = Customer.objects.get(pk=cheng.pk)
    assert (found.city, found.remark) == ("上海", "")
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    # the browser itself notes the 409 that the page then shows
    assert [line for line in visitor.complaints if "409" not in line] == []


def test_everybody_found_gets_an_owner_and_loses_it_again(visit: Visit, chen: User, lin: User) -> None:
    Customer.objects.bulk_create([Customer(name=f"客{number}", city="杭州") for number in range(40)])
    visitor = visit(lin)
    page = visitor.page
    visitor.go("/customers?city=杭州")
    page.locator("[data-select-all]").check()
    page.locator("[data-whole]").check()
    page.locator(".bulk button[value=assign]").click()
    page.locator("#ask-owner").select_option(str(chen.pk))
    page.locator("#bulk-dialog .btn.primary", has_text="40").click()
    page.wait_for_url("**/customers/bulk/*")
    run_pending()
    page.locator("#bulk-progress form[action$='/undo'] button").wait_for()
    assert Customer.objects.filter(owner=chen).count() == 40
    page.locator("#bulk-progress form[action$='/undo'] button").click()
    page.wait_for_load_state("networkidle")
    run_pending()
    page.get_by_text("已撤销").first.wait_for()
    assert Customer.objects.filter(owner=chen).count() == 0
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    assert visitor.complaints == []


def test_the_list_is_compact_on_a_phone(visit: Visit, chen: User, lin: User) -> None:
    Customer.objects.bulk_create([Customer(name=f"客{number}", city="杭州", owner=chen) for number in range(30)])
    visitor = visit(lin, width=390)
    visitor.go("/customers")
    rows = visitor.page.locator("#people tbody tr")
    assert rows.count() == 30
    assert max(row.bounding_box()["height"] for row in rows.all()[:5]) < 100
    wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert visitor.page.evaluate(wide) is False
