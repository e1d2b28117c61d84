"""Vendors' settings: whole, well formed, or off; and what an absent vendor does."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gateways.configuration import complaints, is_configured
from gateways.errors import CallbackRefused, GatewayError
from gateways.llm import llm
from gateways.pay import pay
from gateways.registry import start_afresh
from gateways.simulator.defaults import SIM_SETTINGS
from gateways.sms import sms
from gateways.wecom import wecom


def test_the_simulators_settings_are_well_formed() -> None:
    assert complaints(SIM_SETTINGS) == []
    assert is_configured(SIM_SETTINGS, "wecom")


def test_nothing_at_all_is_well_formed() -> None:
    assert complaints({}) == []
    assert complaints(dict.fromkeys(SIM_SETTINGS, "")) == []
    assert not is_configured({}, "wecom")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"WECOM_SECRET": ""}, "WECOM_SECRET missing; give all of WECOM_CORP_ID, "),
        ({"SMS_SIGN_NAME": "", "SMS_ACCESS_KEY_ID": ""}, "SMS_ACCESS_KEY_ID, SMS_SIGN_NAME missing; "),
        ({"MINI_APP_ID": "", "MINI_APP_SECRET": ""}, "MINI_APP_ID missing; WeChat Pay collects for the mini-program."),
        ({"WECOM_AGENT_ID": "one"}, "WECOM_AGENT_ID must be a whole number"),
        ({"WECOM_CALLBACK_AES_KEY": "short"}, "WECOM_CALLBACK_AES_KEY must be the 43 characters"),
        ({"WECOM_CALLBACK_AES_KEY": "!" * 43}, "WECOM_CALLBACK_AES_KEY must be the 43 characters"),
        ({"PAY_PRIVATE_KEY": SIM_SETTINGS["PAY_PUBLIC_KEY"]}, "PAY_PRIVATE_KEY must be an RSA private key"),
        ({"PAY_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----"}, "PAY_PUBLIC_KEY must be the platform's RSA public key"),
        ({"PAY_PUBLIC_KEY_ID": "5157F09EFDC0"}, "PAY_PUBLIC_KEY_ID must be the id"),
        ({"PAY_API_V3_KEY": "x" * 31}, "PAY_API_V3_KEY must be 32 characters long"),
        ({"LLM_BASE_URL": "api.example.com"}, "LLM_BASE_URL must be an http(s) address"),
    ],
)
def test_one_line_says_what_is_wrong(changes: dict[str, str], line: str) -> None:
    (found,) = complaints({**SIM_SETTINGS, **changes})
    assert found.startswith(line)
    assert all(value not in found for name, value in changes.items() if len(value) > 8 and name != "LLM_BASE_URL")


class TestAbsentVendors:
    @pytest.fixture(autouse=True)
    def _nothing_configured(self, settings: Any) -> Iterator[None]:
        settings.VENDORS = dict.fromkeys(SIM_SETTINGS, "")
        start_afresh()
        yield
        start_afresh()

    def test_every_call_fails_for_good_with_a_sentence(self) -> None:
        for call in (
            wecom().list_follow_users,
            lambda: pay().query("SH1"),
            lambda: sms().send(phone="1", template="", params={}, out_id=""),
        ):
            with pytest.raises(GatewayError) as caught:
                call()
            assert (caught.value.errcode, caught.value.retryable, caught.value.ambiguous) == ("not-configured", False, False)
            assert caught.value.user_text == "该渠道尚未配置，请先填写接入参数。"

    def test_no_callback_is_believed(self) -> None:
        for call in (
            lambda: wecom().decrypt_callback({}, b""),
            lambda: pay().parse_notify({}, b""),
            lambda: sms().parse_callback({}, b""),
        ):
            with pytest.raises(CallbackRefused, match="not-configured"):
                call()

    def test_the_language_model_says_that_it_is_off(self) -> None:
        assert llm().enabled is False


def test_a_refusal_to_refund_says_when() -> None:
    assert GatewayError("pay", "v3/refund/domestic/refunds", "NOT_ENOUGH").wait_seconds == dt.timedelta(hours=1).total_seconds()


def test_half_a_vendor_stops_the_start_with_one_line() -> None:
    names = dict.fromkeys(SIM_SETTINGS, "")
    servers = {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    environment = {**os.environ, **names, **servers, "SCRM_PLATFORM_MODE": "live", "WECOM_CORP_ID": "ww1"}
    del environment["SCRM_SIM_URL"]
    done = subprocess.run(
        [sys.executable, "-c", "import scrm.settings"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("scrm: WECOM_AGENT_ID, WECOM_SECRET, WECOM_CALLBACK_TOKEN, WECOM_CALLBACK_AES_KEY missing; ")
    assert done.stderr.count("\n") == 1
