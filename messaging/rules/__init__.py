"""Pure decisions about touching customers: caps, quiet hours, hold-out, when to look for results."""

import dataclasses
import datetime as dt
import hashlib

from core.clock import SHANGHAI
from messaging.choices import Mode, Route, TouchPurpose
from staff.choices import PlatformCapRule

# The channels' ability to settle a lost answer (reliability.md A3, platform-contracts 1.11 to 1.16).
MODES: dict[str, Mode] = {
    Route.WECOM: Mode.ASK, Route.SMS: Mode.ASK, Route.OFFICIAL: Mode.KEY, Route.KF: Mode.KEY,
    Route.SUBSCRIBE: Mode.ONCE, Route.INBOX: Mode.OWN,
}  # fmt: skip
TEMPLATED = frozenset({Route.SUBSCRIBE, Route.SMS, Route.OFFICIAL})  # only what the platform approved may be said there
TEXT_BYTES = 4000  # platform-contracts 1.8: counted in UTF-8 bytes
TITLE_BYTES = 64
PEOPLE_PER_TASK = 10_000
REMINDERS_PER_DAY = 3
KF_WINDOW = dt.timedelta(hours=48)  # WeCom customer service: 5 messages within 48 hours of the customer's last one
PRIORITY_SPAN = dt.timedelta(hours=24)
PROMOTION, LIFECYCLE, SERVICE, TRANSACTION = range(4)  # who goes first; the governor computes the same in SQL
RESULTS_WINDOW = dt.timedelta(hours=72)
MEDIA_LIFE = dt.timedelta(days=3) - dt.timedelta(hours=6)  # WeCom keeps three days; upload anew before they end
_EARLY_POLLS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
_LATE_POLL = dt.timedelta(hours=2)


@dataclasses.dataclass(frozen=True)
class Cap:
    """At most `limit` touches since `start`; the window is made of Shanghai's calendar days."""

    start: dt.datetime
    limit: int


def platform_cap(rule: str, at: dt.datetime) -> Cap:
    """The WeCom mass-message cap in force at `at` (doc 92135): as many a month as the month has days, 7 a week
    (from Monday), or 1 a day."""
    today = at.astimezone(SHANGHAI).date()
    if rule == PlatformCapRule.DAY_1:
        return Cap(_midnight(today), 1)
    if rule == PlatformCapRule.WEEK_7:
        return Cap(_midnight(today - dt.timedelta(days=today.weekday())), 7)
    first = today.replace(day=1)
    return Cap(_midnight(first), (_next_month(first) - first).days)


def house_cap(count: int, days: int, at: dt.datetime) -> Cap:
    """Our own cap: `count` marketing touches within `days` calendar days, today included."""
    today = at.astimezone(SHANGHAI).date()
    return Cap(_midnight(today - dt.timedelta(days=days - 1)), count)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=SHANGHAI)


def _next_month(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=32)).replace(day=1)


def quiet_until(start: dt.time, end: dt.time, at: dt.datetime) -> dt.datetime | None:
    """The end of the quiet hours `at` falls into, or None. Shanghai wall times; 21:00-09:00 goes over midnight;
    equal times mean that there are no quiet hours."""
    local = at.astimezone(SHANGHAI)
    now, today = local.time(), local.date()
    if start == end:
        return None
    if start < end:
        inside, day = start <= now < end, today
    else:
        inside, day = now >= start or now < end, today + dt.timedelta(days=1) if now >= start else today
    return dt.datetime.combine(day, end, tzinfo=SHANGHAI) if inside else None


def holdout_bucket(salt: str, customer_id: int) -> int:
    """0..9999, evenly spread: the first 32 bits of SHA-256 over salt and customer. The governor computes the same in SQL."""
    digest = hashlib.sha256(f"{salt}:{customer_id}".encode()).hexdigest()
    return int(digest[:8], 16) % 10_000


def is_held_out(salt: str, customer_id: int, percent: int) -> bool:
    """Whether the hold-out of `percent` has this customer. Depends on nothing that happens later."""
    return holdout_bucket(salt, customer_id) < percent * 100


def next_poll(created_at: dt.datetime, at: dt.datetime, *, quick: bool) -> dt.datetime | None:
    """When to ask for a task's results next: 1, 5, 15, 60 minutes after creation, then every 2 hours up to 72 hours.

    None when the time is over. `quick` is for the simulator: every 3 seconds for ten minutes, then every minute.
    """
    age = at - created_at
    if age >= RESULTS_WINDOW:
        return None
    if quick:
        return at + dt.timedelta(seconds=3 if age < dt.timedelta(minutes=10) else 60)
    early = next((created_at + moment for moment in _EARLY_POLLS if moment > age), None)
    return early or at + _LATE_POLL


def is_left_out(confirmed_at: dt.datetime | None, at: dt.datetime, *, quick: bool) -> bool:
    """Whether people without a result are not coming any more: the member confirmed long enough ago, and sent to some only."""
    patience = dt.timedelta(minutes=2) if quick else dt.timedelta(hours=2)
    return confirmed_at is not None and at - confirmed_at > patience


def may_remind(reminders: list[dt.datetime], at: dt.datetime) -> bool:
    """WeCom lets a task be reminded of three times in 24 hours."""
    day_ago = at - dt.timedelta(hours=24)
    return sum(moment > day_ago for moment in reminders) < REMINDERS_PER_DAY


def utf8_bytes(text: str) -> int:
    """Length as WeCom counts it."""
    return len(text.encode("utf-8"))


def page_with_token(page: str, token: str) -> str:
    """A card's page with the touch token that names the task, in the platform's list and on the customer's click."""
    return f"{page}{'&' if '?' in page else '?'}touch={token}"


def has_token(page: str, token: str) -> bool:
    """Whether a card's page carries exactly this token."""
    return f"touch={token}" in page.partition("?")[2].split("&")


def message_key(campaign_id: int, customer_id: int) -> str:
    """The key of a campaign's message to a customer: a pure function of why it is sent."""
    return f"campaign:{campaign_id}:{customer_id}"


def task_key(campaign_id: int, sender_id: int, chunk: int) -> str:
    """The key of a campaign's mass-send task for one sender and one chunk of people."""
    return f"campaign:{campaign_id}:sender:{sender_id}:{chunk}"


def settle_after(*, quick: bool) -> dt.timedelta:
    """How long after a call without an answer the platform's list is trusted to show its effect, or its absence.

    Longer than our longest time-out plus the platform's slowest answer: a request that is still on its way then is
    not known to exist. `quick` is for the simulator, which answers in milliseconds.
    """
    return dt.timedelta(seconds=20) if quick else dt.timedelta(seconds=90)


def settle_window(called_at: dt.datetime, at: dt.datetime, *, quick: bool) -> tuple[dt.datetime, dt.datetime]:
    """The creation times among which a lost task is looked for: generous, as clocks differ. The simulator's clock can
    be moved by days, so there the window is wider."""
    before, after = (dt.timedelta(days=2), dt.timedelta(days=20)) if quick else (dt.timedelta(hours=1), dt.timedelta(hours=1))
    return called_at - before, at + after


WELCOME_SECONDS = 20


def is_welcome_in_time(added_at: dt.datetime, at: dt.datetime) -> bool:
    """Whether a welcome code of that moment can still work: it dies 20 seconds after the friendship began."""
    return at - added_at <= dt.timedelta(seconds=WELCOME_SECONDS)


def rank(purpose: str, *, is_campaign: bool) -> int:
    """How important a message is: an order or trip under way, then service, then a journey's offer, then a campaign's."""
    if purpose == TouchPurpose.MARKETING:
        return PROMOTION if is_campaign else LIFECYCLE
    return TRANSACTION if purpose == TouchPurpose.TRANSACTION else SERVICE
