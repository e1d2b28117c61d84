"""Why something cannot be priced."""


class CannotPrice(ValueError):
    """A named refusal: `code` for programs, `key` of the cost line it concerns, "" for the party as a whole."""

    def __init__(self, code: str, key: str = "") -> None:
        super().__init__(f"{code}: {key}" if key else code)
        self.code = code
        self.key = key
