"""How the money of one order is shared among the touches before it: five models, each summing to the order, to the fen.

Shares are whole fen by the method of the largest remainder, the earlier touch first where remainders are equal, so that no
rounding is lost and the same touches always give the same shares.
"""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from campaigns.choices import CreditModel

HALF_LIFE = dt.timedelta(days=7)
END_SHARE = Fraction(2, 5)  # first and last touch, when there are three or more
_SCALE = 1_000_000


def weights(model: str, touched_at: Sequence[dt.datetime], paid_at: dt.datetime) -> list[Fraction]:
    """The share of each touch (earliest first) under a model; they sum to 1. ValueError without any touch."""
    count = len(touched_at)
    if not count:
        raise ValueError("an order without a touch has no credit to share")
    if model in (CreditModel.LAST, CreditModel.FIRST):
        chosen = count - 1 if model == CreditModel.LAST else 0
        return [Fraction(int(place == chosen)) for place in range(count)]
    if model == CreditModel.LINEAR:
        return [Fraction(1, count)] * count
    if model == CreditModel.DECAY:
        raw = [_decayed(paid_at - moment) for moment in touched_at]
        return [Fraction(one, sum(raw)) for one in raw]
    if model == CreditModel.POSITION:
        return _by_position(count)
    raise ValueError(f"no model of attribution is called {model}")


def _decayed(age: dt.timedelta) -> int:
    """Half as much for every seven days before the payment, in millionths, never nothing."""
    return max(1, round(_SCALE * math.pow(0.5, max(age, dt.timedelta()) / HALF_LIFE)))


def _by_position(count: int) -> list[Fraction]:
    if count <= 2:
        return [Fraction(1, count)] * count
    middle = (1 - 2 * END_SHARE) / (count - 2)
    return [END_SHARE, *[middle] * (count - 2), END_SHARE]


def shares(amount: Decimal, parts: Sequence[Fraction]) -> list[Decimal]:
    """`amount` (yuan, two places) in these parts, to the fen, summing to it exactly."""
    fen = int(amount * 100)
    exact = [fen * part for part in parts]
    whole = [int(one) for one in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (whole[place] - exact[place], place))
    for place in by_remainder[: fen - sum(whole)]:
        whole[place] += 1
    return [Decimal(one) / 100 for one in whole]


def credit(amount: Decimal, touched_at: Sequence[dt.datetime], paid_at: dt.datetime) -> Mapping[str, list[Decimal]]:
    """Model -> what each touch may claim of the order, in the order of the touches."""
    return {model: shares(amount, weights(model, touched_at, paid_at)) for model in CreditModel.values}
