"""The one operation that DRF does not see, in the OpenAPI file: events:batch is answered by native ASGI."""

from typing import Any

from core.event_types import BEHAVIOUR_KINDS
from core.openapi import Schema, array_of
from customers.rules.events import MAX_BATCH, REFUSALS, UUID_TEXT

_SCALAR: Schema = {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}], "nullable": True}
_EVENT: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": UUID_TEXT, "description": "made by the client; the same id again is a duplicate"},
        "kind": {"type": "string", "enum": sorted(BEHAVIOUR_KINDS)},
        "occurred_at": {"type": "string", "format": "date-time", "description": "with an offset; at most 400 days ago"},
        "props": {"type": "object", "additionalProperties": _SCALAR, "description": "at most 40 members, 16 kB as JSON"},
        "customer": {"type": "string", "pattern": UUID_TEXT, "description": "if given, the public id of whoever is logged in"},
    },
    "required": ["id", "kind", "occurred_at"],
}
_RESULT: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "status": {"type": "string", "enum": ["accepted", "duplicate", "rejected"]},
        "code": {"type": "string", "enum": sorted(REFUSALS)},
        "message": {"type": "string"},
    },
    "required": ["id", "status"],
}


def add_events_batch(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Postprocessing hook: describe POST events:batch."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["EventIn"], schemas["EventResult"] = _EVENT, _RESULT
    many = {
        "type": "object",
        "properties": {"events": array_of({"$ref": "#/components/schemas/EventIn"})},
        "required": ["events"],
    }
    results = {"results": array_of({"$ref": "#/components/schemas/EventResult"})}
    answer = {"application/json": {"schema": {"type": "object", "properties": results, "required": ["results"]}}}
    result["paths"]["/api/mp/v1/events:batch"] = {
        "post": {
            "operationId": "events_batch",
            "description": f"Behaviour, up to {MAX_BATCH} events a request, gzip allowed. Each has its own result, in order; "
            "2xx means durable. Send the whole request again after 503: what is known already is a duplicate.",
            "tags": ["events"],
            "security": [{"MemberToken": []}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": many}}},
            "responses": {"200": {"description": "", "content": answer}},
            "x-native": True,
        }
    }
    return result
