"""The agency's WeChat official account (公众号): template messages to its followers."""

from collections.abc import Sequence
from typing import Protocol, cast

from gateways.many import Parcel, Pending
from gateways.registry import gateway


class Official(Protocol):
    """What we use of the official account's server API. Every method may raise `GatewayError`."""

    def send_template_messages(self, parcels: Sequence[Parcel]) -> Pending:
        """Template messages. Key mode: for ten minutes the platform takes a `client_msg_id` once per follower, so what is
        unclear may be sent again with the same key."""
        ...


def official() -> Official:
    """The official account's client chosen in settings.GATEWAYS."""
    return cast(Official, gateway("official"))
