"""Every URL x method x role against policy.txt: what is not declared fails, what is not allowed is refused."""

import contextlib
import uuid
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from staff.choices import Role, RowScope
from staff.models import User
from staff.rules import ABILITIES, can
from tests.authz.routes import METHODS, Route, declared, resolved

POLICY = declared()
NOT_ABILITIES = {"public", "signed_in", "member", "vendor"}
STAFF = [route for route in POLICY if route.who not in {"public", "member", "vendor"}]


def address(route: Route) -> str:
    return route.url({name: nothing(route, name) for name in route.parameters})


def nothing(route: Route, name: str) -> object:
    """A value of the parameter's kind that names nothing."""
    if f"<int:{name}>" in route.path:
        return 999_999_999
    return uuid.UUID(int=0) if f"<uuid:{name}>" in route.path else "nothing-here"


def test_every_url_is_declared_and_every_declaration_is_a_url() -> None:
    told = {route.path for route in POLICY}
    assert sorted(set(resolved()) - told) == [], "declare these in tests/authz/policy.txt"
    assert sorted(told - set(resolved())) == [], "these are gone; remove their lines"


def test_declarations_use_words_that_exist() -> None:
    assert {ability for route in POLICY for ability in route.abilities} <= ABILITIES | NOT_ABILITIES
    assert {method for route in POLICY for method in route.methods} <= set(METHODS)
    pairs = [(route.path, method) for route in POLICY for method in route.methods]
    assert len(pairs) == len(set(pairs))


def test_what_is_public_is_short_enough_to_know_by_heart() -> None:
    assert {route.path for route in POLICY if route.who == "public"} == PUBLIC


PUBLIC = {
    "healthz", "readyz", "login", "login/code", "logout", "preferences", "covers/<str:code>.svg", "c.js",
    "j/<str:state>", "j/<str:state>/code.png",  # where a printed code leads a stranger
    "p/<str:token>", "p/<str:token>.pdf", "p/<str:token>.png", "p/<str:token>/<int:day>.svg", "p/<str:token>/accept", "p/<str:token>/comment",  # a proposal, opened by its secret link
    "chat", "chat/lines", "chat/say", "chat/rate",  # the website's chat window
    "s/<slug:code>", "m/<slug:code>",  # short links of notes and advertisements, and what Moments link to
    "wecom/sidebar/enter",  # the log-in by who one is in WeCom
    # WeChat reviews that one can look around before logging in.
    "api/mp/v1/auth/login", "api/mp/v1/privacy", "api/mp/v1/products", "api/mp/v1/products/<str:code>", "api/mp/v1/products/<str:code>/calendar",
}  # fmt: skip


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever the request changed is taken back, so that one cell does not touch the next."""
    with transaction.atomic():
        point = transaction.savepoint()
        yield
        transaction.savepoint_rollback(point)


def call(client: Client, route: Route, method: str) -> HttpResponse:
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with undone():
        response = client.generic(method, address(route))
    client.cookies.load(cookies)  # a session begun in the cell ends with it
    return response  # type: ignore[return-value]


def is_refusal(response: HttpResponse) -> bool:
    return response.status_code in {401, 403} or (
        response.status_code == 302 and response.headers["Location"].startswith(("/login", "/admin/login"))
    )


@pytest.mark.django_db
@pytest.mark.parametrize("route", STAFF, ids=lambda route: f"{route.path}-{'-'.join(route.methods)}")
def test_the_anonymous_reach_no_staff_page(route: Route) -> None:
    client = Client(raise_request_exception=False)
    for method in route.methods:
        assert is_refusal(call(client, route, method)), method
        fragment = client.generic(method, address(route), headers={"HX-Request": "true"})
        assert is_refusal(fragment), method


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_a_role_reaches_what_it_may_and_nothing_else(role: str, simulator: object) -> None:
    user = User.objects.create_user(role, display_name=role, role=role, row_scope=RowScope.ALL)
    user.is_staff = user.is_superuser = role == Role.ADMINISTRATOR
    user.save()
    client = Client(raise_request_exception=False)
    client.force_login(user)
    wrong = []
    for route in STAFF:
        allowed = route.who == "signed_in" or any(can(role, ability) for ability in route.abilities)
        for method in route.methods:
            response = call(client, route, method)
            if is_refusal(response) == allowed or response.status_code >= 500:
                wrong.append(f"{method} /{route.path}: {response.status_code}, but {role} may{'' if allowed else ' not'}")
    assert wrong == []


@pytest.mark.django_db
def test_methods_that_are_not_declared_are_405(simulator: object) -> None:
    user = User.objects.create_superuser("root")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    told: dict[str, set[str]] = {}
    for route in POLICY:
        told.setdefault(route.path, set()).update(route.methods)
    wrong = []
    for route in STAFF:
        for method in set(METHODS) - told[route.path] - ({"POST"} if route.path == "admin/" else set()):
            response = call(client, route, method)
            if response.status_code != 405 and route.path != "admin/":
                wrong.append(f"{method} /{route.path}: {response.status_code}")
    assert wrong == []


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_refused(simulator: object) -> None:
    user = User.objects.create_superuser("root")
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user)
    wrong = []
    for route in STAFF:
        for method in set(route.methods) - {"GET"}:
            with undone():
                response = client.generic(method, address(route), headers={"Origin": "https://evil.example"})
            if response.status_code != 403:
                wrong.append(f"{method} /{route.path}: {response.status_code}")
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route for route in POLICY if route.who == "member"], ids=lambda route: route.path)
def test_the_mini_program_knows_only_its_own_tokens(route: Route, lin: User) -> None:
    anonymous, staff = Client(raise_request_exception=False), Client(raise_request_exception=False)
    staff.force_login(lin)
    for method in route.methods:
        for client in (anonymous, staff):
            response = client.generic(
                method, address(route), content_type="application/json", headers={"Idempotency-Key": "k" * 20}
            )
            assert response.status_code == 401, method
        forged = {"Authorization": "Bearer " + "x" * 43, "Idempotency-Key": "k" * 20}
        assert anonymous.generic(method, address(route), content_type="application/json", headers=forged).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("route", [route for route in POLICY if route.who == "vendor"], ids=lambda route: route.path)
def test_an_unsigned_callback_is_refused(route: Route) -> None:
    client = Client(raise_request_exception=False)
    for method in route.methods:
        response = client.generic(method, address(route), data=b"<xml></xml>", content_type="text/xml")
        assert response.status_code in {400, 401, 403}, method


@pytest.mark.django_db
def test_someone_who_left_and_someone_with_a_temporary_password_get_nowhere(chen: User) -> None:
    client = Client()
    client.force_login(chen)
    User.objects.filter(pk=chen.pk).update(must_change_password=True)
    assert client.get("/customers").headers["Location"] == "/settings/me/password"
    assert client.get("/settings/me/password").status_code == 200
    User.objects.filter(pk=chen.pk).update(is_active=False)
    assert client.get("/settings/me/password").headers["Location"].startswith("/login")
