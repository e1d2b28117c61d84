"""What every operation of the mini-program API has in common, added to its OpenAPI file in one place."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.plumbing import build_array_type, build_basic_type
from drf_spectacular.types import OpenApiTypes

from core.serializers import StrictSerializer

Schema = dict[str, Any]
ERROR: Schema = {
    "type": "object",
    "description": "The one shape of every error: `code` is a stable word, `message` can be shown, `fields` says where.",
    "properties": {
        "code": build_basic_type(OpenApiTypes.STR),
        "message": build_basic_type(OpenApiTypes.STR),
        "request_id": build_basic_type(OpenApiTypes.STR),
        "fields": {"type": "object", "additionalProperties": {}},
    },
    "required": ["code", "message", "request_id", "fields"],
}
REFUSALS = {
    "400": "Not of the documented form",
    "401": "No valid token",
    "403": "Not allowed",
    "404": "Does not exist, or is somebody else's",
    "405": "Not with this method",
    "406": "Not in this format",
    "409": "A no by rule: `code` says which",
    "413": "Too large",
    "415": "Not JSON",
    "429": "Too many requests",
    "502": "The platform behind it failed",
    "503": "Please try again in a moment",
}
METHODS = ("get", "put", "post", "patch", "delete")


def operations(document: Schema) -> Iterator[Schema]:
    """Every operation of a document."""
    for methods in document["paths"].values():
        for method in METHODS:
            if method in methods:
                yield methods[method]


def describe_refusals(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Postprocessing hook: the errors that any operation may answer with."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    shape = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operation in operations(result):
        for status, words in REFUSALS.items():
            operation["responses"].setdefault(status, {"description": words, "content": shape})
    return result


def close_bodies(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Postprocessing hook: what StrictSerializer refuses, the document refuses too: undeclared names."""
    schemas = result["components"]["schemas"]
    for name in _strict_names():
        for spelling in (name, f"{name}Request", f"Patched{name}", f"Patched{name}Request"):
            if spelling in schemas:
                schemas[spelling]["additionalProperties"] = False
    return result


def _strict_names() -> set[str]:
    found, waiting = set(), [StrictSerializer]
    while waiting:
        for below in waiting.pop().__subclasses__():
            found.add(below.__name__.removesuffix("Serializer"))
            waiting.append(below)
    return found


def array_of(item: Schema) -> Schema:
    """An array type."""
    return dict(build_array_type(item))
