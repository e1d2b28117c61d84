"""Text messages through Aliyun SMS: templates only, marketing only with consent and an opt-out in the text."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from gateways.many import Parcel, Pending
from gateways.registry import gateway


@dataclass(frozen=True)
class SmsReceipt:
    """The vendor took the message; delivery is reported later. `biz_id` is the vendor's id of it."""

    biz_id: str
    request_id: str


@dataclass(frozen=True)
class SmsReport:
    """What became of one message; `error` is the carrier's code when it was not delivered."""

    biz_id: str
    out_id: str
    delivered: bool
    error: str
    reported_at: dt.datetime


@dataclass(frozen=True)
class SmsReply:
    """A text a customer sent back ("TD", "退订"): the wish to opt out must be honoured."""

    phone: str = field(repr=False)
    content: str
    sent_at: dt.datetime


@dataclass(frozen=True)
class SmsFound:
    """The vendor's answer about one message: `exists`, and `delivered` as far as it is known (None: not yet)."""

    exists: bool
    delivered: bool | None = None
    biz_id: str = ""
    error: str = ""


class Sms(Protocol):
    """What we use of the SMS vendor. Every method may raise `GatewayError`."""

    def send(self, *, phone: str, template: str, params: Mapping[str, str], out_id: str) -> SmsReceipt:
        """Send one templated message to a mainland number. The vendor does not de-duplicate on `out_id`: send once."""
        ...

    def send_many(self, parcels: Sequence[Parcel]) -> Pending:
        """Many at once; the parcel's key becomes the `out_id`. What is unclear is asked for with `find`."""
        ...

    def find(self, *, phone: str, out_id: str, on: dt.date) -> SmsFound:
        """Whether the vendor has taken a message with this `out_id` on a Shanghai day: how an unclear call is settled."""
        ...

    def parse_callback(self, query: Mapping[str, str], body: bytes) -> list[SmsReport | SmsReply]:
        """Read a status report or an up-link reply pushed to our URL (`?token=`); raises `CallbackRefused`."""
        ...


def sms() -> Sms:
    """The SMS client chosen in settings.GATEWAYS."""
    return cast(Sms, gateway("sms"))
