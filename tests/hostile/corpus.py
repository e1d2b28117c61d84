"""corpus.yaml as bytes and JSON text, and requests built from the OpenAPI schema."""

import base64
import dataclasses
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from drf_spectacular.generators import SchemaGenerator

CORPUS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("corpus.yaml").read_text())


def spelled(entry: dict[str, Any]) -> str:
    """The text of an entry: `json` or `raw`, repeated and followed as it says."""
    more = "".join(f',"a{number}":{number}' for number in range(1, entry.get("members", 0)))
    parts = (("json", "times"), ("raw", "times"), ("then", "then_times"), ("tail", "tail_times"))
    first, second, *rest = (entry.get(text, "") * entry.get(times, 1) for text, times in parts)
    return str(first + second + more + "".join(rest))


def body_of(entry: dict[str, Any]) -> bytes:
    """The bytes of an entry of `bodies`."""
    return base64.b64decode(entry["base64"]) if "base64" in entry else spelled(entry).encode()


@dataclasses.dataclass(frozen=True)
class Operation:
    """One method of one path, with what its schema declares."""

    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    properties: dict[str, dict[str, Any]]
    required: frozenset[str]
    reads_body: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def placed(self, where: str) -> list[dict[str, Any]]:
        """The parameters in the path, the query or the headers."""
        return [parameter for parameter in self.parameters if parameter["in"] == where]


@functools.cache
def operations() -> tuple[Operation, ...]:
    """Everything the mini-program API declares."""
    schema = SchemaGenerator(urlconf="scrm.urls").get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return tuple(_operations(schema))


def _operations(schema: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in schema["paths"].items():
        for method, declared in methods.items():
            if declared.get("x-native"):  # answered without Django; tests/customers/test_ingest.py is its corpus
                continue
            body = declared.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            shape = _resolved(schema, body or {})
            properties = {name: _resolved(schema, part) for name, part in shape.get("properties", {}).items()}
            parameters = tuple(declared.get("parameters", ()))
            yield Operation(method.upper(), path, parameters, properties, frozenset(shape.get("required", ())), body is not None)


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A schema with its first reference followed; `allOf` and `oneOf` of one or more count as the first."""
    for several in ("allOf", "oneOf", "anyOf"):
        if several in part:
            return {**_resolved(schema, part[several][0]), **{name: value for name, value in part.items() if name != several}}
    if "$ref" not in part:
        return part
    found: dict[str, Any] = schema["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
    return found


def fits(kind: str, declared: dict[str, Any]) -> bool:
    """Whether a value of this JSON type may be right for a declared one; what may not must be refused."""
    wanted = declared.get("type", "string")
    if kind == "null":
        return bool(declared.get("nullable"))
    return kind == wanted or (kind in {"integer", "number"} and wanted in {"number", "string"})  # a number can be spelled out


def may_be(raw: str, declared: dict[str, Any]) -> bool:
    """Whether a percent-encoded value may be right for a declared query parameter: blank, or text of its pattern."""
    text = unquote(raw).strip()
    if not text:
        return True
    if declared.get("type") != "string":
        return text.isdecimal() and len(text) <= 2  # full-width digits are digits
    return not {"format", "enum"} & set(declared) and re.search(declared.get("pattern", ""), text) is not None
