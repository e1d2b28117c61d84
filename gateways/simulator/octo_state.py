"""What the simulated OCTO supplier remembers: its bookings, and what was changed by hand."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class OctoBooking:
    """One booking. `hold_until` is virtual; `expires_at` is what the application is told, on the machine's clock."""

    uuid: str
    product_id: str
    option_id: str
    day: str
    units: list[str]
    net: int
    status: str
    hold_until: float
    expires_at: float
    reference: str = ""
    reseller_reference: str = ""


@dataclass(slots=True)
class OctoState:
    """`price_percent`: product id -> percent of the usual price. `closed` and `sold_out` hold "product|date"."""

    bookings: dict[str, OctoBooking] = field(default_factory=dict)
    price_percent: dict[str, int] = field(default_factory=dict)
    sold_out: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
