"""The core as an HTTP server: threads, keep-alive, one write per answer. The first path segment names the vendor's host."""

import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from gateways.simulator.adapter import build_request
from gateways.simulator.engine import Simulator
from gateways.simulator.exchange import NoReply, Response, html_response

LARGEST_BODY = 256 * 1024 * 1024
IDLE_SECONDS = 60


class SimulatorServer(ThreadingHTTPServer):
    """Serves one simulator until `shutdown`."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> None:
        self.simulator = simulator
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The base address, as SCRM_SIM_URL wants it."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    wbufsize = -1
    server: SimulatorServer
    _no_body: ClassVar = {204, 304}

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._write(html_response(411, "411 Length Required"))
            return
        body = self.rfile.read(int(length))
        request = build_request(self.command, "", self.path, dict(self.headers.items()), body, str(self.client_address[0]))
        try:
            response = self.server.simulator.handle(request)
        except NoReply as silence:
            self._hang_up(silence.seconds)
        else:
            self._write(response)

    def _hang_up(self, seconds: float) -> None:
        time.sleep(seconds)
        self.close_connection = True

    def _write(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in self._no_body:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if response.status not in self._no_body:
            self.wfile.write(response.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """The journal is the log."""
