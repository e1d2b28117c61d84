"""The WeChat mini-program's server side: log-in codes, phone numbers, subscribe messages, codes and links."""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from gateways.many import Parcel, Pending
from gateways.registry import gateway


@dataclass(frozen=True)
class MiniSession:
    """Who logged in. `unionid` is empty unless the app is bound to an open-platform account.

    `session_key` never leaves the server and is kept out of the repr.
    """

    openid: str
    unionid: str
    session_key: str = field(repr=False)


@dataclass(frozen=True)
class PhoneNumber:
    """A phone number the customer granted: `number` without country code, `country_code` as digits ("86")."""

    number: str = field(repr=False)
    country_code: str = "86"

    @property
    def e164(self) -> str:
        """The number in international form, "+8613800000000"."""
        return f"+{self.country_code}{self.number}"


class ShippedKind(enum.IntEnum):
    """How what was paid for reaches the customer, as the platform numbers it."""

    SERVICE = 3  # nothing is sent: a service, a ticket
    FETCHED = 4  # the customer fetches it


class Mini(Protocol):
    """What we use of the mini-program's server API. Every method may raise `GatewayError`."""

    def code2session(self, code: str) -> MiniSession:
        """Exchange a `wx.login` code (5 minutes, once) for the customer's openid."""
        ...

    def phone_number(self, code: str) -> PhoneNumber:
        """Exchange a `getPhoneNumber` code (5 minutes, once). Each call costs money."""
        ...

    def send_subscribe_message(self, *, openid: str, template_id: str, page: str, data: Mapping[str, str]) -> None:
        """Send one subscribe message: at most once, one per accept, no outcome query. `data` maps field to text."""
        ...

    def send_subscribe_messages(self, parcels: Sequence[Parcel]) -> Pending:
        """Many of them at once. The platform knows no key: what is unclear must not be sent a second time."""
        ...

    def wxacode(self, *, scene: str, page: str) -> bytes:
        """A mini-program code as an image (PNG or JPEG). `scene` up to 32 characters, `page` without a leading slash."""
        ...

    def url_link(self, *, path: str, query: str, expires_in_days: int) -> str:
        """A link that opens the mini-program from SMS or a web page; 1 to 30 days."""
        ...

    def upload_shipping(self, *, transaction_id: str, openid: str, kind: ShippedKind, words: str, at: dt.datetime) -> None:
        """Say what was delivered for a payment, so that the platform lets its money go. Saying it again is fine.

        `words` up to 120 characters. https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/order-shipping/
        """
        ...


def mini() -> Mini:
    """The mini-program client chosen in settings.GATEWAYS."""
    return cast(Mini, gateway("mini"))
