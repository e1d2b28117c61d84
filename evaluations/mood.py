"""Upset customers among calm ones: recall at the false-alarm rate, and the time of one message."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

HELP = "messages of upset customers: recall, false-alarm rate, time of one message"
RECALL, FALSE_ALARMS, MILLISECONDS = 0.90, 0.05, 5.0
NEUTRAL_ALARMS = 0.03


def add_arguments(parser: ArgumentParser) -> None:
    """Labelled messages, and a file of neutral questions to alarm falsely on."""
    parser.add_argument(
        "--messages", type=Path, default=Path("../shared/data/mood_dev.csv"), help="CSV with text,label (1 = upset)"
    )
    parser.add_argument(
        "--neutral", type=Path, default=Path("../shared/data/lcqmc/dev.txt"), help="question pairs, tab-separated"
    )
    parser.add_argument("--errors", action="store_true", help="print what was missed and what was wrong")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Read every message, compare, and print the figures."""
    from messaging.understanding.mood import read_mood

    with Path(options["messages"]).open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["text"], row["label"].strip() == "1") for row in csv.DictReader(file)]
    read_mood("您好")
    times, found = [], []
    for text, _ in rows:
        started = perf_counter()
        found.append(read_mood(text))
        times.append(perf_counter() - started)
    upset = [mood.upset for mood in found]
    hits = sum(alarm for alarm, (_, label) in zip(upset, rows, strict=True) if label)
    alarms = sum(alarm for alarm, (_, label) in zip(upset, rows, strict=True) if not label)
    angry = sum(label for _, label in rows)
    figures: dict[str, Any] = {
        "messages": len(rows),
        "recall": round(hits / max(angry, 1), 4),
        "false_alarm_rate": round(alarms / max(len(rows) - angry, 1), 4),
        "ms_per_message": round(1000 * sum(times) / max(len(times), 1), 3),
        "ms_max": round(1000 * max(times, default=0.0), 3),
    }
    if options.get("errors"):
        for mood, (text, label) in zip(found, rows, strict=True):
            if mood.upset != label:
                say(f"{'missed' if label else 'false'} {mood.score:.2f} {','.join(mood.reasons)} {text}")
    neutral = options.get("neutral")
    if neutral and Path(neutral).is_file():
        figures |= _neutral(Path(neutral), read_mood)
    say(json.dumps(figures))
    calm = figures["false_alarm_rate"] <= FALSE_ALARMS and figures.get("neutral_false_alarm_rate", 0) <= NEUTRAL_ALARMS
    return bool(figures["recall"] >= RECALL and calm and figures["ms_per_message"] <= MILLISECONDS)


def _neutral(path: Path, read_mood: Callable[[str], Any]) -> dict[str, float]:
    """The share of neutral questions that would have brought a human."""
    texts = {part for line in path.read_text(encoding="utf-8").splitlines() for part in line.split("\t")[:2]}
    alarms = sum(read_mood(text).upset for text in texts)
    return {"neutral_messages": len(texts), "neutral_false_alarm_rate": round(alarms / max(len(texts), 1), 4)}
