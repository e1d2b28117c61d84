"""Planned misfortune: rules that turn a call or a callback bad in a chosen way, a chosen number of times.

Kinds for calls (`side="api"`):
    errcode     answer the vendor's error `value` (a number for WeCom and mini-program, a word for pay and SMS); no effect
    http        answer HTTP status `value` (default 502); no effect
    html        answer an HTML page with status 200; no effect
    timeout     hold the line `value` seconds (default 15), then hang up; no effect
    reset       hang up at once; no effect
    slow        wait `value` seconds, then work as usual
    malformed   do the work, then answer half of the JSON
    lost_reply  do the work, then hang up: the caller cannot know
    expire      all tokens of the app expire early; the call answers 42001
Kinds for callbacks (`side="callback"`):
    duplicate   send `value` copies (default 2)
    delay       send `value` seconds later (default 30), so that it comes out of order
    drop        never send
    bad_signature, wrong_receiver, stale, bad_padding, huge_nonce, signtest   send a forgery instead of the real thing
"""

import random
from dataclasses import dataclass
from typing import Literal

API_KINDS = ("errcode", "http", "html", "timeout", "reset", "slow", "malformed", "lost_reply", "expire")
FORGERIES = ("bad_signature", "wrong_receiver", "stale", "bad_padding", "huge_nonce", "signtest")
CALLBACK_KINDS = ("duplicate", "delay", "drop", *FORGERIES)


@dataclass(slots=True)
class FaultRule:
    """One rule. `path` matches as part of the path; `skip` calls pass first; `times` -1 means for ever."""

    kind: str
    side: Literal["api", "callback"] = "api"
    host: str = ""
    path: str = ""
    value: int | float | str | None = None
    times: int = -1
    skip: int = 0
    probability: float = 1.0
    id: str = ""
    hits: int = 0

    def number(self, default: float) -> float:
        """`value` as a number, or the default."""
        return float(self.value) if self.value is not None else default


class FaultPlan:
    """The rules in force, and the dice."""

    def __init__(self, rules: list[FaultRule], dice: random.Random) -> None:
        self.rules = rules
        self.dice = dice

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force; ValueError when its kind does not exist on its side."""
        if rule.kind not in (API_KINDS if rule.side == "api" else CALLBACK_KINDS):
            raise ValueError(f"no fault {rule.kind!r} on side {rule.side!r}")
        rule.id = rule.id or f"f{self.dice.randrange(16**6):06x}"
        self.rules.append(rule)
        return rule

    def clear(self, rule_id: str = "") -> int:
        """Drop one rule, or all; how many went."""
        before = len(self.rules)
        self.rules[:] = [rule for rule in self.rules if rule_id and rule.id != rule_id]
        return before - len(self.rules)

    def pick(self, side: str, host: str, path: str) -> FaultRule | None:
        """The rule that strikes this call, if any. Counts down."""
        for rule in self.rules:
            if rule.side == side and rule.host in host and rule.path in path and self._strikes(rule):
                return rule
        return None

    def _strikes(self, rule: FaultRule) -> bool:
        if rule.times == 0:
            return False
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if rule.probability < 1 and self.dice.random() >= rule.probability:
            return False
        rule.times -= rule.times > 0
        rule.hits += 1
        return True
