"""Navigation, palette and error pages, without a browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import translation
from pypinyin import Style, lazy_pinyin

from core.errors import BadInput, Refused
from scrm import errors, navigation
from scrm.middleware import ErrorMiddleware
from staff.models import User

OPTION = re.compile(r'role="option"[^>]*data-url="([^"]+)".*?<span class="truncate">([^<]+)</span>', re.S)


def palette(client: Client, text: str = "", recent: str = "") -> list[tuple[str, str]]:
    page = client.get("/palette", {"q": text, "recent": recent}, headers={"HX-Request": "true"})
    assert page.status_code == 200
    return OPTION.findall(page.content.decode())


def entries() -> list[navigation.Entry]:
    return [entry for group in navigation.NAVIGATION for entry in group.entries] + list(navigation.ACTIONS)


def test_every_label_has_its_pinyin_initials() -> None:
    with translation.override("zh-hans"):
        labels = {str(entry.label) for entry in entries()} | {"浅色外观", "深色外观", "外观跟随系统", "查看快捷键"}
    assert labels == set(navigation.SPELLED)
    initials = {label: "".join(lazy_pinyin(label, style=Style.FIRST_LETTER)) for label in labels}
    assert initials | {"新建行程": "xjxc"} == navigation.SPELLED  # pypinyin reads 行 of 行程 as in 银行 here


def test_shortcut_letters_and_paths_are_unique() -> None:
    listed = [entry for group in navigation.NAVIGATION for entry in group.entries]
    letters = [entry.go for entry in listed if entry.go]
    assert len(letters) == len(set(letters))
    assert len({entry.path for entry in listed}) == len(listed)


@pytest.mark.parametrize(
    ("text", "path"),
    [("审计", "/settings/audit"), ("sjrz", "/settings/audit"), ("KHLB", "/customers"), ("/settings/policy", "/settings/policy")],
)
def test_pages_are_found_by_name_initials_and_path(client: Client, lin: User, text: str, path: str) -> None:
    client.force_login(lin)
    assert path in [url for url, _label in palette(client, text)]


def test_the_palette_shows_only_what_one_may_open(client: Client, chen: User) -> None:
    client.force_login(chen)
    urls = {url for url, _label in palette(client)}
    assert "/customers" in urls
    assert not urls & {"/settings/audit", "/settings/staff/new", "/campaigns/new", "/admin/"}


def test_recent_pages_come_first_and_only_known_ones(client: Client, lin: User) -> None:
    client.force_login(lin)
    found = palette(client, recent="/settings,https://evil.example,/nowhere,<script>")
    assert found[0] == ("/settings", "设置与审计")
    assert all(url.startswith(("/", "#")) and "nowhere" not in url for url, _label in found)


def test_without_javascript_the_palette_is_a_page(client: Client, lin: User) -> None:
    client.force_login(lin)
    page = client.get("/palette", {"q": "审计"}).content.decode()
    assert 'href="/settings/audit"' in page
    assert "没有找到" in client.get("/palette", {"q": "zzzzzz"}).content.decode()


def test_the_frame_costs_few_queries(client: Client, lin: User, django_assert_max_num_queries: Callable[..., Any]) -> None:
    client.force_login(lin)
    for path in ("/settings", "/settings/staff", "/settings/audit", "/settings/departments", "/palette?q=a"):
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200


def answer(request: HttpRequest, error: Exception) -> Any:
    return ErrorMiddleware(lambda _request: None).process_exception(request, error)  # type: ignore[arg-type,return-value]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (BadInput("日期不对", {"since": "日期不对"}), 400, "日期不对"),
        (Refused("已经发出", "sent"), 409, "已经发出"),
        (OperationalError("connection refused"), 503, "马上回来"),
    ],
)
def test_errors_on_purpose_become_pages_toasts_and_json(error: Exception, status: int, text: str) -> None:
    page = answer(RequestFactory().get("/orders"), error)
    assert page.status_code == status
    assert text in page.content.decode()
    fragment = answer(RequestFactory().get("/orders", headers={"HX-Request": "true"}), error)
    assert fragment.status_code == status
    assert "%" in fragment.headers["X-Message"]
    assert "<html" not in fragment.content.decode()


@pytest.mark.django_db
def test_a_bug_stays_loud_and_its_page_tells_nothing_of_it() -> None:
    request = RequestFactory().get("/orders")
    assert answer(request, ValueError("secret detail")) is None
    try:
        raise ValueError("secret detail")
    except ValueError:
        page = errors.server_error(request)
    html = page.content.decode()
    assert page.status_code == 500
    assert "secret detail" not in html
    assert re.search(r"<code>[0-9a-f]{12}</code>", html)


def test_server_errors_ask_the_database_nothing() -> None:
    assert errors.answer(RequestFactory().get("/"), 503).status_code == 503  # without a database at all


@pytest.mark.django_db
def test_a_missing_slash_is_forgiven_and_the_rest_is_404(client: Client) -> None:
    assert client.get("/admin").headers["Location"] == "/admin/"
    page = client.get("/nowhere-at-all")
    assert page.status_code == 404
    assert "这里什么都没有" in page.content.decode()
    assert client.post("/nowhere-at-all").status_code == 404


def test_a_toast_rides_a_fragment(client: Client, lin: User, chen: User) -> None:
    client.force_login(lin)
    client.post(f"/settings/staff/{chen.pk}/activate")
    client.post("/settings/departments/new", {"name": "滨江店", "parent": ""})
    page = client.get("/settings/staff", headers={"HX-Request": "true"})
    assert '"toasts"' in page.headers["HX-Trigger"]
    assert "\\u5df2\\u4fdd\\u5b58" in page.headers["HX-Trigger"]  # 已保存, in ASCII
