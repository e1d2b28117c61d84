"""A place that takes messages over HTTP and counts them, and the plainest clients that could bring them there.

Run as a process: `python -m bench.sink PORT` is the sink; `python -m bench.sink client URL COUNT CONNECTIONS` the reference,
which prints messages per second: aiohttp on uvloop where it is installed, else asyncio's own streams on uvloop.
"""

import asyncio
import json
import sys
import time
from typing import Any

ANSWER = json.dumps({"errcode": 0, "errmsg": "ok", "msgid": 200228332}).encode()
REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + str(len(ANSWER)).encode() + b"\r\n\r\n" + ANSWER
)
TOKEN = json.dumps({"access_token": "bench", "expires_in": 7200}).encode()
TOKEN_REPLY = REPLY.replace(str(len(ANSWER)).encode(), str(len(TOKEN)).encode(), 1).replace(ANSWER, TOKEN)
BODY = json.dumps(
    {"touser": "o" * 28, "template_id": "T1", "client_msg_id": "campaign:1:123456",
     "data": {"first": {"value": "您好，您收藏的云南亲子六日本周有位"}, "keyword1": {"value": "12 月 6 日出发"}}},
    ensure_ascii=False,
).encode()  # fmt: skip


class Sink(asyncio.Protocol):
    """Answers every whole request with the same words."""

    count = 0

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            place = head.lower().find(b"content-length:")
            size = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            self.buffer = self.buffer[end + 4 + size :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        reply = REPLY
        if b"stable_token" in head:
            reply = TOKEN_REPLY
        elif head.startswith(b"GET /count"):
            told = str(Sink.count).encode()
            reply = b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(told)).encode() + b"\r\n\r\n" + told
        else:
            Sink.count += 1
        self.transport.write(reply)  # type: ignore[attr-defined]


async def serve(port: int) -> None:
    """Take messages until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


async def by_aiohttp(url: str, count: int, connections: int) -> float:
    """Messages per second of a bare aiohttp client."""
    import aiohttp  # type: ignore[import-not-found, unused-ignore]

    left = iter(range(count))
    headers = {"Content-Type": "application/json"}

    async def work(session: Any) -> None:
        for _ in left:
            async with session.post(url, data=BODY, headers=headers) as reply:
                await reply.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(work(session) for _ in range(connections)))
        left = iter(range(count))
        started = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(connections)))
        return count / (time.perf_counter() - started)


async def by_streams(url: str, count: int, connections: int) -> float:
    """The same with asyncio's streams: what a plain client without a library does."""
    host, _slash, path = url.removeprefix("http://").partition("/")
    name, _colon, port = host.partition(":")
    request = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY

    async def work(left: Any) -> None:
        reader, writer = await asyncio.open_connection(name, int(port))
        for _ in left:
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            json.loads(await reader.readexactly(size))
        writer.close()

    started = time.perf_counter()
    left = iter(range(count))
    await asyncio.gather(*(work(left) for _ in range(connections)))
    return count / (time.perf_counter() - started)


def main(arguments: list[str]) -> None:
    """The sink, or the reference client."""
    import uvloop

    if arguments[0] != "client":
        uvloop.run(serve(int(arguments[0])))
        return
    url, count, connections = arguments[1], int(arguments[2]), int(arguments[3])
    try:
        import aiohttp  # noqa: F401

        name, client = "aiohttp", by_aiohttp
    except ImportError:
        name, client = "streams", by_streams
    sys.stdout.write(json.dumps({"client": name, "per_second": uvloop.run(client(url, count, connections))}))


if __name__ == "__main__":
    main(sys.argv[1:])
