"""Carrying decisions over to another text: a revision came while a review was open.

Three ways meet: the text the suggestions were made for, what people decided since, and the new
text. A suggestion is found again by what it replaces together with the quote around it, which has
to stand there exactly once. What cannot be found, or met a new change at its place, is stale: it is
shown, and nobody guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from copydesk.core.states import SuggestionState
from copydesk.core.suggestion import Base, Origin, Proposal, Suggestion

#: A shorter quote than this proves no place.
_LEAST_QUOTED = 8


@dataclass(frozen=True, slots=True)
class Rebased:
    """What became of the suggestions: `proposals` for the new text, and how each old one ended."""

    proposals: tuple[Proposal, ...]
    superseded: tuple[Suggestion, ...] = ()
    stale: tuple[Suggestion, ...] = ()


@dataclass
class _Outcome:
    carried: list[Proposal] = field(default_factory=list)
    superseded: list[Suggestion] = field(default_factory=list)
    stale: list[Suggestion] = field(default_factory=list)


def rebase(
    old: Sequence[Suggestion], before: Base, now: Base, fresh: Sequence[Proposal]
) -> Rebased:
    """Return `fresh`, what is proposed for the new text, with the decisions on `old` carried over.

    Args:
        old: the suggestions of the review, those without a place left out.
        before: the text that `old` are anchored in.
        now: the text that `fresh` are anchored in.
        fresh: suggestions made for the new text, undecided by people.
    """
    outcome = _Outcome()
    proposals = list(fresh)
    for suggestion in old:
        if not suggestion.is_live:
            continue
        place = _place(suggestion, before, now)
        twin = _twin(proposals, suggestion, place)
        if twin is not None:
            if _by_person(suggestion):
                proposals[twin] = _with_decision(proposals[twin], suggestion)
            outcome.superseded.append(suggestion)
        elif not _by_person(suggestion) or suggestion.state in _MOOT:
            # nobody took it up, or it was rejected and is not proposed any more
            outcome.superseded.append(suggestion)
        elif place is None:
            done = _holds_already(suggestion, now)
            (outcome.superseded if done else outcome.stale).append(suggestion)
        elif any(_meets(other, suggestion, place) for other in proposals):
            outcome.stale.append(suggestion)
        else:
            outcome.carried.append(_moved(suggestion, now, place))
            outcome.superseded.append(suggestion)
    in_order = sorted([*proposals, *outcome.carried], key=lambda p: (p.field, p.start, p.end))
    return Rebased(tuple(in_order), tuple(outcome.superseded), tuple(outcome.stale))


_MOOT = (SuggestionState.REJECTED, SuggestionState.OPENED)


def _by_person(suggestion: Suggestion) -> bool:
    return suggestion.by_person


def _place(suggestion: Suggestion, before: Base, now: Base) -> tuple[int, int] | None:
    """Return where the suggestion belongs in the new text, None where that is not certain."""
    old, new = before.of(suggestion.field), now.of(suggestion.field)
    if old == new:
        return suggestion.start, suggestion.end
    span = old[suggestion.start : suggestion.end]
    head, tail = suggestion.quote_before, suggestion.quote_after
    for left, right in ((head, tail), (head, ""), ("", tail)):
        needle = f"{left}{span}{right}"
        is_both = left and right
        if (not span and not is_both) or (len(needle) < _LEAST_QUOTED and needle != new):
            continue
        if new.count(needle) == 1:
            start = new.index(needle) + len(left)
            return start, start + len(span)
    return None


def _holds_already(suggestion: Suggestion, now: Base) -> bool:
    """Whether the new text says at this place what the suggestion wanted."""
    new = now.of(suggestion.field)
    needle = f"{suggestion.quote_before}{suggestion.text}{suggestion.quote_after}"
    return len(needle) >= _LEAST_QUOTED and new.count(needle) == 1


def _twin(
    proposals: Sequence[Proposal], suggestion: Suggestion, place: tuple[int, int] | None
) -> int | None:
    for number, other in enumerate(proposals):
        there = (other.field, other.start, other.end, other.after)
        if place and there == (suggestion.field, *place, suggestion.after):
            return number
    return None


def _meets(proposal: Proposal, suggestion: Suggestion, place: tuple[int, int]) -> bool:
    if proposal.field is not suggestion.field:
        return False
    if proposal.origin is Origin.RULE and suggestion.origin is not Origin.RULE:
        # spelling put right inside a person's own words waits there, as ever
        inside = place[0] <= proposal.start and proposal.end <= place[1]
        return not inside and proposal.start < place[1] and place[0] < proposal.end
    if place[0] == place[1] and proposal.start == proposal.end:
        return place == (proposal.start, proposal.end)
    return proposal.start < place[1] and place[0] < proposal.end


def _with_decision(proposal: Proposal, suggestion: Suggestion) -> Proposal:
    if suggestion.state is SuggestionState.OPENED:
        return replace(proposal, state=SuggestionState.OPENED)
    return replace(
        proposal,
        state=suggestion.state,
        text=suggestion.text,
        decided_by=suggestion.decided_by,
        reason_code=suggestion.reason_code,
        note=suggestion.note,
    )


def _moved(suggestion: Suggestion, now: Base, place: tuple[int, int]) -> Proposal:
    known = {f.name: getattr(suggestion, f.name) for f in fields(Proposal)}
    moved = Proposal(**{**known, "start": place[0], "end": place[1]})
    return replace(moved, before=now.of(suggestion.field)[place[0] : place[1]])
