"""Log-in: one answer for every mistake, lock-out, the second step, sessions that die."""

import datetime as dt
import importlib
import re
from unittest import mock

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.models import AuditEntry, Authenticator, User
from staff.services import accounts, second_step

PASSWORD = "a-long-password-26"
NOON = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)


def signed_in(client: Client) -> bool:
    return client.get("/settings/me").status_code == 200


def test_the_right_password_opens_and_is_written_down(client: Client, chen: User) -> None:
    response = client.post("/login", {"username": "chen", "password": PASSWORD, "next": "/settings"})
    assert (response.status_code, response.headers["Location"]) == (302, "/settings")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.ip) == ("session.opened", chen, "127.0.0.1")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_log_in_leads_to_our_own_pages_only(client: Client, chen: User, target: str) -> None:
    response = client.post("/login", {"username": "chen", "password": PASSWORD, "next": target})
    assert response.headers["Location"] == "/"


def complaint(client: Client, name: str, password: str) -> str:
    response = client.post("/login", {"username": name, "password": password})
    assert response.status_code == 422
    found = re.search(r'id="login-error">.*?<span>(.*?)</span>', response.content.decode(), re.S)
    assert found
    return found.group(1)


def test_every_mistake_gets_the_same_answer(client: Client, chen: User, wang: User) -> None:
    User.objects.filter(pk=wang.pk).update(is_active=False)
    wrong = complaint(client, "chen", "not-the-password")
    assert complaint(client, "nobody-here", "not-the-password") == wrong
    assert complaint(client, "wang", PASSWORD) == wrong
    assert complaint(client, "wang", "not-the-password") == wrong


@pytest.mark.parametrize("name", ["chen", "wang", "nobody-here"])
def test_every_mistake_costs_one_hashing(client: Client, chen: User, wang: User, name: str) -> None:
    User.objects.filter(pk=wang.pk).update(is_active=False)
    with mock.patch.object(MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode) as encode:
        complaint(client, name, "not-the-password")
    assert encode.call_count == 1


def test_too_many_tries_lock_the_account_with_a_way_out(client: Client, chen: User, lin: User) -> None:
    answers = [client.post("/login", {"username": "chen", "password": "wrong"}).status_code for _try in range(9)]
    assert answers[:7] == [422] * 7
    assert answers[-1] == 429
    locked = client.post("/login", {"username": "chen", "password": PASSWORD})
    assert locked.status_code == 429
    assert "15 分钟" in locked.content.decode()
    assert locked.headers["Retry-After"] == "900"
    elsewhere = Client(REMOTE_ADDR="10.9.8.7")
    assert elsewhere.post("/login", {"username": "chen", "password": PASSWORD}).status_code == 429  # per account
    password = accounts.reset_password(lin, chen.pk)
    assert elsewhere.post("/login", {"username": "chen", "password": password}).status_code == 302


def test_too_many_names_from_one_address_lock_the_address(client: Client, chen: User) -> None:
    for number in range(9):
        client.post("/login", {"username": f"guess{number}", "password": "wrong"})
    assert client.post("/login", {"username": "chen", "password": PASSWORD}).status_code == 429
    assert Client(REMOTE_ADDR="10.9.8.7").post("/login", {"username": "chen", "password": PASSWORD}).status_code == 302


def with_app(user: User) -> Authenticator:
    return Authenticator.objects.create(user=user, name="app", confirmed=True)


def code_of(device: Authenticator, at: dt.datetime) -> str:
    """What the authenticator app shows at a moment."""
    with time_machine.travel(at, tick=False):
        return f"{totp(device.bin_key):06d}"


def test_the_second_step_is_asked_for_and_a_password_alone_opens_nothing(client: Client, chen: User) -> None:
    device = with_app(chen)
    with time_machine.travel(NOON, tick=False):
        response = client.post("/login", {"username": "chen", "password": PASSWORD, "next": "/settings"})
        assert response.headers["Location"] == "/login/code"
        assert not signed_in(client)
        assert client.post("/login/code", {"code": "000000"}).status_code == 422
        assert not signed_in(client)
    later = NOON + dt.timedelta(seconds=60)  # a wrong code makes the next one wait
    with time_machine.travel(later, tick=False):
        response = client.post("/login/code", {"code": code_of(device, later)})
        assert (response.status_code, response.headers["Location"]) == (302, "/settings")
        assert signed_in(client)


def test_a_code_works_once(client: Client, chen: User) -> None:
    device = with_app(chen)
    with time_machine.travel(NOON, tick=False):
        client.post("/login", {"username": "chen", "password": PASSWORD})
        assert client.post("/login/code", {"code": code_of(device, NOON)}).status_code == 302
        other = Client()
        other.post("/login", {"username": "chen", "password": PASSWORD})
        assert other.post("/login/code", {"code": code_of(device, NOON)}).status_code == 422
        assert not signed_in(other)


def test_the_second_step_ends_after_five_minutes_and_after_five_tries(client: Client, chen: User) -> None:
    device = with_app(chen)
    with time_machine.travel(NOON, tick=False) as clock:
        client.post("/login", {"username": "chen", "password": PASSWORD})
        clock.shift(dt.timedelta(seconds=301))
        assert client.post("/login/code", {"code": code_of(device, NOON)}).headers["Location"] == "/login"
        client.post("/login", {"username": "chen", "password": PASSWORD})
        for _try in range(5):
            assert client.post("/login/code", {"code": "000000"}).status_code == 422
        assert client.post("/login/code", {"code": "000000"}).headers["Location"] == "/login"
    assert not signed_in(client)


def test_an_authenticator_s_secret_is_stored_sealed(client: Client, chen: User) -> None:
    device = with_app(chen)
    stored = TOTPDevice.objects.values_list("key", flat=True).get(pk=device.pk)
    assert stored.startswith("s1:")
    assert device.bin_key.hex() not in stored
    assert Authenticator.objects.get(pk=device.pk).bin_key == device.bin_key
    assert len(device.bin_key) == 20


def test_secrets_of_before_are_sealed_by_the_migration(chen: User) -> None:
    plain = TOTPDevice.objects.create(user=chen, name="app", confirmed=True)
    secret = bytes.fromhex(plain.key)
    seal_secrets = importlib.import_module("staff.migrations.0005_seal_authenticators").seal_secrets
    seal_secrets(apps, None)
    sealed = Authenticator.objects.get(pk=plain.pk)
    assert sealed.key.startswith("s1:")
    assert sealed.bin_key == secret


def test_nobody_reaches_the_second_step_without_the_first(client: Client, chen: User) -> None:
    with_app(chen)
    assert client.get("/login/code").headers["Location"] == "/login"
    assert client.post("/login/code", {"code": "123456"}).headers["Location"] == "/login"


def test_setting_up_gives_recovery_codes_that_work_once_and_are_not_stored(client: Client, chen: User) -> None:
    client.force_login(chen)
    page = client.get("/settings/me/two-step")
    assert page.status_code == 200
    assert page.headers["Cache-Control"].count("no-store")
    device = Authenticator.objects.get(user=chen, confirmed=False)
    with time_machine.travel(NOON, tick=False):
        assert client.post("/settings/me/two-step", {"code": "000000"}).status_code == 422
    later = NOON + dt.timedelta(seconds=60)
    with time_machine.travel(later, tick=False):
        codes = re.findall(
            r"<code>([0-9a-f-]{14})</code>",
            client.post("/settings/me/two-step", {"code": code_of(device, later)}).content.decode(),
        )
    assert len(set(codes)) == second_step.RECOVERY_CODES
    stored = set(chen.staticdevice_set.get().token_set.values_list("token", flat=True))  # type: ignore[attr-defined]
    assert not stored & {spelling for code in codes for spelling in (code, code.replace("-", ""))}
    client.logout()
    for expected in (302, 422):
        client.post("/login", {"username": "chen", "password": PASSWORD})
        assert client.post("/login/code", {"code": codes[3].upper()}).status_code == expected
        client.logout()
    assert second_step.codes_left(chen) == second_step.RECOVERY_CODES - 1


def test_turning_it_off_asks_for_a_code(client: Client, chen: User) -> None:
    device = with_app(chen)
    client.force_login(chen)
    with time_machine.travel(NOON, tick=False) as clock:
        client.post("/settings/me/two-step/remove", {"code": "000000"})
        assert second_step.confirmed_device(chen)
        clock.shift(dt.timedelta(seconds=60))
        client.post("/settings/me/two-step/remove", {"code": code_of(device, NOON + dt.timedelta(seconds=60))})
    assert second_step.confirmed_device(chen) is None
    assert AuditEntry.objects.get().action == "staff.second_step_off"


@pytest.fixture
def two_devices(chen: User) -> tuple[Client, Client]:
    clients = Client(), Client()
    for client in clients:
        assert client.post("/login", {"username": "chen", "password": PASSWORD}).status_code == 302
        assert signed_in(client)
    return clients


def test_leaving_ends_every_session_for_good(two_devices: tuple[Client, Client], chen: User, lin: User) -> None:
    accounts.deactivate_user(lin, chen.pk)
    assert [signed_in(client) for client in two_devices] == [False, False]
    accounts.activate_user(lin, chen.pk)
    assert [signed_in(client) for client in two_devices] == [False, False]


def test_a_new_password_ends_the_other_sessions(two_devices: tuple[Client, Client]) -> None:
    here, there = two_devices
    new = "wander-far-2026"
    response = here.post("/settings/me/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert response.headers["Location"] == "/settings/me"
    assert signed_in(here)
    assert not signed_in(there)
    assert Client().post("/login", {"username": "chen", "password": PASSWORD}).status_code == 422


def test_logging_out_elsewhere_keeps_this_session(two_devices: tuple[Client, Client]) -> None:
    here, there = two_devices
    assert here.post("/settings/me/sessions").status_code == 302
    assert signed_in(here)
    assert not signed_in(there)


def test_a_changed_role_counts_at_once(client: Client, lin: User, chen: User) -> None:
    client.force_login(lin)
    assert client.get("/settings/staff").status_code == 200
    User.objects.filter(pk=lin.pk).update(role="sales", is_superuser=False)
    assert client.get("/settings/staff").status_code == 403


def test_log_out_needs_a_post_and_ends_the_session(client: Client, chen: User) -> None:
    client.force_login(chen)
    assert client.get("/logout").status_code == 405
    assert signed_in(client)
    assert client.post("/logout").headers["Location"] == "/login"
    assert not signed_in(client)


def test_a_temporary_password_must_be_changed_first(client: Client, lin: User, chen: User) -> None:
    password = accounts.reset_password(lin, chen.pk)
    assert client.post("/login", {"username": "chen", "password": password}).headers["Location"] == "/settings/me/password"
    assert client.get("/settings").headers["Location"] == "/settings/me/password"
    new = "wander-far-2026"
    client.post("/settings/me/password", {"old_password": password, "new_password1": new, "new_password2": new})
    assert client.get("/settings").status_code == 200


@pytest.mark.parametrize("new", ["short", "1234567890123", "password123", "chen-chen"])
def test_weak_passwords_are_refused(client: Client, chen: User, new: str) -> None:
    client.force_login(chen)
    response = client.post("/settings/me/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert response.status_code == 422
    chen.refresh_from_db()
    assert chen.check_password(PASSWORD)


def test_the_admin_site_has_no_door_of_its_own(client: Client, lin: User, chen: User) -> None:
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/").headers["Location"].startswith("/login?next=")
    client.force_login(chen)
    assert client.get("/admin/").status_code == 302
    client.force_login(lin)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/").headers["Location"] == "/settings/me/password"
