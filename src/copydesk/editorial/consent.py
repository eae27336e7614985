"""Whose words may teach: the most particular answer decides, and no answer is a no.

Asked in this order: about the message, about its author, about the channel it came through, about
everything. So an author's no stands against a channel's yes, and one message may be an exception.
"""

from __future__ import annotations

from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.keys import key_of
from copydesk.core.submission import Source, Submission
from copydesk.store import UnitOfWork
from copydesk.store.consents import Consent

EVERYTHING: Final = "everything"
_LONGEST: Final = 255


def subjects_of(submission: Submission) -> tuple[str, ...]:
    """Return what may have been said something about, the most particular first."""
    address = submission.parsed.author_address.strip().casefold() if submission.parsed else ""
    author = key_of(f"author:{address}", _LONGEST) if address else ""
    channel = f"channel:{submission.source}" if submission.source else ""
    return tuple(s for s in (submission.id, author, channel, EVERYTHING) if s)


async def consent_to(unit: UnitOfWork, submission: Submission) -> Consent | None:
    """Return the answer that allows what is learnt from `submission` to leave, None without one."""
    answer = await unit.consents.about(submission.workspace_id, subjects_of(submission))
    return answer if answer is not None and answer.allowed else None


async def give_consent(
    unit: UnitOfWork, workspace_id: str, subject: str, *, allowed: bool, licence: str = ""
) -> str:
    """Record an answer about a submission's id, `author:ADDRESS`, `channel:NAME` or `everything`,
    and return the subject as it was kept.

    Raises `ContentInvalid` for any other subject, `NotFound` for a submission that is not there.
    """
    named = read_subject(subject)
    if named.startswith("sub_"):
        await unit.submissions.get(named)
    await unit.consents.give(workspace_id, named, allowed=allowed, licence=licence)
    return named


def read_subject(given: str) -> str:
    """Return the subject that `given` names; raises `ContentInvalid`."""
    subject = given.strip()
    kind, colon, name = subject.partition(":")
    name = name.strip()
    if subject == EVERYTHING or (subject.startswith("sub_") and not colon):
        return subject
    if kind == "author" and "@" in name:
        return key_of(f"author:{name.casefold()}", _LONGEST)
    if kind == "channel" and name in set(Source):
        return f"channel:{name}"
    raise ContentInvalid(
        [
            Finding(
                code="subject_unknown",
                field="subject",
                message=f"{given!r} names nothing that can be allowed",
                remedy="Name a submission (sub_…), author:ADDRESS, channel:NAME "
                f"({', '.join(Source)}) or everything.",
            )
        ]
    )
