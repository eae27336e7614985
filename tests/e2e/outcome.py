"""What is out there in the end, counted where it arrived and compared with what was approved."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from copydesk.core.clock import SystemClock
from copydesk.core.delivery import Delivery
from copydesk.core.ids import IdFactory
from copydesk.core.post import Post
from copydesk.core.states import SETTLED, PostState, SubmissionState
from copydesk.core.submission import Submission
from copydesk.store import open_store
from tests.e2e.recorder import Recorder

_MOVING = {SubmissionState.RECEIVED, SubmissionState.PARSED}


@dataclass(frozen=True)
class Rows:
    """Everything in the database that can be on its way."""

    submissions: list[Submission]
    posts: list[Post]
    deliveries: list[Delivery]

    @property
    def approved(self) -> set[str]:
        return {p.id for p in self.posts if p.state is PostState.DISTRIBUTED}

    @property
    def held(self) -> list[str]:
        """What waits for a person, though nothing should: a failing test tells it with the logs."""
        return [f"{p.id} {p.state}" for p in self.posts if p.state is PostState.HELD]

    @property
    def stuck(self) -> list[str]:
        """What has not come to rest, with the state it is in."""
        return [
            *(f"{s.id} {s.state}" for s in self.submissions if s.state in _MOVING),
            *(
                f"{p.id} {p.state}"
                for p in self.posts
                if p.state in {PostState.DRAFTED, PostState.APPROVED}
            ),
            *(f"{d.id} {d.state}" for d in self.deliveries if d.state not in SETTLED),
        ]


def rows(database: str, workspace: str = "desk") -> Rows:
    """Read a project's database from outside."""

    async def read() -> Rows:
        clock = SystemClock()
        store = await open_store(database, clock, IdFactory(clock), migrate=False)
        try:
            async with store.read() as unit:
                found = await unit.workspaces.find(workspace)
                assert found is not None
                return Rows(
                    submissions=await unit.submissions.newest(found.id, limit=1000),
                    posts=[p for p, _ in await unit.posts.newest(found.id, limit=1000)],
                    deliveries=await unit.deliveries.newest(found.id, limit=5000),
                )
        finally:
            await store.close()

    return asyncio.run(read())


def on_site(folder: Path) -> Counter[str]:
    """How many pages show each post, by the post's id."""
    records = folder / ".copydesk" / "posts"
    known = {path.stem: json.loads(path.read_text()) for path in records.glob("*.json")}
    pages = Counter(page.parent.name for page in (folder / "posts").glob("*/index.html"))
    assert len(pages) == len(known), "a page without a record, or a record without its page"
    return Counter(known.keys())


def in_git(repository: Path) -> Counter[str]:
    """How often each post's file was added in the history, by its path."""
    log = subprocess.run(
        ["git", "-C", repository, "log", "--diff-filter=A", "--name-only", "--format=", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return Counter(line for line in log.splitlines() if line.endswith(".md"))


@dataclass(frozen=True)
class Figures:
    """The promise in numbers. All three are zero, or it is broken."""

    approved: int
    duplicates: int
    lost: int
    stuck: int

    def __str__(self) -> str:
        return (
            f"{self.approved} approved posts on 3 platforms: {self.duplicates} duplicates, "
            f"{self.lost} lost, {self.stuck} stuck"
        )


def count(found: Rows, site: Path, repository: Path, recorder: Recorder) -> Figures:
    """Compare what was approved with what stands on site, in git and at the receiver."""
    places = [on_site(site), in_git(repository), recorder.taken]
    wanted = len(found.approved)
    return Figures(
        approved=wanted,
        duplicates=sum(sum(place.values()) - len(place) for place in places)
        + sum(max(0, len(place) - wanted) for place in places),
        lost=sum(max(0, wanted - len(place)) for place in places),
        stuck=len(found.stuck),
    )
