"""What the net under the log lines masks, and what it leaves readable."""

import logging
import sys

import pytest

from core.logs import RedactPersonalData, RefusalsInOneLine, redact


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("errcode=40029-used errmsg=invalid", "errcode=40029-used errmsg=invalid"),
        ('{"errcode": "invalid_code_0"}', '{"errcode": "invalid_code_0"}'),
        ("GET /login?code=0a1B2c3D4e", "GET /login?code=***"),
        ("js_code=0a1B2c3D4e&x=1", "js_code=***&x=1"),
        ("?appid=wx1&secret=abcdef123456", "?appid=wx1&secret=***"),
        ("corpsecret: abcdef123456", "corpsecret: ***"),
        ("call 13812345678 back", "call 138****5678 back"),
    ],
)
def test_secrets_are_masked_and_error_codes_are_not(line: str, written: str) -> None:
    assert redact(line) == written


def test_a_log_line_is_masked_whole() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "code=%s errcode=%s", ("abcdefgh", "invalid_code"), None)
    assert RedactPersonalData().filter(record)
    assert record.getMessage() == "code=*** errcode=invalid_code"


def test_a_refusal_is_one_line_and_a_failure_keeps_its_traceback() -> None:
    try:
        raise ValueError("who raised it")
    except ValueError:
        found = sys.exc_info()
    for status, kept in ((403, False), (404, False), (500, True)):
        record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "refused: %s", ("/data",), found)
        record.status_code = status
        assert RefusalsInOneLine().filter(record)
        assert bool(record.exc_info) is kept
