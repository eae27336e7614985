"""What git's failures mean: (stage, complaint) → outcome.

Git has no error codes; with `LC_ALL=C` its English sentences are stable enough to tell causes apart
(read from git 2.39, 2026-11-21). Whatever is not recognised is `Unavailable` where nothing can have
been applied, and `Unknown` once a push may have left.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from copydesk.core.outcomes import (
    Answer,
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)

GIT_MISSING = Misconfigured(
    "the git program is not installed", "Install git on the machine that runs copydesk."
)


class Declined(Exception):
    """Git could not do what was asked; `outcome` says what that means for the delivery."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(type(outcome).__name__)


class RaceLost(Exception):
    """Somebody else's push came first; nothing of ours was applied."""


_Maker = Callable[[str, Answer], Outcome]

_BEFORE_SENDING: tuple[tuple[str, _Maker], ...] = (
    (
        r"Authentication failed|could not read (Username|Password)|returned error: 401"
        r"|Permission denied \((publickey|password|keyboard)",
        lambda line, answer: AuthRevoked(f"the repository refused our credential: {line}", answer),
    ),
    (
        r"Host key verification failed",
        lambda _, answer: Misconfigured(
            "the host key of the ssh remote is not known",
            "Connect once with ssh as the user that runs copydesk and accept the key.",
            answer,
        ),
    ),
    (
        r"returned error: 429|[Rr]ate limit",
        lambda _, answer: RateLimited(None, "account", answer),
    ),
    (
        r"returned error: 403|[Ww]rite access to repository not granted|denied to",
        lambda line, answer: Misconfigured(
            f"no permission: {line}", "Allow this credential to write to the repository.", answer
        ),
    ),
    (
        r"[Rr]epository .*not found|does not appear to be a git repository|returned error: 404"
        r"|does not exist|repository '.*' not found",
        lambda line, answer: Misconfigured(
            f"there is no such repository: {line}",
            "Check the setting remote; for a local path create=true makes it.",
            answer,
        ),
    ),
    (
        r"dubious ownership",
        lambda _, answer: Misconfigured(
            "the repository folder belongs to another user",
            "Run copydesk as its owner, or add the folder to safe.directory in /etc/gitconfig.",
            answer,
        ),
    ),
    (
        r"transport '.*' not allowed|[Uu]nable to find remote helper",
        lambda line, answer: Misconfigured(
            f"git cannot reach such a remote: {line}", "Use https, ssh, file:// or a path.", answer
        ),
    ),
    (
        r"Could not resolve host|[Cc]onnection refused|Failed to connect|Couldn't connect"
        r"|Network is unreachable|No route to host|Connection timed out|SSL|TLS"
        r"|unable to access '.*': The requested URL returned error: 5\d\d",
        lambda line, answer: Unavailable(f"the repository cannot be reached: {line}", None, answer),
    ),
)

_REMOTE_REJECTED: tuple[tuple[str, _Maker], ...] = (
    (
        r"refusing to update checked out branch|branch is currently checked out",
        lambda _, answer: Misconfigured(
            "the remote is a working copy that has this branch checked out",
            "Push to a bare repository or to another branch.",
            answer,
        ),
    ),
    (
        r"protected branch|GH006|not allowed to push|denied",
        lambda line, answer: Misconfigured(
            f"the branch does not take our pushes: {line}",
            "Allow this account to push to the branch, or set another branch.",
            answer,
        ),
    ),
    (
        r"unpacker error|No space left",
        lambda line, answer: Unavailable(
            f"the repository could not store the commit: {line}", None, answer
        ),
    ),
    (
        r".",
        lambda line, answer: Refused(
            "body", f"the repository declined the commit: {line}", "See why in its words.", answer
        ),
    ),
)

_RACE = re.compile(
    r"stale info|non-fast-forward|fetch first|cannot lock ref|failed to update ref"
    r"|incorrect old value|reference already exists|failed to lock"
)


def classify_read(complaint: str) -> Outcome:
    """Return what a failed fetch or look-up means; nothing was applied."""
    answer = Answer(raw=complaint)
    line = cause(complaint)
    for pattern, make in _BEFORE_SENDING:
        if re.search(pattern, complaint):
            return make(line, answer)
    return Unavailable(f"git could not read the repository: {line}", None, answer)


def classify_push(report: str, complaint: str) -> Outcome:
    """Return what a failed push means. `report` is what `git push --porcelain` printed.

    Raises `RaceLost` when the branch had moved; that is certain, as the remote compares and swaps.
    """
    answer = Answer(raw=f"{report}\n{complaint}".strip())
    line = cause(complaint)
    rejected = re.search(r"^!\t\S+\t(\[[^]]*\].*)$", report, re.MULTILINE)
    if rejected:
        verdict = rejected.group(1)
        if "remote failure" in verdict:
            return Unknown(f"the repository did not say whether it took the push: {line}", answer)
        if _RACE.search(verdict):
            raise RaceLost(verdict)
        said = " ".join((verdict, *re.findall(r"^remote: (.*\S)", complaint, re.MULTILINE)))
        for pattern, make in _REMOTE_REJECTED:
            if re.search(pattern, said):
                return make(said, answer)
    # a failing POST comes after the pack has left, whatever its status
    if "RPC failed" not in complaint:
        for pattern, make in _BEFORE_SENDING:
            if re.search(pattern, complaint):
                return make(line, answer)
    return Unknown(f"the push ended without a verdict: {line}", answer)


def cause(complaint: str) -> str:
    """Return the line of git's complaint that names the cause, for people."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("fatal:", "error:", "remote:")):
            return line
    return lines[-1] if lines else "git said nothing"
