"""`GET /inbox/stream`, native ASGI: "something changed" for the desk, as server-sent events.

One look at the database a second serves every open desk of the process; the event says nothing but that the pages should
ask, and the pages ask within their user's own scope.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.db.models import Max, Sum
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare

from messaging.models import Conversation
from staff.models import User
from staff.rules import can

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
LOOK_SECONDS, PING_LOOKS = 1.0, 15
MOST_STREAMS = 200


class Watch:
    """What changed last, looked at once a second while anybody listens."""

    def __init__(self) -> None:
        self.listeners = 0
        self.mark: Any = None
        self.changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Somebody listens."""
        self.listeners += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while self.listeners > 0:
            with contextlib.suppress(Exception):  # a database that is away is back soon; the pages poll meanwhile
                mark = await asyncio.to_thread(_mark)
                if mark != self.mark:
                    self.mark = mark
                    before, self.changed = self.changed, asyncio.Event()
                    before.set()
            await asyncio.sleep(LOOK_SECONDS)


_watch: Watch | None = None


def _mark() -> Any:
    close_old_connections()
    try:
        return tuple(Conversation.objects.aggregate(at=Max("last_line_at"), versions=Sum("version")).values())
    finally:
        close_old_connections()


def _may_listen(cookies: str) -> bool:
    """Whether the session belongs to somebody who works at the desk."""
    close_old_connections()
    try:
        session = SessionStore(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, ""))
        user = User.objects.filter(pk=session.get(SESSION_KEY) or 0, is_active=True).first()
        known = user is not None and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        return bool(
            user and known and constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
            and (user.is_superuser or can(user.role, "inbox.work"))
        )  # fmt: skip
    finally:
        close_old_connections()


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI application of this one path."""
    global _watch
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    _watch = _watch or Watch()
    if scope["method"] != "GET":
        await _refuse(send, 405)
    elif not await asyncio.to_thread(_may_listen, cookies):
        await _refuse(send, 403)
    elif _watch.listeners >= MOST_STREAMS:
        await _refuse(send, 503)
    else:
        await _stream(_watch, receive, send)


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _stream(watch: Watch, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    watch.begin()
    gone = asyncio.ensure_future(_gone(receive))
    try:
        while not gone.done():
            changed = asyncio.ensure_future(watch.changed.wait())
            done, _waiting = await asyncio.wait({gone, changed}, timeout=PING_LOOKS, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            if gone in done:
                break
            body = b"event: changed\ndata: 1\n\n" if changed in done else b": still here\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
    finally:
        watch.listeners -= 1
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
