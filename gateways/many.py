"""Single messages in great numbers: what goes out, what came of each, and the way through one platform's door.

The verdict on each message is one of four, and which of them a lost answer means is the channel's business: a vendor
that knows our key may be asked again, one that does not may never be (docs/adr/0025).
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from gateways.errcodes import RetryClass, rule_for
from gateways.errors import BAD_ANSWER, OUR_LIMIT, TIMEOUT, UNREACHABLE, GatewayError
from gateways.rules import Budget, budgets_for
from gateways.wechat import BUSY, WeChatApi
from gateways.wire import NEVER_LEFT, Answer, Wire, request_bytes

LEASE = 100  # calls that one visit to the shared budget pays for
_ANSWER = msgspec.json.Decoder(dict)


class Fate(enum.StrEnum):
    """What came of one message."""

    SENT = "sent"
    REFUSED = "refused"
    LATER = "later"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` is the vendor's word for what went wrong; LATER may say how many seconds to wait."""

    fate: Fate
    code: str = ""
    vendor_id: str = ""
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, ready to go: `address` is an openid or a phone number, `key` what the vendor may de-duplicate by."""

    key: str
    address: str = field(repr=False)
    template_id: str
    fields: Mapping[str, str] = field(repr=False)
    page: str = ""


class Pending(Protocol):
    """Messages under way."""

    def outcomes(self) -> list[Outcome]:
        """Wait for the answers; in the order of the parcels."""
        ...


SENT = Outcome(Fate.SENT)


class Batch:
    """A batch that left through the wire; `read` makes an outcome of each answer, `again` repeats those that may be."""

    def __init__(
        self,
        answers: "Future[list[Answer]]",
        read: Callable[[Answer], Outcome],
        again: Callable[[list[int]], list[Answer]] | None = None,
    ) -> None:
        self._answers, self._read, self._again = answers, read, again

    def outcomes(self) -> list[Outcome]:
        read = self._read
        found = [read(answer) for answer in self._answers.result()]
        stale = [place for place, one in enumerate(found) if one.code == RENEW]
        if stale and self._again:
            for place, answer in zip(stale, self._again(stale), strict=True):
                found[place] = read(answer)
        return [Outcome(Fate.REFUSED, one.code) if one.code == RENEW else one for one in found]


RENEW = "renew-token"


def broken(vendor: str, answer: Answer) -> Outcome | None:
    """What an answer that is none means, or None when it is one."""
    if answer.broken:
        return Outcome(Fate.LATER, UNREACHABLE) if answer.broken == NEVER_LEFT else Outcome(Fate.UNCLEAR, TIMEOUT)
    if answer.status != 200:
        code = f"http-{answer.status}"
        if answer.status >= 500:
            return Outcome(Fate.UNCLEAR, code, wait=answer.retry_after or 0.0)
        return Outcome(Fate.LATER if rule_for(vendor, code).retryable else Fate.REFUSED, code, wait=answer.retry_after or 0.0)
    return None


def by_code(vendor: str, code: str | int) -> Outcome:
    """What a vendor's refusal means for one message."""
    rule = rule_for(vendor, code)
    if rule.retry is RetryClass.TOKEN:
        return Outcome(Fate.LATER, RENEW)
    if code == BUSY:
        return Outcome(Fate.UNCLEAR, str(code))
    return Outcome(Fate.LATER if rule.retryable else Fate.REFUSED, str(code), wait=rule.wait_seconds)


def leased(vendor: str, api: str) -> list[Budget]:
    """The API's budgets, counted in leases of `LEASE` calls: asking per message would cost as much as sending it."""
    return [
        Budget(f"{one.name}/leased", max(1.0, one.capacity / LEASE), one.per_second / LEASE) for one in budgets_for(vendor, api)
    ]


class WeChatMany:
    """Many calls of one JSON API of WeChat, through the same token, budget and log as single calls."""

    def __init__(self, api: WeChatApi, base_url: str, host: str, path: str, *, limited: bool = True) -> None:
        self._api, self._path = api, path
        self._wire = Wire(base_url or f"https://{host}")
        self._prefix, self._host = (f"/{host}" if base_url else ""), host
        self._name = path.removeprefix("/cgi-bin/")
        self._limited = limited

    def start(self, parcels: Sequence[Parcel], body: Callable[[Parcel], bytes], known: frozenset[int] = frozenset()) -> Batch:
        """Send one call per parcel. `known` are codes that say "I have this one already". GatewayError when nothing may leave."""
        self._admit(len(parcels))
        bodies = [body(parcel) for parcel in parcels]

        def requests(token: str, places: Sequence[int]) -> list[bytes]:
            target = f"{self._prefix}{self._path}?access_token={token}"
            return [request_bytes("POST", self._host, target, bodies[place], "application/json") for place in places]

        token = self._api.tokens.current()
        answers = self._wire.start(requests(token, range(len(bodies))))
        return Batch(
            answers,
            lambda answer: self._read(answer, known),
            lambda places: self._wire.exchange(requests(self._api.tokens.renewed(token), places)),
        )

    def _admit(self, count: int) -> None:
        if not self._limited:
            return
        for _ in range(-(-count // LEASE)):
            wait = self._api.admit_lease(self._name, leased(self._api.vendor, self._name))
            if wait:
                raise GatewayError(self._api.vendor, self._name, OUR_LIMIT, retry_in_seconds=wait)

    def _read(self, answer: Answer, known: frozenset[int]) -> Outcome:
        vendor = self._api.vendor
        trouble = broken(vendor, answer)
        if trouble:
            return trouble
        try:
            found = _ANSWER.decode(answer.body)
            code = int(found.get("errcode", 0))
        except (msgspec.DecodeError, TypeError, ValueError):
            return Outcome(Fate.UNCLEAR, BAD_ANSWER)
        # The platform's own number of a message is not kept: nothing asks for it, and writing it costs as much as sending.
        return SENT if code == 0 or code in known else by_code(vendor, code)
