"""Asking a model: the only door from a capability to the port.

Every reply passes the truncation guard here. A rejected one is asked for once more with a doubled
cap and the same prompt version; it is kept as evidence. Nothing here waits or retries a model that
could not be reached: that is counted in one place, the job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from copydesk.core.errors import ModelReplyInvalid, ModelUnavailable, ReplyTruncated
from copydesk.generation.port import Accountable, Completion, Model, ModelRequest
from copydesk.generation.rewrite import Attempt
from copydesk.generation.truncation import check_coverage, check_stop_signals

T = TypeVar("T")

#: How often a model is asked for one reply.
TRIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[T]):
    """A reply read: its value, and what the guard compares.

    `source` is the text that has to come back in `text` or be named in `omitted`; `language`
    is the BCP 47 tag of both.
    """

    value: T
    source: str
    text: str
    omitted: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Generic[T]):
    """The model answered in full. The last of `attempts` is the one that was used."""

    value: T
    completion: Completion
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No usable answer: why, in words for a person, and what was tried."""

    because: str
    attempts: tuple[Attempt, ...]


async def ask(
    model: Model,
    request: ModelRequest,
    *,
    read: Callable[[Completion], Reading[T]],
    largest_cap: int,
    tries: int = TRIES,
) -> Answered[T] | Unanswered:
    """Ask `model`, once more with twice the output cap (up to `largest_cap` tokens) if need be.

    `read` turns a completion into a value and raises `ModelReplyInvalid` when it cannot. `tries` is
    how often it is asked at most.
    """
    attempts: list[Attempt] = []
    because = ""
    for _ in range(tries):
        completion: Completion | None = None
        try:
            completion = await model.complete(request)
            check_stop_signals(request, completion)
            reading = read(completion)
            check_coverage(reading.source, reading.text, reading.omitted, language=reading.language)
        except ModelUnavailable as error:
            refused = _rejected(request, None, error.code, error.message)
            attempts.append(replace(refused, wait=error.wait))
            return Unanswered(because=error.message, attempts=tuple(attempts))
        except ReplyTruncated as error:
            because = error.message
            await _tell(model, completion, error.signal, because)
            attempts.append(_rejected(request, completion, error.signal, because))
        except ModelReplyInvalid as error:
            because = error.message
            await _tell(model, completion, error.code, because)
            attempts.append(_rejected(request, completion, error.code, because))
        else:
            attempts.append(Attempt(max_tokens=request.max_tokens, completion=completion))
            return Answered(value=reading.value, completion=completion, attempts=tuple(attempts))
        request = replace(request, max_tokens=min(2 * request.max_tokens, largest_cap))
    return Unanswered(because=because, attempts=tuple(attempts))


async def _tell(model: Model, completion: Completion | None, signal: str, because: str) -> None:
    if completion is not None and isinstance(model, Accountable):
        await model.reject(completion, signal, because)


def _rejected(
    request: ModelRequest, completion: Completion | None, signal: str, because: str
) -> Attempt:
    return Attempt(
        max_tokens=request.max_tokens,
        completion=completion,
        signal=signal,
        rejected_because=because,
    )
