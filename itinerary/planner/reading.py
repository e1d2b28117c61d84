"""Read a constraint text for the search: from statements to wishes it can reason about.

The texts follow a few habits of programming: gather a set or a sum over the activities and test it; go through the
activities and set `result`; collect several results and combine them. `read` follows the statements with symbolic values and
returns a formula over atoms; what it does not understand becomes `Opaque`, is not used to guide the search, and is still
checked on every finished plan. An atom keeps closures, so what it means for one activity is computed, not guessed.
"""

import ast
import dataclasses
from typing import Any

from itinerary.planner.logic import Program
from itinerary.planner.logic_expressions import STEPS, Env, Forbidden, expression
from itinerary.planner.wishes import (
    All,
    Any_,
    Constant,
    Formula,
    Gain,
    Gathered,
    Lasting,
    Never,
    Opaque,
    Ordered,
    Rule,
    Some,
    Summed,
    Whole,
)  # fmt: skip


class _Unclear(Exception):
    pass


# What a variable may hold while the statements are followed


@dataclasses.dataclass
class _Set:
    gains: list[Gain]


@dataclasses.dataclass
class _Sum:
    start: float
    gains: list[Gain]


@dataclasses.dataclass
class _Results:
    parts: list[Formula]


@dataclasses.dataclass
class _Last:
    gains: list[Gain]
    counter: bool = False  # the value is a running number of the activity


@dataclasses.dataclass
class _Truth:
    formula: Formula


def read(program: Program) -> Formula:
    """What the text wishes, as a formula; `Opaque` where it is not understood."""
    try:
        reader = _Reader()
        for node in program.tree.body:
            reader.statement(node)
        return reader.truth("result")
    except (_Unclear, Forbidden) as unclear:
        return Opaque(str(unclear))


class _Reader:
    def __init__(self) -> None:
        self.env: dict[str, Any] = {}

    def truth(self, name: str) -> Formula:
        found = self.env.get(name)
        if isinstance(found, _Truth):
            return found.formula
        if isinstance(found, bool):
            return Constant(found)
        raise _Unclear(f"{name} is no truth value")

    # Statements outside of loops

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.env[node.targets[0].id] = self._value(node.value)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._append(node.value)
        elif isinstance(node, ast.If):
            self._top_if(node)
        elif isinstance(node, ast.For):
            self._loop(node)
        elif not isinstance(node, ast.Pass):
            raise _Unclear(type(node).__name__)

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "set" and not node.args:
            return _Set([])
        if isinstance(node, ast.List) and not node.elts:
            return _Results([])
        if isinstance(node, ast.Constant):
            number = isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
            return _Sum(float(str(node.value)), []) if number else node.value
        if isinstance(node, ast.Name) and node.id in self.env:
            return self.env[node.id]
        return _Truth(self.formula(node))

    def _append(self, call: ast.Call) -> None:
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr == "append" and isinstance(function.value, ast.Name):
            shelf = self.env.get(function.value.id)
            if isinstance(shelf, _Results) and len(call.args) == 1:
                found = self._value(call.args[0])
                shelf.parts.append(found.formula if isinstance(found, _Truth) else Constant(bool(found)))
                return
        raise _Unclear("a call")

    def _top_if(self, node: ast.If) -> None:
        """`if TEST: result = True`, with or without `else: result = False`, and the other way round."""
        then, other = _sets_result(node.body), _sets_result(node.orelse) if node.orelse else None
        name = "result"
        before = self.env.get(name)
        if then is None or (node.orelse and other is None):
            raise _Unclear("an if")
        otherwise = other if other is not None else before
        if then is True and otherwise is False:
            self.env[name] = _Truth(self.formula(node.test))
        elif then is False and otherwise is True:
            self.env[name] = _Truth(self.formula(ast.UnaryOp(ast.Not(), node.test)))
        elif then is False:
            self.env[name] = _Truth(All((self.truth(name), self.formula(ast.UnaryOp(ast.Not(), node.test)))))
        else:
            self.env[name] = _Truth(Any_((self.truth(name), self.formula(node.test))))

    # Loops

    def _loop(self, node: ast.For) -> None:
        if not isinstance(node.target, ast.Name) or node.orelse:
            raise _Unclear("a loop")
        if isinstance(node.iter, ast.Name) and isinstance(self.env.get(node.iter.id), _Results):
            self._combine(node, self.env[node.iter.id])
        elif (day := _day_of(node.iter)) is not None:
            never: list[Rule] = []
            some: list[Rule] = []
            self._body(node.body, Rule(node.target.id, (), day), never, some)
            self._settle(never, some)
        else:
            raise _Unclear("a loop over something else")

    def _combine(self, node: ast.For, results: _Results) -> None:
        match node.body:
            case [ast.Assign(targets=[ast.Name(id=name)], value=ast.BoolOp(op=op))]:
                parts = (self.truth(name), *results.parts)
                self.env[name] = _Truth(Any_(parts) if isinstance(op, ast.Or) else All(parts))
            case _:
                raise _Unclear("a loop over results")

    def _settle(self, never: list[Rule], some: list[Rule]) -> None:
        if never and some:
            raise _Unclear("result set both ways")
        before = self.env.get("result")
        if never:
            atom: Formula = Never(tuple(never))
            self.env["result"] = _Truth(atom if before is True else All((self.truth("result"), atom)))
        elif some:
            atom = Some(tuple(some))
            self.env["result"] = _Truth(atom if before is False else Any_((self.truth("result"), atom)))

    def _body(self, body: list[ast.stmt], rule: Rule, never: list[Rule], some: list[Rule]) -> None:
        for node in body:
            if isinstance(node, ast.If):
                self._body(node.body, Rule(rule.name, (*rule.tests, node.test), rule.day), never, some)
                if node.orelse:
                    unless = ast.UnaryOp(ast.Not(), node.test)
                    self._body(node.orelse, Rule(rule.name, (*rule.tests, unless), rule.day), never, some)
            elif isinstance(node, ast.Expr):
                self._gather(node.value, rule)
            elif isinstance(node, ast.AugAssign):
                self._add(node, rule)
            elif isinstance(node, ast.Assign):
                self._assign(node, rule, never, some)
            elif not isinstance(node, (ast.Break, ast.Pass)):
                raise _Unclear(type(node).__name__)

    def _gather(self, node: ast.expr, rule: Rule) -> None:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add"), args=[value]):
                if isinstance(self.env.get(name), _Set):
                    self.env[name].gains.append(Gain(rule, value))
                    return
        raise _Unclear("a call in a loop")

    def _add(self, node: ast.AugAssign, rule: Rule) -> None:
        if isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add):
            held = self.env.get(node.target.id)
            if isinstance(held, _Sum):
                held.gains.append(Gain(rule, node.value))
                return
        raise _Unclear("an assignment in a loop")

    def _assign(self, node: ast.Assign, rule: Rule, never: list[Rule], some: list[Rule]) -> None:
        name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
        if name == "result" and isinstance(node.value, ast.Constant):
            (some if node.value.value else never).append(rule)
            return
        held = self.env.get(name)
        if isinstance(node.value, ast.BinOp) and isinstance(node.value.left, ast.Name) and node.value.left.id == name:
            self._add(ast.AugAssign(ast.Name(name), node.value.op, node.value.right), rule)
        elif isinstance(node.value, ast.Name) and isinstance(self.env.get(node.value.id), _Sum):
            self.env[name] = _Last([Gain(rule, node.value)], counter=True)
        elif name and (isinstance(held, (str, _Last)) or (isinstance(held, _Sum) and not held.gains)):
            last = held if isinstance(held, _Last) else _Last([])
            last.gains.append(Gain(rule, node.value))
            self.env[name] = last
        else:
            raise _Unclear("an assignment in a loop")

    # Tests

    def formula(self, node: ast.expr) -> Formula:
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.formula(part) for part in node.values)
            return All(parts) if isinstance(node.op, ast.And) else Any_(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._negated(node.operand)
        if isinstance(node, ast.Name) and isinstance(self.env.get(node.id), (_Truth, bool)):
            return self.truth(node.id)
        if isinstance(node, ast.Constant):
            return Constant(bool(node.value))
        return self._test(node)

    def _negated(self, node: ast.expr) -> Formula:
        if isinstance(node, ast.BoolOp):
            parts = tuple(self._negated(part) for part in node.values)
            return Any_(parts) if isinstance(node.op, ast.And) else All(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.formula(node.operand)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
            return self.formula(ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators))
        found = self._test(node)
        if isinstance(found, Gathered) and found.relation in ("has_any", "has_none"):
            return dataclasses.replace(found, relation="has_none" if found.relation == "has_any" else "has_any")
        if isinstance(found, (Whole, Lasting)):
            return dataclasses.replace(found, test=ast.UnaryOp(ast.Not(), found.test))
        raise _Unclear("a negation")

    def _test(self, node: ast.expr) -> Formula:
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        held = {name: self.env[name] for name in dict.fromkeys(names) if name in self.env}
        kinds = {type(value) for value in held.values()}
        if kinds == {_Set} and len(held) == 1:
            return self._about_set(node, *held.items())
        if kinds == {_Sum} and len(held) == 1 and next(iter(held.values())).gains:
            name, value = next(iter(held.items()))
            return Summed(name, value.start, tuple(value.gains), node)
        if kinds == {_Last}:
            return self._about_last(node, held)
        if not held:
            return Whole(node)
        raise _Unclear("a test")

    def _about_last(self, node: ast.expr, held: dict[str, _Last]) -> Formula:
        if all(value.counter for value in held.values()):
            match node:
                case ast.Compare(left=ast.Name(id=one), ops=[ast.Lt() | ast.LtE()], comparators=[ast.Name(id=other)]):
                    return Ordered(held[one].gains[-1].rule, held[other].gains[-1].rule)
                case ast.Compare(left=ast.Name(id=one), ops=[ast.Gt() | ast.GtE()], comparators=[ast.Name(id=other)]):
                    return Ordered(held[other].gains[-1].rule, held[one].gains[-1].rule)
            raise _Unclear("a test of order")
        return Lasting(tuple((name, gain) for name, value in held.items() for gain in value.gains), node)

    def _about_set(self, node: ast.expr, pair: tuple[str, _Set]) -> Formula:
        name, held = pair
        relation, items = _set_relation(node, name)
        return Gathered(relation, items, tuple(held.gains))


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


def _is_call(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _day_of(node: ast.expr) -> int | None:
    """0 for `allactivities(plan)`, the number for `dayactivities(plan, 2)`; None for anything else."""
    if _is_call(node, "allactivities"):
        return 0
    match node:
        case ast.Call(func=ast.Name(id="dayactivities"), args=[_plan, ast.Constant(value=int() as day)]):
            return day
    return None


def _sets_result(body: list[ast.stmt]) -> bool | None:
    match body:
        case [ast.Assign(targets=[ast.Name(id="result")], value=ast.Constant(value=bool() as value))]:
            return value
    return None


def _set_relation(node: ast.expr, name: str) -> tuple[str, frozenset[Any]]:
    """The relation a test states between the gathered set `name` and literal items."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if isinstance(left, ast.Name) and left.id == name:
                relation = {ast.LtE: "within", ast.GtE: "has_all", ast.Eq: "equals"}.get(type(op))
                literal = right
            else:
                relation = {
                    ast.LtE: "has_all",
                    ast.GtE: "within",
                    ast.Eq: "equals",
                    ast.In: "has_all",
                    ast.NotIn: "has_none",
                }.get(type(op))
                literal = left
            if relation:
                items = _literal(literal)
                return relation, items
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return "has_any", _literal(right if isinstance(left, ast.Name) else left)
        case ast.Call(func=ast.Attribute(value=value, attr=method), args=[argument]):
            mine = isinstance(value, ast.Name)
            relation = {"issubset": "within" if mine else "has_all", "issuperset": "has_all" if mine else "within",
                        "isdisjoint": "has_none", "intersection": "has_any"}.get(method)  # fmt: skip
            if relation:
                return relation, _literal(argument if mine else value)
    raise _Unclear("a test of a set")


def _literal(node: ast.expr) -> frozenset[Any]:
    empty: Env = {STEPS: [0]}
    try:
        found = expression(node)(empty)
    except (NameError, TypeError) as error:
        raise _Unclear("a set that is not literal") from error
    return frozenset([found] if isinstance(found, (str, int, float)) else found)
