"""A message that a model wrote up and that waits for a person, on any desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copydesk.core.checks import RiskClass
from copydesk.core.post import Content, Tier
from copydesk.core.review import ReviewKind
from copydesk.core.states import PostState, SubmissionState, SuggestionState
from copydesk.core.suggestion import Suggestion
from copydesk.intake.parsing import parse
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.reviews.reviewing import Look, look_at
from copydesk.work.writing.cleaning import clean_message

LETTER = (
    b"From: Ada <ada@example.org>\r\nSubject: The lamp\r\n\r\n"
    b"the lamp came  on 3 May 2026 and cost 45.90 EUR. It does not work, i want a refund.\r\n"
    b"see https://shop.example/o/77 for my order .\r\n"
    b"\r\nOn Mon, 2 Nov 2026 at 09:00, Bob <bob@example.org> wrote:\r\n> it is on its way\r\n"
)
WRITTEN = (
    "The lamp came on 3 May 2026 and cost 49.90 EUR. It does not work, and I would like a refund.\n"
    "See my order."
)


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for a person."""

    submission: str
    post: str
    review: str


async def hold(
    desk: Desk,
    *,
    written: str = WRITTEN,
    raw: bytes = LETTER,
    risk: RiskClass = RiskClass.HIGH,
    kind: ReviewKind = ReviewKind.QUESTION,
    name: str = "a.eml",
) -> Held:
    """Take a message in, write it up as `written`, and open a review of it."""
    submission = (await submit(desk, raw, filename=name, actor="test")).submission
    parsed = parse(raw, filename=name, source=None)
    kept = [segment for segment in parsed.segments if segment.kept]
    cleaned = clean_message(parsed, kept, ())
    async with desk.store.begin("test") as unit:
        current = await unit.submissions.get(submission.id)
        current = await unit.submissions.store_parsed(current, parsed, [])
        post, revision = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key=f"submission:{submission.id}",
            submission_id=submission.id,
            content=Content(title="The lamp", body=written, slug="lamp", language="en"),
            tier=Tier.CAPABLE,
            model="some-model",
            prompt_version="rewrite_and_polish@3",
            edits=cleaned.edits,
        )
        await unit.posts.store_checks(post.id, revision.id, [], risk)
        await unit.submissions.move(current, SubmissionState.COMPOSED, post_id=post.id)
        await unit.posts.move(post, PostState.HELD, reason="a person is asked")
        review = await unit.reviews.open(
            desk.workspace_id, post.id, revision.id, risk, ["money is involved"], kind=kind
        )
    return Held(submission.id, post.id, review)


async def find(desk: Desk, review: str, words: str) -> Suggestion:
    """Return the only live suggestion that puts or takes `words`."""
    look = await look_at(desk, review)
    found = [s for s in look.suggestions if s.is_live and words in (s.after, s.before)]
    assert len(found) == 1, [(s.before, s.after) for s in look.suggestions]
    return found[0]


def states(look: Look) -> Sequence[SuggestionState]:
    """Return how the suggestions of a review stand, by number."""
    return [s.state for s in look.suggestions]
