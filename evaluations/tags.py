"""Tags: from chats against labelled dialogues, or (without them) from behaviour against hidden interests."""

import importlib
import importlib.util
import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

HELP = "tags from chats (--dialogues FILE.jsonl): micro- and macro-F1; without it, tags from behaviour"
MICRO_F1, MACRO_F1 = 0.93, 0.90


def add_arguments(parser: ArgumentParser) -> None:
    """Labelled chats; other options belong to the measure of behaviour."""
    parser.add_argument("--dialogues", type=Path, help='lines of {"id", "turns": [{"role", "text"}], "tags": […]}')
    parser.add_argument("--errors", action="store_true", help="print what was missed and what was wrong")
    lift = _lift()
    if lift is not None and hasattr(lift, "add_arguments"):
        lift.add_arguments(parser)


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Chats where they are given, else behaviour."""
    if options.get("dialogues"):
        return _chats(Path(options["dialogues"]), bool(options.get("errors")), say)
    lift = _lift()
    if lift is None:
        say("no measure of tags from behaviour here: name labelled chats with --dialogues")
        return False
    return bool(lift.run(options, say))


def _lift() -> Any:
    """The measure of tags from behaviour, where it is installed."""
    if importlib.util.find_spec("evaluations._tag_lift") is None:
        return None
    return importlib.import_module("evaluations._tag_lift")


def _chats(path: Path, errors: bool, say: Callable[[str], Any]) -> bool:
    from messaging.understanding.tags import chat_tags

    right, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
    chats = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        chat = json.loads(line)
        found = {tag.name: tag for tag in chat_tags([(turn["role"], turn["text"]) for turn in chat["turns"]])}
        wanted = set(chat["tags"])
        chats += 1
        right.update(wanted & set(found))
        missed.update(wanted - set(found))
        wrong.update(set(found) - wanted)
        if errors and wanted != set(found):
            quotes = [f"{name} «{found[name].quote[:40]}»" for name in sorted(set(found) - wanted)]
            say(f"{chat['id']} missed {sorted(wanted - set(found))} wrong {quotes}")
    names = sorted({*right, *missed, *wrong})
    say(f"{'tag':16}{'right':>7}{'missed':>7}{'wrong':>7}{'f1':>7}")
    for name in names:
        say(f"{name:16}{right[name]:7}{missed[name]:7}{wrong[name]:7}{_f1(right[name], missed[name], wrong[name]):7.3f}")
    hits, lost, false = right.total(), missed.total(), wrong.total()
    labelled = [name for name in names if right[name] + missed[name]]
    figures = {
        "chats": chats,
        "precision": round(hits / max(hits + false, 1), 4),
        "recall": round(hits / max(hits + lost, 1), 4),
        "micro_f1": round(_f1(hits, lost, false), 4),
        "macro_f1": round(sum(_f1(right[name], missed[name], wrong[name]) for name in labelled) / max(len(labelled), 1), 4),
    }
    say(json.dumps(figures))
    return figures["micro_f1"] >= MICRO_F1 and figures["macro_f1"] >= MACRO_F1


def _f1(right: int, missed: int, wrong: int) -> float:
    total = 2 * right + missed + wrong
    return 2 * right / total if total else 0.0
