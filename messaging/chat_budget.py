"""How many messages the platform still lets us send in WeCom customer service: five within 48 hours of the customer's last."""

import dataclasses
import datetime as dt

from gateways.wecom.kf import REPLIES, REPLY_WINDOW, TEXT_BYTES


@dataclasses.dataclass(frozen=True)
class Budget:
    """`left` of `total` messages until `ends_at`; no limit where `total` is 0."""

    total: int
    left: int
    ends_at: dt.datetime | None

    @property
    def is_spent(self) -> bool:
        """Whether nothing may be sent now."""
        return bool(self.total) and self.left <= 0


UNLIMITED = Budget(0, 0, None)


def kf_budget(said: int, last_in_at: dt.datetime, at: dt.datetime) -> Budget:
    """What is left after `said` messages since the customer's last one."""
    ends_at = last_in_at + REPLY_WINDOW
    return Budget(REPLIES, max(0, REPLIES - said) if at < ends_at else 0, ends_at)


def fitting(text: str, limit: int = TEXT_BYTES) -> str:
    """The text, or its beginning with an ellipsis, in at most `limit` bytes of UTF-8, never cut inside a character."""
    raw = text.encode("utf-8", "ignore")
    return text if len(raw) <= limit else raw[: limit - 3].decode("utf-8", "ignore") + "…"
