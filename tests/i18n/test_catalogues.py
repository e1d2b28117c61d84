"""Everything people read has its Chinese; the compiled catalogues are fresh; English is one click away."""

from pathlib import Path

import polib
import pytest
from django.test import Client

from scrm import catalogues
from staff.models import User


@pytest.mark.parametrize("app", catalogues.apps())
def test_a_catalogue_is_complete_and_fresh(app: str) -> None:
    assert catalogues.complaints(app) == []


def test_no_two_apps_translate_one_message_differently() -> None:
    assert catalogues.conflicts(catalogues.apps()) == []


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny app with Python and a template."""
    folder = tmp_path / "inn"
    (folder / "templates").mkdir(parents=True)
    (folder / "apps.py").write_text("")
    (folder / "views.py").write_text(
        '_("Room %(number)s")\nngettext("%(n)s guest", "%(n)s guests", n)\npgettext("verb", "Book")\n_(name)\n'
    )
    plural = "{% blocktranslate count n=n %}{{ n }} night{% plural %}{{ n }} nights{% endblocktranslate %}"
    template = '{% load i18n %}<p>{% translate "Welcome" %}</p>\n   {% if x %}\n' + plural + "{% endif %}"
    (folder / "templates" / "inn.html").write_text(template)
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    return folder


def test_messages_are_found_in_python_and_templates(app: Path) -> None:
    found = catalogues.messages_of("inn")
    assert set(found) == {("", "Room %(number)s"), ("", "%(n)s guest"), ("verb", "Book"), ("", "Welcome"), ("", "%(n)s night")}
    assert found["", "%(n)s night"].plural == "%(n)s nights"
    assert found["", "Welcome"].places == ("inn/templates/inn.html",)


def fill(words: dict[str, str]) -> None:
    catalogue = catalogues.load("inn")
    for entry in catalogue:
        text = words.get(entry.msgid, "译文 %(n)s" if "%(n)s" in entry.msgid else "译文")
        if entry.msgid_plural:
            entry.msgstr_plural = {0: text}
        else:
            entry.msgstr = text
    catalogues.po_path("inn").write_text(str(catalogue))


def test_merging_keeps_translations_and_says_what_is_missing(app: Path) -> None:
    assert catalogues.write("inn", {("", "Welcome"): "欢迎"}) == 4
    assert [line for line in catalogues.complaints("inn") if "no translation" in line] != []
    fill({"Room %(number)s": "%(number)s 号房", "Welcome": "欢迎光临"})
    assert catalogues.write("inn", {}) == 0
    assert catalogues.complaints("inn") == []
    (app / "views.py").write_text('_("Room %(number)s")\n')
    catalogues.write("inn", {})
    gone = [entry.msgid for entry in catalogues.load("inn") if entry.obsolete]
    assert set(gone) == {"%(n)s guest", "Book"}
    assert polib.mofile(str(catalogues.po_path("inn").with_suffix(".mo"))).find("Room %(number)s").msgstr == "%(number)s 号房"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("号房", "placeholders differ"),
        ("%(nummer)s 号房", "placeholders differ"),
        ("%(number)s 号房,请进", "half-width"),
        ("房间(1号)", "half-width"),
    ],
)
def test_unfit_translations_are_named(app: Path, text: str, complaint: str) -> None:
    catalogues.write("inn", {})
    fill({"Room %(number)s": text})
    catalogues.write("inn", {})
    assert [line for line in catalogues.complaints("inn") if complaint in line] != []


def test_a_stale_binary_is_named(app: Path) -> None:
    catalogues.write("inn", {})
    fill({"Room %(number)s": "%(number)s 号房"})
    assert any("stale" in line for line in catalogues.complaints("inn"))


@pytest.mark.django_db
@pytest.mark.parametrize("accepts", ["en-US,en", "de", "", "zh-TW"])
def test_chinese_whatever_the_browser_would_like(client: Client, accepts: str) -> None:
    page = client.get("/login", headers={"Accept-Language": accepts})
    assert '<html lang="zh-Hans-CN"' in page.content.decode()
    assert "登录" in page.content.decode()
    assert page.headers["Content-Language"] == "zh-hans"


def test_english_is_one_click_away_and_stays(client: Client, chen: User) -> None:
    answer = client.post("/preferences", {"language": "en", "next": "/login"})
    assert answer.headers["Location"] == "/login"
    assert answer.cookies["language"]["max-age"] == 365 * 24 * 3600
    page = client.get("/login").content.decode()
    assert '<html lang="en"' in page
    assert "Log in" in page
    assert "登录" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [{"theme": "pink"}, {"language": "xx"}, {"density": "<script>"}])
def test_preferences_take_known_words_only(client: Client, bad: dict[str, str]) -> None:
    answer = client.post("/preferences", bad)
    assert answer.status_code == 400
    assert not set(answer.cookies) & {"theme", "language", "density"}


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "", "javascript:x"])
def test_preferences_lead_nowhere_else(client: Client, target: str) -> None:
    assert client.post("/preferences", {"theme": "dark", "next": target}).headers["Location"] == "/"


@pytest.mark.django_db
def test_the_server_renders_the_theme_so_that_nothing_flashes(client: Client) -> None:
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/login").content.decode()
    client.cookies["theme"] = '"><script>'
    page = client.get("/login").content.decode()
    assert 'data-theme="auto"' in page
    assert "<script>" not in page
