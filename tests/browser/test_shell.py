"""The shell in a real browser: keys, palette, theme, dialogs, toasts, phone, accessibility, and a silent console."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from staff.models import AuditEntry, User
from staff.services import write_audit

AXE = next(Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")).read_text()
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]
Visit = Callable[..., Any]


@pytest.fixture(autouse=True)
def _clean() -> Any:
    """The audit table refuses DELETE, so the database is emptied the other way."""
    yield
    call_command("flush", interactive=False, verbosity=0)


def test_log_in_by_keyboard_alone(visit: Visit, chen: User) -> None:
    visitor = visit()
    visitor.go("/settings")
    page = visitor.page
    assert page.url.endswith("/login?next=%2Fsettings")
    page.keyboard.type("chen")
    page.keyboard.press("Tab")
    page.keyboard.type("a-long-password-26")
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")
    assert page.locator("h1").inner_text() == "设置"
    assert visitor.complaints == []


def test_the_palette_finds_pages_by_pinyin_initials(visit: Visit, lin: User) -> None:
    visitor = visit(lin)
    visitor.go("/settings")
    page = visitor.page
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill("yhyjs")  # nothing has these initials
    page.locator("#palette .empty").wait_for()
    page.locator("#palette input").fill("sjrz")  # 审计日志
    page.locator("#palette [role=option]", has_text="审计日志").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/audit")
    page.keyboard.press("/")
    assert page.locator("#palette").evaluate("one => one.open")
    page.keyboard.press("Escape")
    assert not page.locator("#palette").evaluate("one => one.open")
    assert visitor.complaints == []


def test_shortcuts_go_places_and_rest_while_typing(visit: Visit, lin: User) -> None:
    visitor = visit(lin)
    visitor.go("/settings/staff")
    page = visitor.page
    page.keyboard.press("?")
    assert page.locator("#keys").evaluate("one => one.open")
    assert page.locator("#keys kbd").count() > 10
    page.keyboard.press("Escape")
    page.locator("input[name=q]").focus()
    page.keyboard.type("g,?/j")
    assert page.locator("input[name=q]").input_value() == "g,?/j"
    assert not page.locator("dialog[open]").count()
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press(",")
    page.wait_for_url("**/settings")
    listed = page.evaluate("scrm.keys.list()")
    combos = [entry["combo"] for entry in listed]
    assert len(combos) == len(set(combos))
    assert visitor.complaints == []


def test_rows_are_walked_and_opened_by_keys(visit: Visit, lin: User, chen: User) -> None:
    visitor = visit(lin)
    visitor.go("/settings/staff")
    page = visitor.page
    for key in ("j", "j", "k", "j"):
        page.keyboard.press(key)
    assert page.locator("tr.is-active").inner_text().startswith("陈")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/settings/staff/{chen.pk}")
    assert visitor.complaints == []


def test_the_theme_is_kept_and_nothing_flashes(visit: Visit, lin: User) -> None:
    visitor = visit(lin)
    visitor.go("/settings")
    page = visitor.page
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("details.menu summary[aria-label='外观与语言']").click()
    page.locator(".topbar [data-set-theme=dark]").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    response = page.request.get(visitor.base + "/settings")
    assert 'data-theme="dark"' in response.text()
    assert visitor.complaints == []


def test_leaving_is_confirmed_by_typing_and_answered_by_a_toast(visit: Visit, lin: User, chen: User) -> None:
    visitor = visit(lin)
    visitor.go(f"/settings/staff/{chen.pk}")
    page = visitor.page
    page.locator("[data-dialog=leave]").click()
    button = page.locator("#leave [data-confirmed]")
    assert button.is_disabled()
    page.locator("#leave-name").fill("陈思")
    assert button.is_disabled()
    page.locator("#leave-name").fill("陈思雨")
    button.click()
    page.locator(".toast", has_text="已停用").wait_for()
    chen.refresh_from_db()
    assert not chen.is_active
    assert visitor.complaints == []


def test_a_dialog_gives_the_focus_back(visit: Visit, lin: User, chen: User) -> None:
    visitor = visit(lin)
    visitor.go(f"/settings/staff/{chen.pk}")
    page = visitor.page
    page.locator("[data-dialog=leave]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "leave-name"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.dialog") == "leave"


def test_a_broken_form_leads_to_the_field(visit: Visit, lin: User) -> None:
    visitor = visit(lin)
    visitor.go("/settings/staff/new")
    page = visitor.page
    page.locator("input[name=display_name]").fill("何佳")
    page.locator("input[name=username]").fill("何佳")
    page.locator("form.form .btn.primary").click()
    field = page.locator("input[name=username]")
    field.wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    described = str(field.get_attribute("aria-describedby")).split()
    assert "以字母开头" in page.locator(f"#{described[-1]}").inner_text()


@pytest.mark.parametrize(
    "path", ["/settings", "/settings/staff", "/settings/audit", "/settings/policy", "/settings/me", "/login", "/nowhere"]
)
def test_no_page_is_wider_than_a_phone_and_the_menu_reaches_everything(visit: Visit, lin: User, path: str) -> None:
    write_audit(lin, "staff.updated", lin, {"changes": {"role": ["sales", "administrator"]}}, ip="10.0.0.8")
    visitor = visit(lin if path != "/login" else None, width=390)
    visitor.go(path)
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    if page.locator(".tabbar").count():
        page.locator(".tabbar button").click()
        page.locator("#drawer a.item", has_text="设置与审计").click()
        page.wait_for_url("**/settings")


PAGES = [
    "/login",
    "/settings",
    "/settings/me",
    "/settings/staff",
    "/settings/staff/new",
    "/settings/policy",
    "/settings/departments",
    "/settings/audit",
    "/settings/audit/changes",
]
RUN_AXE = "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})).violations"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_pass_axe_and_leave_the_console_silent(visit: Visit, lin: User, chen: User, theme: str) -> None:
    write_audit(lin, "staff.updated", chen, {"changes": {"role": ["sales", "planner"]}}, ip="10.0.0.8")
    write_audit(chen, "reveal.contact", lin, {"field": "phone", "reason": "核对订单"}, ip="10.0.0.9")
    User.objects.filter(pk=chen.pk).update(role="planner")
    found = {}
    for path in PAGES:
        visitor = visit(lin if path != "/login" else None, theme=theme)
        assert visitor.go(path) == 200
        visitor.page.evaluate(AXE)
        violations = visitor.page.evaluate(RUN_AXE)
        told = [f"{one['id']}: {node['html'][:160]}" for one in violations for node in one["nodes"]] + visitor.complaints
        if told:
            found[path] = told
    assert found == {}
    assert AuditEntry.objects.count() == 2
