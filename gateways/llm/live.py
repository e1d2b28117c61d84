"""A real model behind any OpenAI-compatible address, through the `openai` client.

The ladder: json_schema, where the model takes it; json_object with the schema in the prompt, where it does not; one
repair when the answer does not satisfy the schema; then LlmUnavailable, and the caller takes its deterministic path.
All of it within one deadline.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx2
import openai
from django.conf import settings

from gateways.errors import BAD_ANSWER, CIRCUIT_OPEN, OUR_LIMIT, TIMEOUT, UNREACHABLE, LlmUnavailable
from gateways.llm.answers import Unusable, read_answer
from gateways.redaction import redact_personal_data
from gateways.rules import budgets_for
from gateways.services import CallNote, record_call
from gateways.shared_state import SharedState, shared_state
from gateways.transport import Breaker

TOTAL_SECONDS = 8.0
CONNECT_SECONDS = 3.0
LEAST_SECONDS = 0.3  # with less left, asking is pointless
OFF, NO_ANSWER = "llm-off", "llm-no-answer"
MODES = ("json_schema", "json_object")
Message = dict[str, str]


class LiveLlm:
    """See gateways.llm.Llm for what each method promises."""

    def __init__(
        self,
        vendors: Mapping[str, str] | None = None,
        *,
        base_url: str = "",
        trust_env: bool = True,
        total_seconds: float = TOTAL_SECONDS,
        state: SharedState | None = None,
        record: Callable[[str, str], AbstractContextManager[CallNote]] = record_call,
    ) -> None:
        config = vendors or settings.VENDORS
        address, key, self._model = base_url or config["LLM_BASE_URL"], config["LLM_API_KEY"], config["LLM_MODEL"]
        self._prices = _price(config.get("LLM_INPUT_PRICE", "")), _price(config.get("LLM_OUTPUT_PRICE", ""))
        self._total_seconds, self._state, self._record = total_seconds, state or shared_state(), record
        self._breaker, self._mode = Breaker(failures=3, seconds=30.0), MODES[0]
        self._client = _client(address, key, trust_env) if address and key and self._model else None

    @property
    def enabled(self) -> bool:
        return self._client is not None

    def complete_json(
        self,
        *,
        task: str,
        system: str,
        user: str,
        schema: Mapping[str, Any],
        max_tokens: int = 1024,
        names: Sequence[str] = (),
    ) -> dict[str, Any]:
        deadline = time.monotonic() + self._total_seconds
        messages = [_message("system", redact_personal_data(system, names)), _message("user", redact_personal_data(user, names))]
        first = self._ask(task, messages, schema, max_tokens, deadline)
        try:
            return read_answer(first, schema)
        except Unusable as error:
            complaint = f"That does not satisfy the schema: {error}. Answer again with the corrected JSON object only."
        again = [*messages, _message("assistant", first[:8000] or "(empty)"), _message("user", complaint)]
        second = self._ask(task, again, schema, max_tokens, deadline)
        try:
            return read_answer(second, schema)
        except Unusable:
            failure = LlmUnavailable("llm", task, NO_ANSWER)
        raise failure

    def _ask(self, task: str, messages: list[Message], schema: Mapping[str, Any], max_tokens: int, deadline: float) -> str:
        """One answer's text, by the mode the model takes; a model that refuses json_schema is not asked for it again."""
        try:
            return self._once(task, self._mode, messages, schema, max_tokens, deadline)
        except _ModeRefused:
            answer = self._once(task, MODES[1], messages, schema, max_tokens, deadline)
            self._mode = MODES[1]
            return answer

    def _once(
        self, task: str, mode: str, messages: list[Message], schema: Mapping[str, Any], max_tokens: int, deadline: float
    ) -> str:
        complete: Any = self._admit(task).chat.completions.create
        seconds = deadline - time.monotonic()
        if seconds < LEAST_SECONDS:
            raise LlmUnavailable("llm", task, TIMEOUT)
        failure: Exception | None = None
        with self._record("llm", task) as note:
            try:
                reply = complete(
                    model=self._model,
                    messages=_with_schema(messages, schema) if mode == MODES[1] else messages,
                    response_format=_response_format(task, mode, schema),
                    max_tokens=max_tokens,
                    temperature=0,
                    timeout=httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
                )
                text = self._text(task, reply, note)
            except openai.OpenAIError as error:
                failure = self._failure(task, mode, error)
            except ValueError:  # an answer cut off half-way: the client's own decoder says so
                failure = LlmUnavailable("llm", task, BAD_ANSWER)
            if failure is not None:
                raise failure  # here, where the client's error with its URL and body is out of sight
        self._breaker.answered()
        return text

    def _admit(self, task: str) -> openai.OpenAI:
        if self._client is None:
            raise LlmUnavailable("llm", task, OFF)
        if self._breaker.seconds_left():
            raise LlmUnavailable("llm", task, CIRCUIT_OPEN)
        if not self._state.admit("llm", budgets_for("llm", "chat"), "llm").allowed:
            raise LlmUnavailable("llm", task, OUR_LIMIT)
        return self._client

    def _text(self, task: str, reply: Any, note: CallNote) -> str:
        note.request_id = str(getattr(reply, "id", "") or "")[:80]
        usage = getattr(reply, "usage", None)
        if usage is not None:
            note.cost_amount = (self._prices[0] * usage.prompt_tokens + self._prices[1] * usage.completion_tokens) / 1_000_000
        try:
            return str(reply.choices[0].message.content or "")
        except (AttributeError, IndexError, TypeError):
            raise LlmUnavailable("llm", task, BAD_ANSWER) from None

    def _failure(self, task: str, mode: str, error: openai.OpenAIError) -> Exception:
        if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError) and mode == MODES[0]:
            return _ModeRefused("llm", task, f"http-{error.status_code}")
        if not isinstance(error, openai.APIStatusError) or error.status_code >= 500:
            self._breaker.failed()
        if isinstance(error, openai.APITimeoutError):
            return LlmUnavailable("llm", task, TIMEOUT)
        if isinstance(error, openai.APIConnectionError):
            return LlmUnavailable("llm", task, UNREACHABLE)
        return LlmUnavailable(
            "llm", task, f"http-{error.status_code}" if isinstance(error, openai.APIStatusError) else BAD_ANSWER
        )


class _ModeRefused(LlmUnavailable):
    """The model does not take this response format."""


class _Deadline(httpx2.SyncByteStream):
    """A body that must be whole in time: the client's own time-outs begin again with every byte."""

    def __init__(self, stream: httpx2.SyncByteStream, until: float) -> None:
        self._stream, self._until = stream, until

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._until:
                raise httpx2.ReadTimeout("the answer took too long")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _keep_deadline(response: httpx2.Response) -> None:
    seconds = (response.request.extensions.get("timeout") or {}).get("read") or TOTAL_SECONDS
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Deadline(response.stream, time.monotonic() + float(seconds))


def _client(address: str, key: str, trust_env: bool) -> openai.OpenAI:
    http = httpx2.Client(trust_env=trust_env, event_hooks={"response": [_keep_deadline]})
    return openai.OpenAI(base_url=address, api_key=key, max_retries=0, http_client=http)


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _with_schema(messages: list[Message], schema: Mapping[str, Any]) -> list[Message]:
    rule = "Answer with one JSON object that satisfies this JSON schema, and nothing else:\n" + json.dumps(
        schema, ensure_ascii=False
    )
    return [_message("system", f"{messages[0]['content']}\n\n{rule}"), *messages[1:]]


def _response_format(task: str, mode: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    if mode == MODES[1]:
        return {"type": "json_object"}
    name = re.sub(r"[^A-Za-z0-9_-]", "_", task)[:60] or "answer"
    return {"type": "json_schema", "json_schema": {"name": name, "schema": dict(schema)}}


def _price(text: str) -> Decimal:
    """Yuan per million tokens; unknown is 0."""
    try:
        price = Decimal(text or "0")
    except InvalidOperation:
        return Decimal(0)
    return price if price.is_finite() and price >= 0 else Decimal(0)
