"""Reviews: questions put to a person about one revision of a post, who has them, and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.checks import RiskClass
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.review import BLIND, RANK, ReviewKind, SentTo
from copydesk.core.states import ReviewState, check_transition
from copydesk.core.suggestion import Base
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import reviews, revisions, signatures

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review as a row. `reasons` say in words why a person is asked.

    `assignee` has it until `claimed_until`; after that it is free. `version` grows with everything
    that is decided in it. `note` is what whoever decides has to know about the review itself. A
    worker looks at it at `wake_at`, None when there is nothing to do. All times are aware UTC.
    """

    id: str
    workspace_id: str
    post_id: str
    revision_id: str
    kind: ReviewKind
    state: ReviewState
    risk: RiskClass
    reasons: tuple[str, ...]
    opened_at: datetime
    due_at: datetime | None
    escalated_at: datetime | None
    assignee: str
    claimed_until: datetime | None
    sent_to: SentTo | None
    version: int
    decided_at: datetime | None
    decided_by: str
    decision_reason: str
    note: str = ""
    wake_at: datetime | None = None
    title: str = ""

    def holder(self, now: datetime) -> str:
        """Return who works on it at `now` (aware), "" when it is free."""
        free = self.claimed_until is None or self.claimed_until <= now
        return "" if free else self.assignee

    @property
    def is_blind(self) -> bool:
        """Whether risk and what checks said are kept from whoever looks at it now."""
        return self.kind in BLIND and self.state is ReviewState.OPENED


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One person's yes to one text, where it takes two."""

    person: str
    text_sha256: str
    signed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReviews:
    """What a list of reviews is narrowed to; what is empty narrows nothing.

    `assignee` is a person, `free` leaves out what somebody has at the moment. `overdue` leaves
    only what is past its deadline.
    """

    state: ReviewState | None = None
    kind: ReviewKind | None = None
    risk: RiskClass | None = None
    assignee: str = ""
    free: bool = False
    overdue: bool = False


#: The author's text stays in the database: a list must not load it.
_COLUMNS = [reviews.c[name] for name in Review.__dataclass_fields__ if name != "title"]

# built once: putting a statement together costs more than running it
_SHOWN = sa.select(*_COLUMNS, revisions.c.title).join(
    revisions, revisions.c.id == reviews.c.revision_id
)
_GET = (
    _SHOWN.where(
        (reviews.c.id == sa.bindparam("of"))
        | ((reviews.c.post_id == sa.bindparam("of")) & (reviews.c.kind == ReviewKind.QUESTION))
    )
    .order_by(reviews.c.id.desc())
    .limit(1)
)
_BASE = sa.select(reviews.c.base).where(reviews.c.id == sa.bindparam("of"))
_ADD = sa.insert(reviews)
_CHANGE = sa.update(reviews).where(
    reviews.c.id == sa.bindparam("of"),
    reviews.c.state == sa.bindparam("from_state"),
    reviews.c.version == sa.bindparam("from_version"),
)


class Reviews:
    """Reads and writes reviews and their signatures."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def open(
        self,
        workspace_id: str,
        post_id: str,
        revision_id: str,
        risk: RiskClass,
        reasons: Sequence[str],
        *,
        kind: ReviewKind = ReviewKind.QUESTION,
    ) -> str:
        """Open a review and return its id; the store allows one open review of a kind per post.

        Its suggestions are made by a job, or by whoever looks at it first.
        """
        id = self._unit.ids.new("review")
        now = self._unit.now
        await self._unit.connection.execute(
            _ADD,
            {
                "id": id,
                "workspace_id": workspace_id,
                "post_id": post_id,
                "revision_id": revision_id,
                "kind": kind,
                "state": ReviewState.OPENED,
                "risk": risk,
                "rank": RANK[risk],
                "reasons": list(reasons),
                "opened_at": now,
                "due_at": now + self._unit.review_times.due(kind, risk),
                "wake_at": now,
            },
        )
        await self._unit.events.append(
            workspace_id,
            "review",
            id,
            "",
            ReviewState.OPENED,
            reason="; ".join(reasons),
            data={"kind": kind.value},
        )
        self._unit.hint("review", id)
        return id

    # -- reading ----------------------------------------------------------------------------------

    async def get(self, id: str) -> Review:
        """Return a review by its own id, or by its post's (the newest question about it).

        Raises `NotFound`.
        """
        rows = await self._unit.connection.execute(_GET, {"of": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"review {id}")
        return _review(row)

    async def newest_of(self, post_id: str) -> Review | None:
        """Return the newest question about a post, or None if nobody was ever asked."""
        rows = await self._unit.connection.execute(
            _SHOWN.where(reviews.c.post_id == post_id, reviews.c.kind == ReviewKind.QUESTION)
            .order_by(reviews.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return _review(row) if row else None

    async def queue(
        self,
        workspace_id: str,
        wanted: WantedReviews | None = None,
        *,
        after: str = "",
        limit: int = 100,
    ) -> list[Review]:
        """Return reviews in the order to take them: the greatest risk, then the nearest deadline,
        then the oldest. `after` is the id of the last one of the page before."""
        wanted = wanted or WantedReviews()
        columns = reviews.c
        query = _SHOWN.where(columns.workspace_id == workspace_id)
        for column, value in (
            (columns.state, wanted.state),
            (columns.kind, wanted.kind),
            (columns.risk, wanted.risk),
            (columns.assignee, wanted.assignee),
        ):
            if value:
                query = query.where(column == value)
        if wanted.free:
            query = query.where(
                columns.claimed_until.is_(None) | (columns.claimed_until <= self._unit.now)
            )
        if wanted.overdue:
            query = query.where(columns.due_at <= self._unit.now)
        if after:
            query = query.where(await self._behind(after))
        rows = await self._unit.connection.execute(
            query.order_by(columns.rank, columns.due_at, columns.id).limit(limit)
        )
        return [_review(row) for row in rows]

    async def _behind(self, id: str) -> sa.ColumnElement[bool]:
        last = (
            await self._unit.connection.execute(
                sa.select(reviews.c.rank, reviews.c.due_at).where(reviews.c.id == id)
            )
        ).one_or_none()
        if last is None:
            raise NotFound(f"There is no review {id} to go on behind.")
        rank, due_at = reviews.c.rank, reviews.c.due_at
        later = sa.or_(due_at > last.due_at, sa.and_(due_at == last.due_at, reviews.c.id > id))
        return sa.or_(rank > last.rank, sa.and_(rank == last.rank, later))

    async def count(
        self,
        workspace_id: str,
        state: ReviewState,
        kinds: Collection[ReviewKind] = tuple(ReviewKind),
    ) -> int:
        """Return how many reviews of these kinds stand in a state."""
        found = await self._unit.connection.scalar(
            sa.select(sa.func.count()).where(
                reviews.c.workspace_id == workspace_id,
                reviews.c.state == state,
                reviews.c.kind.in_(kinds),
            )
        )
        return int(found or 0)

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        """Return the reviews a worker should look at: suggestions to make, deadlines passed."""
        rows = await self._unit.connection.execute(
            sa.select(reviews.c.id)
            .where(reviews.c.wake_at <= now)
            .order_by(reviews.c.wake_at)
            .limit(limit)
        )
        return [row.id for row in rows]

    async def base(self, id: str) -> Base | None:
        """Return the author's own text that the suggestions of a review are anchored in, None
        until they are made."""
        found = await self._unit.connection.scalar(_BASE, {"of": id})
        return from_json(Base, found) if found else None

    # -- changing ---------------------------------------------------------------------------------

    async def change(self, review: Review, **values: Any) -> Review:
        """Change fields of a review, unless somebody has decided in it meanwhile: `Conflict`."""
        result = await self._unit.connection.execute(
            _CHANGE,
            {
                "of": review.id,
                "from_state": review.state,
                "from_version": review.version,
                "version": review.version + 1,
                **values,
            },
        )
        if result.rowcount != 1:
            raise Conflict(
                f"Review {review.id} has changed in the meantime.",
                remedy="Look at it again, and decide on what is there now.",
            )
        return await self.get(review.id)

    async def touch(self, id: str, person: str, until: datetime) -> None:
        """Note that something was decided in a review: who is at it has it until `until`."""
        await self._unit.connection.execute(
            sa.update(reviews)
            .where(reviews.c.id == id)
            .values(version=reviews.c.version + 1, assignee=person, claimed_until=until)
        )

    async def sleep(self, id: str, until: datetime | None) -> None:
        """Say when a worker should look at a review again; None: not by itself."""
        await self._unit.connection.execute(
            sa.update(reviews).where(reviews.c.id == id).values(wake_at=until)
        )

    async def anchor(
        self, review: Review, revision_id: str, base: Base, wake_at: datetime | None, note: str = ""
    ) -> Review:
        """Give a review the text its suggestions are anchored in, and the revision they lead to.

        `wake_at` is when a worker should look at it again; `note` is what is to be said about the
        suggestions.
        """
        anchored = to_json(Base, base)
        return await self.change(
            review, revision_id=revision_id, base=anchored, wake_at=wake_at, note=note
        )

    async def move(self, review: Review, to: ReviewState, reason: str, **values: Any) -> Review:
        """Take a review to another state; raises `TransitionNotAllowed` or `Conflict`."""
        check_transition("review", review.id, review.state, to)
        moved = await self.change(review, state=to, **values)
        await self._unit.events.append(
            review.workspace_id, "review", review.id, review.state, to, reason=reason
        )
        return moved

    async def decide(self, review: Review, to: ReviewState, reason: str) -> Review:
        """Record the unit's actor's decision; raises `TransitionNotAllowed` or `Conflict`."""
        return await self.move(
            review,
            to,
            reason,
            decided_at=self._unit.now,
            decided_by=self._unit.actor,
            decision_reason=reason,
            wake_at=None,
            claimed_until=None,
        )

    async def note(self, review: Review, standing: str, reason: str, **data: Any) -> None:
        """Append an event that changes no state: assigned, released, signed, escalated, rebased."""
        await self._unit.events.append(
            review.workspace_id,
            "review",
            review.id,
            review.state,
            review.state,
            reason=reason,
            data={"standing": standing, **data},
        )

    # -- signatures -------------------------------------------------------------------------------

    async def sign(self, review_id: str, signature: Signature) -> None:
        """Keep one person's yes; a second one of the same person takes the place of the first."""
        key = signatures.c.review_id == review_id, signatures.c.person == signature.person
        await self._unit.connection.execute(sa.delete(signatures).where(*key))
        await self._unit.connection.execute(
            sa.insert(signatures).values(
                review_id=review_id,
                person=signature.person,
                text_sha256=signature.text_sha256,
                signed_at=signature.signed_at,
                reason=signature.reason,
            )
        )

    async def signatures(self, review_id: str) -> list[Signature]:
        """Return who has accepted, in the order of time."""
        rows = await self._unit.connection.execute(
            sa.select(signatures)
            .where(signatures.c.review_id == review_id)
            .order_by(signatures.c.signed_at, signatures.c.person)
        )
        return [
            Signature(
                person=row.person,
                text_sha256=row.text_sha256,
                signed_at=row.signed_at,
                reason=row.reason,
            )
            for row in rows
        ]


def _review(row: Any) -> Review:
    values = dict(row._mapping)
    values["kind"] = ReviewKind(values["kind"])
    values["state"] = ReviewState(values["state"])
    values["risk"] = RiskClass(values["risk"])
    values["sent_to"] = SentTo(values["sent_to"]) if values["sent_to"] else None
    values["reasons"] = tuple(values["reasons"])
    return Review(**values)
