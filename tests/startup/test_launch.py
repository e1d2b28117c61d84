"""What `up` refuses, in one line, before it loads anything; and how others find the running system."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrm import bootstrap, launch
from tests.startup.watching import free_port


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of this test's own, and an environment without addresses."""
    monkeypatch.setenv("SCRM_STATE_DIR", str(tmp_path / "state"))
    for name in ("SCRM_PUBLIC_URL", "SCRM_SIM_URL", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")  # restored afterwards, whatever the code under test sets
        monkeypatch.delenv(name)
    return tmp_path / "state"


@pytest.fixture
def claimed() -> Iterator[launch.Claim]:
    """A claim that is given up afterwards."""
    claim = launch.claim(["--port", str(free_port()), "--empty"])
    yield claim
    os.close(claim.lock)


def _refusal(*arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        launch.claim(list(arguments))
    message = str(end.value.code)
    assert message.startswith("scrm: ")
    assert "\n" not in message
    return message


def test_a_second_start_on_the_same_state_says_where_the_first_is(claimed: launch.Claim) -> None:
    message = _refusal("--port", str(free_port()))
    assert message == f"scrm: already running at {claimed.url} (process {os.getpid()}); stop that one with Ctrl-C first"


def test_a_busy_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert _refusal("--port", str(port)) == f"scrm: port {port} is in use; choose another with --port"


def test_a_reset_leaves_real_servers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/scrm")
    monkeypatch.setenv("REDIS_URL", "redis://cache")
    assert "does not touch the ones in DATABASE_URL" in _refusal("--port", str(free_port()), "--reset")


def test_a_state_directory_that_is_a_file_is_refused(state: Path) -> None:
    state.write_text("not a folder")
    assert str(state) in _refusal("--port", str(free_port()))


@pytest.mark.parametrize("port", ["0", "70000", "８０００", "abc", "-1"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        launch.claim([f"--port={port}"])
    assert "is not a port" in capsys.readouterr().err


@pytest.mark.parametrize("customers", ["0", "-5", "many", "99999999"])
def test_a_number_of_customers_that_makes_no_sense_is_refused(customers: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        launch.claim([f"--customers={customers}"])
    assert "is not a whole number from 1 to 1000000" in capsys.readouterr().err


def test_other_commands_find_the_running_system(claimed: launch.Claim, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads((state / "run.json").read_text())
    assert (told["pid"], told["url"], told["sim_port"]) == (os.getpid(), claimed.url, claimed.sim_port)
    assert claimed.sim_port in launch.SIMULATOR_PORTS
    monkeypatch.delenv("SCRM_PUBLIC_URL")
    monkeypatch.setenv("SCRM_SIM_URL", "http://elsewhere:1")
    launch.join_running()
    assert os.environ["SCRM_PUBLIC_URL"] == claimed.url
    assert os.environ["SCRM_SIM_URL"] == "http://elsewhere:1"


def test_a_system_that_has_ended_is_not_joined(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = launch.claim(["--port", str(free_port())])
    os.close(claim.lock)
    monkeypatch.delenv("SCRM_PUBLIC_URL")
    assert (state / "run.json").exists()
    assert launch.read_running(state) is None
    launch.join_running()
    assert "SCRM_PUBLIC_URL" not in os.environ


def test_the_simulator_keeps_its_port_and_yields_to_another(state: Path) -> None:
    first = launch.claim(["--port", str(free_port())])
    os.close(first.lock)
    del os.environ["SCRM_SIM_URL"]
    assert launch._simulator_port(state) == first.sim_port
    assert first.sim_port is not None
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.sim_port))
        other.listen()
        assert launch._simulator_port(state) not in {None, first.sim_port}
    os.environ["SCRM_SIM_URL"] = "http://elsewhere:1"
    assert launch._simulator_port(state) is None
    del os.environ["SCRM_SIM_URL"]
    os.environ["SCRM_PLATFORM_MODE"] = "live"
    try:
        assert launch._simulator_port(state) is None
    finally:
        del os.environ["SCRM_PLATFORM_MODE"]


# --- The virtual environment ------------------------------------------------------------------------------------------


def test_uv_is_told_what_pip_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_HTTP_TIMEOUT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    told = bootstrap.uv_settings({
        "index-url": "https://mirror.example/simple", "extra-index-url": "file:///a file:///b", "find-links": "/x /y",
        "timeout": "180", "cert": "/etc/ca.crt", "no-color": "1",
    })  # fmt: skip
    assert told == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple", "UV_INDEX": "file:///a file:///b", "UV_FIND_LINKS": "/x,/y",
        "UV_HTTP_TIMEOUT": "180", "SSL_CERT_FILE": "/etc/ca.crt",
    }  # fmt: skip
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example")
    assert bootstrap.uv_settings({"index-url": "https://mirror.example/simple"}) == {}


def test_the_installer_itself_is_hash_locked() -> None:
    stanza = bootstrap._stanza("uv")
    assert stanza.startswith("uv==")
    assert stanza.count("--hash=sha256:") >= 5


def test_a_foreign_environment_without_django_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="Django is not installed in this Python environment"):
        bootstrap._explain_if_empty()
