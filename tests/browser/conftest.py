"""Chromium against the running server; skipped where no Chromium is installed."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from staff.models import User

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers come last: Playwright keeps an event loop running in this thread, which no `asyncio.run` of another test bears."""
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests; each test gets a context of its own."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    # Playwright's loop makes Django believe that database calls come from async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


class Visitor:
    """A page with somebody in front of it; `complaints` is what the browser's console said."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> Any:
        """Open a page of ours and wait until it rests."""
        response = self.page.goto(self.base + path, wait_until="networkidle")
        return response.status


@pytest.fixture
def visit(browser: Any, live_server: Any) -> Iterator[Callable[..., Visitor]]:
    """`visit(user, width=390, theme="dark")`: a fresh browser session, logged in as the user."""
    contexts: list[Any] = []

    def start(user: User | None = None, *, width: int = 1440, theme: str = "light", motion: str = "reduce") -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion=motion, locale="zh-CN"
        )
        contexts.append(context)
        cookies = [{"name": "theme", "value": theme, "url": live_server.url}]
        if user is not None:
            cookies.append({"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": live_server.url})
        context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(15_000)
        return Visitor(page, live_server.url)

    yield start
    for context in contexts:
        context.close()


def session_of(user: User) -> str:
    """The key of a session in which the user is logged in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)
