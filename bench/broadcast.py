"""A broadcast at size: planning it, sending it, and having it confirmed.

`materialise_ratio`: the launch (governor, tasks, messages and audience rows) against one bare INSERT ... SELECT of as many
rows into the same two tables, in turn in one process. `send_ratio`: messages per second through the whole sender (claim,
governor again, render, call, mark) against a bare client with 64 connections, in turn to the same sink: aiohttp on uvloop where
aiohttp is installed (it is not among our requirements), else asyncio's streams on uvloop, which are faster than that.
`confirmed_seconds`: 20,000 people planned, their tasks made, confirmed and their results read at the simulator.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from bench import scratch

RECIPIENTS = {"smoke": 5_000, "usual": 200_000, "full": 1_000_000}
SENT = {"smoke": 2_000, "usual": 20_000, "full": 60_000}
CONFIRMED = {"smoke": 1_000, "usual": 20_000, "full": 20_000}
ROUNDS = {"smoke": 1, "usual": 3, "full": 3}
CONNECTIONS = 64
TARGETS = {"materialise_ratio": 2.0, "send_ratio": 0.75, "megabytes": 400, "confirmed_seconds": 20.0}


def run(size: str, write: Callable[[str], object], recipients: int | None = None) -> bool:
    """Print each part and the JSON line; whether every target is met (the short form only has to work)."""
    people = recipients or RECIPIENTS[size]
    sent, rounds = min(SENT[size], people), ROUNDS[size]
    with scratch.database() as url, _sink() as sink, _simulator() as platform:
        _part("plant", url, people)
        write(f"{people:,} people planted")
        result: dict[str, Any] = {"bench": "broadcast", "recipients": people, "sent": sent}
        result |= _part("materialise", url, people, rounds)
        write(f"launch {result['launch_seconds']} s, bare insert {result['bare_seconds']} s")
        result |= _send(url, sink, sent, rounds)
        write(f"sender {result['sent_per_second']:,}/s, {result['reference']} {result['reference_per_second']:,}/s")
        result |= _part("confirm", url, min(CONFIRMED[size], people), SCRM_SIM_URL=platform, SCRM_PLATFORM_MODE="sim")
        write(f"{result['confirmed']:,} confirmed in {result['confirmed_seconds']} s")
    result["load_average"] = round(os.getloadavg()[0], 1)
    write(json.dumps(result))
    return size == "smoke" or _is_met(result)


def _is_met(result: dict[str, Any]) -> bool:
    within = all(result[name] <= TARGETS[name] for name in ("materialise_ratio", "megabytes", "confirmed_seconds"))
    return bool(within and result["send_ratio"] >= TARGETS["send_ratio"])


def _part(name: str, url: str, *arguments: object, **more: str) -> dict[str, Any]:
    """Run a function of `bench.broadcast_parts` in a process of its own, as a worker is; what it returns."""
    program = (
        "import json, django; django.setup(); from bench import broadcast_parts as parts;"
        f"print(json.dumps(parts.{name}({', '.join(map(repr, arguments))})))"
    )
    env = {**scratch.environment(url), "DJANGO_SETTINGS_MODULE": "scrm.settings", "SCRM_LOG_LEVEL": "ERROR", **more}
    done = subprocess.run([sys.executable, "-c", program], cwd=scratch.ROOT, env=env, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout.decode().strip().splitlines()[-1] or "{}")
    return found


def _send(url: str, sink: str, count: int, rounds: int) -> dict[str, Any]:
    """The sender and the bare client in turn; medians, and the ratio of each pair."""
    ours, bare, memory, name = [], [], 0.0, ""
    for _ in range(rounds):
        before = _count(sink)
        found = _part("send", url, sink, count)
        if (arrived := _count(sink) - before) != count:
            raise RuntimeError(f"{arrived} of {count} messages arrived")
        ours.append(found["per_second"])
        memory = max(memory, found["megabytes"])
        name, speed = _bare_client(sink, count)
        bare.append(speed)
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    return {
        "send_ratio": round(statistics.median(ratios), 2), "sent_per_second": round(statistics.median(ours)),
        "reference": name, "reference_per_second": round(statistics.median(bare)), "megabytes": round(memory),
    }  # fmt: skip


def _bare_client(sink: str, count: int) -> tuple[str, float]:
    command = [sys.executable, "-m", "bench.sink", "client", f"{sink}/bare", str(count), str(CONNECTIONS)]
    done = subprocess.run(command, cwd=scratch.ROOT, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    return str(found["client"]), float(found["per_second"])


def _count(sink: str) -> int:
    with urllib.request.urlopen(f"{sink}/count", timeout=10) as reply:
        return int(reply.read())


@contextlib.contextmanager
def _sink() -> Iterator[str]:
    with _process("-m", "bench.sink", str(port := scratch.free_port())):
        _wait(f"http://127.0.0.1:{port}/count")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _simulator() -> Iterator[str]:
    with _process("-m", "gateways.simulator", "--port", str(port := scratch.free_port())):
        _wait(f"http://127.0.0.1:{port}/_sim/state")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _process(*arguments: str) -> Iterator[None]:
    started = subprocess.Popen([sys.executable, *arguments], cwd=scratch.ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        started.terminate()
        started.wait(10)


def _wait(address: str) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"nobody answers at {address}")
