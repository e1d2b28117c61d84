# ruff: noqa: F401, F811 - the fixtures of the itinerary tests are used here by name
"""From a sentence to an accepted proposal in a real browser: by mouse, by keyboard, on a phone."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Resource
from customers.models import Customer
from itinerary.models import Itinerary, QuoteVersion
from itinerary.services.editing import apply_edits
from orders.models import Order
from staff.models import User
from tests.itinerary.conftest import customer, hangzhou_resources, rules, starts_on, supplier, trip

AXE = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text()
RUN_AXE = "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})).violations"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240), pytest.mark.slow]
Visit = Callable[..., Any]
# The quickest of eight steps with a picked block, in ms: what drawing takes when no other process is in the way.
CARRIED = """() => {
  const spent = [];
  for (let step = 0; step < 8; step++) {
    const began = performance.now();
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    document.body.offsetHeight;
    spent.push(performance.now() - began);
  }
  return Math.min(...spent);
}"""


@pytest.fixture(autouse=True)
def _clean() -> Any:
    """The audit table refuses DELETE, so the database is emptied the other way."""
    yield
    call_command("flush", interactive=False, verbosity=0)


def accessible(page: Any) -> list[str]:
    page.evaluate(AXE)
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in page.evaluate(RUN_AXE)]


def names(page: Any, day: int) -> list[str]:
    return [text.strip() for text in page.locator(f'.day[data-day="{day}"] .brick b').all_inner_texts()]


def saved(page: Any, action: Callable[[], Any]) -> None:
    with page.expect_response(lambda response: response.url.endswith("/edits")) as found:
        action()
    assert found.value.status == 200, found.value.text()
    page.wait_for_timeout(150)


def test_from_a_sentence_to_an_accepted_proposal(
    visit: Visit,
    lin: User,
    hangzhou_resources: list[Resource],
    rules: None,
    customer: Customer,
) -> None:
    visitor = visit(lin)
    page = visitor.page
    page.set_viewport_size({"width": 1440, "height": 2400})
    visitor.go("/itineraries/new")
    page.fill("textarea[name=brief]", "下个月20号两大一小去杭州玩三天，孩子8岁，住四星")
    page.select_option("#id_customer", str(customer.pk))
    page.click(".form-actions .primary")
    page.wait_for_selector(".brick")
    first, second = names(page, 0), names(page, 1)
    assert len(first) >= 3

    # by keyboard: pick up, carry to the next day, drop; undo; redo; undo
    page.locator(".brick").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    saved(page, lambda: page.keyboard.press("Space"))
    assert (first[0] in names(page, 1), first[0] in names(page, 0)) == (True, False)
    saved(page, lambda: page.keyboard.press("Control+z"))
    assert (names(page, 0), names(page, 1)) == (first, second)
    saved(page, lambda: page.keyboard.press("Control+Shift+Z"))
    assert first[0] in names(page, 1)
    saved(page, lambda: page.keyboard.press("Control+z"))

    # by mouse: a card from the drawer to the third day, and out again with Delete
    page.wait_for_selector(".found li")
    card = page.locator(".found li").nth(2)
    label = card.locator(".name").inner_text()
    saved(page, lambda: card.drag_to(page.locator('.day[data-day="2"] ol')))
    assert label in names(page, 2)
    page.locator('.day[data-day="2"] .brick', has_text=label).last.focus()
    saved(page, lambda: page.keyboard.press("Delete"))
    assert accessible(page) == []
    assert visitor.complaints == []

    visitor.go(page.url.split(visitor.base)[1])
    page.wait_for_selector(".brick")
    assert names(page, 0) == first
    page.get_by_role("button", name="生成方案").click()
    page.wait_for_load_state("networkidle")
    proposal = QuoteVersion.objects.get()

    phone = visit(None, width=390)
    assert phone.go(f"/p/{proposal.token}") == 200
    assert accessible(phone.page) == []
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.page.fill("#accept input[name=name]", "陈雨")
    phone.page.click("#accept button.go")
    phone.page.wait_for_load_state("networkidle")
    order = Order.objects.get()
    assert order.no in phone.page.inner_text("#accept")
    assert order.total_amount == proposal.total_amount
    assert phone.complaints == []


def test_two_people_edit_at_once(visit: Visit, lin: User, trip: Itinerary) -> None:
    one, other = visit(lin), visit(lin)
    for visitor in (one, other):
        visitor.go(f"/itineraries/{trip.no}")
        visitor.page.wait_for_selector(".brick")
    first, second = names(one.page, 0)[:2]
    one.page.locator(".brick", has_text=first).first.focus()
    saved(one.page, lambda: one.page.keyboard.press("Delete"))
    other.page.locator(".brick", has_text=second).first.focus()
    saved(other.page, lambda: other.page.keyboard.press("Delete"))  # something else: both stand
    assert {first, second} & set(names(other.page, 0)) == set()


def test_who_is_slower_sees_what_the_other_did(visit: Visit, lin: User, trip: Itinerary) -> None:
    one, other = visit(lin), visit(lin)
    for visitor in (one, other):
        visitor.go(f"/itineraries/{trip.no}")
        visitor.page.wait_for_selector(".brick")
    first = names(one.page, 0)[0]
    one.page.locator(".brick", has_text=first).first.focus()
    saved(one.page, lambda: one.page.keyboard.press("Delete"))
    with other.page.expect_response(lambda response: response.url.endswith("/edits")) as found:
        other.page.locator(".brick", has_text=first).first.focus()
        other.page.keyboard.press("Delete")
    assert found.value.status == 409
    other.page.wait_for_timeout(300)
    assert names(other.page, 0) == names(one.page, 0)
    assert other.page.locator("#merge-dialog").is_visible()
    assert "删除" in other.page.inner_text("#merge-theirs")
    other.page.keyboard.press("Escape")


def test_help_by_mouse_and_keyboard(visit: Visit, lin: User, trip: Itinerary) -> None:
    visitor = visit(lin)
    page = visitor.page
    page.set_viewport_size({"width": 1440, "height": 2400})
    visitor.go(f"/itineraries/{trip.no}")
    page.wait_for_selector(".brick")
    before = names(page, 0)

    # the drawer hears pinyin
    page.fill("#find input[name=q]", "jingdian")
    page.wait_for_function("document.querySelectorAll('.found li').length >= 6")

    # a visit before the gates open, and its repair by one click
    page.locator('.day[data-day="0"] .brick', has_text=before[0]).focus()
    page.keyboard.press("Enter")
    page.fill("#f-starts", "05:00")
    page.fill("#f-ends", "06:30")
    saved(page, lambda: page.click("#block-form button[value=save]"))
    button = page.locator('.day[data-day="0"] .repair[data-code="TIME-01"]').first
    saved(page, button.click)
    assert page.locator('.day[data-day="0"] .repair[data-code="TIME-01"]').count() == 0

    # a draft for one day: a list of lines, one is not wanted
    page.fill("#ask-text", "第二天轻松一点")
    page.click("#ask button")
    page.wait_for_selector("#apply-suggestion, #suggestion p")
    if page.locator("#apply-suggestion").count():
        lines = page.locator(".suggested input").count()
        page.locator(".suggested input").first.uncheck()
        if lines > 1:
            saved(page, lambda: page.click("#apply-suggestion"))

    # two hotels to choose from
    page.locator('.day[data-day="0"] .brick', has_text="酒店").first.focus()
    saved(page, lambda: page.keyboard.press("d"))
    page.keyboard.press("Enter")
    page.select_option("#f-choice", index=1)
    saved(page, lambda: page.click("#block-form button[value=save]"))
    assert "备选 A" in page.inner_text('.day[data-day="0"]')

    # undo is still there when the page is opened again
    visitor.go(f"/itineraries/{trip.no}")
    page.wait_for_selector(".brick")
    saved(page, lambda: page.keyboard.press("Control+z"))
    assert "备选 A" not in page.inner_text('.day[data-day="0"]')
    assert accessible(page) == []
    assert visitor.complaints == []


def test_sixty_blocks_stay_smooth(visit: Visit, lin: User, trip: Itinerary) -> None:
    rows = list(Resource.objects.filter(kind="attraction"))
    operations = [{"do": "add_day", "at": 4}, {"do": "add_day", "at": 5}]
    for at in range(60):
        row = rows[at % len(rows)]
        block = {
            "key": str(uuid.uuid4()),
            "kind": "sight",
            "name": f"{row.name}-{at}",
            "resource": row.pk,
            "starts": 540,
            "ends": 600,
        }
        operations.append({"do": "add", "day": at % 5 + 1, "at": 0, "block": block})
    apply_edits(itinerary_id=trip.pk, revision=trip.revision, operations=operations, user=lin)
    visitor = visit(lin)
    page = visitor.page
    visitor.go(f"/itineraries/{trip.no}")
    page.wait_for_selector(".brick")
    assert page.locator(".brick").count() >= 60
    page.locator(".brick").first.focus()
    page.keyboard.press("Space")
    quickest = page.evaluate(CARRIED)
    saved(page, lambda: page.keyboard.press("Space"))
    assert quickest < 100, "carrying a block one place on took too long to draw"
    assert visitor.complaints == []
