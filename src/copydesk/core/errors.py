"""What can go wrong, as types.

CopydeskError
├── ConfigError            all configuration problems at once
├── ContentInvalid         findings with field, message and remedy
├── InputRefused           an input that cannot be taken in; its bytes are kept
├── NotFound / Conflict / NotAllowed
├── TransitionNotAllowed   a state machine was asked for an illegal step
├── ReplyTruncated         a model stopped early
├── ModelReplyInvalid      a model answered in full, but not in the agreed form
├── ModelUnavailable       a model could not be asked
└── StoreUnavailable       the database cannot be used

The message says what happened, `remedy` what to do. What a *platform* answered is not an error but
an outcome (`copydesk.core.outcomes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from copydesk.core.findings import Finding


class CopydeskError(Exception):
    """Something went wrong in copydesk."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None, *, remedy: str = "") -> None:
        self.message = message or (self.__class__.__doc__ or "").split("\n")[0]
        self.remedy = remedy
        super().__init__(f"{self.message} {remedy}".strip())


#: noun → where its ids stand.
_LISTED: Final[Mapping[str, str]] = {
    "account": "`copydesk accounts list` shows them.",
    "alarm": "`copydesk drift` shows them.",
    "case": "`copydesk eval list` shows them.",
    "connection": "Begin again.",
    "delivery": "`copydesk status POST` and the page `/deliveries` show them.",
    "feed": "`copydesk feeds list` shows them.",
    "post": "`copydesk status SUBMISSION` and the page of a delivery show them.",
    "probe": "`copydesk probe list` shows them.",
    "release": "`copydesk release list` shows them.",
    "review": "`copydesk review list` shows them.",
    "series": "`copydesk schedule list` shows them.",
    "submission": "`copydesk ingest` and the inbox, the page `/`, show them.",
    "webhook": "`copydesk webhooks list` shows them.",
}


class ConfigError(CopydeskError, ValueError):
    """The configuration is not usable."""

    status = 500
    code = "config"
    exit_code = 3

    def __init__(self, problems: Sequence[str], *, remedy: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems), remedy=remedy)


class ContentInvalid(CopydeskError, ValueError):
    """What was given cannot be used as it is."""

    status = 422
    code = "content_invalid"
    exit_code = 4

    def __init__(self, findings: Sequence[Finding], message: str | None = None) -> None:
        self.findings = tuple(findings)
        lines = "; ".join(f"{f.field}: {f.message}" for f in self.findings)
        super().__init__(message or lines or None)


class InputRefused(CopydeskError, ValueError):
    """The input cannot be taken in; its bytes are kept."""

    status = 422
    code = "input_refused"
    exit_code = 4
    #: In which field of a request it came, set by whoever took it from there; "" for a file.
    field = ""

    def __init__(self, problem: str, message: str, *, remedy: str = "") -> None:
        self.problem = problem
        super().__init__(message, remedy=remedy)


class NotFound(CopydeskError, LookupError):
    """There is no such thing."""

    status = 404
    code = "not_found"
    exit_code = 5

    @classmethod
    def of(cls, what: str) -> NotFound:
        """Return the error for `what`, a noun and an id, with where such things are listed. What
        belongs to another workspace is told in the same words."""
        return cls(f"There is no {what}.", remedy=_LISTED.get(what.partition(" ")[0], ""))


class Conflict(CopydeskError):
    """The thing exists already or has changed in the meantime."""

    status = 409
    code = "conflict"
    exit_code = 6


class NotAllowed(CopydeskError, PermissionError):
    """This is not allowed."""

    status = 403
    code = "not_allowed"
    exit_code = 7


class TransitionNotAllowed(Conflict):
    """The state machine has no such transition."""

    code = "transition_not_allowed"

    def __init__(self, noun: str, id: str, current: str, target: str) -> None:
        self.noun, self.id, self.current, self.target = noun, id, current, target
        super().__init__(f"{noun} {id} is {current} and cannot become {target}.")


class ReplyTruncated(CopydeskError):
    """The model stopped before it had finished; its reply was not used."""

    status = 502
    code = "reply_truncated"

    def __init__(self, signal: str, message: str) -> None:
        self.signal = signal
        super().__init__(message)


class ModelReplyInvalid(CopydeskError):
    """The model's reply does not have the agreed form; it was not used."""

    status = 502
    code = "model_reply_invalid"


class ModelUnavailable(CopydeskError):
    """The model could not be asked."""

    status = 503
    code = "model_unavailable"

    def __init__(
        self,
        message: str | None = None,
        *,
        remedy: str = "",
        answered: int | None = None,
        wait: float | None = None,
        asked: bool = True,
        arrived: bool = True,
        of: tuple[ModelUnavailable, ...] = (),
    ) -> None:
        """`answered` is the HTTP status of a server that was reached and would not; `wait` for how
        many seconds it asks to be left alone, None where it does not. `asked` tells whether a call
        was made at all, `arrived` is False where it certainly never reached the server. `of` says
        why each of several could not be asked, in order, where this sums them up."""
        self.answered = answered
        self.wait = wait
        self.asked = asked
        self.arrived = arrived
        self.of = of
        super().__init__(message, remedy=remedy)

    @property
    def is_free(self) -> bool:
        """Whether nobody sends a bill. A server that went silent may have done the work."""
        return not self.asked or not self.arrived or self.answered is not None


class StoreUnavailable(CopydeskError):
    """The database cannot be used."""

    status = 503
    code = "store_unavailable"
    exit_code = 8
