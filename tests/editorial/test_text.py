"""The text follows from the decisions, whatever their order; what is taken back leaves no trace."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.checks import RiskClass
from copydesk.core.states import SuggestionState
from copydesk.core.suggestion import Intent, Origin, Suggestion, TextField
from copydesk.editorial.differences import differences
from copydesk.editorial.rewording import rewordings
from copydesk.editorial.text import Change, Lifted, edits_of, lift, pieces_of, text_of

WORDS = st.sampled_from(
    ["teh", "the", "cat", "sat.", "Dog!", "5", "naïve", "\n\n", " ", "", ".", "買う。", "mat,"]
)
TEXTS = st.lists(WORDS, max_size=14).map(" ".join)
STATES = st.sampled_from(
    [SuggestionState.OPENED, SuggestionState.ACCEPTED, SuggestionState.REJECTED]
)


def suggestion(number: int, place: Lifted | Change, before: str, origin: Origin) -> Suggestion:
    return Suggestion(
        id=f"sgn_{number}",
        review_id="rvw_1",
        number=number,
        field=TextField.BODY,
        start=place.start,
        end=place.end,
        before=before,
        after=place.after,
        text=place.after,
        quote_before="",
        quote_after="",
        origin=origin,
        intent=Intent.CLARITY,
        risk=RiskClass.LOW,
    )


def layered(own: str, cleaned: str, text: str) -> list[Suggestion]:
    """What rules did to the author's text, and on top of it what a model did."""
    cleaning = [Change(d.start, d.end, d.after) for d in differences(own, cleaned, fine=True)]
    model = [Change(d.start, d.end, d.after) for d in differences(cleaned, text)]
    made: list[tuple[Lifted | Change, str, Origin]] = [
        (c, own[c.start : c.end], Origin.RULE) for c in cleaning
    ]
    made += [(c, c.before, Origin.MODEL) for c in lift(own, cleaning, model)]
    return [suggestion(n, *parts) for n, parts in enumerate(made, start=1)]


def decided(found: list[Suggestion], state: SuggestionState) -> list[Suggestion]:
    return [replace(s, state=state) for s in found]


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=300, deadline=None)
def test_all_accepted_is_the_rewrite_and_all_rejected_is_the_authors_text(
    own: str, cleaned: str, text: str
) -> None:
    found = layered(own, cleaned, text)
    assert text_of(pieces_of(own, found)) == text, "what is open is shown as proposed"
    accepted = decided(found, SuggestionState.ACCEPTED)
    assert text_of(pieces_of(own, accepted)) == text
    assert text_of(pieces_of(own, decided(found, SuggestionState.REJECTED))) == own
    model_rejected = [
        replace(s, state=SuggestionState.REJECTED) if s.origin is Origin.MODEL else s for s in found
    ]
    assert text_of(pieces_of(own, model_rejected)) == cleaned


@given(TEXTS, TEXTS, TEXTS, st.data())
@settings(max_examples=200, deadline=None)
def test_the_order_of_decisions_does_not_matter_and_undo_is_exact(
    own: str, cleaned: str, text: str, data: st.DataObject
) -> None:
    found = layered(own, cleaned, text)
    states = data.draw(st.lists(STATES, min_size=len(found), max_size=len(found)))
    wanted = [replace(s, state=state) for s, state in zip(found, states, strict=True)]
    shuffled = data.draw(st.permutations(wanted))
    once = text_of(pieces_of(own, wanted))
    assert text_of(pieces_of(own, shuffled)) == once
    if found:
        at = data.draw(st.integers(0, len(found) - 1))
        edited = replace(wanted[at], state=SuggestionState.EDITED, text="something else")
        pieces_of(own, [*wanted[:at], edited, *wanted[at + 1 :]])
        assert text_of(pieces_of(own, wanted)) == once


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.data())
@settings(max_examples=300, deadline=None)
def test_what_a_person_types_over_becomes_the_text_and_can_be_taken_back(
    own: str, cleaned: str, text: str, typed: str, data: st.DataObject
) -> None:
    found = layered(own, cleaned, text)
    states = data.draw(st.lists(STATES, min_size=len(found), max_size=len(found)))
    found = [replace(s, state=state) for s, state in zip(found, states, strict=True)]
    before = text_of(pieces_of(own, found))
    after = list(found)
    for one in rewordings(own, found, typed):
        if one.suggestion is None:
            added = suggestion(len(after) + 1, one.change, one.change.before, Origin.PERSON)
            after.append(replace(added, state=SuggestionState.ACCEPTED))
        else:
            at = found.index(one.suggestion)
            after[at] = replace(one.suggestion, state=SuggestionState.EDITED, text=one.change.after)
    assert text_of(pieces_of(own, after)) == typed
    undone = [
        found[n] if n < len(found) else replace(s, state=SuggestionState.REJECTED)
        for n, s in enumerate(after)
    ]
    assert text_of(pieces_of(own, undone)) == before


def test_a_change_inside_a_rejected_one_comes_back() -> None:
    own, cleaned = "teh lamp is red", "the lamp is red"
    found = layered(own, cleaned, "Something else")
    rule, model = found
    assert (model.start, model.end) == (0, len(own))
    both = [replace(rule, state=SuggestionState.REJECTED), model]
    assert text_of(pieces_of(own, both)) == "Something else"
    model = replace(model, state=SuggestionState.REJECTED)
    assert text_of(pieces_of(own, [rule, model])) == cleaned
    assert edits_of(pieces_of(own, [rule, model])) == [Change(0, len(own), cleaned)]
