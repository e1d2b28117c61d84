"""Names and sizes of files and functions; what no file may do."""

import ast
import re
import statistics
from pathlib import Path

from tests.architecture.source import APPS, calls, functions, imports, named, role_of, sources, tree_of

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "managers", "signals", "mixins", "tasks", "misc", "common"}
PURE_MODULES = {"core.money", "core.errors", "core.clock.SHANGHAI", "core.event_types"}
IMPURE = re.compile(
    r"^(datetime\.)?(datetime\.now|datetime\.today|date\.today|time\.time|timezone\.now)\(|^random\.|^open\(|^uuid\.uuid4\("
)


def test_no_file_has_a_name_that_says_nothing() -> None:
    found = [named(path) for path in sources() if {part.removesuffix(".py") for part in path.parts} & FORBIDDEN_NAMES]
    assert found == []


def test_rules_and_choices_are_pure() -> None:
    """No ORM, clock, network or randomness: the moment is a parameter, and what comes in and goes out are plain values."""
    wrong = []
    files = [path for path in sources() if role_of(path) in {"rules", "choices"}]
    for path in files:
        app = path.parts[-2] if path.stem in {"rules", "choices"} else path.parts[-3]
        for line, name in imports(path):
            if not _pure(name, app, choices=role_of(path) == "choices"):
                wrong.append(f"{named(path)}:{line} imports {name}")
        wrong += [f"{named(path)}:{line} calls {name}" for line, name in calls(path) if IMPURE.search(name)]
    assert wrong == []
    assert len(files) >= 8


def _pure(name: str, app: str, *, choices: bool) -> bool:
    top = name.split(".")[0]
    if top == "django":
        return name.startswith("django.utils.translation.") or (choices and name.startswith("django.db.models"))
    if top in APPS:
        lower = re.match(r"^\w+\.(rules|choices)(\.|$)", name)
        return name.startswith(f"{app}.rules") or bool(lower) or any(name.startswith(module) for module in PURE_MODULES)
    return top not in {
        "requests",
        "httpx",
        "httpx2",
        "redis",
        "psycopg",
        "celery",
        "socket",
        "subprocess",
        "urllib3",
        "rest_framework",
    }


def test_nothing_uses_model_signals() -> None:
    wrong = [
        f"{named(path)}:{line}"
        for path in sources()
        for line, name in imports(path)
        if name.startswith("django.db.models.signals")
    ]
    assert wrong == []


def test_no_message_waits_in_the_broker() -> None:
    """Later work is a row with run_at: a message with an eta is delivered again and again (see docs/adr)."""
    wrong = [
        f"{named(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and {keyword.arg for keyword in node.keywords} & {"eta", "countdown"}
    ]
    assert wrong == []


def test_wechat_library_stays_behind_the_gateways() -> None:
    vendors = ("wechatpy", "wechatpayv3", "openai")
    wrong = [
        f"{named(path)}:{line} imports {name}"
        for path in sources(*[app for app in APPS if app != "gateways"])
        for line, name in imports(path)
        if name.startswith(vendors)
    ]
    assert wrong == []


def test_no_unfinished_work_is_marked_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    wrong = [
        f"{named(path)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert wrong == []


def test_public_things_say_what_they_are() -> None:
    """A docstring on every service, rule, query, event and job; a name with a leading underscore needs none."""
    files = [
        path
        for path in sources()
        if role_of(path) in {"services", "rules", "queries", "handlers", "event_types", "jobs", "events"}
    ]
    silent = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in files
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and ast.get_docstring(node) is None
    ]
    assert silent == []
    assert len(files) >= 15


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_and_files_stay_small() -> None:
    """Functions: median at most 8 lines, 95 % at most 40. Files: 95 % at most 400 lines."""
    lengths = sorted(_length(node) for path in sources() for node in functions(path))
    assert statistics.median(lengths) <= 8
    assert lengths[int(len(lengths) * 0.95)] <= 40
    files: list[tuple[int, Path]] = sorted((len(path.read_text().splitlines()), path) for path in sources())
    size, path = files[int(len(files) * 0.95)]
    assert size <= 400, named(path)
