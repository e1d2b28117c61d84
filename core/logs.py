"""A net under every log line: phone numbers and tokens that slipped into a message are masked."""

import logging
import re

_PHONE = re.compile(r"(?<!\d)(?:\+?86)?(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_SECRET = re.compile(
    # "code" is a secret (of a log-in), "errcode" is a vendor's number that people need to read.
    r"(?i)((?:access_token|secret|session_key|authorization|(?<![a-z])code|password)[\"']?\s*[=:]\s*[\"']?)([^\s&\"',}]{6,})"
)


def redact(text: str) -> str:
    """The text with mainland phone numbers and secrets masked."""
    return _SECRET.sub(r"\1***", _PHONE.sub(r"\1****\2", text))


class RedactPersonalData(logging.Filter):
    """Rewrites the finished message; tracebacks are formatted here too, so that they pass the same net."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: a line is changed, never dropped."""
        message = record.getMessage()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.msg, record.args = redact(message), None
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


class RefusalsInOneLine(logging.Filter):
    """A refused request (403, 404, 400) is one line: where our own guard raised it helps nobody who reads the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: only the traceback goes, and only below status 500."""
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
