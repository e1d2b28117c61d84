"""The expressions of the constraint language as closures over whitelisted syntax (see logic.py)."""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

Env = dict[str, Any]
Expression = Callable[[Env], Any]

MAX_STEPS = 100_000
MAX_ITEMS = 100_000
STEPS = "\0steps"  # the counter, one list shared by all scopes of a run
_BUILTINS: dict[str, Any] = {"set": set}
_OF_ALL = frozenset(["copy", "get", "keys", "values", "items", "count", "index", "split", "strip", "startswith", "endswith"])
_OF_SETS = ["add", "update", "discard", "remove", "union", "intersection", "difference", "symmetric_difference"]
_OF_OWN = frozenset([*_OF_SETS, "append", "extend", "issubset", "issuperset", "isdisjoint", "lower", "upper"])


class Forbidden(Exception):
    """The text uses syntax that constraints may not use; the message names it and the line."""


class OutOfSteps(Exception):
    """The text runs too long."""


def expression(node: ast.expr) -> Expression:
    """A closure computing the expression. Forbidden."""
    make = _EXPRESSIONS.get(type(node))
    if make is None:
        raise Forbidden(f"{type(node).__name__} in line {getattr(node, 'lineno', '?')}")
    return make(node)


def count(env: Env) -> None:
    """One more step. OutOfSteps."""
    env[STEPS][0] += 1
    if env[STEPS][0] > MAX_STEPS:
        raise OutOfSteps


def target(node: ast.expr) -> str:
    """The name that is assigned. Forbidden."""
    if not isinstance(node, ast.Name) or node.id.startswith("_"):
        raise Forbidden(f"an assignment to {ast.dump(node)[:40]}")
    return node.id


def binder(node: ast.expr) -> Callable[[Env, Any], None]:
    """Binds the target of a loop. Forbidden."""
    if isinstance(node, ast.Tuple):
        names = [target(part) for part in node.elts]
        return lambda env, item: env.update(zip(names, item, strict=True))
    name = target(node)
    return lambda env, item: env.__setitem__(name, item)


def lookup(env: Env, name: str) -> Any:
    """The value of a name. NameError."""
    if name in env:
        return env[name]
    if name in _BUILTINS:
        return _BUILTINS[name]
    raise NameError(name)


def _constant(node: Any) -> Expression:
    value = node.value
    if not (value is None or isinstance(value, (str, int, float, bool))):
        raise Forbidden(f"a constant of type {type(value).__name__}")
    return lambda _env: value


def _name(node: Any) -> Expression:
    name = node.id
    if name.startswith("_"):
        raise Forbidden(f"the name {name}")
    return lambda env: lookup(env, name)


def _many(make: Callable[[Iterator[Any]], Any]) -> Callable[[Any], Expression]:
    def build(node: Any) -> Expression:
        parts = [expression(part) for part in node.elts]
        return lambda env: make(part(env) for part in parts)

    return build


def _dict(node: Any) -> Expression:
    if any(key is None for key in node.keys):
        raise Forbidden("** in a mapping")
    pairs = [(expression(key), expression(value)) for key, value in zip(node.keys, node.values, strict=True)]
    return lambda env: {key(env): value(env) for key, value in pairs}


def _bool_op(node: Any) -> Expression:
    parts = [expression(part) for part in node.values]
    stops_on = isinstance(node.op, ast.Or)

    def run(env: Env) -> Any:
        found: Any = None
        for part in parts:
            found = part(env)
            if bool(found) is stops_on:
                return found
        return found

    return run


_UNARY: dict[type, Callable[[Any], Any]] = {ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos}


def _unary(node: Any) -> Expression:
    apply, value = _UNARY.get(type(node.op)), expression(node.operand)
    if apply is None:
        raise Forbidden(type(node.op).__name__)
    return lambda env: apply(value(env))


def _times(one: Any, other: Any) -> Any:
    if not (isinstance(one, (int, float)) and isinstance(other, (int, float))) or max(abs(one), abs(other)) > 1e12:
        raise TypeError("only numbers are multiplied")
    return one * other


def _plus(one: Any, other: Any) -> Any:
    found = one + other
    if isinstance(found, (str, list)) and len(found) > MAX_ITEMS:
        raise OutOfSteps
    return found


def _modulo(one: Any, other: Any) -> Any:
    if isinstance(one, str):
        raise TypeError("no formatting")
    return one % other


_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: _plus, ast.Sub: operator.sub, ast.Mult: _times, ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip


def binary_operator(node: ast.operator) -> Callable[[Any, Any], Any]:
    """What an operator does. Forbidden."""
    apply = _BINARY.get(type(node))
    if apply is None:
        raise Forbidden(type(node).__name__)
    return apply


def _binary(node: Any) -> Expression:
    apply, left, right = binary_operator(node.op), expression(node.left), expression(node.right)
    return lambda env: apply(left(env), right(env))


_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda one, many: one in many, ast.NotIn: lambda one, many: one not in many,
    ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip


def _compare(node: Any) -> Expression:
    first = expression(node.left)
    rest = [(_COMPARE[type(op)], expression(part)) for op, part in zip(node.ops, node.comparators, strict=True)]

    def run(env: Env) -> Any:
        left, found = first(env), True
        for apply, part in rest:
            right = part(env)
            found = apply(left, right)
            if not found:
                return found
            left = right
        return found

    return run


def _if_exp(node: Any) -> Expression:
    test, then, other = expression(node.test), expression(node.body), expression(node.orelse)
    return lambda env: then(env) if test(env) else other(env)


def _subscript(node: Any) -> Expression:
    value = expression(node.value)
    if isinstance(node.slice, ast.Slice):
        ends = [expression(part) if part else None for part in (node.slice.lower, node.slice.upper, node.slice.step)]
        return lambda env: value(env)[slice(*(end(env) if end else None for end in ends))]
    key = expression(node.slice)
    return lambda env: value(env)[key(env)]


def _call(node: Any) -> Expression:
    if node.keywords and any(word.arg is None for word in node.keywords):
        raise Forbidden("** in a call")
    arguments = [expression(part) for part in node.args]
    words = [(word.arg, expression(word.value)) for word in node.keywords]
    function = _method(node.func) if isinstance(node.func, ast.Attribute) else expression(node.func)

    def run(env: Env) -> Any:
        count(env)
        return function(env)(*(part(env) for part in arguments), **{name: part(env) for name, part in words})

    return run


def _method(node: ast.Attribute) -> Expression:
    if node.attr not in _OF_ALL | _OF_OWN:
        raise Forbidden(f"the attribute {node.attr}")
    owner, name = expression(node.value), node.attr

    def run(env: Env) -> Any:
        found = owner(env)
        if not isinstance(found, (set, list, str, dict)) or (isinstance(found, dict) and name not in _OF_ALL):
            raise AttributeError(name)
        return getattr(found, name)

    return run


def _comprehension(make: Callable[[Iterator[Any]], Any]) -> Callable[[Any], Expression]:
    def build(node: Any) -> Expression:
        item, loops = expression(node.elt), [_loop(part) for part in node.generators]
        return lambda env: make(item(scope) for scope in _scopes(loops, env))

    return build


def _dict_comprehension(node: Any) -> Expression:
    key, value, loops = expression(node.key), expression(node.value), [_loop(part) for part in node.generators]
    return lambda env: {key(scope): value(scope) for scope in _scopes(loops, env)}


_Loop = tuple[Callable[[Env, Any], None], Expression, list[Expression]]


def _loop(part: ast.comprehension) -> _Loop:
    if part.is_async:
        raise Forbidden("async")
    return binder(part.target), expression(part.iter), [expression(test) for test in part.ifs]


def _scopes(loops: list[_Loop], env: Env) -> Iterator[Env]:
    """The environments in which the item of a comprehension is computed; all share the step counter of `env`."""
    if not loops:
        yield env
        return
    (bind, source, tests), rest = loops[0], loops[1:]
    for item in source(env):
        count(env)
        inner = dict(env)
        bind(inner, item)
        if all(test(inner) for test in tests):
            yield from _scopes(rest, inner)


_EXPRESSIONS: dict[type[ast.expr], Callable[[Any], Expression]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Set: _many(set), ast.List: _many(list), ast.Tuple: _many(tuple),
    ast.Dict: _dict, ast.BoolOp: _bool_op, ast.UnaryOp: _unary, ast.BinOp: _binary, ast.Compare: _compare,
    ast.IfExp: _if_exp, ast.Subscript: _subscript, ast.Call: _call, ast.ListComp: _comprehension(list),
    ast.SetComp: _comprehension(set), ast.GeneratorExp: _comprehension(iter), ast.DictComp: _dict_comprehension,
}  # fmt: skip
