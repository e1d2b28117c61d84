"""A condition while somebody is still writing it: lines of a form to a draft tree, a draft to JSON, with its complaints.

Form fields: `line` (ids in reading order), `<id>.in` (the group it stands in), `<id>.kind` (all, any, none, ask),
`<id>.field`, `<id>.not`, and `<id>.<parameter>`; filters of events are `<id>.where.<n>.name|in|op|value`.
"""

import copy
import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from core.conditions import ConditionError, Node, parse
from core.conditions.fields import Field
from core.conditions.filters import MAX_FILTERS, Filters
from core.conditions.params import Param, Picks, Whole
from core.conditions.registry import fields
from core.errors import BadInput

MOST_LINES = 80
DEEPEST = 3  # groups within groups that the form offers; stored trees may be deeper and are kept as they are
GROUP_KINDS = ("all", "any", "none")
_ID = re.compile(r"n[0-9]{1,4}\Z")


@dataclasses.dataclass
class Line:
    """A group (`all`, `any`, `none`) or a question (`ask`) of the form. `values` holds raw JSON, as typed."""

    id: str
    kind: str
    field: str = ""
    negated: bool = False
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    children: list["Line"] = dataclasses.field(default_factory=list)
    path: str = ""
    complaints: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_group(self) -> bool:
        """Whether other lines stand in it."""
        return self.kind != "ask"

    @property
    def said(self) -> list[str]:
        """What is wrong with it, in words. (A template would read `complaints.values` as the complaint about "values".)"""
        return list(self.complaints.values())

    @property
    def asked(self) -> Field:
        """The field of a question."""
        return fields()[self.field]

    def walk(self) -> Iterator["Line"]:
        """This line and everything below it, in reading order."""
        yield self
        for child in self.children:
            yield from child.walk()


def start_line(number: int, name: str) -> Line:
    """A fresh question of a field."""
    return Line(f"n{number}", "ask", name, values=copy.deepcopy(dict(fields()[name].start)))


def empty_draft() -> Line:
    """A form with nothing in it yet."""
    return Line("n1", "all")


# --- JSON <-> draft ----------------------------------------------------------------------------------


def draft_of(condition: Any) -> Line:
    """The draft of a stored condition."""
    counter = iter(range(1, 10_000))
    root = _line_of(condition, counter)
    return root if root.is_group else Line(f"n{next(counter)}", "all", children=[root])


def _line_of(raw: dict[str, Any], counter: Iterator[int]) -> Line:
    line_id = f"n{next(counter)}"
    (key, value), *_rest = raw.items()
    if key in ("all", "any"):
        return Line(line_id, key, children=[_line_of(child, counter) for child in value])
    if key != "not":
        return Line(line_id, "ask", key, values=dict(value))
    inner = _line_of(value, counter)
    if not inner.is_group:
        return dataclasses.replace(inner, negated=not inner.negated)
    if inner.kind == "any":
        return dataclasses.replace(inner, kind="none")
    return Line(line_id, "none", children=[inner])


def json_of(line: Line) -> dict[str, Any]:
    """The JSON of a draft, whether it is right or not."""
    if line.is_group:
        inner: dict[str, Any] = {"any" if line.kind == "none" else line.kind: [json_of(child) for child in line.children]}
        return {"not": inner} if line.kind == "none" else inner
    shown = {param.name for param in line.asked.shown(line.values)}
    raw = {line.field: {name: value for name, value in line.values.items() if name in shown and value not in (None, "", [])}}
    return {"not": raw} if line.negated else raw


def check(draft: Line) -> Node | None:
    """The checked tree of a draft; None when something is wrong, and then every line knows its complaints."""
    _give_paths(draft, "")
    for line in draft.walk():
        line.complaints = _complaints(line)
    if any(line.complaints for line in draft.walk()):
        return None
    try:
        return parse(json_of(draft))
    except ConditionError as error:
        draft.complaints = {"": error.complaint}
        return None


def blame(draft: Line, error: ConditionError) -> None:
    """Put a complaint about a path to the line it is about."""
    for line in draft.walk():
        if not line.is_group and error.path.startswith(line.path):
            line.complaints[error.path[len(line.path) + 1 :]] = error.complaint
            return
    draft.complaints[""] = error.complaint


def _give_paths(line: Line, path: str) -> None:
    prefix = f"{path}." if path else ""
    if line.is_group:
        line.path = prefix + {"all": "all", "any": "any", "none": "not.any"}[line.kind]
        for index, child in enumerate(line.children):
            _give_paths(child, f"{line.path}[{index}]")
    else:
        line.path = prefix + ("not." if line.negated else "") + line.field


def _complaints(line: Line) -> dict[str, str]:
    if line.is_group:
        return {} if line.children else {"": _("Add at least one condition.")}
    raw = json_of(dataclasses.replace(line, negated=False))[line.field]
    try:
        line.asked.clean(raw, line.path)
    except ConditionError as error:
        return {error.path[len(line.path) + 1 :]: error.complaint}
    return {}


# --- Form -> draft -----------------------------------------------------------------------------------


def read_draft(data: QueryDict) -> Line:
    """The draft that a form holds. BadInput for a form that no page of ours makes."""
    ids = data.getlist("line")
    if not ids:
        return empty_draft()
    if len(ids) > MOST_LINES or len(set(ids)) != len(ids) or not all(_ID.match(line_id) for line_id in ids):
        raise BadInput(_("This form cannot be read. Reload the page and try again."))
    lines = {line_id: _read_line(data, line_id) for line_id in ids}
    for line_id in ids[1:]:
        parent = lines.get(data.get(f"{line_id}.in", ""))
        if parent is None or not parent.is_group or ids.index(parent.id) >= ids.index(line_id):
            raise BadInput(_("This form cannot be read. Reload the page and try again."))
        parent.children.append(lines[line_id])
    root = lines[ids[0]]
    return root if root.is_group else Line("n9999", "all", children=[root])


def _read_line(data: QueryDict, line_id: str) -> Line:
    kind = data.get(f"{line_id}.kind", "")
    if kind in GROUP_KINDS:
        return Line(line_id, kind)
    name = data.get(f"{line_id}.field", "")
    if kind != "ask" or name not in fields():
        raise BadInput(_("This form cannot be read. Reload the page and try again."))
    values = {param.name: _read(data, f"{line_id}.{param.name}", param) for param in fields()[name].params}
    return Line(line_id, "ask", name, data.get(f"{line_id}.not") == "1", values)


def _read(data: QueryDict, name: str, param: Param) -> Any:
    if isinstance(param, Filters):
        return [one for number in range(MAX_FILTERS) if (one := _read_filter(data, f"{name}.{number}")) is not None]
    if isinstance(param, Picks):
        values = [value.strip() for value in data.getlist(name) if value.strip()]
        return [_whole(value) for value in values] if param.of is int else values
    text = data.get(name, "").strip()
    return _whole(text) if isinstance(param, Whole) else text


def _whole(text: str) -> int | str:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else text


def _read_filter(data: QueryDict, name: str) -> dict[str, Any] | None:
    prop = data.get(f"{name}.name", "")
    if not prop:
        return None
    if data.get(f"{name}.contains"):
        return {"name": prop, "contains": data.get(f"{name}.contains", "").strip()}
    if data.get(f"{name}.op"):
        return {"name": prop, "op": data.get(f"{name}.op"), "value": data.get(f"{name}.value", "").strip()}
    return {"name": prop, "in": [value.strip() for value in data.getlist(f"{name}.in") if value.strip()]}


# --- What the form's buttons do ----------------------------------------------------------------------


def apply(draft: Line, command: str, data: Mapping[str, str]) -> Line:
    """A button of the form: `ask:<group>` (the field is in `<group>.add`), `group:<group>`, `drop:<line>`,
    `filter:<line>.<parameter>`, `unfilter:<line>.<parameter>:<n>`; anything else only draws the form anew."""
    action, _sep, rest = command.partition(":")
    named, _sep, place = rest.partition(":")
    target, _dot, param = named.partition(".")
    line = next((line for line in draft.walk() if line.id == target), None)
    if line is None:
        return draft
    number = max(int(one.id[1:]) for one in draft.walk()) % 9000 + 1
    if action == "ask" and line.is_group and data.get(f"{target}.add", "") in fields():
        line.children.append(start_line(number, data[f"{target}.add"]))
    elif action == "group" and line.is_group:
        line.children.append(Line(f"n{number}", "any" if line.kind == "all" else "all"))
    elif action == "drop":
        _drop(draft, target)
    elif action in ("filter", "unfilter") and not line.is_group:
        _change_filters(line, action, param or "where", place)
    return draft


def _drop(draft: Line, target: str) -> None:
    for line in draft.walk():
        line.children = [child for child in line.children if child.id != target]


def _change_filters(line: Line, action: str, param: str, place: str) -> None:
    if not any(isinstance(one, Filters) and one.name == param for one in line.asked.params):
        return
    where = line.values.setdefault(param, [])
    if action == "filter" and len(where) < MAX_FILTERS:
        where.append({"name": "theme", "in": []})
    elif action == "unfilter" and place.isascii() and place.isdigit() and int(place) < len(where):
        where.pop(int(place))
