"""The source tree as data, for the tests that hold it to its own rules."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
_CONTRACTS = {contract["id"]: contract for contract in CONFIGURATION["tool"]["importlinter"]["contracts"]}

# Top first; siblings share a rank.
LADDER: list[list[str]] = [[app.strip() for app in layer.split("|")] for layer in _CONTRACTS["ladder"]["layers"]]
APPS = [app for layer in LADDER for app in layer]


def rank(app: str) -> int:
    """0 for the bottom of the ladder."""
    return next(len(LADDER) - 1 - index for index, layer in enumerate(LADDER) if app in layer)


def siblings(one: str, other: str) -> bool:
    """Whether two different apps stand on the same rung."""
    return one != other and rank(one) == rank(other)


@cache
def tree_of(path: Path) -> ast.Module:
    """A parsed file."""
    return ast.parse(path.read_text(), str(path))


def sources(*apps: str) -> Iterator[Path]:
    """Every Python file of the apps (all by default) except migrations."""
    for app in apps or APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts and "node_modules" not in path.parts:
                yield path


def role_of(path: Path) -> str:
    """The name that says what a file is for: services for `orders/services/place.py` and `orders/services.py`."""
    parts = path.relative_to(ROOT).parts
    return parts[1].removesuffix(".py") if len(parts) > 1 else parts[0]


def named(path: Path) -> str:
    """A path as people write it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, also inside functions."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """(line, call as written up to its first positional argument): `order.save()`, `image.save(_)`."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, f"{ast.unparse(node.func)}({'_' if node.args else ''})"
