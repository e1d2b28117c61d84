"""Our mini-program client against the simulated platform, over HTTP."""

from decimal import Decimal
from typing import Any

import pytest

from gateways.errors import GatewayError
from gateways.mini import Mini, PhoneNumber, mini
from gateways.models import GatewayCall
from gateways.simulator.testing import SimulatorHandle

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(simulator: SimulatorHandle) -> Mini:
    """The client the settings choose."""
    simulator.set(unknown_field_rate=1.0)
    return mini()


def refused(errcode: int, call: Any, *args: Any, **arguments: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call(*args, **arguments)
    assert caught.value.errcode == str(errcode)
    return caught.value


class TestLogin:
    def test_a_code_is_worth_one_session(self, client: Mini, simulator: SimulatorHandle) -> None:
        code = simulator.do("customer/login_code", nickname="陈女士")
        session = client.code2session(code["js_code"])
        assert session.openid == code["openid"]
        assert session.unionid
        assert session.session_key not in repr(session)
        assert not refused(40163, client.code2session, code["js_code"]).retryable

    def test_no_access_token_is_needed(self, client: Mini, simulator: SimulatorHandle) -> None:
        client.code2session(simulator.do("customer/login_code", nickname="陈女士")["js_code"])
        assert list(GatewayCall.objects.values_list("api", flat=True)) == ["sns/jscode2session"]

    def test_without_an_open_platform_there_is_no_unionid(self, client: Mini, simulator: SimulatorHandle) -> None:
        simulator.set(unionid_bound=False)
        assert client.code2session(simulator.do("customer/login_code", nickname="陈女士")["js_code"]).unionid == ""

    def test_late_and_made_up_codes(self, client: Mini, simulator: SimulatorHandle) -> None:
        code = simulator.do("customer/login_code", nickname="陈女士")["js_code"]
        simulator.advance(301)
        refused(40029, client.code2session, code)
        refused(40029, client.code2session, "made-up")


class TestPhone:
    def test_a_granted_number_costs_three_fen(self, client: Mini, simulator: SimulatorHandle) -> None:
        openid = simulator.do("customer/login_code", nickname="陈女士")["openid"]
        code = simulator.do("customer/phone_code", openid=openid, phone="13800000001")["code"]
        found = client.phone_number(code)
        assert (found, found.e164) == (PhoneNumber("13800000001", "86"), "+8613800000001")
        assert "13800000001" not in repr(found)
        refused(40163, client.phone_number, code)
        costs = (
            GatewayCall.objects.filter(api="wxa/business/getuserphonenumber").order_by("id").values_list("cost_amount", "outcome")
        )
        assert list(costs) == [(Decimal("0.030000"), "ok"), (Decimal(0), "refused")]
        assert "13800000001" not in str(list(GatewayCall.objects.values()))


class TestSubscribeMessage:
    DATA = {"thing1": "云南亲子六日", "date2": "2026年12月1日", "amount3": "¥12800.00"}

    def send(self, client: Mini, openid: str, **changes: Any) -> None:
        client.send_subscribe_message(
            **{"openid": openid, "template_id": "T1", "page": "pages/order/index", "data": self.DATA, **changes}
        )

    def test_one_message_per_accept(self, client: Mini, simulator: SimulatorHandle) -> None:
        openid = simulator.do("customer/login_code", nickname="陈女士")["openid"]
        refused(43101, self.send, client, openid)
        simulator.do("customer/accept_subscribe", openid=openid, template_id="T1")
        self.send(client, openid)
        assert not refused(43101, self.send, client, openid).ambiguous
        assert "云南亲子六日" in str(simulator.do("customer/inbox", openid=openid))

    def test_what_the_platform_refuses(self, client: Mini, simulator: SimulatorHandle) -> None:
        openid = simulator.do("customer/login_code", nickname="陈女士")["openid"]
        simulator.do("customer/accept_subscribe", openid=openid, template_id="T1")
        refused(47003, self.send, client, openid, data={"thing1": "长" * 21})
        refused(40003, self.send, client, "o_nobody")
        refused(41030, self.send, client, openid, page="/pages/order/index")


class TestCodesAndLinks:
    def test_a_code_is_a_picture(self, client: Mini) -> None:
        assert client.wxacode(scene="c_7", page="pages/product/index").startswith(b"\x89PNG")

    def test_a_refused_code_is_an_error_and_no_picture(self, client: Mini) -> None:
        refused(40169, client.wxacode, scene="长" * 33, page="pages/product/index")
        refused(41030, client.wxacode, scene="c_7", page="/pages/product/index")

    def test_a_link_opens_the_mini_program(self, client: Mini) -> None:
        link = client.url_link(path="pages/product/index", query="code=P01", expires_in_days=30)
        assert link.startswith("https://")
        refused(85401, client.url_link, path="pages/product/index", query="code=P01", expires_in_days=31)


class TestToken:
    def test_a_token_refused_although_it_is_the_stable_one_is_forced_anew(self, client: Mini, simulator: SimulatorHandle) -> None:
        simulator.fault("errcode", path="generate_urllink", value=40001, times=1)
        assert client.url_link(path="pages/product/index", query="", expires_in_days=1)
        apis = list(GatewayCall.objects.order_by("id").values_list("api", "errcode"))
        assert apis == [
            ("stable_token", ""),
            ("wxa/generate_urllink", "40001"),
            ("stable_token", ""),
            ("stable_token", ""),
            ("wxa/generate_urllink", ""),
        ]

    def test_a_forced_refresh_is_not_asked_for_twice_in_half_a_minute(self, client: Mini, simulator: SimulatorHandle) -> None:
        simulator.fault("errcode", path="generate_urllink", value=40001)
        for _ in range(2):
            refused(40001, client.url_link, path="pages/product/index", query="", expires_in_days=1)
        with simulator.world.lock:
            assert len(simulator.world.state.forced_refreshes) == 1

    def test_a_token_that_ran_out(self, client: Mini, simulator: SimulatorHandle) -> None:
        client.url_link(path="pages/product/index", query="", expires_in_days=1)
        simulator.advance(7201)
        assert client.url_link(path="pages/product/index", query="", expires_in_days=1)
