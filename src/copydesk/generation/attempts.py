"""Asking a model: the only door from a capability to the port.

Every reply passes the truncation guard here. A rejected one is asked for once more with a doubled
cap and the same prompt version; it is kept as evidence. Nothing here waits or retries a model that
could not be reached: that is counted in one place, the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
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
    """No usable answer: why, in words for a person, what was tried, and what may help."""

    because: str
    attempts: tuple[Attempt, ...]
    remedy: str = ""


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
            # what a whole text may lack is looked for in all of it: not on the loop
            reading = await asyncio.to_thread(_covered, read, completion)
        except ModelUnavailable as error:
            attempts += _refused(request, error)
            return Unanswered(because=error.message, attempts=tuple(attempts), remedy=error.remedy)
        except ReplyTruncated as error:
            because = error.message
            await _tell(model, completion, error.signal, because)
            attempts += _rejected(request, completion, error.signal, because)
        except ModelReplyInvalid as error:
            because = error.message
            await _tell(model, completion, error.code, because)
            attempts += _rejected(request, completion, error.code, because)
        else:
            attempts += _in_vain(request, completion.away)
            attempts.append(Attempt(max_tokens=request.max_tokens, completion=completion))
            return Answered(value=reading.value, completion=completion, attempts=tuple(attempts))
        request = replace(request, max_tokens=min(2 * request.max_tokens, largest_cap))
    return Unanswered(because=because, attempts=tuple(attempts))


async def ask_side_by_side(
    model: Model,
    requests: Sequence[ModelRequest],
    *,
    read: Callable[[int, Completion], Reading[T]],
    at_once: int,
    largest_cap: int,
    tries: int = TRIES,
    later: Sequence[ModelRequest] = (),
) -> tuple[Answered[T], ...] | Unanswered:
    """Ask about the parts of one text, at most `at_once` together; the answers are in their order.

    The first goes alone: it tells whether anybody answers, and vendors that keep prompts have the
    beginning of this one for the rest. Nothing is asked unless there is money for all `requests`
    and those made of their answers (`later`). `read` is told which of them (from 0) it reads. After
    one that brought nothing no other is begun; the last of its attempts comes last.
    """
    if isinstance(model, Accountable):
        try:
            await model.afford([*requests, *later])
        except ModelUnavailable as error:
            refused = _refused(requests[0], error)
            return Unanswered(because=error.message, attempts=tuple(refused), remedy=error.remedy)
    answers: dict[int, Answered[T] | Unanswered] = {}
    numbers = iter(range(len(requests)))

    async def work(most: int) -> None:
        for number in islice(numbers, most):
            if any(isinstance(answer, Unanswered) for answer in answers.values()):
                return
            answers[number] = await ask(
                model,
                requests[number],
                read=partial(read, number),
                largest_cap=largest_cap,
                tries=tries,
            )

    await work(1)
    rest = len(requests) - 1
    faults = await asyncio.gather(
        *(work(rest) for _ in range(min(at_once, rest))), return_exceptions=True
    )
    for fault in faults:
        if fault is not None:
            raise fault
    found = sorted(answers.items())
    failed = [(number, one) for number, one in found if isinstance(one, Unanswered)]
    if not failed:
        return tuple(answer for _, answer in found if isinstance(answer, Answered))
    number, answer = failed[0]
    others = [one for _, one in found if one is not answer]
    return Unanswered(
        because=f"Part {number + 1} of {len(requests)}: {answer.because}",
        attempts=tuple(a for one in (*others, answer) for a in one.attempts),
        remedy=answer.remedy,
    )


def _covered(read: Callable[[Completion], Reading[T]], completion: Completion) -> Reading[T]:
    reading = read(completion)
    check_coverage(reading.source, reading.text, reading.omitted, language=reading.language)
    return reading


def _refused(request: ModelRequest, error: ModelUnavailable) -> list[Attempt]:
    attempts = _in_vain(request, error.of or (error,))
    # when one of them may be asked again is told by the last
    return [*attempts[:-1], replace(attempts[-1], wait=error.wait)]


def _in_vain(request: ModelRequest, away: Sequence[ModelUnavailable]) -> list[Attempt]:
    return [
        Attempt(
            max_tokens=request.max_tokens,
            completion=None,
            signal=error.code,
            rejected_because=error.message,
            made=error.asked,
            is_free=error.is_free,
        )
        for error in away
    ]


async def _tell(model: Model, completion: Completion | None, signal: str, because: str) -> None:
    if completion is not None and isinstance(model, Accountable):
        await model.reject(completion, signal, because)


def _rejected(
    request: ModelRequest, completion: Completion | None, signal: str, because: str
) -> list[Attempt]:
    rejected = Attempt(
        max_tokens=request.max_tokens,
        completion=completion,
        signal=signal,
        rejected_because=because,
    )
    return [*_in_vain(request, completion.away if completion else ()), rejected]
