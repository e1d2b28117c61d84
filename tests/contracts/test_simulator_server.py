"""The simulator over HTTP: address mapping, keep-alive, hanging up, callbacks by threads, the command."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command

from gateways.management.commands import simulator as command
from gateways.simulator.callbacks import Deliverer
from gateways.simulator.defaults import SIM_SETTINGS
from gateways.simulator.testing import SimulatorHandle
from gateways.simulator.world import World

TOKEN_QUERY = {"corpid": SIM_SETTINGS["WECOM_CORP_ID"], "corpsecret": SIM_SETTINGS["WECOM_SECRET"]}


def test_the_first_path_segment_names_the_vendor(simulator: SimulatorHandle) -> None:
    reply = requests.get(f"{simulator.url}/qyapi.weixin.qq.com/cgi-bin/gettoken", params=TOKEN_QUERY, timeout=5)
    assert reply.json()["errcode"] == 0
    assert requests.get(f"{simulator.url}/unknown.example.com/x", timeout=5).status_code == 404
    assert simulator.do("state")["counts"]["members"] == 8


def test_a_connection_is_kept(simulator: SimulatorHandle) -> None:
    with socket.create_connection(("127.0.0.1", simulator.server.server_port)) as line:
        for _ in range(2):
            line.sendall(b"GET /_sim/state HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(12) == b"HTTP/1.1 200"
            time.sleep(0.05)
            line.setblocking(False)
            while True:
                try:
                    line.recv(65_536)
                except BlockingIOError:
                    break
            line.setblocking(True)


def test_hanging_up_is_seen_as_a_lost_connection(simulator: SimulatorHandle) -> None:
    simulator.fault("reset", path="gettoken", times=1)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{simulator.url}/qyapi.weixin.qq.com/cgi-bin/gettoken", params=TOKEN_QUERY, timeout=5)
    simulator.fault("timeout", path="gettoken", value=0.15, times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{simulator.url}/qyapi.weixin.qq.com/cgi-bin/gettoken", params=TOKEN_QUERY, timeout=0.05)


def test_many_callers_at_once_have_one_token(simulator: SimulatorHandle) -> None:
    def token(_: int) -> str:
        reply = requests.get(f"{simulator.url}/qyapi.weixin.qq.com/cgi-bin/gettoken", params=TOKEN_QUERY, timeout=5)
        return str(reply.json()["access_token"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(token, range(64)))) == 1
    assert simulator.do("journal/counts")["qyapi.weixin.qq.com/cgi-bin/gettoken"] == {"0": 64}


def test_seeding_in_bulk_is_quick(simulator: SimulatorHandle) -> None:
    contacts = [
        {
            "name": f"客户{n}",
            "external_userid": f"wm{n:030d}",
            "openid": f"o{n:027d}",
            "relations": [{"userid": f"sales{n % 3 + 1}"}],
        }
        for n in range(20_000)
    ]
    started = time.process_time()
    simulator.do("seed", contacts=contacts)
    took = time.process_time() - started
    assert simulator.do("state")["counts"]["relations"] == 20_000
    assert took < 2, f"seeding a fifth of a large agency took {took:.1f} s of processor time"


@pytest.fixture
def application() -> Iterator[tuple[str, list[str]]]:
    """An application that accepts every callback: its address, and the paths that were called."""
    called: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            called.append(self.path.partition("?")[0])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", called
    server.shutdown()
    server.server_close()


def wait_for(condition: "object", seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_threads_deliver_what_is_due(simulator: SimulatorHandle, application: tuple[str, list[str]]) -> None:
    url, called = application
    simulator.do("app/configure", public_url=url)
    deliverer = Deliverer(simulator.world)
    deliverer.start()
    try:
        simulator.do("customer/add", userid="sales1", name="甲")
        wait_for(lambda: called == ["/callbacks/wecom"])
        simulator.set(callback_delay=600)
        simulator.do("customer/add", userid="sales1", name="乙")
        time.sleep(0.1)
        assert len(called) == 1
        simulator.advance(600)
        wait_for(lambda: len(called) == 2)
    finally:
        deliverer.stop()
    assert simulator.do("state")["effects"]["callbacks.wecom"] == 2


def start_server(port: int, state: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "gateways.simulator", "--port", str(port), "--state", str(state)]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, "SCRM_PUBLIC_URL": "http://app:8000"}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"simulator on http://127.0.0.1:{port}, callbacks to http://app:8000\n"
    return process


def stop_server(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    assert process.wait(10) == 0
    assert process.stdout is not None
    process.stdout.close()


def test_the_server_keeps_its_state_over_a_restart(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base, state = f"http://127.0.0.1:{port}/_sim", tmp_path / "state.json"
    process = start_server(port, state)
    added = requests.post(f"{base}/customer/add", json={"userid": "sales1", "name": "陈女士"}, timeout=5).json()
    stop_server(process, signal.SIGTERM)
    process = start_server(port, state)
    found = requests.get(f"{base}/customer/profile", params={"who": added["external_userid"]}, timeout=5).json()
    stop_server(process, signal.SIGINT)
    assert (found["name"], found["friends"][0]["userid"]) == ("陈女士", "sales1")


def test_the_command_serves_with_the_projects_settings(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    called: list[object] = []
    monkeypatch.setattr(command, "serve", lambda *arguments: called.extend(arguments))
    settings.PUBLIC_URL, settings.VENDORS = "http://app:8000", {"MINI_APP_ID": "wx_mine"}
    call_command("simulator", "--port", "8899", "--state", "state.json")
    assert called == ["127.0.0.1", 8899, "state.json", "http://app:8000", {"MINI_APP_ID": "wx_mine"}]


def test_a_taken_port_is_one_clear_line(simulator: SimulatorHandle) -> None:
    with pytest.raises(CommandError, match="cannot listen on"):
        call_command("simulator", "--port", str(simulator.server.server_port))


def test_other_identities_are_taken_over() -> None:
    world = World()
    world.introduce("http://app", {"WECOM_AGENT_ID": "77", "WECOM_SECRET": "mine"})
    assert [(app.agentid, app.secret) for app in world.state.apps.values()] == [("77", "mine")]
