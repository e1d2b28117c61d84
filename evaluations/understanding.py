"""Acts of customer messages against CrossWOZ's annotation: exact (intent, domain, slot, value) tuples."""

import json
import zipfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

HELP = "acts of CrossWOZ customer messages: micro-F1 of exact tuples without and with what the talk is about"
F1, F1_CONTEXT, MILLISECONDS, MEGABYTES = 0.925, 0.935, 10.0, 20.0
Key = tuple[str, str, str, str]


def add_arguments(parser: ArgumentParser) -> None:
    """Where the dialogues are: CrossWOZ's JSON, zipped or not."""
    parser.add_argument("--dialogues", type=Path, default=Path("../shared/data/crosswoz/val.json.zip"))
    parser.add_argument("--errors", type=int, default=0, help="print so many of the most frequent mistakes")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Parse every customer message twice and compare."""
    from messaging.understanding.acts import Focus, shared_parser
    from messaging.understanding.acts.parser import MODEL_FOLDER

    parser = shared_parser()
    dialogues = load(Path(options["dialogues"]))
    parser.parse("您好")  # the first call reads nothing more, but warms what numpy sets up
    plain, focused = Counter[str](), Counter[str]()
    mistakes: Counter[tuple[str, Key]] = Counter()
    messages, spent = 0, 0.0
    for messages_of in dialogues:
        focus = Focus()
        for message in messages_of:
            if message["role"] != "usr":
                continue
            wanted = {(act[0], act[1], act[2], act[3]) for act in message["dialog_act"]}
            started = perf_counter()
            alone = {act.key for act in parser.parse(message["content"])}
            spent += perf_counter() - started
            messages += 1
            acts = parser.parse(message["content"], focus)
            with_focus = {act.key for act in acts}
            focus = focus.after(acts)
            _count(plain, alone, wanted)
            _count(focused, with_focus, wanted)
            mistakes.update(("missed", key) for key in wanted - with_focus)
            mistakes.update(("wrong", key) for key in with_focus - wanted)
    size = sum(path.stat().st_size for path in MODEL_FOLDER.glob("acts.*")) / 1e6
    figures = {
        "messages": messages,
        "f1": round(_f1(plain), 4),
        "f1_context": round(_f1(focused), 4),
        "ms_per_message": round(1000 * spent / max(messages, 1), 2),
        "model_mb": round(size, 2),
    }
    for (kind, key), times in mistakes.most_common(options.get("errors") or 0):
        say(f"{kind:7}{times:5}  {'-'.join(key)}")
    say(json.dumps(figures))
    fast = figures["ms_per_message"] <= MILLISECONDS and figures["model_mb"] <= MEGABYTES
    return figures["f1"] >= F1 and figures["f1_context"] >= F1_CONTEXT and fast


def load(path: Path) -> list[list[dict[str, Any]]]:
    """The messages of each dialogue."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
    else:
        text = path.read_text(encoding="utf-8")
    return [dialogue["messages"] for dialogue in json.loads(text).values()]


def _count(counter: Counter[str], found: set[Key], wanted: set[Key]) -> None:
    counter.update(right=len(found & wanted), missed=len(wanted - found), wrong=len(found - wanted))


def _f1(counter: Counter[str]) -> float:
    total = 2 * counter["right"] + counter["missed"] + counter["wrong"]
    return 2 * counter["right"] / total if total else 0.0
