"""One app's door to WeChat: token, one refresh, budgets, blocks, and errors that hold no secret."""

import json
import logging
import threading
import traceback
from collections.abc import Callable

import pytest
from django.conf import settings

from gateways.errcodes import Blame
from gateways.errors import GatewayError
from gateways.services import CallNote
from gateways.shared_state import SharedState
from gateways.wecom.live import LiveWeCom
from tests.gateways.conftest import SECRET, TOKEN, MakeWeCom
from tests.gateways.vendor import Answer, Hang, Reset, Trickle, Vendor, ok, refusal

FOLLOW = "/externalcontact/get_follow_user_list"


def together(number: int, work: Callable[[], object]) -> list[object]:
    """Run `work` in so many threads at once; what each gave back or raised."""
    start, results = threading.Barrier(number), []

    def run() -> None:
        start.wait()
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001  handed to the assertion
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return results


def failure_of(client: LiveWeCom) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        client.list_follow_users()
    return caught.value


class TestToken:
    def test_eight_processes_threads_fetch_one_token(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, ok(follow_user=["sales1"]))
        clients = [make_wecom() for _ in range(8)]
        results = together(8, lambda: clients.pop().list_follow_users())
        assert results == [["sales1"]] * 8
        assert len(vendor.calls("/gettoken")) == 1

    def test_eight_states_stand_for_eight_processes(self, vendor: Vendor, make_wecom: MakeWeCom, prefix: str) -> None:
        vendor.on(FOLLOW, ok(follow_user=[]))
        clients = [make_wecom(shared=SharedState(settings.REDIS_URL, prefix)) for _ in range(8)]
        assert together(8, lambda: clients.pop().list_follow_users()) == [[]] * 8
        assert len(vendor.calls("/gettoken")) == 1

    def test_without_redis_each_process_fetches_once(
        self, vendor: Vendor, make_wecom: MakeWeCom, lonely_state: SharedState
    ) -> None:
        vendor.on(FOLLOW, ok(follow_user=["sales1"]))
        client = make_wecom(shared=lonely_state)
        assert together(8, client.list_follow_users) == [["sales1"]] * 8
        assert client.list_follow_users() == ["sales1"]
        assert len(vendor.calls("/gettoken")) == 1

    def test_two_apps_whose_secrets_begin_alike_have_two_tokens(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/gettoken", lambda seen: ok(access_token=f"token of {seen.query['corpsecret']}", expires_in=7200))
        vendor.on(FOLLOW, ok(follow_user=[]))
        for secret in ("0123456789-first", "0123456789-second"):
            make_wecom(WECOM_SECRET=secret).list_follow_users()
        used = [seen.query["access_token"] for seen in vendor.calls(FOLLOW)]
        assert used == ["token of 0123456789-first", "token of 0123456789-second"]

    @pytest.mark.parametrize("errcode", [40001, 40014, 42001])
    def test_a_permanent_token_error_costs_two_calls(self, vendor: Vendor, make_wecom: MakeWeCom, errcode: int) -> None:
        vendor.on(FOLLOW, refusal(errcode))
        error = failure_of(make_wecom())
        assert error.errcode == str(errcode)
        assert error.retryable is (errcode != 40001)
        assert len(vendor.calls(FOLLOW)) == 2
        assert len(vendor.calls("/gettoken")) == 2

    def test_a_token_ended_early_is_renewed_once_and_the_call_repeated(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/gettoken", ok(access_token="old", expires_in=7200), ok(access_token="new", expires_in=7200))
        vendor.on(FOLLOW, refusal(42001), ok(follow_user=["ops"]))
        assert make_wecom().list_follow_users() == ["ops"]
        assert [seen.query["access_token"] for seen in vendor.calls(FOLLOW)] == ["old", "new"]

    def test_fifty_threads_at_expiry_refresh_once(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/gettoken", ok(access_token="old", expires_in=7200), ok(access_token="new", expires_in=7200))
        vendor.on(FOLLOW, lambda seen: ok(follow_user=[]) if seen.query["access_token"] == "new" else refusal(42001))
        client = make_wecom()
        client.api.tokens.current()
        assert together(50, client.list_follow_users) == [[]] * 50
        assert len(vendor.calls("/gettoken")) == 2

    def test_a_wrong_secret_is_shown_once_a_minute(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/gettoken", refusal(40001))
        errors = together(8, make_wecom().list_follow_users)
        assert {str(error) for error in errors} <= {"wecom gettoken: 40001", "wecom token: 40001"}
        assert len(vendor.calls("/gettoken")) == 1
        assert vendor.calls(FOLLOW) == []

    def test_the_token_lies_encrypted_in_redis(
        self, vendor: Vendor, make_wecom: MakeWeCom, state: SharedState, prefix: str
    ) -> None:
        vendor.on(FOLLOW, ok(follow_user=[]))
        make_wecom().list_follow_users()
        keys = list(state._redis.scan_iter(f"{prefix}:gateways:token:*"))
        assert len(keys) == 1
        kept = state._redis.get(keys[0])
        assert isinstance(kept, bytes)
        assert TOKEN.encode() not in kept
        assert 6600 < state._redis.ttl(keys[0]) <= 6900


class TestAnswers:
    def test_busy_may_be_tried_again_but_may_have_worked(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, refusal(-1))
        error = failure_of(make_wecom())
        assert (error.retryable, error.ambiguous, error.blame, error.retry_in_seconds) == (True, True, Blame.VENDOR, None)
        assert len(vendor.calls(FOLLOW)) == 1

    def test_a_refusal_is_final_and_had_no_effect(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, refusal(60020))
        error = failure_of(make_wecom())
        assert (error.retryable, error.ambiguous, error.blame) == (False, False, Blame.STAFF)
        assert error.request_id == "16098_60020_af"
        assert error.help_url == "https://open.work.weixin.qq.com/devtool/query?e=60020"

    def test_a_page_instead_of_json(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, Answer(b"<html>maintenance</html>", content_type="text/html"))
        error = failure_of(make_wecom())
        assert (error.errcode, error.retryable, error.ambiguous) == ("bad-answer", True, True)

    @pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b'{"errcode": "no"}', b'{"errcode": 0}', b"\xff\xfe", b"[" * 100_000])
    def test_json_of_another_shape(self, vendor: Vendor, make_wecom: MakeWeCom, body: bytes) -> None:
        vendor.on(FOLLOW, Answer(body))
        assert failure_of(make_wecom()).errcode == "bad-answer"

    @pytest.mark.parametrize(("status", "retryable", "ambiguous"), [(502, True, True), (429, True, False), (404, False, False)])
    def test_http_failures(self, vendor: Vendor, make_wecom: MakeWeCom, status: int, retryable: bool, ambiguous: bool) -> None:
        vendor.on(FOLLOW, Answer(b"oops", status=status, content_type="text/html"))
        error = failure_of(make_wecom())
        assert (error.errcode, error.retryable, error.ambiguous) == (f"http-{status}", retryable, ambiguous)

    def test_a_vendor_that_hangs_is_left_in_time(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, Hang())
        error = failure_of(make_wecom(read_seconds=0.1))
        assert (error.errcode, error.retryable, error.ambiguous) == ("timeout", True, True)

    def test_the_token_request_has_a_deadline_too(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/gettoken", Hang())
        error = failure_of(make_wecom(read_seconds=0.1))
        assert (error.api, error.errcode, error.retryable) == ("gettoken", "timeout", True)

    def test_a_body_that_trickles_is_left_in_time(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, Trickle())
        assert failure_of(make_wecom(total_seconds=0.15)).errcode == "timeout"

    def test_a_line_cut_after_the_request(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, Reset())
        error = failure_of(make_wecom())
        assert (error.errcode, error.retryable, error.ambiguous) == ("unreachable", True, True)


class TestSecrets:
    @pytest.mark.parametrize(
        "reaction", [Hang(), Reset(), Trickle(), Answer(b"x" * 50, status=500), Answer(b"<html>"), refusal(40058)]
    )
    def test_no_secret_in_any_text(
        self, vendor: Vendor, make_wecom: MakeWeCom, caplog: pytest.LogCaptureFixture, reaction: Answer | Hang | Reset | Trickle
    ) -> None:
        vendor.on(FOLLOW, reaction)
        caplog.set_level(logging.INFO)
        error = failure_of(make_wecom(read_seconds=0.1, total_seconds=0.15))
        text = "\n".join([str(error), repr(error), error.user_text, "".join(traceback.format_exception(error)), caplog.text])
        assert TOKEN not in text
        assert SECRET not in text
        assert error.__context__ is None
        assert error.__cause__ is None

    def test_nor_when_the_secret_itself_travels(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/gettoken", Reset())
        error = failure_of(make_wecom())
        assert SECRET not in "".join(traceback.format_exception(error))

    def test_the_token_travelled_all_the_same(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, ok(follow_user=[]))
        make_wecom().list_follow_users()
        assert vendor.calls(FOLLOW)[0].query == {"access_token": TOKEN}


class TestQuota:
    def test_45009_parks_the_api_until_the_block_ends(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on(FOLLOW, refusal(45009))
        vendor.on("/externalcontact/get", ok(external_contact={"external_userid": "wm1"}, follow_user=[]))
        client = make_wecom()
        first, second = failure_of(client), failure_of(make_wecom())
        assert (first.errcode, first.retryable, first.retry_in_seconds) == ("45009", True, 60.0)
        assert (second.errcode, second.retryable) == ("45009", True)
        assert 55 < (second.retry_in_seconds or 0) <= 60
        assert len(vendor.calls(FOLLOW)) == 1
        assert client.get_contact("wm1").external_userid == "wm1", "other APIs go on"

    def test_45009_again_right_after_the_block_means_the_hour(
        self, vendor: Vendor, make_wecom: MakeWeCom, state: SharedState
    ) -> None:
        vendor.on(FOLLOW, refusal(45009))
        client = make_wecom()
        failure_of(client)
        state.forget(f"block:{client.api._block_name('externalcontact/get_follow_user_list')}")
        assert failure_of(client).retry_in_seconds == 3600.0

    def test_without_redis_the_block_holds_in_this_process(
        self, vendor: Vendor, make_wecom: MakeWeCom, lonely_state: SharedState
    ) -> None:
        vendor.on(FOLLOW, refusal(45009))
        client = make_wecom(shared=lonely_state)
        failure_of(client)
        assert failure_of(client).errcode == "45009"
        assert len(vendor.calls(FOLLOW)) == 1

    def test_staff_messages_stop_before_the_platform_drops_them(self, vendor: Vendor, make_wecom: MakeWeCom) -> None:
        vendor.on("/message/send", ok(invaliduser="", msgid="m1"))
        client = make_wecom()

        def send(userid: str) -> list[str]:
            return client.send_staff_message(
                userids=[userid], title="提醒", description="有 3 位客户待跟进", url="https://scrm.example/"
            )

        assert [send("sales1") for _ in range(6)] == [[]] * 6
        with pytest.raises(GatewayError) as caught:
            send("sales1")
        assert (caught.value.errcode, caught.value.retryable) == ("our-limit", True)
        assert 0 < (caught.value.retry_in_seconds or 0) < 5
        assert send("sales2") == []
        assert len(vendor.calls("/message/send")) == 7


def test_every_attempt_is_noted(vendor: Vendor, make_wecom: MakeWeCom, notes: list[CallNote]) -> None:
    vendor.on(FOLLOW, refusal(42001), ok(follow_user=[]))
    make_wecom().list_follow_users()
    assert [note.api for note in notes] == [
        "gettoken",
        "externalcontact/get_follow_user_list",
        "gettoken",
        "externalcontact/get_follow_user_list",
    ]


def test_text_travels_as_real_utf8(vendor: Vendor, make_wecom: MakeWeCom) -> None:
    vendor.on("/externalcontact/remark", ok())
    make_wecom().set_remark(userid="sales1", external_userid="wm1", remark="张三🏔", remark_mobiles=[])
    seen = vendor.calls("/externalcontact/remark")[0]
    assert "张三🏔".encode() in seen.body
    assert json.loads(seen.body) == {"userid": "sales1", "external_userid": "wm1", "remark": "张三🏔", "remark_mobiles": [""]}
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["X-Forwarded-Host"] == "qyapi.weixin.qq.com"
    assert seen.path == "/qyapi.weixin.qq.com/cgi-bin/externalcontact/remark"
