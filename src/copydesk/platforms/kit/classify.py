"""From an answer that is not a success to one of the outcomes: the default table and its overrides.

A spoke's `errors.py` states only where its platform differs, as `(status, vendor code) → outcome`.
What matters everywhere is one question: can the write have been applied? Only where it certainly
was not may the engine try again; every doubt is `Unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.delivery import Action
from copydesk.core.outcomes import (
    Answer,
    AuthExpired,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.clock_watch import ClocksApart
from copydesk.platforms.kit.retry_after import Wait, read_wait
from copydesk.platforms.kit.transport import (
    AnswerLost,
    Closed,
    NotSent,
    Observer,
    Reply,
    ask,
)

#: What stands for a secret in evidence.
MASK: Final = "•••"

#: Shorter values would mask half of every answer; no vendor issues such a secret.
_SHORTEST_SECRET: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An answer outside 2xx, read: what the vendor calls it, says about it, and asks us to wait."""

    status: int
    code: str
    message: str
    wait: Wait
    answer: Answer
    action: Action


#: `(status, vendor code) → outcome`; the code "" holds for every code of that status.
ErrorTable = Mapping[tuple[int, str], Callable[[Failure], Outcome]]

#: Reads a vendor's error body: `(code, message)`, both "" where it has none.
ErrorReader = Callable[[Reply], tuple[str, str]]


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret masked, so that evidence can be stored and shown."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text


def evidence(reply: Reply, vendor_code: str = "", secrets: Iterable[str] = ()) -> Answer:
    """Return `reply` as evidence, without the secrets a platform may have echoed."""
    return reply.answer(vendor_code, lambda raw: redact(raw, secrets))


def closed(error: Closed) -> RateLimited | Misconfigured:
    """Return the outcome of a call that was not made because we wait for the platform, or that a
    wrong clock of ours made useless."""
    if isinstance(error, ClocksApart) and error.is_ahead:
        return Misconfigured(error.reason, "Set the clock, then test the account.")
    return RateLimited(until=error.until, scope=error.scope, reason=error.reason)


async def refused(observers: Sequence[Observer], method: str, url: str) -> Outcome | None:
    """Ask about a call that no transport makes (SMTP, git): None when it may be made."""
    try:
        await ask(observers, method, url)
    except Closed as error:
        return closed(error)
    except NotSent as error:
        return not_sent(error)
    return None


def not_sent(error: NotSent, secrets: Iterable[str] = ()) -> Unavailable:
    """Return the outcome of a request that certainly did not reach the platform."""
    return Unavailable(reason=redact(f"the platform was not reached: {error}", secrets))


def answer_lost(error: AnswerLost, secrets: Iterable[str] = ()) -> Unknown:
    """Return the outcome of a write whose answer never came."""
    return Unknown(reason=redact(str(error), secrets))


def unreadable(reply: Reply, expected: str, secrets: Iterable[str] = ()) -> Unknown:
    """Return the outcome of a write that was answered with success but without `expected`."""
    return Unknown(
        reason=f"answered {reply.status}, but the answer does not contain {expected}",
        answer=evidence(reply, "", secrets),
    )


def classify_write(
    reply: Reply,
    table: ErrorTable,
    read_error: ErrorReader,
    *,
    action: Action = Action.CREATE,
    secrets: Iterable[str] = (),
) -> Outcome:
    """Return what `reply`, a non-2xx answer to a mutation, means.

    `table` goes before the defaults, an exact vendor code before "". Raises `ValueError` for a 2xx
    answer: only the spoke knows what its success looks like.
    """
    if 200 <= reply.status < 300:
        raise ValueError(f"{reply.status} is not a failure")
    code, message = read_error(reply)
    failure = Failure(
        status=reply.status,
        code=code,
        message=redact(message, secrets),
        wait=read_wait(reply.headers),
        answer=evidence(reply, code, secrets),
        action=action,
    )
    special = table.get((reply.status, code)) or table.get((reply.status, ""))
    if special is not None:
        return special(failure)
    return _default(failure, reply)


def classify_read(
    reply: Reply, table: ErrorTable, read_error: ErrorReader, *, secrets: Iterable[str] = ()
) -> Outcome:
    """Return what `reply`, a non-2xx answer to a call that changes nothing for good, means.

    As `classify_write`, but a doubt is harmless: what would be `Unknown` is `Unavailable`.
    """
    return harmless(classify_write(reply, table, read_error, secrets=secrets))


def harmless(outcome: Outcome) -> Outcome:
    """Return `outcome` of a repeatable call: nothing was published, so it may be made again."""
    if isinstance(outcome, Unknown):
        return Unavailable(reason=outcome.reason, answer=outcome.answer)
    return outcome


def said(failure: Failure, otherwise: str) -> str:
    """Return the platform's own words, or `otherwise` with the status when it had none."""
    return failure.message or f"{otherwise} (HTTP {failure.status})"


def rate_limited(failure: Failure) -> RateLimited:
    """Return `RateLimited` with the wait the platform asked for."""
    return RateLimited(
        until=failure.wait.until, answer=failure.answer, retry_after=failure.wait.seconds
    )


def unavailable(failure: Failure) -> Unavailable:
    """Return `Unavailable` with the wait the platform asked for."""
    return Unavailable(
        reason=said(failure, "the platform cannot take it now"),
        retry_at=failure.wait.until,
        answer=failure.answer,
        retry_after=failure.wait.seconds,
    )


def _default(failure: Failure, reply: Reply) -> Outcome:
    headers = reply.headers
    match failure.status:
        case 301 | 307 | 308:
            return Misconfigured(
                reason=f"the address has moved to {headers.get('location', 'an unnamed place')}",
                remedy="Set the new address in the account's settings.",
                answer=failure.answer,
            )
        case 401:
            return AuthExpired(answer=failure.answer)
        case 403 if headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers:
            return rate_limited(failure)
        case 402 | 403:
            return Misconfigured(
                reason=said(failure, "the account is not allowed to do this"),
                remedy="Check the account's permissions and plan on the platform.",
                answer=failure.answer,
            )
        case 404 | 410 if failure.action is Action.UPDATE:
            return Refused(
                field="target",
                reason="what should be updated is gone from the platform",
                remedy="Publish it again as a new post, or leave it removed.",
                answer=failure.answer,
            )
        case 404 | 405 | 410:
            return Misconfigured(
                reason=said(failure, "there is nothing to publish to at this address"),
                remedy="Check the address in the account's settings.",
                answer=failure.answer,
            )
        case 408 | 425:
            return unavailable(failure)
        case 429:
            return rate_limited(failure)
        case 503 if "retry-after" in headers:
            # a 503 that names a time is throttling, refused at the door (GoToSocial does this)
            return rate_limited(failure)
        case 409 | 412 | 428:
            return Refused(
                field="target",
                reason=said(failure, "it conflicts with what is on the platform"),
                remedy="Compare with what is published there, then decide which one stays.",
                answer=failure.answer,
            )
        case status if 400 <= status < 500:
            return Refused(
                field="", reason=said(failure, "the content was refused"), answer=failure.answer
            )
        case _:
            return Unknown(
                reason=f"answered {failure.status}",
                answer=failure.answer,
            )
