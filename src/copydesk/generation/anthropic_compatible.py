"""Servers that speak Anthropic's dialect, Anthropic or not: Ollama, vLLM, gateways and the like.

Importing this module loads the SDK of Anthropic; `pydantic_ai` does so when such a model is opened.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from copydesk.generation.address import ModelAddress

_COUNTS: Final = ("input_tokens", "output_tokens")


def open_anthropic(address: ModelAddress, key: str) -> Model:
    """Return the model at `address`, asked with `key` ("": none)."""
    # a key of our own making keeps the SDK from looking for one in the environment
    provider = AnthropicProvider(api_key=key or "none", base_url=address.url)
    return _CompatibleModel(address.name, provider=provider)


class _CompatibleModel(AnthropicModel):
    """The library's model, which takes answers whose tokens were not counted, or not all: it trips
    over one without any `usage`, and warns its user where one of its numbers is not there (2.68,
    2026-11-23)."""

    def _process_response(self, response: Any, *args: Any, **options: Any) -> ModelResponse:
        response.usage = _counted(response)
        return super()._process_response(response, *args, **options)


def _counted(response: BaseModel) -> BaseModel:
    """Return the usage of an answer with 0, which nobody takes for a count, for what is missing."""
    usage = getattr(response, "usage", None)
    if not isinstance(usage, BaseModel):
        form: Any = type(response).model_fields["usage"].annotation
        usage = form.model_construct()
    return usage.model_copy(update={name: getattr(usage, name, 0) or 0 for name in _COUNTS})
