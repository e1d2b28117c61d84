"""The world in which the simulated vendors live: state, clock, dice, faults, journal and the queue of callbacks."""

import collections
import heapq
import random
import threading
from collections.abc import Mapping
from typing import Any

from gateways.simulator.clock import VirtualClock
from gateways.simulator.faults import FaultPlan
from gateways.simulator.journal import Entry, Journal
from gateways.simulator.mini_state import MiniUser
from gateways.simulator.state import Delivery, Line, Relation, State, new_state

Json = dict[str, Any]


class World:
    """Shared by all vendors. Whoever reads or writes `state` holds `lock`."""

    def __init__(self, state: State | None = None) -> None:
        self.lock = threading.RLock()
        self.doorbell = threading.Condition(self.lock)
        self.journal = Journal()
        self.in_flight: collections.Counter[str] = collections.Counter()
        self.changes = 0
        self.adopt(state or new_state())

    def adopt(self, state: State) -> None:
        """Take over a state: at the start, after a reset, from a snapshot."""
        with self.lock:
            self.state = state
            self.clock = VirtualClock(state.clock)
            self.dice = random.Random(f"{state.config.seed}:{state.serial}")  # noqa: S311 - dice, not keys
            self.faults = FaultPlan(state.faults, self.dice)
            self._agenda = [(delivery.due_after, delivery.id) for delivery in state.deliveries.values()]
            heapq.heapify(self._agenda)
            self._openids = {user.unionid: user.openid for user in state.mini_users.values() if user.unionid}
            self.changed()

    def introduce(self, public_url: str, settings: Mapping[str, str]) -> None:
        """Make the application known: where it lives, and identities that differ from the agreed ones."""
        with self.lock:
            self.state.config.public_url = public_url
            self.state.settings.update(settings)
            first, *others = self.state.apps.values()
            first.agentid, first.secret = self.setting("WECOM_AGENT_ID"), self.setting("WECOM_SECRET")
            self.state.apps = {app.agentid: app for app in (first, *others)}

    def now(self) -> float:
        """The virtual moment."""
        return self.clock.now()

    def wall(self) -> int:
        """The moment the application would call now, whole seconds."""
        return int(self.clock.wall())

    def changed(self) -> None:
        """Note a change, for the snapshot, and wake whoever waits for due callbacks."""
        self.changes += 1
        self.doorbell.notify_all()

    def letters(self, length: int) -> str:
        """Random hexadecimal digits, quickly made."""
        return f"{self.dice.getrandbits(4 * length):0{length}x}" if length else ""

    def new_id(self, prefix: str, length: int = 32) -> str:
        """An id of exactly `length` characters that this world has never given out, also after a restart."""
        self.state.serial += 1
        stem = f"{prefix}{self.state.serial:06d}"
        return stem + self.letters(max(length - len(stem), 0))

    def setting(self, name: str) -> str:
        """One of the identities agreed with the application, by its environment name."""
        return self.state.settings[name]

    def count(self, what: str, number: int = 1) -> None:
        """Add to a counter of effects: what reached people, counted where it arrives."""
        self.state.counters[what] = self.state.counters.get(what, 0) + number

    def callback(self, delivery: Delivery) -> None:
        """Queue a callback, give it its id when it has none, and wake the deliverer."""
        if not delivery.id:
            delivery.id = self.state.serial = self.state.serial + 1
        self.state.deliveries[delivery.id] = delivery
        heapq.heappush(self._agenda, (delivery.due_after, delivery.id))
        self.changed()

    def next_due(self) -> Delivery | None:
        """The callback whose turn is next, due or not; it stays in the queue."""
        while self._agenda:
            due_after, number = self._agenda[0]
            delivery = self.state.deliveries.get(number)
            if delivery is not None and delivery.due_after == due_after:
                return delivery
            heapq.heappop(self._agenda)
        return None

    def staff_line(self, userid: str, line: Line) -> None:
        """Show something on a member's phone."""
        self.state.staff_lines.setdefault(userid, []).append(line)

    def customer_line(self, person: str, line: Line) -> None:
        """Show something on a customer's phone; `person` is an external_userid, an openid or a phone number."""
        self.state.customer_lines.setdefault(person, []).append(line)
        self.count(f"lines.{line.channel}")

    def relation(self, userid: str, external_userid: str) -> Relation | None:
        """The friendship of a member and a contact, in whatever status."""
        return self.state.relations.get(userid, {}).get(external_userid)

    def keep_mini_user(self, user: MiniUser) -> None:
        """Add a mini-program user; found by unionid from then on."""
        self.state.mini_users[user.openid] = user
        if user.unionid:
            self._openids[user.unionid] = user.openid

    def mini_user_with(self, unionid: str) -> MiniUser | None:
        """The mini-program user with a unionid."""
        return self.state.mini_users.get(self._openids.get(unionid, ""))

    def relations_of(self, external_userid: str) -> list[Relation]:
        """All friendships of a contact."""
        return [pairs[external_userid] for pairs in self.state.relations.values() if external_userid in pairs]

    def note(self, kind: str, path: str, note: str, *, body: str = "", code: str = "") -> None:
        """Write a deed of a person or of the console into the journal."""
        entry = Entry("person" if kind == "person" else "console", "", "", path, body=body, code=code, note=note)
        entry.at, entry.virtual_at = self.clock.wall(), self.now()
        self.journal.add(entry)
