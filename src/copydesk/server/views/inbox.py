"""The inbox: what came in, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import PostState, SubmissionState
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Choice, Frame, Trouble, address, choices
from copydesk.store.listings import InboxLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One submission. `about` holds source, author, language and what wrote the text; `parent` is
    the file that held it, with `parent_url`."""

    url: str
    heading: str
    badge: Badge
    post_badge: Badge | None
    about: tuple[str, ...]
    received_at: datetime
    problem: str
    parent: str
    parent_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The list itself, which refreshes from `refresh_url` when something happens."""

    lines: tuple[Line, ...]
    refresh_url: str
    older_url: str
    filtered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView:
    """The inbox page."""

    frame: Frame
    live_url: str
    trouble: Trouble | None
    choices: tuple[Choice, ...]
    list: Lines
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a file held: how many of its messages stand in each state, and the newest of them.

    `choices` narrow the list to a state; `older_url` leads to those before.
    """

    counts: tuple[tuple[Badge, int], ...]
    choices: tuple[Choice, ...]
    lines: tuple[Line, ...]
    older_url: str


def parts_of(
    url: str, counts: Mapping[str, int], rows: Sequence[InboxLine], state: str, shown: int
) -> Parts | None:
    """Return what a file held, None for one that is a message itself.

    `rows` are one more than `shown` where there are older ones.
    """
    if not counts:
        return None
    last = rows[shown - 1].id if len(rows) > shown else ""
    states = [entry for entry in SubmissionState if counts.get(entry)]
    return Parts(
        counts=tuple((badge(entry), counts[entry]) for entry in states),
        choices=choices(url, [entry.value for entry in states], state),
        lines=tuple(line_of(row) for row in rows[:shown]),
        older_url=address(url, state=state, before=last) if last else "",
    )


def line_of(row: InboxLine) -> Line:
    """Return one line of the inbox."""
    named = row.title or row.subject
    about = [
        row.source.value if row.source else "",
        f"from {row.author}" if row.author else "",
        f"language {row.language}" if row.language else "",
        f"written by {row.tier}" if row.tier else "",
        row.filename if named else "",
        row.reason if row.state in {SubmissionState.UNPACKED, SubmissionState.REPLACED} else "",
    ]
    # A post that was distributed says no more than "composed" does.
    shown = row.post_state and row.post_state is not PostState.DISTRIBUTED
    return Line(
        url=f"/posts/{row.post_id}" if row.post_id else f"/submissions/{row.id}",
        heading=named or row.filename or "(no subject)",
        badge=badge(row.state),
        post_badge=badge(row.post_state) if row.post_state and shown else None,
        about=tuple(part for part in about if part),
        received_at=row.received_at,
        problem=": ".join(part for part in (row.problem, row.reason) if part)
        if row.problem
        else "",
        parent=(row.parent or row.parent_id) if row.parent_id else "",
        parent_url=f"/submissions/{row.parent_id}" if row.parent_id else "",
    )
