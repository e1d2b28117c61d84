"""A small interpreter for constraint texts: the part of Python they are written in, and nothing else.

A text is parsed and turned into closures over whitelisted syntax; no text is ever given to `exec`, `eval` or `compile`.
There are no imports, no `while`, no functions or lambdas, no attribute but a few methods of sets, lists, strings and
mappings, no names with underscores in front, and a budget of steps, so a hostile text is refused or ends as false.
"""

import ast
from collections.abc import Callable
from typing import Any

from itinerary.planner.logic_expressions import (
    STEPS,
    Env,
    Forbidden,
    OutOfSteps,
    binary_operator,
    binder,
    count,
    expression,
    lookup,
    target,
)

Statement = Callable[[Env], None]

MAX_TEXT = 20_000
__all__ = ["Env", "Forbidden", "OutOfSteps", "Program", "expression"]


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Program:
    """One constraint text, ready to run. Forbidden when it is no constraint."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise Forbidden("the text is too long")
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Forbidden(f"not readable: {error}") from error
        self.text = text
        try:
            self._run = block(self.tree.body)
        except RecursionError as error:
            raise Forbidden("nested too deeply") from error

    def result(self, env: Env) -> Any:
        """What the text leaves in `result`, given the names in `env`; whatever it raises."""
        scope = {**env, STEPS: [0]}
        self._run(scope)
        return scope.get("result", False)

    def holds(self, env: Env) -> bool:
        """Whether the constraint is true; what fails while running counts as false, as the benchmark has it."""
        try:
            return bool(self.result(env))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, NameError, OutOfSteps, _Break, _Continue):
            return False


def block(body: list[ast.stmt]) -> Statement:
    """A closure running statements one after the other. Forbidden."""
    steps = [_statement(node) for node in body]

    def run(env: Env) -> None:
        for step in steps:
            step(env)

    return run


def _statement(node: ast.stmt) -> Statement:
    make = _STATEMENTS.get(type(node))
    if make is None:
        raise Forbidden(f"{type(node).__name__} in line {node.lineno}")
    return make(node)


def _assign(node: Any) -> Statement:
    names = [target(part) for part in node.targets]
    value = expression(node.value)

    def run(env: Env) -> None:
        found = value(env)
        for name in names:
            env[name] = found

    return run


def _aug_assign(node: Any) -> Statement:
    name, value, apply = target(node.target), expression(node.value), binary_operator(node.op)

    def run(env: Env) -> None:
        env[name] = apply(lookup(env, name), value(env))

    return run


def _if(node: Any) -> Statement:
    test, then, other = expression(node.test), block(node.body), block(node.orelse)

    def run(env: Env) -> None:
        (then if test(env) else other)(env)

    return run


def _for(node: Any) -> Statement:
    bind, source = binder(node.target), expression(node.iter)
    body, after = block(node.body), block(node.orelse)

    def run(env: Env) -> None:
        for item in source(env):
            count(env)
            bind(env, item)
            try:
                body(env)
            except _Continue:
                continue
            except _Break:
                return
        after(env)

    return run


def _expr_statement(node: Any) -> Statement:
    value = expression(node.value)

    def run(env: Env) -> None:
        value(env)

    return run


def _break(_node: Any) -> Statement:
    def run(env: Env) -> None:
        raise _Break

    return run


def _continue(_node: Any) -> Statement:
    def run(env: Env) -> None:
        raise _Continue

    return run


_STATEMENTS: dict[type[ast.stmt], Callable[[Any], Statement]] = {
    ast.Assign: _assign,
    ast.AugAssign: _aug_assign,
    ast.If: _if,
    ast.For: _for,
    ast.Expr: _expr_statement,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Pass: lambda _node: lambda _env: None,
}
