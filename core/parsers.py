"""JSON from untrusted clients, with every trap closed before a serializer sees it."""

import codecs
import json
from typing import IO, Any

import msgspec
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_BYTES = 1_000_000
MAX_DEPTH = 32


class StrictJSONParser(JSONParser):
    """Refuses with 400: more than 1 MB, nesting over 32, equal names, NaN, Infinity, NUL, lone surrogates, invalid UTF-8."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The decoded value; ParseError (400) says what is wrong."""
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ParseError(_("The request is larger than 1 MB."))
        return decode(raw)


def decode(raw: bytes) -> Any:
    """Bytes to a JSON value by the strict rules; ParseError otherwise."""
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ParseError(_("This is not valid JSON.")) from error
    complaint = _complaint(value)
    if complaint:
        raise ParseError(complaint)
    json.loads(body, object_pairs_hook=_unique)  # msgspec takes the last of several equal names; others take the first
    return value


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _value in pairs}) != len(pairs):
        raise ParseError(_("A name stands twice in one JSON object."))


def _complaint(root: Any) -> str:
    """What is wrong with a decoded value, or nothing. Walks without recursion."""
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return _("The JSON is nested too deeply.")
        below: list[Any] = []
        for item in level:
            if isinstance(item, str) and not is_clean(item):
                return _("The text holds characters that cannot be stored.")
            if isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, int) and not -(2**63) <= item < 2**63:
                return _("A number is too large.")
        level = below
    return ""


def is_clean(text: str) -> bool:
    """Whether Postgres can store the text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text)
