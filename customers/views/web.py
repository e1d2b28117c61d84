"""The snippet that the agency's website loads."""

from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_FILE = Path(__file__).resolve().parent.parent / "web" / "c.js"


@cache
def _script() -> bytes:
    """Without the comment and the indentation: they are for people, and cost a third of the size."""
    lines = _FILE.read_text().splitlines()[1:]
    return "\n".join(line.strip() for line in lines).encode()


@require_safe
def snippet(request: HttpRequest) -> HttpResponse:
    """`/c.js`, at most 2 kB; browsers keep it for an hour."""
    headers = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8", headers=headers)
