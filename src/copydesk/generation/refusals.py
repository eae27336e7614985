"""What became of a call that brought no answer: pydantic-ai's exceptions as errors of ours.

Importing this module loads the model library; only its adapter does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelAPIError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelRequestTimeout,
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
)

from copydesk.core.errors import ModelReplyInvalid, ModelUnavailable, ReplyTruncated
from copydesk.generation.rate_limits import LONGEST, asked_wait

#: How much of what went wrong is repeated in words, in characters.
_LONGEST_WORDS: Final = 240
#: Where a call that failed there has certainly not left, in the library's words.
_NOT_SENT: Final = frozenset({"pool", "connect"})


def translated(error: AgentRunError, now: datetime) -> Exception:
    """Return our error for one of pydantic-ai's: who to blame decides what happens next.

    `now` is aware UTC.
    """
    match error:
        case OutputTokenLimitExceeded():
            return ReplyTruncated("output_cap", f"The model stopped early: {short(error.message)}")
        case ContentFilterError():
            return ModelReplyInvalid(f"The model refused the text: {short(error.message)}")
        case ModelAPIError(in_stream=True):
            # the answer had begun, so it may be billed
            return ModelUnavailable(f"The model broke its answer off: {short(error.message)}")
        case ModelHTTPError(status_code=status) if status in {401, 403, 404}:
            return ModelUnavailable(
                f"The model server answered {status}.",
                remedy="Check the model line and its key in the settings.",
                answered=status,
            )
        case ModelHTTPError(status_code=status) if isinstance(error, ModelQuotaExceededError):
            return ModelUnavailable(
                f"The model server answered {status}: what the account may use is used up.",
                remedy="Raise the quota or fill up the account at the vendor.",
                answered=status,
                wait=_wait(error, now),
            )
        case ModelHTTPError(status_code=400 | 413 | 422 as status):
            # the same again would be refused again, so its reason is wanted
            said = f"The model server refused what it was asked ({status}): {_reason(error)}"
            if isinstance(error, ModelContextWindowExceededError):
                said += f" Say what it takes: {error.model_name} window=TOKENS in `model_facts`."
            return ModelUnavailable(
                said, remedy="Check the model line and `model_facts`.", answered=status
            )
        case ModelHTTPError(status_code=status):
            wait = _wait(error, now)
            said = f" and asks to be left alone for {max(1, round(wait))} s" if wait else ""
            return ModelUnavailable(
                f"The model server answered {status}{said}.", answered=status, wait=wait
            )
        case ModelRequestTimeout(timeout=seconds):
            return ModelUnavailable(f"The model did not answer in full within {seconds:g} seconds.")
        case ModelConnectionError(phase=phase):
            return ModelUnavailable(
                f"The model could not be reached: {short(error.message)}",
                arrived=phase not in _NOT_SENT,
            )
        case ModelAPIError():
            return ModelUnavailable(f"The model could not be reached: {short(error.message)}")
        case UnexpectedModelBehavior():
            return ModelReplyInvalid(f"The model server answered nonsense: {short(error.message)}")
        case _:
            return ModelUnavailable(f"The model could not be asked: {short(error.message)}")


def _reason(error: ModelAPIError) -> str:
    """Return in what words a server refused a call."""
    found: Any = error.body
    for key in ("error", "message"):
        if isinstance(found, dict):
            found = found.get(key, found)
    return short(found if isinstance(found, str) and found.strip() else "it gave no reason.")


def short(words: str) -> str:
    """Return the beginning of what a library or server said, on one line: some repeat a page."""
    line = " ".join(words[: 2 * _LONGEST_WORDS].split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 1]}…"


def _wait(error: ModelHTTPError, now: datetime) -> float | None:
    said = asked_wait(error.status_code, error.headers or {}, now)
    # the library also reads waits that stand in the body, as Google's do
    return said or (min(error.retry_after, LONGEST) if error.retry_after else None)
