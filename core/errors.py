"""The errors a service may raise on purpose. Anything else is a bug and is loud."""


class Refused(Exception):
    """A no by rule: shown to the person, HTTP 409, never retried.

    `message` is a translated sentence that says what to do; `code` is a stable word for programs.
    """

    retryable = False

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class BadInput(Exception):
    """Input that can never be right (HTTP 400). `fields` maps a field's name to its complaint."""

    retryable = False

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or {}


class Later(Exception):
    """Raised by a job whose time has not come: run me again in `retry_in_seconds`; not a failed attempt."""

    retryable = True

    def __init__(self, retry_in_seconds: float, why: str = "") -> None:
        super().__init__(why or f"again in {retry_in_seconds:g} s")
        self.retry_in_seconds = retry_in_seconds
