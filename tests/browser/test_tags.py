"""The story of tags in a real browser: a sentence becomes a rule, is looked at, published, back-filled, told to WeCom, explained."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from catalog.models import Destination, Product
from core import clock
from core.worker import run_pending
from customers.models import Customer, Relationship
from gateways.simulator.testing import SimulatorHandle
from staff.models import User
from tagging.models import Tag, TagAssignment, TagGroup, TagRule
from tagging.services.wecom import push_tags
from tests.customers.wecom.conftest import Corp

AXE = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text()
RUN_AXE = "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})).violations"
SENTENCE = "最近30天浏览亲子产品3次以上，而且住在杭州或上海"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
Visit = Callable[..., Any]


@pytest.fixture(autouse=True)
def _clean() -> Any:
    """The audit table refuses DELETE, so the database is emptied the other way."""
    yield
    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def corp(simulator: SimulatorHandle, chen: User, wang: User) -> Corp:
    return Corp(simulator)


@pytest.fixture
def people(corp: Corp, chen: User) -> dict[str, Customer]:
    """阿苏 of 杭州 looked at family trips three times, 阿李 twice, 阿何 often but lives elsewhere; all are friends of 陈思雨."""
    place = Destination.objects.create(code="yunnan", name="云南", cities=["大理"])
    Product.objects.create(code="P01", name="云南亲子 6 日", destination=place, days=6, themes=["亲子"], price_from_amount=3980)
    found = {}
    for name, city, views in (("阿苏", "杭州", 3), ("阿李", "杭州", 2), ("阿何", "北京", 6)):
        external = corp.add(name=name)
        corp.deliver()
        customer = Customer.objects.get(relationships__external_userid=external)
        Customer.objects.filter(pk=customer.pk).update(city=city, name=name)
        for number in range(views):
            _view(customer, number)
        found[name] = customer
    run_pending()
    return found


def _view(customer: Customer, days: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_event (key, occurred_at, kind, customer_id, props) VALUES (%s, %s, 'product.viewed', %s, %s::jsonb)",
            [uuid.uuid4(), clock.now() - dt.timedelta(days=days + 1), customer.pk, json.dumps({"product": "P01"})],
        )


def accessible(page: Any) -> list[str]:
    page.evaluate(AXE)
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in page.evaluate(RUN_AXE)]


def test_a_sentence_becomes_tags_that_explain_themselves(
    visit: Visit, lin: User, corp: Corp, people: dict[str, Customer]
) -> None:
    group = TagGroup.objects.create(name="兴趣主题")
    tag = Tag.objects.create(group=group, name="亲子")
    visitor = visit(lin)
    page = visitor.page
    visitor.go(f"/tags/{tag.pk}/rules/new")
    page.fill("#sentence", SENTENCE)
    page.click("#read-sentence")
    page.locator(".sentence-read.good").wait_for()
    assert page.locator("#builder .ask").count() == 2
    assert accessible(page) == []

    # Looked at before it counts: one person, with the very views that matched; nothing is written yet.
    preview = page.locator("#preview")
    preview.get_by_text("阿苏").wait_for()
    assert preview.locator(".big .num").inner_text().strip() == "1"
    assert preview.locator(".effect .add").inner_text().endswith("+1")
    assert preview.locator(".reasons ol li").count() == 3
    assert "云南亲子 6 日" in preview.locator(".reasons ol li").first.inner_text()
    assert not TagRule.objects.exists()
    assert not TagAssignment.objects.exists()

    # Published as a version and back-filled, with its progress.
    page.click("button[name=publish]")
    page.wait_for_url(f"**/tags/{tag.pk}")
    rule = TagRule.objects.get()
    assert (rule.state, rule.version) == ("active", 1)
    visitor.go(f"/tags/rules/{rule.pk}")
    page.locator(".backfill").wait_for()
    run_pending()
    page.get_by_text("回填完成：1 位客户已更新。").wait_for()

    # Told to WeCom: the advisor's phone shows it.
    visitor.go("/tags/wecom")
    page.click(f"#group-{group.pk} button")
    page.get_by_text("正在推送到企微").wait_for()
    run_pending()
    push_tags()
    relation = Relationship.objects.get(customer=people["阿苏"])
    with corp.simulator.world.lock:
        state = corp.simulator.world.state
        shown = [state.tags[one].name for one in state.relations["chen"][relation.external_userid].tags]
    assert shown == ["亲子"]
    visitor.go("/tags/wecom")
    page.locator(f"#group-{group.pk}").get_by_text("已在企微").wait_for()
    assert accessible(page) == []

    # And on the customer it says why.
    visitor.go(f"/customers/{people['阿苏'].pk}")
    panel = page.locator(".tag-panel")
    panel.wait_for()
    panel.locator("details.why summary").click()
    told = panel.locator(".reasons").inner_text()
    assert "浏览" in told
    assert "云南亲子 6 日" in told
    assert visitor.complaints == []


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_the_pages_of_the_tag_system_are_accessible(visit: Visit, lin: User, width: int, theme: str) -> None:
    group = TagGroup.objects.create(name="兴趣主题")
    tag = Tag.objects.create(group=group, name="亲子")
    visitor = visit(lin, width=width, theme=theme)
    for path in ("/tags", f"/tags/{tag.pk}", "/tags/import", "/tags/versions", "/tags/wecom", "/segments/new"):
        assert visitor.go(path) == 200
        assert accessible(visitor.page) == [], path
        wide = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    assert visitor.complaints == []
