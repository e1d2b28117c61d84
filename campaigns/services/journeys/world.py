"""Somebody on their way, while a batch is being worked on."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from campaigns.choices import RunState, StepOutcome
from campaigns.rules.journeys.waits import Anchor


@dataclasses.dataclass
class Traveller:
    """A row of `JourneyRun` under lock, with the world as it is now. `anchor` are the dates of the trip or the yearly day."""

    id: int
    version_id: int
    journey_id: int
    customer_id: int
    subject_id: int
    anchor: Anchor | None
    facts: Mapping[str, Any]
    step: str
    waits: bool
    arrived_at: dt.datetime
    skips: bool
    entered_at: dt.datetime
    salt: str
    writer_id: int
    is_gone: bool
    is_trip_off: bool = False
    state: str = RunState.ACTIVE
    reason: str = ""
    run_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


@dataclasses.dataclass
class Moved:
    """What a step did for one person: `label` is the branch taken. With `wait_until` they stay where they are until then."""

    person: Traveller
    outcome: str = StepOutcome.DONE
    label: str = ""
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)
    message_id: int | None = None
    follow_up_id: int | None = None
    wait_until: dt.datetime | None = None
