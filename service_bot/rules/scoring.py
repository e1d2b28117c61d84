"""What an answered labelled question is worth, and the figures of a run. Pure."""

import dataclasses
import math
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Result:
    """One question: its kind, the bot's move, what became of it, milliseconds."""

    kind: str
    move: str
    outcome: str
    took_ms: float


ANSWERED, HANDED = "answer", "human"


def outcome(kind: str, move: str, *, same: bool, offered: bool, mood: int) -> str:
    """`same`: the answer said is the right one; `offered`: the right one stands in the menu.

    right, wrong, false_answer (said where nothing should be), menu_hit, menu_miss, held_back (rightly or not answered),
    human_right, human_missed, alarm_right, alarm_missed, calm, false_alarm.
    """
    if kind == "upset":
        return "alarm_right" if (move == HANDED and mood >= 2) or move == HANDED else "alarm_missed"
    if kind == "calm":
        return "false_alarm" if mood >= 2 else "calm"
    if kind == "human":
        return "human_right" if move == HANDED else "human_missed"
    if kind == "none":
        return "false_answer" if move == ANSWERED else "held_back"
    if move == ANSWERED:
        return "right" if same else "wrong"
    if move == "menu":
        return "menu_hit" if offered else "menu_miss"
    return "held_back"


def figures(results: Sequence[Result]) -> dict[str, float | int | None]:
    """The numbers of a run; a share is None where nothing counts towards it. `low` and `high`: Wilson's 95 % interval of the
    accuracy of what was answered, which never stands without the coverage beside it."""
    count = {name: sum(one.outcome == name for one in results) for name in _NAMES}
    answered = count["right"] + count["wrong"] + count["false_answer"]
    answerable = sum(one.kind in ("answer", "fact") for one in results)
    menus = count["menu_hit"] + count["menu_miss"]
    low, high = wilson(count["right"], answered)
    return {
        "questions": len(results), "answered": answered, "accuracy": share(count["right"], answered), "low": low, "high": high,
        "coverage": share(count["right"] + count["wrong"], answerable), "false_answers": count["false_answer"],
        "false_share": share(count["false_answer"], sum(one.kind == "none" for one in results)),
        "menu_hit": share(count["menu_hit"], menus), "menus": menus,
        "handoff_recall": share(count["human_right"], count["human_right"] + count["human_missed"]),
        "mood_recall": share(count["alarm_right"], count["alarm_right"] + count["alarm_missed"]),
        "false_alarms": share(count["false_alarm"], count["false_alarm"] + count["calm"]),
        "p95_ms": percentile([one.took_ms for one in results], 0.95), "cost": 0,
    }  # fmt: skip


_NAMES = (
    "right", "wrong", "false_answer", "menu_hit", "menu_miss", "held_back", "human_right", "human_missed", "alarm_right",
    "alarm_missed", "calm", "false_alarm",
)  # fmt: skip


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`, None of nothing."""
    return part / whole if whole else None


def percentile(values: Sequence[float], at: float) -> float | None:
    """The value below which the share `at` lies."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, math.ceil(at * len(ordered)) - 1)], 1) if ordered else None


def wilson(right: int, answered: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share; (0, 1) of nothing."""
    if not answered:
        return 0.0, 1.0
    p, square = right / answered, z * z
    middle = (p + square / (2 * answered)) / (1 + square / answered)
    half = z / (1 + square / answered) * math.sqrt(p * (1 - p) / answered + square / (4 * answered * answered))
    return max(0.0, middle - half), min(1.0, middle + half)


WORST_DROP = 0.01


def is_regression(before: dict[str, float | int | None], after: dict[str, float | int | None]) -> bool:
    """Whether publishing must wait: accuracy fell by more than a point, or more is answered that must not be."""
    old, new = before.get("accuracy"), after.get("accuracy")
    fell = old is not None and new is not None and old - new > WORST_DROP
    return fell or (after.get("false_answers") or 0) > (before.get("false_answers") or 0)
