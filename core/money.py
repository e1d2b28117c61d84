"""Money: Decimal yuan in tables, whole fen at the payment door. Never a float."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

FEN = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST = Decimal("9999999999.99")


def yuan(value: str | int | Decimal) -> Decimal:
    """An exact amount in yuan with two decimals; rounds half up, as invoices do.

    Raises TypeError for a float (its value is not what was typed) and ValueError for text that is no amount.
    """
    if isinstance(value, float | bool):
        raise TypeError("money is never a float")
    try:
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > LARGEST:
            raise ValueError(f"not an amount of money: {value!r}")
        return amount.quantize(FEN, rounding=ROUND_HALF_UP)
    except InvalidOperation as error:
        raise ValueError(f"not an amount of money: {value!r}") from error


def to_fen(amount: Decimal) -> int:
    """Yuan to whole fen; raises ValueError where a fraction of a fen would be lost."""
    fen = amount * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{amount} yuan is not a whole number of fen")
    return int(fen)


def to_yuan(fen: int) -> Decimal:
    """Whole fen to yuan."""
    return (Decimal(fen) / 100).quantize(FEN)


def split(total: Decimal, parts: int) -> list[Decimal]:
    """`total` in `parts` shares that differ by at most one fen and add up exactly; the first shares are larger."""
    if parts < 1:
        raise ValueError("at least one part")
    base, extra = divmod(to_fen(total), parts)
    return [to_yuan(base + (1 if index < extra else 0)) for index in range(parts)]
