"""Servers that speak OpenAI's dialect without being OpenAI: Ollama, vLLM, gateways and the like.

Importing this module loads the SDK of OpenAI; `pydantic_ai` does so when such a model is opened.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from copydesk.generation.address import ModelAddress

_COUNTS: Final = ("prompt_tokens", "completion_tokens", "total_tokens")


def open_compatible(address: ModelAddress, key: str) -> Model:
    """Return the model at `address`, asked with `key` ("": none)."""
    # this provider never sends the operator's OpenAI key to somebody else's server
    compatible = OpenAICompatibleProvider(
        address.vendor.value, base_url=address.url, api_key=key or None
    )
    model = _CompatibleModel(address.name, provider=compatible)
    if model.profile.get("openai_supports_reasoning", False):
        return model  # OpenAI's own behind a gateway: it takes the cap by its new name only
    # Ollama and others drop `max_completion_tokens` without a word and write without end (ollama
    # #7125, reproduced there with 0.32.5 on 2026-08-21); the older name all of them know
    older = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    return _CompatibleModel(address.name, provider=compatible, profile=older)


class _CompatibleModel(OpenAIChatModel):
    """The library's model, which takes answers whose tokens were not counted, or not all: it
    refuses them where `usage` is there without one of its numbers (2.68, 2026-11-23)."""

    def _validate_completion(self, response: Any) -> Any:
        response.usage = _counted(response.usage)
        return super()._validate_completion(response)


def _counted(usage: object) -> BaseModel | None:
    """Return `usage` with 0, which nobody takes for a count, in the place of what is missing."""
    if not isinstance(usage, BaseModel):
        return None
    return usage.model_copy(update={name: getattr(usage, name, 0) or 0 for name in _COUNTS})
