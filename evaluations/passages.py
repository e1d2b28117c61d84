"""`manage.py evaluate passages`: is the passage found that answers a question, and silence kept when there is none?"""

import json
import random
import re
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELP = "Document passages (SQuAD-style): recall, answering with half of the passages missing, speed of search and indexing."
RECALL, PRECISION, COVERAGE, P95_MS, INDEX_S = 0.945, 0.95, 0.75, 25.0, 10.0
SEED = 11
MARGIN = 0.005  # the threshold is chosen where the labels look best, so that other questions do a little worse


@dataclass(frozen=True)
class Asked:
    """A question, the number of its passage, and of the article that the passage is from."""

    question: str
    passage: int
    article: int


def add_arguments(parser: ArgumentParser) -> None:
    """One corpus, and what to pad it with."""
    parser.add_argument("--corpus", required=True, help="SQuAD-style JSON")
    parser.add_argument(
        "--pad-to", type=int, default=0, help="add invented passages, sentences of the corpora shuffled, up to so many"
    )
    parser.add_argument("--pad-from", nargs="*", default=[], help="further SQuAD-style files whose sentences are shuffled in")
    parser.add_argument("--questions", type=int, default=0, help="ask only so many, chosen by lot")
    parser.add_argument("--here", action="store_true", help="use this database (empty) instead of a throw-away one")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """In a database of its own, dropped at the end."""
    if options["here"]:
        return measure(options, say)
    from bench import scratch

    with scratch.database() as url:
        command = [sys.executable, "manage.py", "evaluate", "passages", "--here", "--corpus", options["corpus"]]
        command += ["--pad-to", str(options["pad_to"]), "--questions", str(options["questions"])]
        command += ["--pad-from", *options["pad_from"]] if options["pad_from"] else []
        return subprocess.run(command, cwd=scratch.ROOT, env=scratch.environment(url), check=False).returncode == 0


def measure(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """Index, ask everything, take half away, ask again."""
    passages, asked = read(Path(options["corpus"]))
    if options["questions"]:
        asked = random.Random(SEED).sample(asked, min(options["questions"], len(asked)))  # noqa: S311 - repeatable
    padding = _padding(passages, [read(Path(path))[0] for path in options["pad_from"]], options["pad_to"])
    figures: dict[str, Any] = {"passages": len(passages) + len(padding), "questions": len(asked)}
    entries, seconds = _index([*passages, *padding])
    figures["index_1000_s"] = round(1000 * seconds / (len(passages) + len(padding)), 2)
    figures |= _recall(asked, entries)
    if padding:
        figures["new_1000_s"] = round(_index([text + "。" for text in padding[:1000]])[1] * 1000 / min(1000, len(padding)), 2)
    else:
        figures |= _open_world(asked, entries)
    for name, value in figures.items():
        say(f"{name:24} {value}")
    say(json.dumps(figures))
    enough = figures["recall_at_1"] >= RECALL and figures["p95_ms"] <= P95_MS and figures["index_1000_s"] <= INDEX_S
    return bool(enough and (bool(padding) or (figures["open_precision"] >= PRECISION and figures["open_coverage"] >= COVERAGE)))


def read(path: Path) -> tuple[list[str], list[Asked]]:
    """Passages and questions of a SQuAD-style file."""
    passages: list[str] = []
    asked: list[Asked] = []
    for article, item in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        for paragraph in item["paragraphs"]:
            asked += [Asked(qa["question"], len(passages), article) for qa in paragraph["qas"]]
            passages.append(paragraph["context"])
    return passages, asked


def _padding(passages: list[str], others: list[list[str]], wanted: int) -> list[str]:
    """Invented passages: four sentences each, drawn from the other corpora and from this one's, never a whole passage."""
    missing = wanted - len(passages)
    if missing <= 0:
        return []
    dice = random.Random(SEED)  # noqa: S311 - repeatable
    texts = [text for other in others for text in other] or passages
    sentences = [piece for text in texts for piece in re.split(r"(?<=[。!?!?;])", text) if len(piece) > 6]
    return ["".join(dice.sample(sentences, 3)) for _ in range(missing)]


def _index(texts: list[str]) -> tuple[list[int], float]:
    from django.db import connection

    from service_bot.models import Entry
    from service_bot.services.indexing import index_entries

    started = time.perf_counter()
    numbers: list[int] = []
    for first in range(0, len(texts), 1000):
        rows = [Entry(kind="doc", question="", answer=text, state="approved") for text in texts[first : first + 1000]]
        made = Entry.objects.bulk_create(rows)
        index_entries("doc", [(entry.pk, entry.answer) for entry in made])
        numbers += [entry.pk for entry in made]
    seconds = time.perf_counter() - started
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE service_bot_postinglist, service_bot_entry")
    return numbers, seconds


def _recall(asked: list[Asked], entries: list[int]) -> dict[str, float]:
    from service_bot.queries.passages import search_passages

    ranks, times = [], []
    for one in asked:
        started = time.perf_counter()
        found = search_passages("doc", one.question, total=len(entries)).entries
        times.append(time.perf_counter() - started)
        ranks.append(found.index(entries[one.passage]) + 1 if entries[one.passage] in found else 0)
    times.sort()
    within = {most: round(sum(0 < rank <= most for rank in ranks) / len(ranks), 4) for most in (1, 3, 20)}
    return {
        "recall_at_1": within[1], "recall_at_3": within[3], "recall_at_20": within[20],
        "p50_ms": round(1000 * times[len(times) // 2], 2), "p95_ms": round(1000 * times[int(len(times) * 0.95)], 2),
    }  # fmt: skip


def _open_world(asked: list[Asked], entries: list[int]) -> dict[str, float]:
    """Half of the passages are gone. Half of the articles give labelled questions for the scale and the threshold,
    as an agency would label its own; measured on the other half. Coverage counts questions that can be answered."""
    from service_bot.queries.passages import search_passages
    from service_bot.retrieval.verdict import fit_verdict
    from service_bot.services.indexing import forget_entries

    dice = random.Random(SEED)  # noqa: S311 - repeatable
    gone = set(dice.sample(range(len(entries)), len(entries) // 2))
    forget_entries([entries[place] for place in gone])
    rows = []
    for one in asked:
        found = search_passages("doc", one.question, total=len(entries) - len(gone))
        if found.features is not None:
            rows.append((one, found.features, found.entries[0] == entries[one.passage]))
    learned = [(features, right) for one, features, right in rows if one.article % 2 == 0]
    verdict = fit_verdict([pair[0] for pair in learned], [pair[1] for pair in learned], PRECISION + MARGIN)
    held = [
        (one.passage not in gone, verdict.probability(features) >= verdict.threshold, right)
        for one, features, right in rows
        if one.article % 2
    ]
    answered = [right for _known, said, right in held if said]
    known = [said for is_known, said, _right in held if is_known]
    missing = [said for is_known, said, _right in held if not is_known]
    return {
        "open_precision": round(sum(answered) / max(len(answered), 1), 4),
        "open_coverage": round(sum(known) / max(len(known), 1), 4),
        "open_false_answers": round(sum(missing) / max(len(missing), 1), 4),
        "open_labelled": len(learned),
    }
