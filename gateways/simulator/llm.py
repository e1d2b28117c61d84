"""A language model behind the OpenAI wire format (`llm`): scripted replies, and a schema-true default.

Without a script the answer is made from the request alone, so that the same question always has the same answer: with a
JSON schema the smallest document that satisfies it, with `json_object` an empty object, otherwise a fixed sentence.
"""

import json
from typing import Any

from gateways.simulator.exchange import Json, Request, Response, json_response
from gateways.simulator.state import LlmScript
from gateways.simulator.world import World

HOST = "llm"
DEFAULT_REPLY = "您好,这是模拟模型的固定答复。"
REFUSE_SCHEMA = "refuse_json_schema"


def respond(world: World, request: Request) -> Response:
    """Answer one call to the model."""
    if request.headers.get("authorization") != f"Bearer {world.setting('LLM_API_KEY')}":
        return refusal(world, 401, "invalid_api_key", "Incorrect API key provided.")
    if request.method == "GET" and request.path == "/v1/models":
        return json_response({"object": "list", "data": [{"id": world.setting("LLM_MODEL"), "object": "model"}]}, code="200")
    if request.method != "POST" or request.path != "/v1/chat/completions":
        return refusal(world, 404, "unknown_url", "Unknown request URL.")
    try:
        body = request.json()
        messages = [str(message["content"]) for message in body["messages"]]
    except (ValueError, KeyError, TypeError):
        return refusal(world, 400, "invalid_request_error", "We could not parse the JSON body of your request.")
    return _complete(world, body, messages)


def refusal(world: World, status: int, code: str, message: str = "") -> Response:
    """An error as OpenAI-compatible servers write it."""
    error = {"message": message or code, "type": code, "param": None, "code": code}
    return json_response({"error": error}, status, code)


def _complete(world: World, body: Json, messages: list[str]) -> Response:
    wanted = body.get("response_format") or {}
    script = _script_for(world, "\n".join(messages))
    if script and script.reply == REFUSE_SCHEMA:
        if wanted.get("type") == "json_schema":
            return refusal(world, 400, "invalid_request_error", "response_format type json_schema is not supported by this model")
        script = None
    reply = script.reply if script else _default_reply(wanted)
    choice = {"index": 0, "message": {"role": "assistant", "content": reply}, "logprobs": None, "finish_reason": "stop"}
    head = {"id": world.new_id("chatcmpl-", 38), "object": "chat.completion", "created": world.wall()}
    rest = {"model": body.get("model", ""), "choices": [choice], "usage": _usage(messages, reply)}
    return json_response({**head, **rest}, code="200")


def _usage(messages: list[str], reply: str) -> Json:
    sent, got = sum(map(len, messages)) // 2 + 8, len(reply) // 2 + 1
    return {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got}


def _script_for(world: World, prompt: str) -> LlmScript | None:
    for script in world.state.llm_scripts:
        if script.times != 0 and script.match in prompt:
            script.times -= script.times > 0
            return script
    return None


def _default_reply(wanted: Json) -> str:
    if wanted.get("type") == "json_schema":
        schema = (wanted.get("json_schema") or {}).get("schema") or {}
        return json.dumps(smallest(schema, schema), ensure_ascii=False)
    return "{}" if wanted.get("type") == "json_object" else DEFAULT_REPLY


def smallest(schema: Any, root: Any) -> Any:
    """The smallest value that satisfies a JSON schema of the usual kinds."""
    if not isinstance(schema, dict):
        return None
    if "$ref" in schema:
        return smallest(_resolve(str(schema["$ref"]), root), root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return smallest(schema[word][0], root)
    kind = schema.get("type", "object")
    return _smallest_of(kind[0] if isinstance(kind, list) else kind, schema, root)


def _smallest_of(kind: str, schema: Json, root: Any) -> Any:
    if kind == "object":
        names = list(schema.get("required") or schema.get("properties") or ())
        return {name: smallest(schema.get("properties", {}).get(name, {}), root) for name in names}
    if kind == "array":
        return [smallest(schema.get("items", {}), root) for _ in range(int(schema.get("minItems", 0)))]
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    if kind == "string":
        return "x" * int(schema.get("minLength", 0))
    return {"boolean": False, "null": None}.get(kind)


def _resolve(reference: str, root: Any) -> Any:
    target = root
    for name in reference.removeprefix("#/").split("/"):
        target = target.get(name, {}) if isinstance(target, dict) else {}
    return target
