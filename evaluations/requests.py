"""Slots of a trip request understood from chats, against labels (the form of requests_dev.jsonl)."""

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

HELP = "slots of trip requests: micro-F1 over (slot, value) pairs, and the share of chats with every slot right"
SLOT_F1, JOINT = 0.90, 0.65
# The labelled slots; others that the extractor finds (rooming, meals) are not in the labels and not counted.
LABELLED = (
    "origin", "destinations", "start_date", "start_month", "days", "adults", "children_ages", "elders", "budget_amount",
    "budget_per_person", "hotel_star", "transport", "pace", "themes", "must", "avoid",
)  # fmt: skip


def add_arguments(parser: ArgumentParser) -> None:
    """Where the labelled chats are."""
    parser.add_argument("--messages", type=Path, default=Path("../shared/data/requests_dev.jsonl"))
    parser.add_argument("--errors", action="store_true", help="print what was missed and what was wrong in each chat")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Read every chat, compare, and print a table by slot."""
    from messaging.understanding.trips import Turn, understand

    right, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
    joint = chats = 0
    for line in Path(options["messages"]).read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        chat = json.loads(line)
        turns = [Turn(turn["role"], turn["text"]) for turn in chat["turns"]]
        found = pairs(understand(turns, date.fromisoformat(chat["today"])).values())
        wanted = pairs(chat["slots"])
        chats += 1
        joint += found == wanted
        for counter, some in ((right, found & wanted), (missed, wanted - found), (wrong, found - wanted)):
            counter.update(slot for slot, _ in some.elements())
        if options.get("errors") and found != wanted:
            say(f"{chat['id']} missed {sorted(wanted - found)} wrong {sorted(found - wanted)}")
            say("    " + " / ".join(turn.text for turn in turns))
    figures = {"chats": chats, "slot_f1": round(f1(right, missed, wrong), 4), "joint": round(joint / max(chats, 1), 4)}
    say(f"{'slot':20}{'right':>8}{'missed':>8}{'wrong':>8}{'f1':>8}")
    for slot in LABELLED:
        one = [Counter({slot: counter[slot]}) for counter in (right, missed, wrong)]
        say(f"{slot:20}{right[slot]:8}{missed[slot]:8}{wrong[slot]:8}{f1(*one):8.3f}")
    say(json.dumps(figures))
    return figures["slot_f1"] >= SLOT_F1 and figures["joint"] >= JOINT


def pairs(slots: dict[str, Any]) -> Counter[tuple[str, str]]:
    """(slot, value) pairs; a list gives one for each item. Free wishes are compared in their barest form."""
    from messaging.understanding.wishes import wish_text

    found: Counter[tuple[str, str]] = Counter()
    for slot in LABELLED:
        value = slots.get(slot)
        if value is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            found[slot, wish_text(item) if slot in ("must", "avoid") else str(item)] += 1
    return found


def f1(right: Counter[str], missed: Counter[str], wrong: Counter[str]) -> float:
    """Micro-F1 of counts."""
    hits = right.total()
    total = 2 * hits + missed.total() + wrong.total()
    return 2 * hits / total if total else 0.0
