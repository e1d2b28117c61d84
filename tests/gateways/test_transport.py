"""The way out: deadlines, caps, the breaker, and the base address."""

import socket

import pytest

from gateways.errors import GatewayError
from gateways.transport import Breaker, Transport
from tests.gateways.vendor import Answer, Reset, Vendor


def failure_of(transport: Transport, url: str = "https://vendor.example/x") -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        transport.send("x", "GET", url)
    return caught.value


def test_every_address_goes_to_the_base_address(vendor: Vendor) -> None:
    vendor.on("/x", Answer(b'{"a": 1}'))
    reply = Transport("wecom", base_url=f"{vendor.url}/").send(
        "x", "POST", "https://api.mch.weixin.qq.com/v3/x", params={"b": "游"}, body=b"{}"
    )
    assert reply.json_object() == {"a": 1}
    seen = vendor.seen[0]
    assert (seen.method, seen.path, seen.query, seen.body) == ("POST", "/api.mch.weixin.qq.com/v3/x", {"b": "游"}, b"{}")
    assert seen.headers["X-Forwarded-Host"] == "api.mch.weixin.qq.com"


def test_nobody_listening_had_no_effect() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure_of(Transport("wecom", base_url=f"http://127.0.0.1:{port}"))
    assert (error.errcode, error.retryable, error.ambiguous) == ("unreachable", True, False)


def test_an_unknown_host_had_no_effect() -> None:
    error = failure_of(Transport("wecom"), "https://no-such-host.invalid/x")
    assert (error.errcode, error.retryable, error.ambiguous) == ("unreachable", True, False)


def test_a_redirect_is_not_followed(vendor: Vendor) -> None:
    vendor.on("/x", Answer(b"", status=302, headers=(("Location", "http://169.254.169.254/"),)))
    assert Transport("wecom", base_url=vendor.url).send("x", "GET", "https://vendor.example/x").status == 302
    assert len(vendor.seen) == 1


def test_cookies_are_not_kept(vendor: Vendor) -> None:
    vendor.on("/x", Answer(headers=(("Set-Cookie", "a=b; Path=/"),)))
    transport = Transport("wecom", base_url=vendor.url)
    for _ in range(2):
        transport.send("x", "GET", "https://vendor.example/x")
    assert "Cookie" not in vendor.seen[1].headers


def test_a_huge_answer_is_not_read_to_the_end(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateways.transport.MAX_BYTES", 1_000)
    vendor.on("/x", Answer(b"x" * 200_000))
    assert failure_of(Transport("wecom", base_url=vendor.url)).errcode == "bad-answer"


def test_retry_after_is_obeyed_but_not_for_ever(vendor: Vendor) -> None:
    transport = Transport("wecom", base_url=vendor.url)
    for header, pause in (("7", 7.0), ("999999", 3600.0), ("tomorrow", None)):
        vendor.on("/x", Answer(b"", status=429, headers=(("Retry-After", header),)))
        assert transport.unhealthy("x", transport.send("x", "GET", "https://vendor.example/x")).retry_in_seconds == pause


def test_a_dead_vendor_is_left_alone_after_five_failures(vendor: Vendor) -> None:
    vendor.on("/x", Reset())
    transport = Transport("wecom", base_url=vendor.url)
    assert [failure_of(transport).errcode for _ in range(7)] == ["unreachable"] * 5 + ["circuit-open"] * 2
    error = failure_of(transport)
    assert error.retryable
    assert 14 < (error.retry_in_seconds or 0) <= 15
    assert len(vendor.seen) == 5


class TestBreaker:
    def test_one_call_tries_the_door_and_an_answer_opens_it(self) -> None:
        moment = [100.0]
        breaker = Breaker(failures=2, seconds=15, now=lambda: moment[0])
        breaker.failed()
        assert breaker.seconds_left() == 0
        breaker.failed()
        assert breaker.seconds_left() == 15
        moment[0] += 15
        assert breaker.seconds_left() == 0, "the one that tries"
        assert breaker.seconds_left() == 15, "the others wait for it"
        breaker.answered()
        assert breaker.seconds_left() == 0

    def test_failures_with_answers_between_do_not_add_up(self) -> None:
        breaker = Breaker(failures=2, seconds=15)
        for _ in range(5):
            breaker.failed()
            breaker.answered()
        assert breaker.seconds_left() == 0

    def test_five_hundreds_count_as_no_answer(self, vendor: Vendor) -> None:
        vendor.on("/x", Answer(b"", status=503))
        transport = Transport("wecom", base_url=vendor.url)
        for _ in range(5):
            assert transport.send("x", "GET", "https://vendor.example/x").status == 503
        assert failure_of(transport).errcode == "circuit-open"
