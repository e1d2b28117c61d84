"""The model: OpenAI wire format, scripted replies, a schema-true default."""

from typing import Any

import requests

from gateways.simulator.defaults import SIM_SETTINGS
from tests.contracts.caller import Caller

SCHEMA = {
    "type": "object",
    "required": ["intent", "score", "tags", "note", "sure", "trip"],
    "properties": {
        "intent": {"enum": ["custom_trip", "question"]},
        "score": {"type": "number", "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "minItems": 2},
        "note": {"type": ["string", "null"]},
        "sure": {"type": "boolean"},
        "trip": {"$ref": "#/$defs/trip"},
        "optional": {"type": "string"},
    },
    "$defs": {"trip": {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}},
}


def ask(caller: Caller, prompt: str, key: str = SIM_SETTINGS["LLM_API_KEY"], **more: Any) -> requests.Response:
    body = {"model": "sim", "messages": [{"role": "user", "content": prompt}], **more}
    return caller.session.post("http://127.0.0.1/llm/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"})


def content(reply: requests.Response) -> str:
    return str(reply.json()["choices"][0]["message"]["content"])


def test_the_same_question_has_the_same_answer(caller: Caller) -> None:
    first, second = ask(caller, "你好"), ask(caller, "你好")
    assert content(first) == content(second) != ""
    usage = first.json()["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


def test_a_schema_is_satisfied(caller: Caller) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "intent", "schema": SCHEMA}}
    text = content(ask(caller, "我想定制行程", response_format=wanted))
    assert text == '{"intent": "custom_trip", "score": 1, "tags": ["xx", "xx"], "note": "", "sure": false, "trip": {"days": 0}}'
    assert content(ask(caller, "hi", response_format={"type": "json_object"})) == "{}"


def test_scripted_replies_match_and_run_out(caller: Caller) -> None:
    caller.do("llm/script", reply='{"intent":', match="定制", times=1)
    assert content(ask(caller, "我想定制行程")) == '{"intent":'
    assert content(ask(caller, "我想定制行程")) != '{"intent":'
    caller.do("llm/script", reply="always", times=-1)
    assert [content(ask(caller, "x")) for _ in range(3)] == ["always"] * 3
    caller.do("llm/clear")
    assert content(ask(caller, "x")) != "always"


def test_a_model_that_knows_no_schemas(caller: Caller) -> None:
    caller.do("llm/script", reply="refuse_json_schema", times=-1)
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    reply = ask(caller, "x", response_format=wanted)
    assert (reply.status_code, "json_schema" in reply.json()["error"]["message"]) == (400, True)
    assert content(ask(caller, "x", response_format={"type": "json_object"})) == "{}"


def test_wrong_keys_paths_and_bodies(caller: Caller) -> None:
    assert ask(caller, "x", key="wrong").status_code == 401
    head = {"Authorization": f"Bearer {SIM_SETTINGS['LLM_API_KEY']}"}
    assert caller.session.get("http://127.0.0.1/llm/v1/none", headers=head).status_code == 404
    assert caller.session.post("http://127.0.0.1/llm/v1/chat/completions", data=b"{", headers=head).status_code == 400
    assert caller.session.get("http://127.0.0.1/llm/v1/models", headers=head).json()["data"][0]["id"] == SIM_SETTINGS["LLM_MODEL"]


def test_faults_of_a_model(caller: Caller) -> None:
    caller.do("faults/set", kind="errcode", host="llm", value=429, times=1)
    assert ask(caller, "x").status_code == 429
    caller.do("faults/set", kind="malformed", host="llm", times=1)
    assert not ask(caller, "x").text.endswith("}")
