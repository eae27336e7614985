"""What people decided, page by page for whoever hands it out, and what was handed out already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.review import ReviewKind
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import (
    audits,
    exported,
    opinions,
    posts,
    reviews,
    revisions,
    submissions,
    suggestions,
)

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_DECIDED = (SuggestionState.ACCEPTED, SuggestionState.EDITED, SuggestionState.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One decided review with what its use needs.

    `approved_revision_id` is the text as it stood when it was decided. `audit_propensity` is the
    chance with which a text against which nothing spoke was to be looked at, None where something
    spoke against it; `opinion_propensity` that of a second opinion, None where it is none.
    """

    review_id: str
    kind: ReviewKind
    state: ReviewState
    decided_at: datetime
    decided_by: str
    decision_reason: str
    post_id: str
    submission_id: str
    revision_id: str
    approved_revision_id: str
    risk: str
    audit_propensity: float | None
    opinion_propensity: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedChange:
    """The same words put for the same words, in how many reviews, and by how many people."""

    before: str
    after: str
    intent: str
    people: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentCount:
    """What people decided on suggestions of one intent, origin and channel."""

    intent: str
    origin: str
    channel: str
    accepted: int
    edited: int
    rejected: int

    @property
    def decided(self) -> int:
        """Return how many were decided on."""
        return self.accepted + self.edited + self.rejected


class Feedback:
    """Reads judgements and remembers which have left."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def judgements(
        self,
        workspace_id: str,
        form: str,
        *,
        since: datetime | None = None,
        after: str = "",
        again: bool = False,
        limit: int = 50,
    ) -> list[Judgement]:
        """Return decided reviews of messages, oldest first, from the review id `after` on.

        `since` (aware) leaves out what was decided before it. Those that were handed out in this
        `form` are left out unless `again`.
        """
        newest = (
            sa.select(sa.func.max(revisions.c.number))
            .where(
                revisions.c.post_id == reviews.c.post_id,
                revisions.c.created_at <= reviews.c.decided_at,
            )
            .correlate(reviews)
            .scalar_subquery()
        )
        approved = revisions.alias("approved")
        query = (
            sa.select(
                reviews.c.id.label("review_id"),
                reviews.c.kind,
                reviews.c.state,
                reviews.c.decided_at,
                reviews.c.decided_by,
                reviews.c.decision_reason,
                reviews.c.post_id,
                posts.c.submission_id,
                reviews.c.revision_id,
                approved.c.id.label("approved_revision_id"),
                reviews.c.risk,
                audits.c.propensity.label("audit_propensity"),
                opinions.c.propensity.label("opinion_propensity"),
            )
            .join(posts, posts.c.id == reviews.c.post_id)
            .join(
                approved,
                (approved.c.post_id == reviews.c.post_id) & (approved.c.number == newest),
            )
            .outerjoin(audits, audits.c.post_id == reviews.c.post_id)
            .outerjoin(opinions, opinions.c.review_id == reviews.c.id)
            .where(
                reviews.c.workspace_id == workspace_id,
                reviews.c.id > after,
                reviews.c.state.in_([ReviewState.ACCEPTED, ReviewState.REJECTED]),
                posts.c.submission_id.is_not(None),
            )
        )
        if since is not None:
            query = query.where(reviews.c.decided_at >= since)
        if not again:
            has_left = sa.exists().where(
                exported.c.workspace_id == workspace_id,
                exported.c.form == form,
                exported.c.key == reviews.c.id,
            )
            query = query.where(~has_left)
        rows = await self._unit.connection.execute(query.order_by(reviews.c.id).limit(limit))
        return [
            Judgement(
                **{
                    **row._mapping,
                    "kind": ReviewKind(row.kind),
                    "state": ReviewState(row.state),
                }
            )
            for row in rows
        ]

    async def mark(self, workspace_id: str, form: str, review_ids: Sequence[str]) -> None:
        """Remember that these reviews were handed out in `form`."""
        for id in review_ids:
            await self._unit.connection.execute(
                insert_if_absent(self._unit, exported).values(
                    workspace_id=workspace_id,
                    form=form,
                    key=id,
                    exported_at=self._unit.now,
                    exported_by=self._unit.actor,
                )
            )

    async def repeated_changes(
        self, workspace_id: str, *, people: int, times: int, limit: int
    ) -> list[RepeatedChange]:
        """Return the changes that at least so many people accepted, or were accepted at least so
        many times, the most often accepted first."""
        accepted = _counted(suggestions.c.state == SuggestionState.ACCEPTED)
        by = sa.func.count(
            sa.distinct(
                sa.case(
                    (
                        suggestions.c.state == SuggestionState.ACCEPTED,
                        # one person is the same through every door: `web:ada`, `api:ada`
                        sa.func.replace(
                            sa.func.replace(
                                sa.func.replace(suggestions.c.decided_by, "web:", ""), "api:", ""
                            ),
                            "cli:",
                            "",
                        ),
                    )
                )
            )
        )
        columns = (suggestions.c.before, suggestions.c.after, suggestions.c.intent)
        rows = await self._unit.connection.execute(
            sa.select(
                *columns,
                by.label("people"),
                accepted.label("accepted"),
                _counted(suggestions.c.state == SuggestionState.REJECTED).label("rejected"),
            )
            .join(reviews, reviews.c.id == suggestions.c.review_id)
            .where(reviews.c.workspace_id == workspace_id, suggestions.c.version > 0)
            .group_by(*columns)
            .having((by >= people) | (accepted >= times))
            .order_by(accepted.desc(), suggestions.c.before, suggestions.c.after)
            .limit(limit)
        )
        return [RepeatedChange(**row._mapping) for row in rows]

    async def intent_counts(self, workspace_id: str) -> list[IntentCount]:
        """Return what people decided on suggestions, by intent, origin and channel."""
        channel = sa.func.coalesce(submissions.c.source, "").label("channel")
        columns = (suggestions.c.intent, suggestions.c.origin, channel)
        rows = await self._unit.connection.execute(
            sa.select(
                *columns,
                *(_counted(suggestions.c.state == state).label(state.value) for state in _DECIDED),
            )
            .join(reviews, reviews.c.id == suggestions.c.review_id)
            .join(posts, posts.c.id == reviews.c.post_id)
            .outerjoin(submissions, submissions.c.id == posts.c.submission_id)
            .where(
                reviews.c.workspace_id == workspace_id,
                suggestions.c.version > 0,
                suggestions.c.state.in_(_DECIDED),
            )
            .group_by(*columns)
            .order_by(*columns)
        )
        return [IntentCount(**row._mapping) for row in rows]


def _counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
