"""`manage.py evaluate answers`: does the bot answer an agency's questions rightly, and keep silent otherwise?"""

import csv
import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

HELP = "FAQ answers: precision, coverage, silence, recall, against labelled questions of an agency."
PRECISION, FALSE_ANSWERS = 0.95, 0.03


def add_arguments(parser: ArgumentParser) -> None:
    """Files as agencies export them, UTF-8."""
    parser.add_argument("--knowledge", required=True, help="CSV: id,question,similar,answer; similar questions divided by |")
    parser.add_argument("--questions", required=True, nargs="+", help="CSV: question,expected_id; empty = must not be answered")
    parser.add_argument("--labelled", help="CSV: question,expected_id of the same agency, for calibration")
    parser.add_argument("--no-meaning", action="store_true", help="measure the ranking by shared characters alone")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Table, then JSON. Met when precision and silence are; recall is printed per tier where the file names tiers."""
    from service_bot.retrieval.faq import Faq, Label
    from service_bot.retrieval.features import Entry

    entries = [
        Entry(row["id"], row["question"], row["answer"], tuple(text for text in (row["similar"] or "").split("|") if text))
        for row in _rows(options["knowledge"])
    ]
    labels = (
        [Label(row["question"], row.get("expected_id") or "") for row in _rows(options["labelled"])]
        if options["labelled"]
        else []
    )
    started = time.perf_counter()
    faq = Faq(entries, labels, meaning=not options["no_meaning"])
    built = time.perf_counter() - started
    asked = [row for path in options["questions"] for row in _rows(path)]
    outcomes = [_outcome(faq, row) for row in asked]
    figures = {
        **_figures(outcomes),
        "threshold": round(faq.threshold, 3),
        "meaning": faq.corpus.meaning,
        "build_s": round(built, 2),
    }
    for name, value in figures.items():
        say(f"{name:24} {value}")
    say(json.dumps(figures, ensure_ascii=False))
    return bool(figures["precision"] >= PRECISION and figures["unanswerable_answered"] <= FALSE_ANSWERS)


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _outcome(faq: Any, row: dict[str, str]) -> dict[str, Any]:
    started = time.perf_counter()
    hits = faq.ask(row["question"])
    took = time.perf_counter() - started
    expected = row.get("expected_id") or ""
    ids = [hit.id for hit in hits]
    return {
        "expected": expected,
        "tier": row.get("tier") or "",
        "answered": faq.answers(hits),
        "rank": ids.index(expected) + 1 if expected in ids else 0,
        "seconds": took,
    }


def _figures(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    answerable = [one for one in outcomes if one["expected"]]
    foreign = [one for one in outcomes if not one["expected"]]
    answered = [one for one in outcomes if one["answered"]]
    figures: dict[str, Any] = {
        "questions": len(outcomes),
        "precision": _share([one["rank"] == 1 for one in answered], empty=1.0),
        "coverage": _share([one["answered"] for one in answerable]),
        "unanswerable_answered": _share([one["answered"] for one in foreign]),
        "recall_at_1": _share([one["rank"] == 1 for one in answerable]),
        "recall_at_3": _share([one["rank"] > 0 for one in answerable]),
        "p95_ms": round(1000 * sorted(one["seconds"] for one in outcomes)[int(len(outcomes) * 0.95)], 2) if outcomes else 0.0,
    }
    for tier in sorted({one["tier"] for one in answerable} - {""}):
        ranks = [one["rank"] for one in answerable if one["tier"] == tier]
        figures[f"{tier}_recall_at_1"], figures[f"{tier}_recall_at_3"] = (
            _share([r == 1 for r in ranks]),
            _share([r > 0 for r in ranks]),
        )
    return figures


def _share(truths: list[bool], empty: float = 0.0) -> float:
    return round(sum(truths) / len(truths), 4) if truths else empty
