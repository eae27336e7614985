"""Second opinions: which texts two people decided on, and what each of them said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.audit import DoubleDecision
from copydesk.core.checks import RiskClass
from copydesk.core.review import ReviewKind
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.store.tables import opinions, posts, reviews, suggestions

if TYPE_CHECKING:
    from datetime import datetime

    from copydesk.store.unit import UnitOfWork

_DECIDED = frozenset({SuggestionState.ACCEPTED, SuggestionState.EDITED, SuggestionState.REJECTED})

# built once: putting a statement together costs more than running it
_CHANCE = sa.select(opinions.c.propensity).where(opinions.c.review_id == sa.bindparam("review"))


class Opinions:
    """Reads and writes second opinions."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(
        self,
        workspace_id: str,
        first_review_id: str,
        review_id: str,
        *,
        channel: str,
        language: str,
        propensity: float,
    ) -> None:
        """Record that `review_id` asks another person what `first_review_id` has asked before."""
        await self._unit.connection.execute(
            sa.insert(opinions).values(
                review_id=review_id,
                first_review_id=first_review_id,
                workspace_id=workspace_id,
                channel=channel,
                language=language,
                propensity=propensity,
            )
        )

    async def is_asked_about(self, post_id: str) -> bool:
        """Tell whether a second opinion on a text of this post is awaited."""
        found = await self._unit.connection.scalar(
            sa.select(sa.literal(1))
            .where(
                reviews.c.post_id == post_id,
                reviews.c.kind == ReviewKind.SECOND,
                reviews.c.state == ReviewState.OPENED,
            )
            .limit(1)
        )
        return found is not None

    async def first_of(self, review_id: str) -> str:
        """Return the review that was decided before this second opinion, "" where it is none."""
        found: str | None = await self._unit.connection.scalar(
            sa.select(opinions.c.first_review_id).where(opinions.c.review_id == review_id)
        )
        return found or ""

    async def chance_of(self, review_id: str) -> float:
        """Return the chance (0..1) with which a review was asked as a second opinion; 1 for what
        is none."""
        found: float | None = await self._unit.connection.scalar(_CHANCE, {"review": review_id})
        return 1.0 if found is None else found

    async def decisions(
        self, workspace_id: str, *, since: datetime | None = None, limit: int = 10_000
    ) -> list[DoubleDecision]:
        """Return what two people decided on, the newest first, at most `limit`."""
        first, second = reviews.alias("first"), reviews.alias("second")
        query = (
            sa.select(
                opinions.c.review_id,
                opinions.c.first_review_id,
                opinions.c.channel,
                opinions.c.language,
                posts.c.risk,
                first.c.state.label("first"),
                second.c.state.label("second"),
                first.c.decided_by.label("first_by"),
                second.c.decided_by.label("second_by"),
            )
            .join(first, first.c.id == opinions.c.first_review_id)
            .join(second, second.c.id == opinions.c.review_id)
            .join(posts, posts.c.id == second.c.post_id)
            .where(opinions.c.workspace_id == workspace_id, second.c.decided_at.is_not(None))
        )
        if since is not None:
            query = query.where(second.c.decided_at >= since)
        rows = await self._unit.connection.execute(
            query.order_by(opinions.c.review_id.desc()).limit(limit)
        )
        return [DoubleDecision(**{**row._mapping, "risk": RiskClass(row.risk)}) for row in rows]

    async def suggestions(
        self, workspace_id: str, *, since: datetime | None = None, limit: int = 50_000
    ) -> list[tuple[str, str, str]]:
        """Return (intent, first, second) of the suggestions that two people decided on, the newest
        first, at most `limit`: the same change at the same place in both reviews."""
        one, other = suggestions.alias("one"), suggestions.alias("other")
        same_place = [one.c[name] == other.c[name] for name in ("field", "start", "end", "after")]
        query = (
            sa.select(one.c.intent, one.c.state.label("first"), other.c.state.label("second"))
            .select_from(opinions)
            .join(one, one.c.review_id == opinions.c.first_review_id)
            .join(other, (other.c.review_id == opinions.c.review_id) & sa.and_(*same_place))
            .where(
                opinions.c.workspace_id == workspace_id,
                one.c.version > 0,
                other.c.version > 0,
                one.c.state.in_(_DECIDED),
                other.c.state.in_(_DECIDED),
            )
        )
        if since is not None:
            query = query.where(other.c.decided_at >= since)
        rows = await self._unit.connection.execute(
            query.order_by(opinions.c.review_id.desc(), one.c.number).limit(limit)
        )
        return [(row.intent, row.first, row.second) for row in rows]
