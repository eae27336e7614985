"""The model port: what a capability asks for and the envelope it gets back.

Capabilities know only these types; which vendor answers, and through which library, is an adapter's
business. An adapter reports what the server said; whether to believe it is `truncation`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from copydesk.core.errors import ModelUnavailable
from copydesk.core.post import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplySchema:
    """The agreed form of an object reply: a name and its JSON schema."""

    name: str
    json_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One question to a model.

    `system` is the same for every request of a prompt version, so that a vendor can cache it;
    `user` carries the fenced material. `reply` is None for plain text. `max_tokens` caps the
    output; `temperature` is 0..2. `cache` is a hint that `system` will be sent again soon.
    `delimiter` is the random part of `user`, "" where it has none: two requests that differ in
    nothing else ask for the same. `passages` names those of our own texts that `user` shows.
    """

    capability: str
    system: str
    user: str
    max_tokens: int
    temperature: float
    prompt_version: str
    tier: Tier
    reply: ReplySchema | None = None
    cache: bool = False
    delimiter: str = ""
    passages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the server counted them; None where it did not say.

    `cached_tokens` are those of the input that the server had kept from an earlier call.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answer, with everything needed to judge and to bill it.

    `text` is the reply as it came; `object` is it parsed, or None where it is not a JSON object.
    `finish_reason` is the server's own word, "" when it sent none. `cost_usd` is None when no price
    is known, which is not the same as free. `call_id` names the row that the call is booked in, ""
    where no books are kept; `remembered` tells that an earlier call's answer was taken. `away` says
    why those who come first did not answer, where this one stood in for them.
    """

    text: str
    finish_reason: str
    model: str
    prompt_version: str
    tier: Tier
    object: Mapping[str, Any] | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None
    latency_ms: float = 0.0
    call_id: str = ""
    remembered: bool = False
    away: tuple[ModelUnavailable, ...] = ()


class Model(Protocol):
    """Something that answers a `ModelRequest`."""

    async def complete(self, request: ModelRequest) -> Completion:
        """Ask once; never retry, never wait longer than the adapter's timeout.

        Raises `ModelUnavailable` when no answer came, and `ReplyTruncated` or `ModelReplyInvalid`
        when one came that the adapter can already tell is cut or malformed.
        """
        ...


@runtime_checkable
class Accountable(Protocol):
    """A model that keeps books: it knows what may be spent and hears what became of answers."""

    async def afford(self, requests: Sequence[ModelRequest]) -> None:
        """Raise `ModelUnavailable` where there is no money for all `requests`, each made once."""
        ...

    async def reject(self, completion: Completion, signal: str, because: str) -> None:
        """Note that `completion` was not used: the signal of the guard, and why in words."""
        ...
