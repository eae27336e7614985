"""Suggestions and the decisions on them. What was decided is never lost: it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.checks import Evidence, RiskClass
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import SuggestionState, check_transition
from copydesk.core.suggestion import (
    QUOTED,
    Base,
    Intent,
    Origin,
    Proposal,
    Suggestion,
    TextField,
)
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import decisions, suggestions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_EVIDENCE = tuple[Evidence, ...]
_FIELDS = [f.name for f in fields(Suggestion)]

# built once: putting a statement together costs more than running it
_OF = (
    sa.select(suggestions)
    .where(suggestions.c.review_id == sa.bindparam("review"))
    .order_by(suggestions.c.number)
)
_LAST_NUMBER = sa.select(sa.func.max(suggestions.c.number)).where(
    suggestions.c.review_id == sa.bindparam("review")
)
_ADD = sa.insert(suggestions)
_ADD_DECISIONS = sa.insert(decisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided on one suggestion, the `version`th decision on it.

    `undone_at` is when it was taken back, None while it holds.
    """

    suggestion_id: str
    version: int
    key: str
    state: SuggestionState
    text: str
    findings: tuple[Evidence, ...]
    reason_code: str
    note: str
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None = None
    undone_by: str = ""


class Suggestions:
    """Reads and writes suggestions and decisions."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def of(self, review_id: str) -> list[Suggestion]:
        """Return the suggestions of a review by number."""
        rows = await self._unit.connection.execute(_OF, {"review": review_id})
        return [_suggestion(row) for row in rows]

    async def get(self, review_id: str, which: str) -> Suggestion:
        """Return a suggestion of a review by its number or id; raises `NotFound`."""
        by = (
            suggestions.c.number == int(which)
            if which.isdecimal() and len(which) < 7
            else suggestions.c.id == which
        )
        rows = await self._unit.connection.execute(
            sa.select(suggestions).where(suggestions.c.review_id == review_id, by)
        )
        row = rows.one_or_none()
        if row is None:
            raise NotFound(
                f"Review {review_id} has no suggestion {which}.",
                remedy="`copydesk review show` numbers them.",
            )
        return _suggestion(row)

    async def add(
        self, review_id: str, base: Base, proposals: Sequence[Proposal]
    ) -> list[Suggestion]:
        """Add proposals to a review, numbered on from those it has; anchors count in `base`."""
        if not proposals:
            return []
        last = await self._unit.connection.scalar(_LAST_NUMBER, {"review": review_id})
        made = [
            self._made(review_id, base.of(proposal.field), number, proposal)
            for number, proposal in enumerate(proposals, start=int(last or 0) + 1)
        ]
        await self._unit.connection.execute(
            _ADD,
            [{name: _column(name, getattr(s, name)) for name in _FIELDS} for s in made],
        )
        await self._write_decisions([one for one in made if one.version], key="")
        return made

    def _made(self, review_id: str, text: str, number: int, proposal: Proposal) -> Suggestion:
        known = {f.name: getattr(proposal, f.name) for f in fields(Proposal)}
        is_decided = proposal.state is not SuggestionState.OPENED
        is_edited = proposal.state is SuggestionState.EDITED
        return Suggestion(
            **{**known, "text": proposal.text if is_edited else proposal.after},
            id=self._unit.ids.new("suggestion"),
            review_id=review_id,
            number=number,
            quote_before=text[max(0, proposal.start - QUOTED) : proposal.start],
            quote_after=text[proposal.end : proposal.end + QUOTED],
            # a decision it is made with is one like any other, so that it can be taken back
            version=1 if is_decided else 0,
            decided_at=self._unit.now if is_decided else None,
        )

    async def decide(
        self,
        workspace_id: str,
        suggestion: Suggestion,
        to: SuggestionState,
        *,
        text: str | None = None,
        key: str = "",
        reason_code: str = "",
        note: str = "",
        findings: Sequence[Evidence] = (),
    ) -> Suggestion:
        """Record the unit's actor's decision. `text` is what stands then, else as proposed;
        `findings` are what checks say about it.

        Raises `TransitionNotAllowed`, or `Conflict` when somebody decided on it meanwhile.
        """
        check_transition("suggestion", suggestion.id, suggestion.state, to)
        now = self._unit.now
        decided = replace(
            suggestion,
            state=to,
            text=suggestion.after if text is None else text,
            version=suggestion.version + 1,
            findings=tuple(findings),
            reason_code=reason_code,
            note=note,
            decided_by=self._unit.actor,
            decided_at=now,
        )
        await self._write(suggestion, decided)
        await self._write_decisions([decided], key=key)
        await self._tell(workspace_id, suggestion, decided)
        return decided

    async def undo(self, workspace_id: str, suggestion: Suggestion) -> Suggestion:
        """Take the newest decision back: the suggestion is as it was before it.

        Before the first decision it was open, and a person's own change was not there.
        Raises `Conflict` when nothing was decided, or something meanwhile.
        """
        held = [d for d in await self.decisions(suggestion.id) if d.undone_at is None]
        if not held:
            raise Conflict(
                f"Nobody has decided on suggestion {suggestion.number} yet.",
                remedy="There is nothing to take back.",
            )
        restored = _undecided(suggestion)
        if len(held) > 1:
            before = held[-2]
            restored = replace(
                restored,
                state=before.state,
                text=before.text,
                findings=before.findings,
                reason_code=before.reason_code,
                note=before.note,
                decided_by=before.decided_by,
                decided_at=before.decided_at,
            )
        check_transition("suggestion", suggestion.id, suggestion.state, restored.state)
        await self._write(suggestion, restored)
        await self._unit.connection.execute(
            sa.update(decisions)
            .where(
                decisions.c.suggestion_id == suggestion.id,
                decisions.c.version == held[-1].version,
            )
            .values(undone_at=self._unit.now, undone_by=self._unit.actor)
        )
        await self._tell(workspace_id, suggestion, restored, reason="taken back")
        return restored

    async def decisions(self, suggestion_id: str) -> list[Decision]:
        """Return what was decided on a suggestion, oldest first, with what was taken back."""
        rows = await self._unit.connection.execute(
            sa.select(decisions)
            .where(decisions.c.suggestion_id == suggestion_id)
            .order_by(decisions.c.version)
        )
        return [_decision(row) for row in rows]

    async def decided_under(self, review_id: str, key: str) -> list[Decision]:
        """Return the decisions in a review that were taken under this key, by whom and whenever."""
        if not key:
            return []
        rows = await self._unit.connection.execute(
            sa.select(decisions).where(decisions.c.review_id == review_id, decisions.c.key == key)
        )
        return [_decision(row) for row in rows]

    async def retire(self, workspace_id: str, suggestion: Suggestion, to: SuggestionState) -> None:
        """Take a suggestion out of its text: superseded or stale. No decision of a person."""
        check_transition("suggestion", suggestion.id, suggestion.state, to)
        retired = replace(suggestion, state=to, version=suggestion.version + 1)
        await self._write(suggestion, retired)
        await self._tell(workspace_id, suggestion, retired)

    async def _write_decisions(self, decided: Sequence[Suggestion], *, key: str) -> None:
        if decided:
            await self._unit.connection.execute(
                _ADD_DECISIONS,
                [
                    {
                        "suggestion_id": one.id,
                        "version": one.version,
                        "review_id": one.review_id,
                        "key": key,
                        "state": one.state,
                        "text": one.text,
                        "findings": to_json(_EVIDENCE, one.findings),
                        "reason_code": one.reason_code,
                        "note": one.note,
                        "decided_by": one.decided_by,
                        "decided_at": one.decided_at,
                    }
                    for one in decided
                ],
            )

    async def _write(self, known: Suggestion, changed: Suggestion) -> None:
        names = (
            "state", "text", "version", "findings", "reason_code", "note", "decided_by",
            "decided_at",
        )  # fmt: skip
        result = await self._unit.connection.execute(
            sa.update(suggestions)
            .where(suggestions.c.id == known.id, suggestions.c.version == known.version)
            .values({name: _column(name, getattr(changed, name)) for name in names})
        )
        if result.rowcount != 1:
            raise Conflict(
                f"Somebody decided on suggestion {known.number} in the meantime.",
                remedy="Look at it again: nothing of theirs is lost.",
            )

    async def _tell(
        self, workspace_id: str, known: Suggestion, changed: Suggestion, reason: str = ""
    ) -> None:
        await self._unit.events.append(
            workspace_id,
            "suggestion",
            known.id,
            known.state,
            changed.state,
            reason=reason or " ".join(p for p in (changed.reason_code, changed.note) if p),
            data={"review_id": known.review_id, "number": known.number},
        )


def _column(name: str, value: Any) -> Any:
    return to_json(_EVIDENCE, value) if name in ("evidence", "findings") else value


def _undecided(suggestion: Suggestion) -> Suggestion:
    is_own = suggestion.origin is Origin.PERSON
    return replace(
        suggestion,
        state=SuggestionState.REJECTED if is_own else SuggestionState.OPENED,
        text=suggestion.after,
        findings=(),
        reason_code="",
        note="",
        decided_by="",
        decided_at=None,
        version=suggestion.version + 1,
    )


def _suggestion(row: Any) -> Suggestion:
    values = dict(row._mapping)
    return Suggestion(
        **{
            **values,
            "field": TextField(values["field"]),
            "origin": Origin(values["origin"]),
            "intent": Intent(values["intent"]),
            "risk": RiskClass(values["risk"]),
            "state": SuggestionState(values["state"]),
            "evidence": from_json(_EVIDENCE, values["evidence"]),
            "findings": from_json(_EVIDENCE, values["findings"]),
        }
    )


def _decision(row: Any) -> Decision:
    values = dict(row._mapping)
    del values["review_id"]
    return Decision(
        **{
            **values,
            "state": SuggestionState(values["state"]),
            "findings": from_json(_EVIDENCE, values["findings"]),
        }
    )
