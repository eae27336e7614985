"""Posts, their revisions, and the checks on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.checks import CheckResult, Evidence, RiskClass, Verdict
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.post import Content, Edit, Fate, Post, Revision, Tier
from copydesk.core.states import PostState, check_transition
from copydesk.store.codec import from_json, to_json
from copydesk.store.slices import Slice, slice_of
from copydesk.store.tables import checks, posts, revisions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

# built once: putting a statement together costs more than running it
_GET = sa.select(posts).where(posts.c.id == sa.bindparam("of"))
_LOCK = _GET.with_for_update(key_share=True)
_ADD = sa.insert(posts)
_MOVE = (
    sa.update(posts)
    .where(posts.c.id == sa.bindparam("of"), posts.c.state == sa.bindparam("from_state"))
    .returning(posts)
)
_RATE = sa.update(posts).where(posts.c.id == sa.bindparam("of"))
_REVISION = sa.select(revisions).where(revisions.c.id == sa.bindparam("of"))
_ADD_REVISION = sa.insert(revisions)
_CHECKS = (
    sa.select(checks)
    .where(checks.c.revision_id == sa.bindparam("revision"))
    .order_by(checks.c.position)
)
_ADD_CHECKS = sa.insert(checks)


class Posts:
    """Reads and writes posts, revisions and checks."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def get(self, id: str) -> Post:
        """Return post `id`; raises `NotFound`."""
        return await self._one(_GET, id)

    async def lock(self, id: str) -> Post:
        """Return post `id`, which nobody else moves until this unit ends; raises `NotFound`."""
        return await self._one(_LOCK, id)

    async def _one(self, query: sa.Select[Any], id: str) -> Post:
        rows = await self._unit.connection.execute(query, {"of": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"post {id}")
        return _post(row)

    async def find_by_key(self, workspace_id: str, source_key: str) -> Post | None:
        """Return the post with this natural key, or None."""
        rows = await self._unit.connection.execute(
            sa.select(posts).where(
                posts.c.workspace_id == workspace_id, posts.c.source_key == source_key
            )
        )
        row = rows.one_or_none()
        return _post(row) if row else None

    async def newest(
        self, workspace_id: str, *, state: str = "", before: str = "", limit: int = 50
    ) -> Slice[tuple[Post, str]]:
        """Return (post, title) newest first; `before` is an id cursor."""
        query = (
            sa.select(posts, revisions.c.title)
            .join(revisions, revisions.c.id == posts.c.revision_id)
            .where(posts.c.workspace_id == workspace_id)
        )
        if state:
            query = query.where(posts.c.state == state)
        rows = await slice_of(self._unit, query, posts.c.id, before=before, limit=limit)
        return rows.each(lambda row: (_post(row), row.title))

    async def add(
        self,
        *,
        workspace_id: str,
        source_key: str,
        content: Content,
        tier: Tier,
        submission_id: str | None = None,
        **made: Any,
    ) -> tuple[Post, Revision]:
        """Add a drafted post with its first revision; `made` are further fields of `Revision`."""
        post_id = self._unit.ids.new("post")
        revision = self._revision(post_id, 1, content, tier, made)
        post = Post(
            id=post_id,
            workspace_id=workspace_id,
            source_key=source_key,
            submission_id=submission_id,
            state=PostState.DRAFTED,
            revision_id=revision.id,
            created_at=self._unit.now,
        )
        await self._unit.connection.execute(
            _ADD,
            {
                "id": post.id,
                "workspace_id": workspace_id,
                "source_key": source_key,
                "submission_id": submission_id,
                "state": post.state,
                "revision_id": revision.id,
                "created_at": post.created_at,
            },
        )
        await self._insert_revision(revision)
        await self._unit.events.append(
            workspace_id, "post", post_id, "", PostState.DRAFTED, reason=f"written by {tier}"
        )
        return post, revision

    async def revise(self, post: Post, content: Content, tier: Tier, **made: Any) -> Revision:
        """Add the next revision of `post` and make it current. The post's state stays."""
        current = await self.revision(post.revision_id)
        revision = self._revision(post.id, current.number + 1, content, tier, made)
        out = post.state is PostState.DISTRIBUTED
        look_again = {"cite_at": self._unit.now} if out else {}
        result = await self._unit.connection.execute(
            sa.update(posts)
            .where(posts.c.id == post.id, posts.c.revision_id == post.revision_id)
            .values(revision_id=revision.id, **look_again)
        )
        if result.rowcount != 1:
            raise Conflict(f"Post {post.id} was revised in the meantime.")
        await self._insert_revision(revision)
        return revision

    def _revision(
        self, post_id: str, number: int, content: Content, tier: Tier, made: dict[str, Any]
    ) -> Revision:
        return Revision(
            id=self._unit.ids.new("revision"),
            post_id=post_id,
            number=number,
            content=content,
            tier=tier,
            created_at=self._unit.now,
            created_by=self._unit.actor,
            **made,
        )

    async def _insert_revision(self, revision: Revision) -> None:
        await self._unit.connection.execute(
            _ADD_REVISION,
            {
                "id": revision.id,
                "post_id": revision.post_id,
                "number": revision.number,
                "title": revision.content.title,
                "content": to_json(Content, revision.content),
                "tier": revision.tier,
                "prompt_version": revision.prompt_version,
                "model": revision.model,
                "edits": to_json(tuple[Edit, ...], revision.edits),
                "fates": to_json(tuple[Fate, ...], revision.fates),
                "omitted": list(revision.omitted),
                "open_questions": list(revision.open_questions),
                "route": revision.route,
                "degraded_because": revision.degraded_because,
                "created_at": revision.created_at,
                "created_by": revision.created_by,
            },
        )

    async def revision(self, id: str) -> Revision:
        """Return revision `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(_REVISION, {"of": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound(f"There is no revision {id}.")
        return _revision_of(row)

    async def revisions(self, post_id: str) -> list[Revision]:
        """Return all revisions of a post, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(revisions).where(revisions.c.post_id == post_id).order_by(revisions.c.number)
        )
        return [_revision_of(row) for row in rows]

    async def degraded(
        self, workspace_id: str, *, after: str = "", limit: int = 200
    ) -> list[tuple[Post, Revision]]:
        """Return posts that wait for a person since no model could write them, oldest first.

        `after` is the id of the last one of the page before.
        """
        rows = await self._unit.connection.execute(
            sa.select(posts.c.id, posts.c.revision_id)
            .join(revisions, revisions.c.id == posts.c.revision_id)
            .where(
                posts.c.workspace_id == workspace_id,
                posts.c.state == PostState.HELD,
                posts.c.submission_id.is_not(None),
                revisions.c.degraded_because != "",
                posts.c.id > after,
            )
            .order_by(posts.c.id)
            .limit(limit)
        )
        return [(await self.get(row.id), await self.revision(row.revision_id)) for row in rows]

    async def counts(self, workspace_id: str) -> dict[str, int]:
        """Return how many posts stand in each state."""
        rows = await self._unit.connection.execute(
            sa.select(posts.c.state, sa.func.count().label("n"))
            .where(posts.c.workspace_id == workspace_id)
            .group_by(posts.c.state)
        )
        return {row.state: row.n for row in rows}

    async def move(
        self,
        post: Post,
        to: PostState,
        *,
        reason: str = "",
        wake_at: datetime | None = None,
        **changes: Any,
    ) -> Post:
        """Take `post` to a state; raises `TransitionNotAllowed`, or `Conflict` if it moved."""
        check_transition("post", post.id, post.state, to)
        if to is PostState.DISTRIBUTED:
            changes.setdefault("cite_at", self._unit.now)
        changes |= {"state": to, "wake_at": wake_at}
        rows = await self._unit.connection.execute(
            _MOVE, {"of": post.id, "from_state": post.state, **changes}
        )
        row = rows.one_or_none()
        if row is None:
            raise Conflict(f"Post {post.id} has changed in the meantime.")
        await self._unit.events.append(
            post.workspace_id, "post", post.id, post.state, to, reason=reason
        )
        if to is PostState.APPROVED:
            self._unit.hint("distribute", post.id, wake_at)
        return _post(row)

    # -- checks -----------------------------------------------------------------------------------

    async def store_checks(
        self, post_id: str, revision_id: str, results: Sequence[CheckResult], risk: RiskClass
    ) -> None:
        """Store the gate's evidence on a revision and its risk on the post."""
        if results:
            await self._unit.connection.execute(
                _ADD_CHECKS,
                [
                    {
                        "revision_id": revision_id,
                        "position": position,
                        "check": result.check,
                        "version": result.version,
                        "verdict": result.verdict,
                        "evidence": to_json(tuple[Evidence, ...], result.evidence),
                        "cost_ms": result.cost_ms,
                    }
                    for position, result in enumerate(results)
                ],
            )
        await self._unit.connection.execute(_RATE, {"of": post_id, "risk": risk})

    async def checks(self, revision_id: str) -> list[CheckResult]:
        """Return the stored checks of a revision in the order they ran."""
        rows = await self._unit.connection.execute(_CHECKS, {"revision": revision_id})
        return [
            CheckResult(
                check=row.check,
                version=row.version,
                verdict=Verdict(row.verdict),
                evidence=from_json(tuple[Evidence, ...], row.evidence),
                cost_ms=row.cost_ms,
            )
            for row in rows
        ]

    async def risk(self, post_id: str) -> RiskClass:
        """Return the risk class the gate gave the post."""
        value = await self._unit.connection.scalar(
            sa.select(posts.c.risk).where(posts.c.id == post_id)
        )
        return RiskClass(value or RiskClass.LOW)


def _post(row: Any) -> Post:
    return Post(
        id=row.id,
        workspace_id=row.workspace_id,
        source_key=row.source_key,
        state=PostState(row.state),
        revision_id=row.revision_id,
        created_at=row.created_at,
        published_at=row.published_at,
        submission_id=row.submission_id,
    )


def _revision_of(row: Any) -> Revision:
    return Revision(
        id=row.id,
        post_id=row.post_id,
        number=row.number,
        content=from_json(Content, row.content),
        tier=Tier(row.tier),
        created_at=row.created_at,
        created_by=row.created_by,
        prompt_version=row.prompt_version,
        model=row.model,
        edits=from_json(tuple[Edit, ...], row.edits),
        fates=from_json(tuple[Fate, ...], row.fates),
        omitted=tuple(row.omitted),
        open_questions=tuple(row.open_questions),
        route=row.route,
        degraded_because=row.degraded_because,
    )
