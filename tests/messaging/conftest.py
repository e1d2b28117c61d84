"""A member of staff with friends, on our side and at the simulated platform."""

from typing import Any

import pytest

from customers.models import Customer
from gateways.simulator.testing import SimulatorHandle
from staff.models import AgencyPolicy, User
from tests.messaging.people import befriend, make_customer, make_member


@pytest.fixture
def open_hours(db: None) -> AgencyPolicy:
    """No quiet hours: these tests run at any time of day."""
    return AgencyPolicy.objects.create(quiet_start="00:00", quiet_end="00:00")


class Corp:
    """The platform's side of the story."""

    def __init__(self, simulator: SimulatorHandle) -> None:
        self.simulator = simulator
        simulator.set(dispatch_seconds=0)

    def member(self, username: str) -> User:
        """A member of both worlds."""
        self.simulator.do("seed", members=[{"userid": username, "name": username}])
        return make_member(username)

    def friend(self, member: User, name: str = "") -> Customer:
        """A customer who agreed to marketing and is the member's friend in both worlds."""
        customer = make_customer(name)
        added = self.simulator.do("customer/add", userid=member.wecom_userid, name=name or f"c{customer.id}")
        befriend(customer, member, external_userid=added["external_userid"])
        return customer

    def tasks(self) -> list[dict[str, Any]]:
        """Every mass task that stands at the platform."""
        with self.simulator.world.lock:
            return [
                {
                    "msgid": task.msgid,
                    "text": task.text,
                    "cancelled": task.cancelled,
                    "page": task.attachments[0]["miniprogram"]["page"] if task.attachments else "",
                    "senders": {userid: list(part.customers) for userid, part in task.senders.items()},
                    "reminded": len(task.reminded),
                }
                for task in self.simulator.world.state.mass_tasks.values()
            ]


@pytest.fixture
def corp(simulator: SimulatorHandle, open_hours: AgencyPolicy) -> Corp:
    """The simulated corp, awake at all hours; results can be asked for at once."""
    return Corp(simulator)
