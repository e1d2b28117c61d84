"""However a number is written, it becomes one E.164 text, or a no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.privacy.phones import to_e164

MAINLAND = "+8613812345678"


@pytest.mark.parametrize(
    "written",
    [
        "13812345678", "+8613812345678", "+86 138 1234 5678", "008613812345678", "8613812345678", "138-1234-5678",
        "１３８１２３４５６７８", "＋８６　１３８１２３４５６７８", " 138 1234 5678 ", "(+86)13812345678", "0086-138-1234-5678",
    ],
)  # fmt: skip
def test_every_spelling_of_a_mainland_number_is_one(written: str) -> None:
    assert to_e164(written) == MAINLAND


@pytest.mark.parametrize(
    ("written", "code", "known"),
    [
        ("51234567", "852", "+85251234567"),
        ("+852 5123 4567", "86", "+85251234567"),
        ("0085251234567", "86", "+85251234567"),
        ("0912345678", "886", "+886912345678"),
        ("+886912345678", "886", "+886912345678"),
        ("66123456", "853", "+85366123456"),
        ("2025550123", "1", "+12025550123"),
        ("+44 7911 123456", "86", "+447911123456"),
        ("81234567", "+65", "+6581234567"),
    ],
)
def test_numbers_of_other_places(written: str, code: str, known: str) -> None:
    assert to_e164(written, code) == known


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("00000", "86"), ("", "86"), ("12345", "86"), ("+86", "86"), ("138123456789999", "86"), ("abcdefghijk", "86"),
        ("1381234567８x", "86"), ("13812345678", "999"), ("13812345678", ""), ("13812345678", "8 6"), ("0000000000000", "86"),
        ("'; DROP TABLE--", "86"), ("+" * 20, "86"), ("13812345678\x00", "86"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(written: str, code: str) -> None:
    with pytest.raises(ValueError, match="not a phone number"):
        to_e164(written, code)


@given(st.text(max_size=30), st.text(max_size=5))
def test_anything_is_a_number_or_a_value_error(written: str, code: str) -> None:
    try:
        found = to_e164(written, code)
    except ValueError:
        return
    assert found.startswith("+")
    assert to_e164(found) == found
