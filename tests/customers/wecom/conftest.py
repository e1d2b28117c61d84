"""The corp of these tests: 陈思雨 and 王子涵 serve customers, on our side and at the simulated platform."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.models import Job
from core.worker import run_pending
from customers.choices import SyncKind, SyncState
from customers.models import Relationship, SyncRun
from customers.services.sync.runs import start_sync
from gateways.simulator.testing import SimulatorHandle
from staff.models import User


class Corp:
    """The platform's side, and what our side makes of it."""

    def __init__(self, simulator: SimulatorHandle) -> None:
        self.simulator = simulator
        with simulator.world.lock:
            simulator.world.state.members.clear()
        simulator.do("seed", members=[{"userid": "chen", "name": "陈思雨"}, {"userid": "wang", "name": "王子涵"}])
        simulator.set(short_page_rate=0)

    def add(self, userid: str = "chen", name: str = "阿苏", **more: Any) -> str:
        """A newcomer scans; the external_userid."""
        return str(self.simulator.do("customer/add", userid=userid, name=name, **more)["external_userid"])

    def plant(self, userid: str, *names: str, **more: Any) -> list[str]:
        """Friends from long ago: nobody was told."""
        contacts = [{"name": name, "relations": [{"userid": userid, "createtime": 1_700_000_000, **more}]} for name in names]
        return list(self.simulator.do("seed", contacts=contacts)["external_userids"])

    def deliver(self) -> int:
        """Callbacks reach us and are worked on."""
        sent = self.simulator.deliver(Client())
        run_pending()
        return sent

    def lose_callbacks(self) -> None:
        """What is under way never arrives."""
        with self.simulator.world.lock:
            self.simulator.world.state.deliveries.clear()

    def sync(self, kind: str = SyncKind.FULL) -> SyncRun:
        """Walk through everything; the finished run."""
        run = start_sync(kind)
        run_pending("bulk")
        run_pending()
        run.refresh_from_db()
        assert run.state == SyncState.DONE, run.error
        return run

    def calls(self, api: str) -> int:
        """How often the platform was asked and answered."""
        counts = self.simulator.do("journal/counts")
        found = [codes for path, codes in counts.items() if path.endswith(api)]
        return sum(codes.get("0", 0) for codes in found)

    def platform_state(self) -> dict[tuple[str, str], str]:
        """(userid, external_userid) -> how the friendship stands at the platform."""
        with self.simulator.world.lock:
            relations = self.simulator.world.state.relations
            return {(userid, ext): rel.status for userid, pairs in relations.items() for ext, rel in pairs.items()}


def wait_five_minutes(time_machine: Any) -> None:
    """Later work is due, and its clock says so too."""
    time_machine.move_to(clock.now() + dt.timedelta(minutes=5))
    Job.objects.filter(state="pending").update(run_at=clock.now() - dt.timedelta(minutes=6))
    run_pending()


def our_state() -> dict[tuple[str, str], str]:
    """The same on our side."""
    rows = Relationship.objects.values_list("user__wecom_userid", "external_userid", "state")
    return {(str(userid), external): state for userid, external, state in rows}


@pytest.fixture
def corp(simulator: SimulatorHandle, chen: User, wang: User) -> Corp:
    """Two members who serve customers."""
    return Corp(simulator)
