"""Nonsense in the address, the query and the forms of staff pages: 400 or 404, never 500, and nothing changes."""

import inspect
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from staff.models import AuditEntry, User
from tests.authz.routes import declared

PAGES = [route for route in declared() if "GET" in route.methods and not route.parameters and route.path != "admin/"]
STAFF_PAGES = [route for route in PAGES if not route.path.startswith(("api/", "sim", "callbacks/"))]
# What people and machines put into parameters: percent-encoded, as it goes over the wire.
NONSENSE = ["%00", "%ED%A0%80", "99999999999999999999", "-1", "2026-02-30", "%27%20OR%201%3D1--", "%E2%80%AE", "a" * 3000, "NaN"]


@pytest.fixture
def admin(lin: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(lin)
    return client


def view_of(path: str) -> Callable[..., object]:
    return inspect.unwrap(get_resolver().resolve(f"/{path}").func)


def names_read_by(path: str) -> set[str]:
    """The query parameters that a page's module reads."""
    source = inspect.getsource(inspect.getmodule(view_of(path)) or view_of(path))
    return set(re.findall(r"""GET(?:\.get|\.getlist)?[\[(]["'](\w+)["']""", source)) | {"q", "page"}


@pytest.mark.parametrize("route", STAFF_PAGES, ids=lambda route: route.path or "/")
def test_a_page_bears_nonsense_in_every_parameter(admin: Client, route: object) -> None:
    wrong = []
    path = getattr(route, "path", "")
    for name in names_read_by(path):
        for value in NONSENSE:
            status = admin.get(f"/{path}?{name}={value}").status_code
            if status not in {200, 302, 400, 404} | ({403} if path == "wecom/sidebar/enter" else set()):  # a log-in that is none
                wrong.append(f"{name}={value[:40]}: {status}")
    assert wrong == []


@pytest.mark.parametrize("query", ["q=%00", "%00=1", "q=%ff", "q=%ED%A0%80", "a=1&b=x%00"])
def test_what_cannot_be_text_is_refused_at_the_door(admin: Client, query: str) -> None:
    page = admin.get(f"/settings/staff?{query}")
    assert page.status_code == 400
    assert "无法识别提交的内容" in page.content.decode()


@pytest.mark.parametrize("path", ["/settings/staff/%00", "/customers/%ff", "/%ED%A0%80"])
def test_nonsense_in_the_path_is_400_or_404(admin: Client, path: str) -> None:
    assert admin.get(path).status_code in {400, 404}


@pytest.mark.parametrize(
    "number", ["0", "-1", "99999999999999999999", "9223372036854775807", "9223372036854775808", "1.5", "abc", "%EF%BC%91"]
)
@pytest.mark.parametrize(
    "path", ["/settings/staff/{}", "/settings/departments/{}", "/customers/{}", "/campaigns/{}", "/orders/{}"]
)
def test_ids_that_cannot_be_are_404(admin: Client, path: str, number: str) -> None:
    assert admin.get(path.format(number)).status_code in {404, 405}
    assert admin.post(path.format(number)).status_code in {404, 405}


PART = b"--x\r\nContent-Disposition: form-data; name="
FORMS = [
    b"username=chen%00&password=x",
    b"username=%ff%fe&password=x",
    b"username=%ED%A0%80&password=x",
    b"user\x00name=chen&password=x",
    b"\xff\xfe=1",
]


@pytest.mark.django_db
@pytest.mark.parametrize("body", FORMS)
def test_forms_that_cannot_be_text_are_refused_at_the_door(body: bytes) -> None:
    client = Client(raise_request_exception=False)
    assert client.post("/login", body, content_type="application/x-www-form-urlencoded").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PART + b'"username"\r\n\r\na\x00b\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (PART + b'"f"; filename="a\x00.csv"\r\n\r\nab\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data"),
        (b"garbage", "multipart/form-data; boundary=" + "x" * 300),
    ],
)  # fmt: skip
def test_broken_multipart_is_not_a_500(body: bytes, kind: str) -> None:
    client = Client(raise_request_exception=False)
    assert client.post("/login", body, content_type=kind).status_code in {400, 422}


@pytest.mark.django_db
def test_too_much_is_413_and_too_many_fields_400() -> None:
    client = Client(raise_request_exception=False)
    big = client.post("/login", b"username=" + b"a" * 1_100_000, content_type="application/x-www-form-urlencoded")
    assert big.status_code == 413
    many = client.post(
        "/login", b"&".join(b"f%d=1" % number for number in range(2000)), content_type="application/x-www-form-urlencoded"
    )
    assert many.status_code == 400


SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "'\"><svg/onload=alert(1)>",
    "\u202eevil",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_names_with_markup_are_shown_as_text_everywhere(admin: Client, lin: User, chen: User, text: str) -> None:
    form = {
        "display_name": text,
        "username": "chen",
        "role": "sales",
        "row_scope": "own",
        "department": "",
        "wecom_userid": "chen",
    }
    assert admin.post(f"/settings/staff/{chen.pk}", form).status_code == 302
    for path in (
        "/settings/staff",
        f"/settings/staff/{chen.pk}",
        "/settings/audit",
        "/settings/audit/changes",
        "/settings/departments",
    ):
        page = admin.get(path)
        html = page.content.decode()
        assert page.status_code == 200
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<svg/onload" not in html
        assert "49" not in re.findall(r'class="main"[^>]*>([^<]*)<', html)
        policy = page.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("method", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_no_header_turns_one_method_into_another(admin: Client, chen: User, method: str) -> None:
    admin.get(f"/settings/staff/{chen.pk}/activate", headers={method: "POST"})
    page = admin.get(f"/settings/departments/{chen.department_id}/delete?_method=DELETE", headers={method: "DELETE"})
    assert page.status_code == 405
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db
def test_an_unknown_host_is_refused(client: Client) -> None:
    assert client.get("/login", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.django_db
def test_security_headers(client: Client) -> None:
    page = client.get("/login")
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


def _all(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    return [
        found for pattern in patterns for found in (_all(pattern.url_patterns) if isinstance(pattern, URLResolver) else [pattern])
    ]


def test_csrf_is_waived_for_callbacks_and_token_calls_only() -> None:
    views = [pattern.callback for pattern in _all(get_resolver().url_patterns)]
    waived = {view.__module__ for view in views if getattr(view, "csrf_exempt", False)}
    assert {module for module in waived if ".callbacks" not in module and ".api" not in module} == set()
