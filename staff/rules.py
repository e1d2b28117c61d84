"""Who may do what: role -> abilities. Pure; row scope and field masking are decided elsewhere."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from staff.choices import FieldClass, Role

# Every ability a page, an action or a navigation entry may ask for. A name that is not here is a bug, not a "no".
ABILITIES = frozenset(
    {
        "workbench.view",
        "customers.view", "customers.edit", "customers.assign", "customers.merge", "customers.export", "customers.erase",
        "contact.reveal", "document.reveal", "cost.view",
        "tags.view", "tags.assign", "tags.manage",
        "segments.view", "segments.manage",
        "campaigns.view", "campaigns.edit", "campaigns.launch", "campaigns.approve",
        "channels.view", "channels.manage",
        "tasks.view", "tasks.work", "tasks.assign",
        "products.view", "products.edit",
        "suppliers.view", "suppliers.import", "suppliers.edit",
        "orders.view", "orders.create", "orders.override_price",
        "orders.refund_request", "orders.refund_approve", "orders.refund_execute",
        "membership.view", "membership.manage", "points.propose", "points.decide", "coupons.issue", "coupons.redeem",
        "bills.view", "bills.explain", "merchants.work", "merchants.manage",
        "knowledge.view", "knowledge.edit",
        "inbox.work", "inbox.supervise",
        "data.view", "data.manage",
        "settings.view", "policy.edit", "staff.view", "staff.manage", "audit.view", "audit.export", "admin.use", "sim.use",
    }
)  # fmt: skip

_EVERYBODY = {"workbench.view", "settings.view", "sim.use"}
_READS = {
    "knowledge.view", "customers.view", "tags.view", "segments.view",
    "campaigns.view", "channels.view", "products.view", "orders.view", "membership.view",
}  # fmt: skip
_FRONT_LINE = (
    _EVERYBODY
    | _READS
    | {"coupons.redeem"}
    | {"inbox.work", "customers.edit", "contact.reveal", "tags.assign", "tasks.view", "tasks.work", "orders.refund_request"}
)

_TABLE: dict[str, frozenset[str]] = {
    Role.ADMINISTRATOR: ABILITIES,
    Role.OPERATIONS: frozenset(
        # Marketing sees no plain phone number: it reaches people through the Touch Governor, never by hand.
        _EVERYBODY
        | _READS
        | {"inbox.work", "inbox.supervise"}
        | {"knowledge.edit", "membership.manage", "points.propose", "coupons.issue", "coupons.redeem"}
        | {"customers.edit", "customers.assign", "customers.merge", "tags.assign", "tags.manage", "segments.manage"}
        | {
            "channels.manage",
            "campaigns.edit",
            "campaigns.launch",
            "campaigns.approve",
            "tasks.view",
            "tasks.work",
            "tasks.assign",
        }
        | {"products.edit", "suppliers.view", "suppliers.import", "data.view", "data.manage", "staff.view", "merchants.manage"}
    ),
    Role.SALES: frozenset(_FRONT_LINE | {"orders.create"}),
    Role.PLANNER: frozenset(
        _FRONT_LINE
        | {"orders.create", "document.reveal", "cost.view", "products.edit"}
        | {"suppliers.view", "suppliers.import", "suppliers.edit"}
    ),
    Role.SERVICE: frozenset(_FRONT_LINE | {"knowledge.edit"}),
    Role.FINANCE: frozenset(
        _EVERYBODY
        | {"customers.view", "products.view", "orders.view", "cost.view", "suppliers.view", "campaigns.view", "audit.view"}
        | {"orders.refund_approve", "orders.refund_execute", "membership.view", "points.decide"}
        | {"bills.view", "bills.explain", "merchants.manage"}
    ),
    # A merchant's people see what is their merchant's (merchants.models.MerchantUser), and nothing of the agency's.
    Role.MERCHANT: frozenset({"workbench.view", "merchants.work"}),
    Role.AUDITOR: frozenset(
        _EVERYBODY
        | _READS
        | {"tasks.view", "cost.view", "suppliers.view", "data.view", "staff.view", "audit.view", "audit.export", "bills.view"}
    ),
    Role.READONLY: frozenset(_EVERYBODY | _READS | {"tasks.view", "suppliers.view"}),
}

_FIELD_ABILITY = {FieldClass.CONTACT: "contact.reveal", FieldClass.DOCUMENT: "document.reveal", FieldClass.COST: "cost.view"}

REVEAL_SECONDS = 60
REVEALS_PER_HOUR = 30
REVEALS_PER_DAY = 120


def abilities_of(role: str) -> frozenset[str]:
    """Everything a role may do; nothing for an unknown role."""
    return _TABLE.get(role, frozenset())


def can(role: str, ability: str) -> bool:
    """Whether a role has an ability. KeyError for a name that no ability has, so that a typing error is loud."""
    if ability not in ABILITIES:
        raise KeyError(f"no such ability: {ability}")
    return ability in abilities_of(role)


def may_see_field(role: str, field_class: str) -> bool:
    """Whether a role may ever see plain values of a field class; public fields are for everybody."""
    ability = _FIELD_ABILITY.get(FieldClass(field_class))
    return ability is None or can(role, ability)


def mask_phone(phone: str) -> str:
    """`138****5678`: the first three and the last four digits of a number, whatever its spelling."""
    digits = "".join(char for char in phone if char.isdigit())
    if digits.startswith("86") and len(digits) == 13:
        digits = digits[2:]
    if len(digits) < 8:
        return "****"
    return f"{digits[:3]}****{digits[-4:]}"


def mask_document(number: str) -> str:
    """Only the last four characters of an identity document: `**************1234`."""
    return "*" * max(0, len(number) - 4) + number[-4:] if len(number) > 4 else "****"


@dataclasses.dataclass(frozen=True)
class RevealCount:
    """How often a member of staff revealed personal data lately."""

    last_hour: int
    last_day: int


def reveal_wait(count: RevealCount) -> dt.timedelta | None:
    """How long to wait before the next reveal, or None when it may happen now."""
    if count.last_day >= REVEALS_PER_DAY:
        return dt.timedelta(days=1)
    if count.last_hour >= REVEALS_PER_HOUR:
        return dt.timedelta(hours=1)
    return None


def reason_complaint(reason: str) -> str:
    """What is wrong with a reason for a reveal: "short", or nothing. Blank space and repeats of one character do not count."""
    said = "".join(reason.split())
    return "short" if len(said) < 4 or len(set(said)) < 3 else ""


def audit_seal_text(
    *,
    previous: bytes,
    at: dt.datetime,
    actor_id: int | None,
    action: str,
    target: tuple[str, str, str],
    detail: dict[str, Any],
    ip: str | None,
) -> str:
    """The one text that stands for an audit entry: every column, in a fixed order and spelling."""
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return json.dumps(
        [previous.hex(), moment, actor_id, action, *target, detail, ip], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str]]:
    """What differs, as `{field: [old, new]}`."""
    return {name: [before[name], after[name]] for name in before if before[name] != after[name]}


_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def temporary_password(choose: Callable[[str], str]) -> str:
    """Sixteen letters and digits in four groups, without look-alikes (79 bits), picked by `choose`."""
    return "-".join("".join(choose(_READABLE) for _letter in range(4)) for _group in range(4))


def safe_cell(text: str) -> str:
    """A spreadsheet cell that no program takes for a formula: a leading = + - @ tab or CR gets an apostrophe before it."""
    return f"'{text}" if text.lstrip(" \u3000")[:1] in set("=+-@\t\r＝＋－＠") else text
