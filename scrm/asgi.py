"""The web server's entry: a thin ASGI router. Hot paths are native ASGI, everything else is Django in a thread pool.

Plain Django under ASGI costs three to five times the processor time per request (every synchronous middleware hops
threads), so Django runs as WSGI behind a2wsgi, and only what must be fast or long-lived is native.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
# Not more threads than the database pool has connections.
django = cast(Application, WSGIMiddleware(cast(Any, get_wsgi_application()), workers=8))

# Exact path -> dotted name of an ASGI application. One that has an `aclose()` coroutine is closed with the server.
NATIVE_ROUTES = {
    "/api/mp/v1/events:batch": "customers.api.ingest.app",
    "/web/v1/events": "customers.api.web.app",
    "/inbox/stream": "service_bot.stream.app",
}

READ_AHEAD_BYTES = 1_000_000


def _load(routes: dict[str, str]) -> dict[str, Application]:
    from django.utils.module_loading import import_string

    return {path: import_string(name) for path, name in routes.items()}


_native = _load(NATIVE_ROUTES)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Route by exact path."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000, "reason": None})
    elif native := _native.get(scope["path"]):
        await native(scope, receive, send)
    else:
        ahead = await _read_ahead(receive)
        if ahead is not None:
            await django(_for_wsgi(scope), ahead, send)


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for native in _native.values():
        if close := getattr(native, "aclose", None):
            await close()
    await send({"type": "lifespan.shutdown.complete"})


def _for_wsgi(scope: Message) -> Message:
    """What a2wsgi would fail on or confuse: raw bytes in the query string, and header names with an underscore, which
    become the same WSGI name as the real header with a hyphen (a way to forge X-Forwarded-Proto)."""
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    query = quote(scope["query_string"], safe="%&=+;:,/?@!$'()*[]~.-_").encode("ascii")
    return {**scope, "headers": headers, "query_string": query}


async def _read_ahead(receive: Receive) -> Receive | None:
    """Take in a body of ordinary size before a thread is given to the request: a slow sender then holds no thread.

    None when the sender went away half-way: a torn request is not carried out.
    """
    events: list[Message] = []
    size = 0
    while size < READ_AHEAD_BYTES:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        events.append(event)
        if event["type"] != "http.request" or not event["more_body"]:
            break
        size += len(event["body"])
    waiting = iter(events)

    async def replay() -> Message:
        ready = next(waiting, None)
        return ready if ready is not None else await receive()

    return replay
