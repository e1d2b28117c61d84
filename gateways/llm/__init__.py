"""A language model behind any OpenAI-compatible address. Every caller has a deterministic path for its absence."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from gateways.registry import gateway


class Llm(Protocol):
    """What we ask of a language model: JSON by a schema, quickly, or a clear no."""

    @property
    def enabled(self) -> bool:
        """Whether a model is configured at all; False means: go straight to the deterministic path."""
        ...

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
        """A JSON object that satisfies `schema`, within 8 s; otherwise `LlmUnavailable`.

        `task` names the use for logs and costs ("chat.intent"). Phone numbers, ID cards, e-mail addresses, bank
        cards and the given `names` are replaced by placeholders before anything leaves the house.
        """
        ...


def llm() -> Llm:
    """The language model chosen in settings.GATEWAYS."""
    return cast(Llm, gateway("llm"))
