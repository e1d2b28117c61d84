"""What the simulated mini-program and WeChat Pay remember; part of gateways.simulator.state.State."""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec


class MiniUser(msgspec.Struct, omit_defaults=True, gc=False):
    """A WeChat user inside our mini-program. `subscribe` is the balance of accepts per template."""

    openid: str
    unionid: str
    nickname: str = ""
    phone: str = ""
    flagged: bool = False
    subscribe: dict[str, int] = {}


class Follower(msgspec.Struct, omit_defaults=True, gc=False):
    """A follower of the official account. `taken` holds the message keys it had, with the virtual moment of each."""

    openid: str
    follows: bool = True
    taken: dict[str, float] = {}
    received: int = 0


@dataclass(slots=True)
class OneTimeCode:
    """A js_code (`login`) or a phone code (`phone`): five virtual minutes, once."""

    code: str
    kind: Literal["login", "phone"]
    openid: str
    valid_until: float
    used: bool = False
    phone: str = ""


@dataclass(slots=True)
class MiniLink:
    """A urllink, or the target of a 小程序码."""

    target: str
    query: str = ""
    valid_until: float = 0.0


@dataclass(slots=True)
class PayOrder:
    """A WeChat Pay order. `total` and `refunded` in fen; `expires_after` is virtual."""

    out_trade_no: str
    prepay_id: str
    appid: str
    openid: str
    total: int
    description: str
    notify_url: str
    attach: str
    created_at: int
    expires_after: float
    prepay_until: float
    trade_state: str = "NOTPAY"
    transaction_id: str = ""
    success_time: str = ""
    refunded: int = 0
    request: dict[str, Any] = field(default_factory=dict)
    shares_profit: bool = False
    shared: int = 0
    unfrozen: bool = False
    paid_after: float = 0.0
    shipped: str = ""


@dataclass(slots=True)
class Refund:
    """A refund; PROCESSING until `settles_after`."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    amount: int
    total: int
    reason: str
    notify_url: str
    create_time: str
    settles_after: float
    status: str = "PROCESSING"
    outcome: str = "SUCCESS"
    success_time: str = ""


@dataclass(slots=True)
class ShareOrder:
    """A profit-sharing order; `receivers` are {account, amount, description, result, returned}."""

    out_order_no: str
    order_id: str
    transaction_id: str
    receivers: list[dict[str, Any]]
    settles_after: float
    state: str = "PROCESSING"


@dataclass(slots=True)
class ShareReturn:
    """Shared money that a receiver gave back."""

    out_return_no: str
    out_order_no: str
    account: str
    amount: int
    result: str = "SUCCESS"
