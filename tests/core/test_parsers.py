import pytest
from rest_framework.exceptions import ParseError

from core.errors import BadInput
from core.params import date, month, one_of, whole
from core.parsers import decode


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[1,]", b"NaN", b"[Infinity]", b'"\xff"', b'"\\ud800"', b'"a\\u0000b"', b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 40 + b"]" * 40, b"9" * 5000, b"99999999999999999999",
        b'{"a": 1, "a": 2}', b'[{"b": {"a": 1, "\\u0061": 2}}]',
    ],
)  # fmt: skip
def test_json_that_cannot_be_stored_is_a_400(raw: bytes) -> None:
    with pytest.raises(ParseError):
        decode(raw)


def test_ordinary_json_passes_with_or_without_a_byte_order_mark() -> None:
    assert decode(b'\xef\xbb\xbf{"name": "\xe8\x8b\x8f\xe6\x99\xb4", "n": [1, 2.5, null]}') == {
        "name": "苏晴",
        "n": [1, 2.5, None],
    }


@pytest.mark.parametrize("text", ["0x1", "1.5", "-", "１２", "9" * 30, "1e3", "-1", " 1", "\x001"])
def test_a_whole_number_is_digits_within_bounds(text: str) -> None:
    with pytest.raises(BadInput):
        whole("n", text, 0, 0, 1000)


@pytest.mark.parametrize("text", ["2026-02-30", "0000-00-00", "10000-01-01", "1899-12-31", "2100-01-01", "26-1-1", "今天"])
def test_a_date_is_a_day_of_our_time(text: str) -> None:
    with pytest.raises(BadInput):
        date("d", text)


def test_a_month_and_a_word() -> None:
    assert str(month("m", "2026-10", date("d", "2026-01-05"))) == "2026-10-01"  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        month("m", "2026-10-01", date("d", "2026-01-05"))  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        one_of("view", "x", ["a", "b"])
