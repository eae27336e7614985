"""Adapter: any model that pydantic-ai speaks to, behind our port. Needs the extra `[llm]`.

Importing this module loads the model library; go through `address.open_model`, which does so only
when a model is opened. Checked with pydantic-ai-slim 2.68 (2026-11).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from pydantic_ai import messages
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import AgentRunError, ModelConnectionError, UserError
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings, merge_model_settings

from copydesk.core.clock import Clock
from copydesk.core.errors import ConfigError, ModelReplyInvalid, ModelUnavailable
from copydesk.generation.address import ModelAddress, Vendor
from copydesk.generation.catalogue import ModelFacts, Thinking, facts_of
from copydesk.generation.port import Completion, ModelRequest, Usage
from copydesk.generation.refusals import short, translated
from copydesk.generation.replies import json_object

# what the library trips over when an answer is valid JSON of a shape it did not expect
_UNREADABLE: Final = (AttributeError, LookupError, TypeError, ValueError)

#: For how many calls no connection is kept to a server that lost an answer: one that closes them
#: without having said so would lose every second, and may have billed it.
_ALONE: Final = 100


class PydanticAIModel:
    """One model of pydantic-ai as a `Model` of ours.

    It asks once (the SDK's own retries are off), never longer than `timeout` seconds, and reports
    the finish reason in the server's own word. `facts` tell what its tokens cost: where they know
    no price, none is made up; and whether answers are streamed. A stream is read to its end before
    anything is done with it.
    """

    def __init__(
        self,
        model: Model,
        *,
        clock: Clock,
        timeout: float,
        facts: ModelFacts | None = None,
        address: ModelAddress | None = None,
    ) -> None:
        self._model = model
        self._clock = clock
        self._timeout = timeout
        self._facts = facts or ModelFacts(name=model.model_name)
        self._thinking = _thinking(address, self._facts.thinking)
        self._has_temperature = _has_temperature(model, self._facts.thinking)
        #: how many of the next calls are made on a connection of their own
        self._alone = 0

    @classmethod
    def at(
        cls,
        address: ModelAddress,
        *,
        key: str,
        clock: Clock,
        timeout: float,
        facts: ModelFacts | None = None,
    ) -> Self:
        """Return the model at `address`; raises `ImportError` when its SDK is not installed."""
        facts = facts or facts_of(address)
        return cls(_open(address, key), clock=clock, timeout=timeout, facts=facts, address=address)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections to the server; a later call would open new ones."""
        # the library closes its client when the last of those who entered leaves
        async with self._model:
            pass

    async def complete(self, request: ModelRequest) -> Completion:
        """Ask once. Raises `ModelUnavailable`, `ReplyTruncated` or `ModelReplyInvalid`."""
        started = self._clock.monotonic()
        try:
            response = await self._response(request)
        except TimeoutError:
            raise ModelUnavailable(
                f"The model did not answer in full within {self._timeout:g} seconds."
            ) from None
        except AgentRunError as error:
            if isinstance(error, ModelConnectionError):
                self._alone = _ALONE
            raise translated(error, self._clock.now()) from error
        except UserError as error:
            said = f"the model cannot be asked like this: {short(error.message)}"
            raise ConfigError([said]) from error
        except _UNREADABLE as error:
            raise ModelReplyInvalid(
                f"The model server answered nonsense: {short(str(error))}"
            ) from error
        return Completion(
            text=(text := _text(response)),
            object=json_object(text) if request.reply is not None else None,
            finish_reason=_finish_reason(response),
            usage=_usage(response),
            cost_usd=self._cost(response),
            latency_ms=(self._clock.monotonic() - started) * 1000,
            model=response.model_name or self._model.model_name,
            prompt_version=request.prompt_version,
            tier=request.tier,
        )

    async def _response(self, request: ModelRequest) -> messages.ModelResponse:
        asked = [
            messages.ModelRequest(
                parts=[messages.UserPromptPart(request.user)], instructions=request.system
            )
        ]
        settings = self._settings(request)
        parameters = _parameters(request, self._model)
        if not self._facts.streamed:
            return await model_request(
                self._model, asked, model_settings=settings, model_request_parameters=parameters
            )
        # the client's own timeout is for each piece of a stream: this one is for all of it
        async with (
            asyncio.timeout(self._timeout),
            model_request_stream(
                self._model, asked, model_settings=settings, model_request_parameters=parameters
            ) as stream,
        ):
            async for _ in stream:
                pass
            return stream.get()

    def _settings(self, request: ModelRequest) -> ModelSettings:
        settings = ModelSettings(
            max_tokens=request.max_tokens,
            max_retries=0,
            timeout=self._timeout,
            request_timeout=self._timeout,
        )
        if self._has_temperature:
            settings["temperature"] = request.temperature
        if request.cache:
            settings["cache"] = True
        if self._alone:
            self._alone -= 1
            settings["extra_headers"] = {"Connection": "close"}
        return merge_model_settings(settings, self._thinking) or settings

    def _cost(self, response: messages.ModelResponse) -> float | None:
        usage = _usage(response)
        if usage.input_tokens is None or usage.output_tokens is None:
            return None  # a server that does not count is not free
        if self._facts.prices is not None:
            return self._facts.prices.of(usage)
        if self._facts.listed is None:
            return None
        try:
            # the library knows all that its vendors charge for, such as writing to their caches
            return float(response.cost().total_price)
        except LookupError:
            return None


def _open(address: ModelAddress, key: str) -> Model:
    if address.vendor is Vendor.ANTHROPIC:
        from copydesk.generation.anthropic_compatible import open_anthropic

        return open_anthropic(address, key)
    if address.vendor is Vendor.OPENAI and not address.custom:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        return OpenAIChatModel(
            address.name, provider=OpenAIProvider(api_key=key, base_url=address.url)
        )
    from copydesk.generation.openai_compatible import open_compatible

    return open_compatible(address, key)


def _thinking(address: ModelAddress | None, thinking: Thinking | None) -> ModelSettings:
    """Return how the server at `address` is asked to think so much.

    Of models that their vendors list the library knows what they take. Other servers of the OpenAI
    dialect take `reasoning_effort` (Ollama's and vLLM's documentation, 2026-11-22), which it would
    leave away for names it does not know.
    """
    if thinking is None:
        return ModelSettings()
    if address is None or address.vendor is Vendor.ANTHROPIC or not _is_compatible(address):
        asked: Any = False if thinking is Thinking.OFF else thinking.value
        return ModelSettings(thinking=asked)
    from pydantic_ai.models.openai import OpenAIChatModelSettings

    effort: Any = "none" if thinking is Thinking.OFF else thinking.value
    return OpenAIChatModelSettings(openai_reasoning_effort=effort)


def _has_temperature(model: Model, thinking: Thinking | None) -> bool:
    """Whether `model`, told to think so much, has a temperature that can be set: the library warns
    its user with every call that sets another's."""
    known: Mapping[str, Any] = model.profile
    if not known.get("openai_supports_reasoning", False):
        return not known.get("anthropic_disallows_sampling_settings", False)
    if known.get("thinking_always_enabled", False):
        return False
    if thinking is None:
        return not known.get("thinking_enabled_by_default", False)
    return thinking is Thinking.OFF


def _is_compatible(address: ModelAddress) -> bool:
    return address.vendor is not Vendor.OPENAI or address.custom


def _parameters(request: ModelRequest, model: Model) -> ModelRequestParameters:
    if request.reply is None:
        return ModelRequestParameters()
    form = OutputObjectDefinition(
        json_schema=dict(request.reply.json_schema), name=request.reply.name
    )
    # the prompt spells the form out as well, so a server that ignores the schema still answers
    if model.profile.get("supports_json_schema_output", False):
        return ModelRequestParameters(output_mode="native", output_object=form)
    return ModelRequestParameters(
        output_mode="prompted", output_object=form, prompted_output_template=False
    )


def _text(response: messages.ModelResponse) -> str:
    return response.text or ""


def _finish_reason(response: messages.ModelResponse) -> str:
    """Return the server's own word, "" when it sent none or the turn is not over.

    `response.finish_reason` alone will not do: where the server sent nothing it says `stop`.
    """
    if response.state != "complete":
        return str(response.state)
    details: dict[str, Any] = response.provider_details or {}
    return str(details.get("finish_reason") or "")


def _usage(response: messages.ModelResponse) -> Usage:
    counted = response.usage
    fed = _count(counted.input_tokens)
    return Usage(
        input_tokens=fed,
        output_tokens=_count(counted.output_tokens),
        cached_tokens=min(counted.cache_read_tokens, fed) if fed else None,
    )


def _count(tokens: int) -> int | None:
    """Return a count of tokens, None for what can be none."""
    return tokens if 0 < tokens < 2**31 else None
