"""`manage.py evaluate facts`: is the right fact found, with the talk known up to the question?"""

import json
import re
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HELP = "Facts by thing and property in dialogues (KdConv's files): recall of the first answer, speed."
RECALL, P95_MS = 0.965, 50.0
QUESTION = re.compile(r"[?？]|吗|多少|几点|哪里|哪儿|什么|多久|多长")
ACQUAINTANCE = re.compile(
    r"去过.{2,20}吗|^(你好[,，]?)?(你)?(知道|了解|听说过?).{2,20}(这个(地方|景点))?吗[?？]?$"
)  # asks for nothing in particular
NOT_FACTS = {"Information", "周边景点"}  # descriptions and lists of neighbours are no single facts


def add_arguments(parser: ArgumentParser) -> None:
    """The two files of a KdConv domain."""
    parser.add_argument("--knowledge", required=True, help="JSON: thing -> [[thing, property, value], ...]")
    parser.add_argument("--dialogues", required=True, help="JSON: dialogues of messages, with the facts that answers use")
    parser.add_argument("--misses", action="store_true", help="print what was missed")


def run(options: dict[str, Any], say: Callable[[str], Any]) -> bool:
    """A fact question is a question after which the other side answers with exactly one property other than a description.
    "Have you been to X?" asks for none, whatever the other side then volunteers."""
    from service_bot.retrieval.facts import FactBase

    knowledge = json.loads(Path(options["knowledge"]).read_text(encoding="utf-8"))
    base = FactBase((thing, name) for triples in knowledge.values() for thing, name, _value in triples)
    ranks, times = [], []
    for question, talk, entity, attribute in questions(json.loads(Path(options["dialogues"]).read_text(encoding="utf-8"))):
        started = time.perf_counter()
        hits = [(hit.entity, hit.attribute) for hit in base.ask(question, talk)]
        times.append(time.perf_counter() - started)
        ranks.append(hits.index((entity, attribute)) + 1 if (entity, attribute) in hits else 0)
        if ranks[-1] != 1 and options["misses"]:
            say(f"{question} | wanted {entity} {attribute} | found {hits[:1]}")
    figures = {
        "questions": len(ranks),
        "recall_at_1": round(sum(rank == 1 for rank in ranks) / max(len(ranks), 1), 4),
        "recall_at_5": round(sum(rank > 0 for rank in ranks) / max(len(ranks), 1), 4),
        "p95_ms": round(1000 * sorted(times)[int(len(times) * 0.95)], 2) if times else 0.0,
    }
    for name, value in figures.items():
        say(f"{name:24} {value}")
    say(json.dumps(figures))
    return bool(figures["recall_at_1"] >= RECALL and figures["p95_ms"] <= P95_MS)


def questions(dialogues: list[dict[str, Any]]) -> Iterator[tuple[str, list[Any], str, str]]:
    """Question, the talk before it, and the thing and property of the answer. Of our own answers the thing is known, of the
    customer's messages only the words."""
    from service_bot.retrieval.facts import Turn

    for dialogue in dialogues:
        messages = dialogue["messages"]
        for place in range(0, len(messages) - 1, 2):
            answer = messages[place + 1].get("attrs") or []
            kinds = {(fact["name"], fact["attrname"]) for fact in answer}
            is_question = QUESTION.search(messages[place]["message"]) and not ACQUAINTANCE.search(messages[place]["message"])
            if messages[place].get("attrs") or len(kinds) != 1 or answer[0]["attrname"] in NOT_FACTS or not is_question:
                continue
            talk = [_turn(message, number % 2 == 1, Turn) for number, message in enumerate(messages[:place])]
            yield messages[place]["message"], talk, answer[0]["name"], answer[0]["attrname"]


def _turn(message: dict[str, Any], ours: bool, turn: Any) -> Any:
    facts = message.get("attrs") or []
    return turn(message["message"], ours, facts[-1]["name"] if ours and facts else "")
