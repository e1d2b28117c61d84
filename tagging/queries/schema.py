"""The condition language as data for the builder: fields, their parameters, what can be picked."""

from typing import Any

from core.conditions.comparing import options as operators
from core.conditions.fields import Field
from core.conditions.filters import Filters
from core.conditions.params import Name, Number, Option, Param, Pick, Picks, Whole
from core.conditions.registry import fields, properties


def builder_schema() -> dict[str, Any]:
    """Everything the builder shows, with translated words."""
    return {
        "fields": [_field(field) for field in fields().values()],
        "properties": [
            {
                "name": one.name, "label": str(one.label), "is_number": one.is_number,
                "options": _options(one.options() if one.options else ()),
            }
            for one in properties().values()
        ],
        "operators": _options(operators()),
    }  # fmt: skip


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "group": str(field.group),
        "params": [_param(param) for param in field.params],
    }


def _param(param: Param) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": param.name, "label": str(param.label), "optional": param.is_optional, "unit": str(param.unit), "kind": _kind(param),
    }  # fmt: skip
    if isinstance(param.default, str | int):
        told["default"] = param.default
    if isinstance(param, Pick | Picks | Name) and param.options:
        told["options"] = _options(param.options())
    if isinstance(param, Picks):
        told["is_open"] = param.is_open
    if isinstance(param, Whole | Number):
        told |= {"low": param.low, "high": param.high}
    return told


def _kind(param: Param) -> str:
    kinds: tuple[tuple[type[Param], str], ...] = (
        (Filters, "filters"), (Picks, "picks"), (Pick, "pick"), (Name, "name"), (Whole, "whole"), (Number, "number"),
    )  # fmt: skip
    return next(kind for cls, kind in kinds if isinstance(param, cls))


def _options(options: Any) -> list[dict[str, Any]]:
    return [{"value": one.value, "label": str(one.label), "group": str(one.group)} for one in options if isinstance(one, Option)]
