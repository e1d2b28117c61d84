"""How the lines of a condition look in HTML: one widget per parameter, with its options, value and complaint."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.conditions.comparing import options as signs
from core.conditions.fields import Property
from core.conditions.filters import Filters
from core.conditions.params import Name, Number, Option, Param, Pick, Picks, Text, Whole, known
from core.conditions.registry import fields, properties
from tagging.forms.draft import Line

SEARCH_FROM = 9  # a list of options this long gets a search box


@dataclasses.dataclass(frozen=True)
class Choice:
    """One option of a widget, chosen or not."""

    value: str
    label: str
    group: str = ""
    is_chosen: bool = False


@dataclasses.dataclass(frozen=True)
class Widget:
    """One input. `kind`: select, picker, number or filters; `name` is the form field's."""

    kind: str
    name: str
    label: Text
    unit: Text = ""
    value: str = ""
    choices: tuple[Choice, ...] = ()
    is_open: bool = False
    is_optional: bool = False
    low: int = 0
    high: int = 0
    step: str = "1"
    complaint: str = ""
    redraws: bool = False
    rows: tuple["FilterRow", ...] = ()

    @property
    def chosen(self) -> list[Choice]:
        """The chosen options, in order."""
        return [choice for choice in self.choices if choice.is_chosen]

    @property
    def is_long(self) -> bool:
        """Whether the list wants a search box."""
        return len(self.choices) >= SEARCH_FROM


@dataclasses.dataclass(frozen=True)
class FilterRow:
    """One filter of an event: which property, and a picker or a comparison."""

    number: int
    prop: Widget
    inputs: tuple[Widget, ...]


def widgets(line: Line) -> list[Widget]:
    """The inputs of a question, in the order in which they read."""
    return [_widget(line, param) for param in line.asked.shown(line.values)]


def _widget(line: Line, param: Param) -> Widget:
    name, value = f"{line.id}.{param.name}", line.values.get(param.name)
    complaint = next((text for place, text in line.complaints.items() if place.split("[")[0] == param.name), "")
    if isinstance(param, Filters):
        rows = tuple(_filter_row(name, number, one) for number, one in enumerate(value or []))
        return Widget("filters", name, param.label, rows=rows, complaint=complaint)
    if isinstance(param, Picks):
        return _picker(name, param, value or [], complaint)
    if isinstance(param, Whole | Number):
        step = "1" if isinstance(param, Whole) else "any"
        return Widget(
            "number", name, param.label, param.unit, "" if value is None else str(value), is_optional=param.is_optional,
            low=param.low, high=param.high, step=step, complaint=complaint,
        )  # fmt: skip
    return _select(name, param, value, complaint)


def _select(name: str, param: Param, value: Any, complaint: str) -> Widget:
    chosen = str(value if value is not None else param.default or "")
    options = list(known(param.options).values()) if isinstance(param, Pick | Name) else []
    redraws = param.name in ("measure", "is")  # what is chosen here decides which other inputs make sense
    choices = _choices(options, [chosen])
    return Widget("select", name, param.label, choices=choices, value=chosen, complaint=complaint, redraws=redraws)


def _picker(name: str, param: Picks, values: Sequence[Any], complaint: str = "") -> Widget:
    options = list(known(param.options).values())
    return Widget(
        "picker", name, param.label, choices=_choices(options, values), is_open=param.is_open, is_optional=param.is_optional,
        complaint=complaint,
    )  # fmt: skip


def _choices(options: Sequence[Option], values: Sequence[Any]) -> tuple[Choice, ...]:
    """Options with the chosen ones marked; chosen values that are on no list any more stay, so that nothing is lost unseen."""
    chosen = [str(value) for value in values]
    listed = [Choice(str(one.value), str(one.label), str(one.group), str(one.value) in chosen) for one in options]
    names = {choice.value for choice in listed}
    extra = [Choice(value, value, is_chosen=True) for value in chosen if value and value not in names]
    return (*listed, *extra)


def _filter_row(name: str, number: int, one: dict[str, Any]) -> FilterRow:
    prefix, prop = f"{name}.{number}", properties().get(one.get("name", ""))
    listed = [Option(each.name, each.label) for each in properties().values()]
    inputs = _inputs(prefix, prop, one)
    chosen = one.get("name", "")
    which = Widget("select", f"{prefix}.name", "", value=chosen, choices=_choices(listed, [chosen]), redraws=True)
    return FilterRow(number, which, inputs)


def _inputs(prefix: str, prop: Property | None, one: dict[str, Any]) -> tuple[Widget, ...]:
    if prop is not None and prop.is_number:
        return _number_inputs(prefix, one)
    if prop is not None and prop.is_text and not one.get("in"):
        return (Widget("text", f"{prefix}.contains", _("contains"), value=str(one.get("contains", ""))),)
    return (_value_picker(prefix, prop, one),)


def _value_picker(prefix: str, prop: Property | None, one: dict[str, Any]) -> Widget:
    values = one.get("in") or []
    return _picker(f"{prefix}.in", Picks("in", "", options=prop.options if prop else tuple, is_open=True), values)


def _number_inputs(prefix: str, one: dict[str, Any]) -> tuple[Widget, ...]:
    sign = one.get("op") or ">="
    return (
        Widget("select", f"{prefix}.op", "", choices=_choices(signs(), [sign]), value=sign),
        Widget("number", f"{prefix}.value", "", value=str(one.get("value", "")), low=-999_999_999, high=999_999_999, step="any"),
    )


def field_menu() -> list[tuple[str, list[Choice]]]:
    """Every field that can be asked for, under its group, in the order of the registry."""
    groups: dict[str, list[Choice]] = {}
    for field in fields().values():
        groups.setdefault(str(field.group), []).append(Choice(field.name, str(field.label)))
    return sorted(groups.items(), key=lambda item: _FIRST.get(item[1][0].value, len(_FIRST)))


_FIRST = {"event": 0, "tags": 1, "orders": 2, "city": 3, "friend": 4}
