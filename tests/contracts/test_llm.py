"""Our language-model client against the simulated model, over HTTP: the ladder down to the deterministic path."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from gateways.errors import LlmUnavailable
from gateways.llm import Llm, llm
from gateways.llm.live import LiveLlm
from gateways.models import GatewayCall
from gateways.simulator.testing import SimulatorHandle

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"intent": {"enum": ["custom_trip", "question"]}, "days": {"type": "integer", "minimum": 1}},
    "required": ["intent", "days"],
    "additionalProperties": False,
}
GOOD = {"intent": "custom_trip", "days": 6}


@pytest.fixture
def client(simulator: SimulatorHandle) -> Llm:
    """The client the settings choose."""
    return llm()


def ask(client: Llm, user: str = "想去云南六天", **changes: Any) -> dict[str, Any]:
    return client.complete_json(**{"task": "chat.intent", "system": "识别意图", "user": user, "schema": SCHEMA, **changes})


def requests_to(simulator: SimulatorHandle) -> list[dict[str, Any]]:
    """The bodies the model got, oldest first."""
    found = simulator.do("journal/find", path="/v1/chat/completions")
    return [json.loads(entry["body"]) for entry in sorted(found, key=lambda entry: entry["id"])]


def reason(client: Llm, **changes: Any) -> str:
    with pytest.raises(LlmUnavailable) as caught:
        ask(client, **changes)
    assert not caught.value.retryable
    return caught.value.errcode


def test_an_answer_that_satisfies_the_schema(client: Llm, simulator: SimulatorHandle) -> None:
    assert client.enabled
    simulator.do("llm/script", reply=json.dumps(GOOD), match="云南")
    assert ask(client) == GOOD
    (sent,) = requests_to(simulator)
    assert sent["response_format"] == {"type": "json_schema", "json_schema": {"name": "chat_intent", "schema": SCHEMA}}
    assert sent["temperature"] == 0


def test_a_model_without_json_schema_is_asked_otherwise_from_then_on(client: Llm, simulator: SimulatorHandle) -> None:
    simulator.do("llm/script", reply="refuse_json_schema", times=1)
    simulator.do("llm/script", reply=f"```json\n{json.dumps(GOOD)}\n```", times=2)
    assert ask(client) == GOOD
    assert ask(client) == GOOD
    kinds = [sent["response_format"]["type"] for sent in requests_to(simulator)]
    assert kinds == ["json_schema", "json_object", "json_object"]
    assert '"custom_trip"' in requests_to(simulator)[1]["messages"][0]["content"], "the schema stands in the prompt"


def test_one_repair(client: Llm, simulator: SimulatorHandle) -> None:
    simulator.do("llm/script", reply='{"intent": "custom_trip", "days": 0}', times=1)
    simulator.do("llm/script", reply=f"好的:{json.dumps(GOOD)}。", times=1)
    assert ask(client) == GOOD
    second = requests_to(simulator)[1]["messages"]
    assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
    assert "days: 0 is less than the minimum of 1" in second[3]["content"]


@pytest.mark.parametrize(
    "reply", ["我不知道", "[1, 2]", '{"intent": "other", "days": 1}', "", "{" * 5000, '{"intent": "question"}']
)
def test_two_bad_answers_are_enough(client: Llm, simulator: SimulatorHandle, reply: str) -> None:
    simulator.do("llm/script", reply=reply, times=-1)
    assert reason(client) == "llm-no-answer"
    assert len(requests_to(simulator)) == 2


@pytest.mark.parametrize(
    ("fault", "errcode"),
    [
        ({"kind": "errcode", "value": 500}, "http-500"),
        ({"kind": "errcode", "value": 429}, "http-429"),
        ({"kind": "errcode", "value": 401}, "http-401"),
        ({"kind": "reset"}, "unreachable"),
    ],
)
def test_a_model_that_fails_is_not_waited_for(
    client: Llm, simulator: SimulatorHandle, fault: dict[str, Any], errcode: str
) -> None:
    simulator.fault(**fault, path="/v1/chat/completions")
    assert reason(client) == errcode


def test_a_slow_model_is_left_in_time(simulator: SimulatorHandle) -> None:
    simulator.fault("timeout", path="/v1/chat/completions", value=0.6)
    client = LiveLlm(settings.VENDORS, trust_env=False, total_seconds=0.4)
    started = time.perf_counter()
    assert reason(client) == "timeout"
    assert time.perf_counter() - started < 2


def test_three_failures_shut_the_door(client: Llm, simulator: SimulatorHandle) -> None:
    simulator.fault("errcode", value=500, path="/v1/chat/completions")
    assert [reason(client) for _ in range(4)] == ["http-500"] * 3 + ["circuit-open"]
    assert len(requests_to(simulator)) == 3


def test_no_personal_data_leaves_the_house(client: Llm, simulator: SimulatorHandle) -> None:
    simulator.do("llm/script", reply=json.dumps(GOOD))
    ask(client, user="我叫王小明,电话13812345678,欧阳雪同行,身份证33010219900307123X", names=["欧阳雪"])
    sent = json.dumps(requests_to(simulator)[0], ensure_ascii=False)
    assert "我叫[姓名],电话[电话],[姓名]同行,身份证[证件号]" in sent


def test_every_call_is_noted_with_its_cost(simulator: SimulatorHandle) -> None:
    prices = {"LLM_INPUT_PRICE": "2", "LLM_OUTPUT_PRICE": "8"}
    client = LiveLlm({**settings.VENDORS, **prices}, trust_env=False)
    simulator.do("llm/script", reply="refuse_json_schema", times=1)
    simulator.do("llm/script", reply=json.dumps(GOOD), times=1)
    ask(client)
    first, second = GatewayCall.objects.order_by("id")
    assert (first.vendor, first.api, first.outcome, first.errcode) == ("llm", "chat.intent", "refused", "http-400")
    assert first.cost_amount == Decimal(0)
    assert (second.outcome, second.errcode) == ("ok", "")
    assert Decimal("0.00005") < second.cost_amount < Decimal("0.01")
    assert second.request_id.startswith("chatcmpl-")


def test_without_a_key_there_is_no_model() -> None:
    client = LiveLlm({**settings.VENDORS, "LLM_API_KEY": ""})
    assert client.enabled is False
    assert reason(client) == "llm-off"
    assert GatewayCall.objects.count() == 0
