"""Finding text anywhere in a Chinese name without pg_trgm: pairs of characters in an inverted index."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func


class Grams(Func):
    """The pairs of neighbouring characters in texts, lone characters outside ASCII, and `#` with a phone's last four digits.

    Arguments: name, nickname, remark, masked phone. The SQL function is made in migration 0014.
    """

    function = "customers_grams"
    arity = 4
    output_field: ClassVar[Any] = ArrayField(models.TextField())


def grams_of(text: str) -> list[str]:
    """What `Grams` must contain for the text to occur in a name, nickname or remark: its pairs; alone, its one character."""
    folded = "".join(char.lower() if char.isascii() else char for char in text)
    return [folded] if len(folded) == 1 else [folded[place : place + 2] for place in range(len(folded) - 1)]
