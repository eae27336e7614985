"""What several people accept alike, or one many times, is proposed as a rule, with figures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from copydesk.core.checks import RiskClass
from copydesk.core.post import Content, Tier
from copydesk.core.review import ReviewKind
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.suggestion import Base, Intent, Origin, Proposal, TextField
from copydesk.editorial.agreement import agreement_report
from copydesk.editorial.candidates import acceptance, candidates
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk

BASE = Base(title="", summary="", body="teh lamp is here")
TEH = Proposal(
    field=TextField.BODY, start=0, end=3, before="teh", after="the",
    origin=Origin.MODEL, intent=Intent.FLUENCY, risk=RiskClass.LOW,
)  # fmt: skip
ACCEPTED, REJECTED = SuggestionState.ACCEPTED, SuggestionState.REJECTED
_numbers = itertools.count(1)


async def reviewed(unit: UnitOfWork, desk: Desk, kind: ReviewKind = ReviewKind.QUESTION) -> str:
    number = next(_numbers)
    post, revision = await unit.posts.add(
        workspace_id=desk.workspace_id,
        source_key=f"k{number}",
        content=Content(title="t", body="b", slug=f"s{number}"),
        tier=Tier.CAPABLE,
    )
    return await unit.reviews.open(
        desk.workspace_id, post.id, revision.id, RiskClass.LOW, [], kind=kind
    )


async def decide(desk: Desk, people: Sequence[str], state: SuggestionState = ACCEPTED) -> None:
    for person in people:
        async with desk.store.begin(person) as unit:
            (made,) = await unit.suggestions.add(await reviewed(unit, desk), BASE, [TEH])
            await unit.suggestions.decide(desk.workspace_id, made, state, reason_code="tone")


@pytest.mark.parametrize(
    ("people", "proposed"),
    [
        (["web:ada", "web:eve", "web:bob"], True),
        (["web:ada", "api:ada", "cli:ada"], False),
        (["web:ada", "web:eve"] * 2, False),
        (["web:ada"] * 10, True),
        (["web:ada"] * 9, False),
    ],
    ids=["three people", "three doors", "two people", "ten times", "nine times"],
)
async def test_three_people_or_ten_times(desk: Desk, people: list[str], proposed: bool) -> None:
    await decide(desk, people)
    async with desk.store.read() as unit:
        found = await candidates(unit, desk.workspace_id)
    assert bool(found) is proposed
    if found:
        assert (found[0].change.before, found[0].change.after) == ("teh", "the")
        assert f"accepted {len(people)} times by {len(set(people))} people" in found[0].because


async def test_what_depends_on_the_place_is_no_rule(desk: Desk) -> None:
    await decide(desk, ["web:ada", "web:eve", "web:bob"])
    await decide(desk, ["web:ada"], REJECTED)
    async with desk.store.read() as unit:
        assert await candidates(unit, desk.workspace_id) == []


async def test_rejections_lower_an_intents_acceptance(desk: Desk) -> None:
    await decide(desk, ["web:ada"] * 4)
    await decide(desk, ["web:eve"], REJECTED)
    async with desk.store.read() as unit:
        (found,) = await acceptance(unit, desk.workspace_id)
    assert (found.count.intent, found.count.origin) == ("fluency", "model")
    assert (found.count.accepted, found.count.rejected, found.share) == (4, 1, 0.8)
    assert found.low < 0.8 < found.high


async def test_agreement_on_suggestions_counts_the_same_change_in_both_reviews(desk: Desk) -> None:
    for first_says, second_says in ((ACCEPTED, ACCEPTED), (ACCEPTED, REJECTED), (REJECTED,) * 2):
        async with desk.store.begin("web:ada") as unit:
            first = await reviewed(unit, desk)
            second = await reviewed(unit, desk, ReviewKind.SECOND)
            await unit.opinions.add(
                desk.workspace_id, first, second, channel="email", language="en", propensity=0.1
            )
            for review, state in ((first, first_says), (second, second_says)):
                (made,) = await unit.suggestions.add(review, BASE, [TEH])
                await unit.suggestions.decide(desk.workspace_id, made, state, reason_code="tone")
                row = await unit.reviews.get(review)
                await unit.reviews.decide(row, ReviewState.ACCEPTED, "")
    async with desk.store.read() as unit:
        report = await agreement_report(unit, desk.workspace_id)
    assert report.suggestions["fluency"].n == 3
    assert report.suggestions["fluency"].agreed == pytest.approx(2 / 3)
    assert report.texts.n == 3
    assert report.by["channel"]["email"].agreed == 1.0
