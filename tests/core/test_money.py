from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import split, to_fen, to_yuan, yuan


def test_a_float_is_never_money() -> None:
    with pytest.raises(TypeError):
        yuan(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e30", "12,5", "", "一百"])
def test_nonsense_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        yuan(text)


def test_half_a_fen_rounds_up_and_is_refused_at_the_door() -> None:
    assert yuan("1.005") == Decimal("1.01")
    with pytest.raises(ValueError, match="fen"):
        to_fen(Decimal("1.005"))


@given(st.integers(0, 10**12))
def test_fen_and_yuan_are_the_same_amount(fen: int) -> None:
    assert to_fen(to_yuan(fen)) == fen


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_shares_add_up_to_the_fen(fen: int, parts: int) -> None:
    shares = split(to_yuan(fen), parts)
    assert sum(shares) == to_yuan(fen)
    assert max(shares) - min(shares) <= Decimal("0.01")
