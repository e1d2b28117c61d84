"""The one table of error codes, row by row as the platform's contracts state them."""

import pytest
from django.utils import translation

from gateways.errcodes import Blame, RetryClass, all_rules, rule_for
from gateways.errors import CallbackRefused, GatewayError, LlmUnavailable

CLASSES = {
    RetryClass.RETRY: [-1, 6000, 45011, 45033],
    RetryClass.TOKEN: [40001, 40014, 42001, 41001],
    RetryClass.WAIT: [40096, 84061, 40099, 40100, 41063, 41078, 41079],
    RetryClass.QUOTA: [45009],
    RetryClass.NEVER: [
        40003, 40031, 40032, 40007, 40029, 42022, 40033, 40058, 40063, 40068, 40071, 40093, 40097, 40098, *range(41035, 41046),
        41048, 41049, 41050, 41051, 41096, 41053, 41054, 41064, 41093, 41094, 41095, 45001, 45002, 48001, 48002, 48007, 50001,
        60011, 60020, 60111, 84074, 84083, 84084, 90206, 90207, 90208, *range(95000, 95005), 95007, 95008, 95011, 95012, 95013,
        95014, 95016, 95018, 95019, 95031, 301002, 301042, 301048, 301052, 301053, 301058, 301060, 43101, 47003, 40037, 41030,
        40226, 61010, 81013,
    ],
}  # fmt: skip


@pytest.mark.parametrize(("errcode", "retry"), [(code, retry) for retry, codes in CLASSES.items() for code in codes])
def test_every_documented_code_has_its_class(errcode: int, retry: RetryClass) -> None:
    assert rule_for("wecom", errcode).retry is retry
    assert rule_for("mini", errcode) is rule_for("wecom", errcode)


@pytest.mark.parametrize(
    ("vendor", "errcode", "retryable", "blame"),
    [
        ("wecom", 40001, False, Blame.STAFF),
        ("wecom", 42001, True, Blame.US),
        ("wecom", 84061, True, Blame.CUSTOMER),
        ("wecom", 123456, False, Blame.VENDOR),
        ("wecom", "http-500", True, Blame.VENDOR),
        ("wecom", "http-429", True, Blame.VENDOR),
        ("wecom", "http-403", False, Blame.VENDOR),
        ("pay", "SYSTEM_ERROR", True, Blame.VENDOR),
        ("pay", "FREQUENCY_LIMITED", True, Blame.QUOTA),
        ("pay", "ORDER_NOT_EXIST", False, Blame.US),
        ("pay", "NOT_ENOUGH", True, Blame.STAFF),
        ("pay", "45009", False, Blame.VENDOR),
        ("sms", "isv.BUSINESS_LIMIT_CONTROL", True, Blame.QUOTA),
        ("sms", "isv.AMOUNT_NOT_ENOUGH", False, Blame.STAFF),
        ("llm", "timeout", True, Blame.VENDOR),
    ],
)
def test_who_may_try_again_and_who_must_act(vendor: str, errcode: str | int, retryable: bool, blame: Blame) -> None:
    error = GatewayError(vendor, "x", errcode)
    assert (error.retryable, error.blame, error.errcode) == (retryable, blame, str(errcode))


def test_a_sentence_for_every_code_in_both_languages() -> None:
    for vendor, code, rule in all_rules():
        with translation.override("en"):
            english = str(rule.text)
        with translation.override("zh-hans"):
            chinese = str(rule.text)
        assert english.endswith((".", "。")), (vendor, code)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), f"{vendor} {code} is not translated: {english}"


def test_what_staff_read_when_a_friendship_is_over() -> None:
    with translation.override("zh-hans"):
        assert GatewayError("wecom", "externalcontact/mark_tag", 84061).user_text == "已不是该员工的好友。"
        assert (
            GatewayError("wecom", "externalcontact/add_msg_template", 48002).user_text
            == "请到企业微信管理后台，在“可调用接口的应用”中勾选本应用。"
        )


def test_a_state_to_wait_for_counts_its_attempts_but_a_quota_does_not() -> None:
    waiting, parked = GatewayError("wecom", "x", 41063), GatewayError("wecom", "x", 45009, retry_in_seconds=60)
    assert (waiting.retry_in_seconds, waiting.wait_seconds) == (None, 60)
    assert parked.retry_in_seconds == 60


def test_an_absent_model_is_never_worth_a_retry() -> None:
    error = LlmUnavailable("llm", "chat.intent", "timeout")
    assert isinstance(error, GatewayError)
    assert error.retryable is False


def test_a_refused_callback_says_little() -> None:
    assert str(CallbackRefused("pay", "forged")) == "pay callback refused: forged"
