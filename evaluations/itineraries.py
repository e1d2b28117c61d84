"""Plans for every request of a benchmark folder, judged by public rules, the requests' own constraints and sellable rules.

`final_pass`: share that passes the public rules and every constraint. `sellable`: of those that pass, the share that may
also be sold as it is. `cpu_seconds`: mean processor time per request, reading the archive included. A request's constraint
texts are used for planning unless `--language` is given; for judging always, by the whitelisting interpreter.
"""

import collections
import json
import pathlib
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

HELP = "plan every request of a benchmark folder; judge the plans by public and by sellable rules"
TARGETS = {"final_pass": 1.0, "sellable": 0.98, "cpu_seconds": 0.4}
LANGUAGE_TARGET = 0.7
_KEYS = {"uid": str, "start_city": str, "target_city": str, "days": int, "people_number": int, "nature_language": str}

Say = Callable[[str], object]


def add_arguments(parser: Any) -> None:
    """The archives, where to write, and how much may be read."""
    parser.add_argument("--database", required=True, metavar="ZIP", help="sights, hotels, restaurants, legs, metro")
    parser.add_argument("--queries", required=True, metavar="ZIP", help="one JSON file per request")
    parser.add_argument("--out", required=True, metavar="DIR", help="one plan per request goes here, and verdicts.jsonl")
    parser.add_argument("--language", action="store_true", help="read only the sentence, not the constraints")
    parser.add_argument("--limit", type=int, default=0, help="only the first so many requests")


def run(options: dict[str, Any], say: Say) -> bool:
    """Print the table and the JSON line; whether the targets are met."""
    from itinerary.planner.planner import Planner
    from itinerary.planner.world_files import read_world

    began = time.process_time()
    world = read_world(options["database"])
    say(f"read {len(world.cities)} cities, {sum(map(len, world.legs.values()))} legs; defects: {world.defects}")
    planner = Planner(world)
    out = pathlib.Path(options["out"])
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    refused = 0
    with (out / "verdicts.jsonl").open("w", encoding="utf-8") as verdicts:
        for name, request in _requests(options["queries"], options["limit"]):
            if request is None:
                refused += 1
                verdicts.write(json.dumps({"file": name, "refused": True}) + "\n")
                continue
            row = _plan(planner, request, out, options["language"])
            rows.append(row)
            verdicts.write(json.dumps(row, ensure_ascii=False) + "\n")
            if len(rows) % 100 == 0:
                say(f"{len(rows)} planned, {sum(row['final'] for row in rows)} pass")
    return _report(rows, refused, time.process_time() - began, options["language"], say)


def _requests(path: str, limit: int) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Every request of the archive by name; None for a file that is no request."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".json"))
        for name in names[: limit or None]:
            try:
                request = json.loads(archive.read(name).decode("utf-8-sig"))
            except ValueError:
                request = None
            yield name, request if _usable(request) else None


def _usable(request: Any) -> bool:
    """Whether it has the keys of a request, and a name that cannot lead out of the folder."""
    if not isinstance(request, dict) or not all(isinstance(request.get(key), kind) for key, kind in _KEYS.items()):
        return False
    wishes = request.get("hard_logic_py", [])
    return (
        isinstance(wishes, list) and all(isinstance(text, str) for text in wishes) and request["uid"].replace("_", "").isalnum()
    )


def _plan(planner: Any, request: dict[str, Any], out: pathlib.Path, language: bool) -> dict[str, Any]:
    """Plan one request, write the plan, and say what the judges say."""
    from itinerary.planner.spec import TripSpec

    began = time.process_time()
    wishes = tuple(request.get("hard_logic_py", []))
    asked = TripSpec(request["start_city"], request["target_city"], request["days"], request["people_number"], wishes)
    planned: TripSpec | None = asked
    if language:
        from itinerary.planner.language import read_sentence

        planned = read_sentence(request["nature_language"], planner.world)
    answer = planner.answer(planned) if planned is not None else None
    plan = answer.plan if answer is not None else None
    spent = time.process_time() - began
    (out / f"{request['uid']}.json").write_text(json.dumps(plan or {}, ensure_ascii=False), encoding="utf-8")
    verdict = planner.judge.verdict(asked, plan or {})
    row = {"uid": request["uid"], "final": verdict.passes, "sellable": verdict.clean, "cpu": round(spent, 3)}
    if not verdict.clean:
        row["public"] = [str(violation) for violation in verdict.public[:5]]
        row["wishes"] = verdict.wishes
        row["unsellable"] = [str(violation) for violation in verdict.sellable[:5]]
        row["core"] = [str(violation) for violation in answer.core] if answer is not None else ["not understood"]
    return row


def _report(rows: list[dict[str, Any]], refused: int, seconds: float, language: bool, say: Say) -> bool:
    count = len(rows) or 1
    final = sum(row["final"] for row in rows)
    clean = sum(row["sellable"] for row in rows)
    codes = collections.Counter(text.split()[0] for row in rows if row["final"] for text in row.get("unsellable", []))
    result = {
        "evaluation": "itineraries",
        "language": language,
        "requests": len(rows),
        "refused": refused,
        "final_pass": round(final / count, 4),
        "sellable": round(clean / (final or 1), 4),
        "cpu_seconds": round(seconds / count, 3),
        "slowest": max((row["cpu"] for row in rows), default=0.0),
        "unsellable_codes": dict(codes.most_common()),
        "targets": {"final_pass": LANGUAGE_TARGET} if language else TARGETS,
    }
    say(f"final pass {final}/{len(rows)}, sellable {clean}/{final}, {result['cpu_seconds']} CPU-s a request")
    say(json.dumps(result, ensure_ascii=False))
    shares = (final / count, clean / count, TARGETS["cpu_seconds"] / max(seconds / count, 1e-9))
    if language:
        return bool(shares[0] >= LANGUAGE_TARGET)
    return not refused and bool(final == len(rows) and shares[1] >= TARGETS["sellable"] and shares[2] >= 1)
