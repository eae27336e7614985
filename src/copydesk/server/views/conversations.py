"""A conversation of a chat: what each message answers, how sure that is, and where it may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.states import SubmissionState
from copydesk.intake.conversations import BY_PERSON
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Frame
from copydesk.work.incoming.regrouping import Conversation, Said

DOUBTFUL = Badge("doubtful", "question", "warn")
PUT_RIGHT = Badge("put right", "hand", "good")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLine:
    """One message. `answers` is the number of the one it answers, 0 where it begins."""

    number: int
    id: str
    speaker: str
    text: str
    at: datetime | None
    badge: Badge | None
    link: str
    answers: int
    begins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """The page of a conversation; `others` are what a message may go to, as (id, how it begins)."""

    frame: Frame
    badge: Badge
    url: str
    log_url: str
    lines: tuple[TurnLine, ...]
    doubtful: int
    others: tuple[tuple[str, str], ...]
    can_move: bool
    problem: str


def conversation_view(
    found: Conversation, *, may_move: bool, problem: str = ""
) -> ConversationView:
    """Return the page of a conversation."""
    submission = found.submission
    numbers = {one.id: number for number, one in enumerate(found.said, start=1)}
    return ConversationView(
        frame=Frame(title="Who answers whom", section="Inbox"),
        badge=badge(submission.state),
        url=f"/submissions/{submission.id}/conversation",
        log_url=f"/submissions/{found.log_id}",
        lines=tuple(_line(one, numbers) for one in found.said),
        doubtful=sum(one.turn.doubtful for one in found.said),
        others=tuple((other.id, other.begins or other.id) for other in found.near),
        can_move=may_move and submission.state is not SubmissionState.REPLACED,
        problem=problem,
    )


def _line(said: Said, numbers: dict[str, int]) -> TurnLine:
    turn, answers = said.turn, numbers.get(said.answers, 0)
    sure = f"{turn.confidence:.0%} sure: {turn.why}" if turn.why else f"{turn.confidence:.0%} sure"
    by_person = turn.why == BY_PERSON
    return TurnLine(
        number=numbers[said.id],
        id=said.id,
        speaker=turn.speaker,
        text=said.text.removeprefix(f"{turn.speaker}: "),
        at=turn.at,
        badge=PUT_RIGHT if by_person else DOUBTFUL if turn.doubtful else None,
        link=sure if answers else "it begins the conversation",
        answers=answers,
        begins=not answers,
    )
