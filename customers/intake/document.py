# ruff: noqa: E501 - lines of the document
"""docs/ingest.md and the OpenAPI entry, made from the one table of kinds. A test holds the file to it."""

import json
from typing import Any

from django.utils.translation import override

from customers.intake.items import MAX_ITEMS, example_of
from customers.intake.kinds import EVENTS, SOURCES

_HEAD = """# The signed ingest API

Made from `customers/intake/kinds.py`; do not edit by hand: `python3 manage.py ingest_docs`.

`POST /ingest/v1/<source-code>` takes events of ticketing, gates, guide devices, tills, car parks and travel platforms.
Connect the system at `/data/connect`; it gets its address, and a key whose secret (`whsec_…`) is shown once. Two keys are valid at
once, so that keys change without a gap.

## Signing

[Standard Webhooks](https://www.standardwebhooks.com): `webhook-id` (8 to 80 letters, digits, `.` `_` `:` `-`),
`webhook-timestamp` (seconds, at most five minutes off), `webhook-signature: v1,<base64>` = HMAC-SHA256 over
`id.timestamp.body` with the decoded secret. Samples that are tested against the server: `docs/senders/send.py`, `docs/senders/send.sh`.

## Body and answer

    {"events": [{"id": "…", "kind": "…", "occurred_at": "2026-11-24T09:30:00+08:00", "who": {…}, "props": {…}}]}

At most %(items)s items and 1 MB, not compressed. `id` is unique in the source for ever: the same item again is `duplicate`. Each item gets its own
answer, and one that is wrong costs only itself:

    {"results": [{"id": "a", "status": "accepted"}, {"id": "b", "status": "rejected", "errors": [{"field": "props.amount", "message": "…"}]}]}

Rejected items wait on the source's page, sealed, until they are replayed or given up. The same `webhook-id` with the same body gets the first
answer again; with another body 409.

| Status | Means |
|---|---|
| 200 | taken; look at each result |
| 400 | the body is no such request |
| 403 | unknown source, wrong signature, or more than five minutes off: always the same answer |
| 409 | this `webhook-id` was used for another body |
| 413, 415 | more than 1 MB; compressed |
| 503 | the source is paused; `Retry-After` says when to come back |

## Who

All optional; none: the event belongs to nobody in particular. `phone` (E.164, or a mainland number in any usual spelling) joins people only with
`"phone_verified": true`; without it, and for `masked_phone`, `name`, `birthday`, staff are asked. Strong ids: `unionid`, `openid` (our mini-program),
`external_userid` (WeCom), `alipay_user_id`, `douyin_openid`, `xiaohongshu_id`. No number plate, document number or face belongs here; unknown fields are refused.
"""


def markdown() -> str:
    """The whole document."""
    with override("en"):
        parts = [_HEAD % {"items": MAX_ITEMS}]
        for source in SOURCES.values():
            if not source.connector:
                parts.append(f"\n## {source.label} (`{source.code}`)\n\n{source.about}\n")
                parts += [_event(kind) for kind in source.events]
        return "".join(parts)


def _event(kind: str) -> str:
    event = EVENTS[kind]
    rows = "".join(
        f"| `{field.name}` | {field.type} | {'yes' if field.required else ''} | {field.label} |\n" for field in event.fields
    )
    example = json.dumps(example_of(kind), ensure_ascii=False)
    return (
        f"\n### `{kind}`\n\n{str(event.label).capitalize()}.\n\n| Field of `props` | Type | Needed | Means |\n|---|---|---|---|\n"
        f"{rows}\n    {example}\n"
    )


def openapi_path() -> dict[str, Any]:
    """The OpenAPI entry of the one operation."""
    kinds = {kind for source in SOURCES.values() if not source.connector for kind in source.events}
    item = {"type": "object", "required": ["id", "kind", "occurred_at"], "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 80}, "kind": {"type": "string", "enum": sorted(kinds)},
        "occurred_at": {"type": "string", "format": "date-time"}, "who": {"type": "object"}, "props": {"oneOf": [
            {"title": kind, "type": "object", "additionalProperties": False,
             "required": [field.name for field in EVENTS[kind].fields if field.required],
             "properties": {field.name: field.schema() for field in EVENTS[kind].fields}} for kind in sorted(kinds)]},
    }}  # fmt: skip
    body = {
        "type": "object",
        "required": ["events"],
        "properties": {"events": {"type": "array", "maxItems": MAX_ITEMS, "items": item}},
    }
    header = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    statuses = {status: {"description": words} for status, words in {
        "200": "A result per item", "400": "No such request", "403": "Not believed", "409": "The id was used for another body",
        "413": "Larger than 1 MB", "415": "Compressed", "503": "Paused",
    }.items()}  # fmt: skip
    return {
        "post": {
            "operationId": "ingest",
            "tags": ["ingest"],
            "parameters": [{"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}, *header],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": statuses,
        }
    }


def openapi() -> str:
    """The ingest API alone as an OpenAPI file; the mini-program's has one of its own."""
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Travel-agency SCRM: signed ingest API", "version": "1"},
        "paths": {"/ingest/v1/{code}": openapi_path()},
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
