"""Following work to its end: what is still moving, and waiting until it rests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from copydesk.core.states import SETTLED, PostState, SubmissionState
from copydesk.core.submission import Submission
from copydesk.work.accounts.breakers import stopped
from copydesk.work.desk import Desk

_MOVING = frozenset({SubmissionState.RECEIVED, SubmissionState.PARSED})

#: Seconds between looks while waiting.
PAUSE = 0.1

#: What rests for longer than this is not waited for.
LATER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the workspace's work has come, as counts; `stopped` says in words which platforms do
    not answer."""

    submissions: dict[str, int]
    posts: dict[str, int]
    deliveries: dict[str, int]
    later: int = 0
    stopped: tuple[str, ...] = ()

    @property
    def moving(self) -> int:
        """Return how many things are still on their way without needing a person.

        Deliveries that rest for more than a minute (`later`) do not count.
        """
        return (
            sum(self.submissions.get(s, 0) for s in _MOVING)
            + self.posts.get(PostState.APPROVED, 0)
            + self.posts.get(PostState.DRAFTED, 0)
            + sum(n for state, n in self.deliveries.items() if state not in SETTLED)
            - self.later
        )

    def __str__(self) -> str:
        taken = sum(self.submissions.values())
        refused = self.submissions.get(SubmissionState.REFUSED, 0)
        failed = self.submissions.get(SubmissionState.FAILED, 0)
        held = self.posts.get(PostState.HELD, 0)
        deliveries = sum(self.deliveries.values())
        delivered = self.deliveries.get("delivered", 0)
        words = [
            f"{taken} taken in",
            f"{self.submissions.get(SubmissionState.COMPOSED, 0)} written up",
            f"{held} held for a person",
            f"{delivered} of {deliveries} deliveries delivered",
        ]
        words += [f"{refused} refused"] if refused else []
        words += [f"{failed} failed"] if failed else []
        waiting = {s: n for s, n in self.deliveries.items() if s != "delivered" and n}
        words += [f"{n} {state}" for state, n in sorted(waiting.items())]
        return "\n".join([", ".join(words), *self.stopped])


async def progress(desk: Desk) -> Progress:
    """Return how far the workspace's work has come."""
    async with desk.store.read() as unit:
        accounts = await unit.accounts.all(desk.workspace_id)
        return Progress(
            stopped=tuple(str(one) for one in await stopped(unit, accounts)),
            submissions=await unit.submissions.counts(desk.workspace_id),
            posts=await unit.posts.counts(desk.workspace_id),
            deliveries=await unit.deliveries.counts(desk.workspace_id),
            later=await unit.deliveries.resting(desk.workspace_id, unit.now + LATER),
        )


async def follow_submissions(desk: Desk, ids: Sequence[str], *, timeout: float) -> None:
    """Wait until these submissions and what came of them rest, at most `timeout` seconds."""
    ends = desk.clock.monotonic() + timeout
    left = list(ids)
    while left and desk.clock.monotonic() < ends:
        left = [each for id in left for each in await _still_moving(desk, id)]
        if left:
            await asyncio.sleep(PAUSE)


async def _still_moving(desk: Desk, submission_id: str) -> list[str]:
    """Return what has to be looked at again: a submission, or those it was unpacked into."""
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(submission_id)
        if submission.state is SubmissionState.UNPACKED:
            return await unit.submissions.parts(submission_id)
    return [submission_id] if await _is_moving(desk, submission) else []


async def _is_moving(desk: Desk, submission: Submission) -> bool:
    if submission.state in _MOVING:
        return True
    async with desk.store.read() as unit:
        if submission.post_id is None:
            return False
        post = await unit.posts.get(submission.post_id)
        if post.state in {PostState.DRAFTED, PostState.APPROVED}:
            return True
        deliveries = await unit.deliveries.of_post(post.id)
        return any(delivery.state not in SETTLED for delivery in deliveries)
