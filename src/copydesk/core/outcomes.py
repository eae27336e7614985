"""What a platform answered, as a small closed set of values.

`commit` returns exactly one `Outcome`; `find` exactly one `Finding about existence`. The engine
matches on them exhaustively; nothing here is an exception and nothing is a bare boolean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from copydesk.core.record import record


@record(frozen=True, slots=True, kw_only=True)
class Answer:
    """Evidence shared by all outcomes: the platform's raw answer, with secrets already removed."""

    status: int | None = None
    vendor_code: str = ""
    request_id: str = ""
    raw: str = ""


@record(frozen=True, slots=True)
class Published:
    """It is done: `id` on the platform and the public `url` ("" where there is none).

    Of a create or update: it is there. Of a delete: it is no longer there, and `id` is what was
    removed; also when it was gone already.
    """

    id: str
    url: str = ""
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class Accepted:
    """Taken, not public yet; ask `check` again with these handles."""

    handle: Mapping[str, Any]
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class RateLimited:
    """Not applied; come back later. `scope`: account, app, endpoint.

    The platform may say how long in two ways: `retry_after` (seconds from its answer; prefer it, it
    does not depend on two clocks agreeing) and `until` (aware UTC). Both None = it did not say.
    `reason` is set where the call was not even made: which budget of ours is used up or closed.
    """

    until: datetime | None = None
    scope: str = "account"
    answer: Answer = Answer()
    retry_after: float | None = None
    reason: str = ""


@record(frozen=True, slots=True)
class Refused:
    """The content was refused for good: which field, why, and what would help."""

    field: str
    reason: str
    remedy: str = ""
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class AuthExpired:
    """The credential has expired and may be refreshed. Not applied."""

    reason: str = "the credential has expired"
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class AuthRevoked:
    """The credential is dead; a person has to connect the account again. Not applied."""

    reason: str = "the credential was refused"
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class Misconfigured:
    """The account or its environment is set up wrongly. Not applied."""

    reason: str
    remedy: str = ""
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class Duplicate:
    """The platform says it has this already; `of` is the existing id when told."""

    of: str = ""
    url: str = ""
    answer: Answer = Answer()


@record(frozen=True, slots=True)
class Unavailable:
    """Certainly not applied, and worth another try later.

    `retry_after` (seconds from the answer) goes before `retry_at` (aware UTC), as in `RateLimited`.
    """

    reason: str
    retry_at: datetime | None = None
    answer: Answer = Answer()
    retry_after: float | None = None


@record(frozen=True, slots=True)
class Unknown:
    """It may have been applied: timed out, reset, or 5xx after sending. Never repeat blindly."""

    reason: str
    answer: Answer = Answer()


Outcome = (
    Published
    | Accepted
    | RateLimited
    | Refused
    | AuthExpired
    | AuthRevoked
    | Misconfigured
    | Duplicate
    | Unavailable
    | Unknown
)


@record(frozen=True, slots=True)
class Landed:
    """`find`: what was sent has been applied; of a delete: the post is no longer there.

    `compared`: of an update, told by nothing but that what can be read there reads as sent. Where
    only something else was to be changed, it did so before, too.
    """

    id: str
    url: str = ""
    evidence: str = ""
    compared: bool = False


@record(frozen=True, slots=True)
class Absent:
    """`find`: certainly not applied; only ever said after a complete listing. Of a delete: the post
    is still there."""

    evidence: str = ""


@record(frozen=True, slots=True)
class Inconclusive:
    """`find`: cannot be told now. `retry_at` (aware UTC) when asking again may help, else None."""

    reason: str
    retry_at: datetime | None = None


Existence = Landed | Absent | Inconclusive


@record(frozen=True, slots=True)
class Ready:
    """`check`: prepared and ready to commit. `handles` are persisted and handed to `commit`."""

    handles: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True, slots=True)
class Pending:
    """`check`: the platform is still processing; look again after `retry_after` seconds."""

    retry_after: float
    handles: Mapping[str, Any] = field(default_factory=dict)
