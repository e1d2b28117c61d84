"""A full synchronisation with WeCom: how many calls it takes, how much memory, how long.

Fifty thousand contacts of 25 members stand at the simulated platform, which counts the calls. The synchronisation runs in
a process of its own, as on a worker, against an empty database; its peak memory is what the operating system says.
The fewest calls possible are one page per hundred contacts: the platform gives no more at a time.
"""

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bench import scratch
from gateways.simulator.engine import Simulator
from gateways.simulator.server import SimulatorServer
from gateways.simulator.state import Contact, GroupChat, GroupMember, Member, Relation

CONTACTS = {"smoke": 1_000, "usual": 50_000, "full": 50_000}
MEMBERS, CHATS = 25, 40
MOST_MEGABYTES = 300
API = "/cgi-bin/externalcontact/"
_WALK = """
import json, resource, sys
import django
django.setup()
from core.worker import run_pending
from customers.models import Relationship, SyncRun
from customers.services.sync.runs import start_sync
run = start_sync()
while run.state == "running":
    run_pending("bulk")
    run.refresh_from_db()
print(json.dumps({
    "state": run.state, "relationships": Relationship.objects.count(), "counts": run.counts,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def run(size: str, write: Callable[[str], object]) -> bool:
    """Print the JSON line; whether calls and memory are within their targets."""
    result = measure(size == "smoke")
    write(json.dumps(result))
    return bool(result["sync_calls"] == result["sync_fewest_calls"] and result["sync_megabytes"] < MOST_MEGABYTES)


def measure(smoke: bool) -> dict[str, Any]:
    """`sync_calls` and `sync_fewest_calls` of `batch/get_by_user`, `sync_megabytes`, `sync_seconds`, `sync_contacts`."""
    contacts = CONTACTS["smoke" if smoke else "usual"]
    simulator = Simulator()
    _populate(simulator, contacts)
    server = SimulatorServer(simulator)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        with scratch.database() as url:
            started = time.monotonic()
            found = _walk(url, server.url)
            seconds = time.monotonic() - started
    finally:
        server.shutdown()
        server.server_close()
    if found["state"] != "done" or found["relationships"] != contacts:
        raise RuntimeError(f"the synchronisation is not complete: {found}")
    calls = simulator.world.journal.counts()
    return {
        "sync_contacts": contacts, "sync_seconds": round(seconds, 1), "sync_megabytes": round(found["megabytes"]),
        "sync_calls": _asked(calls, "batch/get_by_user"), "sync_fewest_calls": math.ceil(contacts / 100),
        "sync_chat_calls": _asked(calls, "groupchat/list") + _asked(calls, "groupchat/get"), "sync_chats": CHATS,
    }  # fmt: skip


def _asked(counts: dict[str, dict[str, int]], api: str) -> int:
    return sum(sum(codes.values()) for path, codes in counts.items() if path.endswith(API + api))


def _walk(database_url: str, simulator_url: str) -> dict[str, Any]:
    env = scratch.environment(database_url) | {
        "SCRM_SIM_URL": simulator_url,
        "SCRM_PLATFORM_MODE": "sim",
        "SCRM_LOG_LEVEL": "ERROR",
    }
    env["DJANGO_SETTINGS_MODULE"] = "scrm.settings"
    done = subprocess.run([sys.executable, "-c", _WALK], cwd=scratch.ROOT, env=env, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _populate(simulator: Simulator, contacts: int) -> None:
    """Friends, evenly among the members; every other one with a unionid; some in group chats."""
    state = simulator.world.state
    state.config.short_page_rate = state.config.unknown_field_rate = 0.0
    state.members.clear()
    for number in range(MEMBERS):
        userid = f"member{number:02d}"
        state.members[userid] = Member(userid, f"顾问{number:02d}")
        state.relations[userid] = {}
    for number in range(contacts):
        userid, external = f"member{number % MEMBERS:02d}", f"wm{number:030d}"
        state.contacts[external] = Contact(external, f"客户{number}", number % 3, f"u{number:027d}" if number % 2 else "")
        state.relations[userid][external] = Relation(userid, external, 1_700_000_000 + number)
    for number in range(CHATS):
        owner = f"member{number % MEMBERS:02d}"
        chat = GroupChat(f"wr{number:04d}", f"群{number}", owner, 1_700_000_000)
        for place in range(number, contacts, max(contacts // 50, 1)):
            chat.members[f"wm{place:030d}"] = GroupMember(f"wm{place:030d}", 2, 1_700_000_000)
        state.group_chats[chat.chat_id] = chat
