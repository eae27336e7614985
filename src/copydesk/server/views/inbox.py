"""The inbox: what came in, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import PostState
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Choice, Frame, Trouble
from copydesk.store.listings import InboxLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One submission. `about` holds source, author, language and what wrote the text."""

    url: str
    heading: str
    badge: Badge
    post_badge: Badge | None
    about: tuple[str, ...]
    received_at: datetime
    problem: str


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


def line_of(row: InboxLine) -> Line:
    """Return one line of the inbox."""
    about = [
        row.source.value if row.source else "",
        f"from {row.author}" if row.author else "",
        f"language {row.language}" if row.language else "",
        f"written by {row.tier}" if row.tier else "",
        row.filename,
    ]
    # A post that was distributed says no more than "composed" does.
    shown = row.post_state and row.post_state is not PostState.DISTRIBUTED
    return Line(
        url=f"/posts/{row.post_id}" if row.post_id else f"/submissions/{row.id}",
        heading=row.title or row.subject or "(no subject)",
        badge=badge(row.state),
        post_badge=badge(row.post_state) if row.post_state and shown else None,
        about=tuple(part for part in about if part),
        received_at=row.received_at,
        problem=": ".join(part for part in (row.problem, row.reason) if part)
        if row.problem
        else "",
    )
