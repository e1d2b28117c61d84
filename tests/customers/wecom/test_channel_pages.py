"""/channels over HTTP: who may, what nonsense does, and a channel from its first code to its withdrawal."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.worker import run_pending
from customers.models import Absence, AcquisitionChannel, ChannelAlert, ContactWay
from customers.services.channels import ways
from customers.services.channels.ways import ShiftLine
from staff.models import AuditEntry, User
from tests.customers.wecom.conftest import Corp

ROSTER = {"line-TOTAL_FORMS": "1", "line-INITIAL_FORMS": "0", "line-MIN_NUM_FORMS": "0", "line-MAX_NUM_FORMS": "50"}


@pytest.fixture
def boss(corp: Corp, lin: User) -> Client:
    """林岚's browser."""
    found = Client()
    found.force_login(lin)
    return found


@pytest.fixture
def channel(lin: User) -> AcquisitionChannel:
    return ways.save_channel(lin, name="小红书笔记", kind="xiaohongshu", parent=None, welcome_text="", tag_ids=[])


@pytest.fixture
def way(corp: Corp, lin: User, channel: AcquisitionChannel, chen: User) -> ContactWay:
    """A code that WeCom knows."""
    made = ways.create_way(
        lin, channel=channel, name="一号码", kind="code", spare=None, skip_verify=True, lines=[ShiftLine(user_id=chen.pk)]
    )
    run_pending()
    made.refresh_from_db()
    return made


def line(user: User, **more: str) -> dict[str, str]:
    return {**ROSTER, "line-0-user": str(user.pk), **{f"line-0-{name}": value for name, value in more.items()}}


def test_a_channel_from_its_first_code_to_its_withdrawal(boss: Client, corp: Corp, chen: User, wang: User) -> None:
    for page in ("/channels", "/channels/new", "/channels/codes/new", "/channels/absences/form"):
        assert boss.get(page).status_code == 200
    made = boss.post(
        "/channels/new", {"name": "<b>抖音</b>", "kind": "ads", "welcome_text": "您好，欢迎光临", "tag": ["x", "999"]}
    )
    channel = AcquisitionChannel.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, f"/channels?channel={channel.pk}")
    page = boss.get(f"/channels?channel={channel.pk}").content.decode()
    assert "&lt;b&gt;抖音" in page
    assert "<b>抖音" not in page
    form = {"channel": channel.pk, "kind": "code", "name": "一号码", "spare": wang.pk, "skip_verify": "on"}
    assert boss.post("/channels/codes/new", {**form, **line(chen, daily_cap="30")}).status_code == 302
    way = ContactWay.objects.get()
    run_pending()
    way.refresh_from_db()
    assert way.pushed_userids == ["chen"]
    assert boss.get(f"/channels/codes/{way.pk}").status_code == 200
    hours = line(wang, starts="09:00", ends="18:00") | {"line-0-weekdays": ["0", "1"]}
    assert boss.post(f"/channels/codes/{way.pk}/edit", {"name": "二号码", "spare": chen.pk, **hours}).status_code == 302
    way.refresh_from_db()
    member = way.members.get()
    assert (way.name, member.user, [(s.weekdays, s.starts) for s in member.shifts.all()]) == (
        "二号码",
        wang,
        [([0, 1], dt.time(9))],
    )
    for ending, kind in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        answer = boss.get(f"/channels/codes/{way.pk}/page.{ending}?download=1")
        assert answer.content.startswith(kind)
        assert answer.headers["Content-Disposition"].startswith("attachment")
    for action, paused in (("pause", True), ("resume", False)):
        assert boss.post(f"/channels/codes/{way.pk}/act/{action}").status_code == 302
        way.refresh_from_db()
        assert (way.paused_at is not None) is paused
    assert boss.post(f"/channels/codes/{way.pk}/act/withdraw", {"confirm": "一号码"}).status_code == 400
    assert boss.post(f"/channels/codes/{way.pk}/act/withdraw", {"confirm": "二号码"}).status_code == 302
    assert boss.post(f"/channels/{channel.pk}/archive").status_code == 302
    channel.refresh_from_db()
    assert channel.archived_at is not None
    assert AuditEntry.objects.exists()


def test_starters_and_absences(boss: Client, chen: User) -> None:
    assert boss.post("/channels/starters").status_code == 302
    assert ContactWay.objects.count() == 3
    today = clock.today()
    days = {"user": chen.pk, "starts_on": today, "ends_on": today + dt.timedelta(days=2), "reason": "培训"}
    assert boss.post("/channels/absences", days).status_code == 302
    absence = Absence.objects.get()
    assert "培训" in boss.get("/channels").content.decode()
    assert boss.post(f"/channels/absences/{absence.pk}/end").status_code == 302
    assert not Absence.objects.filter(ends_on__gte=today).exists()


NOTHING = {"name": "", "kind": "other", "welcome_text": ""}


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/channels/new", NOTHING, 422), ("/channels/new", {**NOTHING, "name": "x" * 300}, 422),
        ("/channels/new", {**NOTHING, "name": "a", "kind": "nonsense"}, 422), ("/channels/new?parent=99", NOTHING, 404),
        ("/channels/new?parent=x", NOTHING, 400), ("/channels/99/edit", NOTHING, 404), ("/channels/99/archive", {}, 404),
        ("/channels/codes/new", {**ROSTER, "name": "a", "kind": "code", "channel": "99"}, 422),
        ("/channels/codes/new", {"name": "a", "kind": "code"}, 422),
        ("/channels/codes/99/edit", ROSTER, 404), ("/channels/codes/99/act/pause", {}, 404),
        ("/channels/absences", {"user": "99", "starts_on": "2026-02-30", "ends_on": ""}, 400), ("/channels/absences/99/end", {}, 404),
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(boss: Client, path: str, form: dict[str, str], status: int) -> None:
    assert boss.post(path, form).status_code == status
    assert (AcquisitionChannel.objects.count(), ContactWay.objects.count(), Absence.objects.count()) == (0, 0, 0)
    assert not AuditEntry.objects.exists()


def test_nonsense_about_a_code(boss: Client, way: ContactWay, chen: User, channel: AcquisitionChannel) -> None:
    before, entries = ContactWay.objects.values().get(), AuditEntry.objects.count()
    at = f"/channels/codes/{way.pk}"
    assert boss.post(f"{at}/edit", {"name": "", "spare": "", **line(chen)}).status_code == 422
    assert boss.post(f"{at}/edit", {"name": "a", "spare": "", **line(chen, daily_cap="-1")}).status_code == 422
    assert boss.post(f"{at}/edit", {"name": "a", "spare": "", **line(chen, starts="25:00", ends="26:00")}).status_code == 422
    assert boss.post(f"{at}/act/explode").status_code == 404
    assert boss.post(f"{at}/act/pause").status_code == 409  # nobody is spare: whoever scans must reach somebody
    assert boss.post(f"{at}/act/withdraw").status_code == 400
    assert boss.post(f"/channels/{channel.pk}/archive").status_code == 409  # its code is in use
    assert boss.get(f"{at}/page.exe").status_code == 404
    assert boss.get(f"{at}/nothing.png").status_code == 404
    assert boss.get("/channels?channel=99").status_code == 404
    assert boss.get(f"{at}/edit").status_code == 405
    assert (ContactWay.objects.values().get(), AuditEntry.objects.count()) == (before, entries)
    assert ChannelAlert.objects.count() == 0


def test_who_may_look_and_who_may_change(way: ContactWay, channel: AcquisitionChannel, chen: User, db: Any) -> None:
    advisor, nobody = Client(), Client()
    advisor.force_login(chen)
    reads = ["/channels", f"/channels/codes/{way.pk}", f"/channels/codes/{way.pk}/page.png"]
    changes = [
        "/channels/new", "/channels/starters", f"/channels/{channel.pk}/edit", f"/channels/{channel.pk}/archive",
        "/channels/absences", "/channels/codes/new", f"/channels/codes/{way.pk}/edit", f"/channels/codes/{way.pk}/act/pause",
    ]  # fmt: skip
    before = ContactWay.objects.values().get()
    for path in changes:
        assert advisor.post(path).status_code == 403
    for path in (*reads, *changes):
        answer = nobody.post(path) if path in changes else nobody.get(path)
        assert (answer.status_code, answer.headers.get("Location", "")[:6]) in {(302, "/login"), (401, ""), (403, "")}
    assert ContactWay.objects.values().get() == before
