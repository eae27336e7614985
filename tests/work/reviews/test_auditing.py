"""What goes out by itself is looked at behind, by chance; what is found changes what comes next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copydesk.core.audit import ItemClass
from copydesk.core.checks import RiskClass
from copydesk.core.errors import ContentInvalid, NotAllowed
from copydesk.core.post import Content, Tier
from copydesk.core.review import ReviewKind
from copydesk.core.states import AuditState, PostState, ReviewState
from copydesk.core.suggestion import RejectionReason
from copydesk.editorial.auditing import (
    FEW,
    audit_report,
    change_policy,
    restart_earning,
    standing_of,
)
from copydesk.editorial.earning import estimate
from copydesk.editorial.reviewing import accept, claim_next, reject, release
from copydesk.store.reviews import Review, WantedReviews
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from copydesk.work.writing.reworking import rework

CLS = ItemClass(channel="email", language="en", risk=RiskClass.LOW, writer="rules")


async def send(desk: Desk, number: int, text: str = "") -> str:
    """Take in and compose a message against which nothing speaks; return its post."""
    body = text or f"The lamp of kind {'abcdefghijklmnop'[number % 16]} looks lovely in our hall."
    raw = (
        f"From: Ada <ada@example.org>\r\nMessage-ID: <m{number}@example.org>\r\n"
        f"Subject: The lamp\r\n\r\n{body} It fits well.\r\n"
    )
    submission = (await submit(desk, raw.encode(), filename="a.eml", actor="test")).submission
    await compose(desk, submission.id)
    async with desk.store.read() as unit:
        post_id = (await unit.submissions.get(submission.id)).post_id
    assert post_id is not None
    return post_id


async def approval(desk: Desk, rule: str, **policy: float) -> None:
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, rule)
        await change_policy(unit, desk.workspace_id, **{"second_share": 0.0, **policy})  # type: ignore[arg-type]


async def opened(desk: Desk, kind: ReviewKind | None = None) -> list[Review]:
    async with desk.store.read() as unit:
        wanted = WantedReviews(state=ReviewState.OPENED, kind=kind)
        return await unit.reviews.queue(desk.workspace_id, wanted, limit=100)


async def state_of(desk: Desk, post_id: str) -> PostState:
    async with desk.store.read() as unit:
        return (await unit.posts.get(post_id)).state


async def clear(desk: Desk, review: Review, actor: str = "web:eve") -> None:
    async with desk.store.begin(actor) as unit:
        await accept(unit, await unit.reviews.get(review.id))


# ---------------------------------------------------------------- audits


async def test_what_goes_out_by_itself_is_sampled_with_a_known_chance(desk: Desk) -> None:
    await approval(desk, "automatic", audit_share=0.03)
    posts = [await send(desk, n) for n in range(6)]
    assert {await state_of(desk, post) for post in posts} == {PostState.APPROVED}
    async with desk.store.read() as unit:
        rows = [audit for post in posts if (audit := await unit.audits.of_post(post))]
    assert [row.propensity for row in rows] == pytest.approx(
        [FEW / (1 + seen) for seen in range(6)]
    )
    sampled = {row.post_id for row in rows if row.state is AuditState.SAMPLED}
    audits = await opened(desk)
    assert {review.post_id for review in audits} == sampled
    assert {review.kind for review in audits} == {ReviewKind.AUDIT}


async def test_nothing_is_sampled_where_audits_are_off(desk: Desk) -> None:
    await approval(desk, "automatic", audit_share=0.0)
    for n in range(3):
        await send(desk, n)
    assert await opened(desk) == []
    async with desk.store.read() as unit:
        assert (await unit.audits.tally(desk.workspace_id, CLS)).passed_over == 3


async def test_a_good_one_stays_out_and_counts(desk: Desk) -> None:
    await approval(desk, "automatic")
    post = await send(desk, 1)
    (review,) = await opened(desk)
    await clear(desk, review)
    assert await state_of(desk, post) is PostState.APPROVED
    async with desk.store.read() as unit:
        tally = await unit.audits.tally(desk.workspace_id, CLS)
        assert (tally.cleared, tally.faulted) == (1, 0)
        assert estimate(await unit.audits.judged(desk.workspace_id)).share == 0


async def test_a_bad_one_is_held_becomes_a_case_and_counts(desk: Desk) -> None:
    await approval(desk, "automatic")
    post = await send(desk, 1)
    (review,) = await opened(desk)
    async with desk.store.begin("web:eve") as unit:
        await reject(unit, review, "it was the desk, not the lamp", RejectionReason.WRONG_FACT)
    assert await state_of(desk, post) is PostState.HELD
    (question,) = await opened(desk)
    assert question.kind is ReviewKind.QUESTION
    assert "found bad in an audit: wrong_fact: it was the desk" in question.reasons[0]
    async with desk.store.read() as unit:
        (case,) = await unit.cases.page(desk.workspace_id)
        assert case.review_id == review.id
        assert (await unit.audits.tally(desk.workspace_id, CLS)).faulted == 1
    # the correction is another decision: it does not count twice
    await clear(desk, question)
    async with desk.store.read() as unit:
        assert (await unit.audits.tally(desk.workspace_id, CLS)).judged == 1


async def test_what_speaks_against_a_text_keeps_it_out_of_the_sample(desk: Desk) -> None:
    await approval(desk, "automatic")
    post = await send(desk, 1, "Please pay 4,000 EUR to the lawyer by Friday.")
    assert await state_of(desk, post) is PostState.HELD
    async with desk.store.read() as unit:
        assert await unit.audits.of_post(post) is None


# ---------------------------------------------------------------- earned


async def test_a_class_earns_going_out_by_itself_and_loses_it_again(
    desk: Desk, clock: StoppedClock
) -> None:
    await approval(desk, "earned")
    async with desk.store.begin("test") as unit:
        # few enough to show it here: a third of bad ones is put up with
        await change_policy(unit, desk.workspace_id, targets={RiskClass.LOW: 0.33})
        lacking = (await standing_of(unit, desk.workspace_id, CLS)).lacking
    for n in range(lacking):
        post = await send(desk, n)
        assert await state_of(desk, post) is PostState.HELD, n
        (question,) = await opened(desk)
        assert "has not earned going out by itself" in question.reasons[0]
        await clear(desk, question)
        clock.advance(1)
    free = await send(desk, 100)
    assert await state_of(desk, free) is PostState.APPROVED
    for audit in await opened(desk, ReviewKind.AUDIT):
        async with desk.store.begin("web:eve") as unit:
            await reject(unit, audit, "wrong", RejectionReason.WRONG_FACT)
    if await opened(desk, ReviewKind.QUESTION):  # chance chose it
        assert await state_of(desk, await send(desk, 101)) is PostState.HELD
    clock.advance(1)
    async with desk.store.begin("test") as unit:
        await restart_earning(unit, desk.workspace_id, "a drift alarm", channel="email")
    clock.advance(1)
    assert await state_of(desk, await send(desk, 102)) is PostState.HELD


async def test_another_writer_has_earned_nothing(desk: Desk) -> None:
    await approval(desk, "earned")
    async with desk.store.begin("test") as unit:
        await change_policy(unit, desk.workspace_id, targets={RiskClass.LOW: 0.33})
        for n in range(40):
            post, revision = await unit.posts.add(
                workspace_id=desk.workspace_id,
                source_key=f"k{n}",
                content=Content(title="t", body="b", slug=f"s{n}"),
                tier=Tier.RULES,
            )
            audit = await unit.audits.add(
                desk.workspace_id,
                post.id,
                revision.id,
                CLS,
                propensity=1.0,
                state=AuditState.SAMPLED,
            )
            await unit.audits.decide(audit, AuditState.CLEARED, "")
        assert (await standing_of(unit, desk.workspace_id, CLS)).is_earned
        newer = replace(CLS, writer="rewrite_and_polish.v2 m")
        assert not (await standing_of(unit, desk.workspace_id, newer)).is_earned
        other = replace(CLS, language="de")
        assert not (await standing_of(unit, desk.workspace_id, other)).is_earned
        (listed,) = (await audit_report(unit, desk.workspace_id)).standings
        assert (listed.cls, listed.tally.cleared) == (CLS, 40)


async def test_while_a_person_approves_everything_the_class_is_learnt_already(desk: Desk) -> None:
    await approval(desk, "person")
    await send(desk, 1)
    (question,) = await opened(desk)
    await clear(desk, question)
    async with desk.store.read() as unit:
        assert (await unit.audits.tally(desk.workspace_id, CLS)).cleared == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"audit_share": 1.5},
        {"second_share": -0.1},
        {"targets": {RiskClass.HIGH: 0.01}},
        {"targets": {RiskClass.LOW: 0.9}},
    ],
    ids=["audit", "second", "high", "target"],
)
async def test_a_policy_that_makes_no_sense_is_refused(
    desk: Desk, wrong: dict[str, object]
) -> None:
    async with desk.store.begin("test") as unit:
        with pytest.raises(ContentInvalid):
            await change_policy(unit, desk.workspace_id, **wrong)  # type: ignore[arg-type]


# ---------------------------------------------------------------- second opinions


async def test_another_person_decides_too_and_a_disagreement_is_held(desk: Desk) -> None:
    await approval(desk, "person", second_share=1.0)
    post = await send(desk, 1)
    (question,) = await opened(desk)
    await clear(desk, question, "web:ada")
    assert await state_of(desk, post) is PostState.APPROVED
    (second,) = await opened(desk, ReviewKind.SECOND)
    for person, offered in (("web:ada", None), ("web:eve", second.id)):
        async with desk.store.begin(person) as unit:
            taken = await claim_next(unit, desk.workspace_id)
            assert (taken.id if taken else None) == offered
            if taken:
                await release(unit, taken)
    with pytest.raises(NotAllowed, match="ada gave the first"):
        await clear(desk, second, "api:ada")
    async with desk.store.begin("web:eve") as unit:
        second = await unit.reviews.get(second.id)
        await reject(unit, second, "the meaning is turned round", RejectionReason.WRONG_FACT)
    assert await state_of(desk, post) is PostState.HELD
    async with desk.store.read() as unit:
        (double,) = await unit.opinions.decisions(desk.workspace_id)
    assert (double.first, double.second) == ("accepted", "rejected")
    assert (double.channel, double.language) == ("email", "en")
    # a second opinion is not asked for once more
    assert [r.kind for r in await opened(desk)] == [ReviewKind.QUESTION]


async def test_a_text_that_is_written_up_again_waits_for_no_verdict(
    desk: Desk, clock: StoppedClock
) -> None:
    await approval(desk, "person")
    post_id = await send(desk, 1)
    async with desk.store.read() as unit:
        first = await unit.audits.of_post(post_id)
        submission_id = (await unit.posts.get(post_id)).submission_id
    assert first is not None
    assert submission_id is not None
    clock.advance(60)
    await rework(desk, [post_id], actor="test")
    await compose(desk, submission_id)
    async with desk.store.begin("ada") as unit:
        second = await unit.audits.of_post(post_id)
        assert second is not None
        assert (second.id != first.id, second.state) == (True, AuditState.SAMPLED)
        (standing,) = (await audit_report(unit, desk.workspace_id)).standings
        assert (standing.tally.waiting, standing.tally.judged) == (1, 0)
        (review,) = await unit.reviews.queue(desk.workspace_id, WantedReviews(), limit=9)
        await accept(unit, review)
    async with desk.store.read() as unit:
        report = await audit_report(unit, desk.workspace_id)
    (standing,) = report.standings
    assert (standing.tally.waiting, standing.tally.cleared) == (0, 1)
    assert report.estimate.judged == 1


async def test_every_class_is_listed_in_order_with_what_counts_since_its_restart(
    desk: Desk, clock: StoppedClock
) -> None:
    post_id = await send(desk, 1)
    classes = [
        ItemClass(channel=channel, language=language, risk=risk, writer=writer)
        for channel in ("chat", "form")
        for language in ("de", "en")
        for risk in (RiskClass.LOW, RiskClass.MEDIUM)
        for writer in ("a", "b")
    ]
    wanted = [classes[at] for at in (0, 1, 3, 6, 9, 12, 14)]

    async def one_more() -> None:
        async with desk.store.begin("test") as unit:
            for cls in reversed(wanted):
                post = await unit.posts.get(post_id)
                content = (await unit.posts.revision(post.revision_id)).content
                revision = await unit.posts.revise(post, content, Tier.RULES)
                await unit.audits.add(
                    desk.workspace_id,
                    post_id,
                    revision.id,
                    cls,
                    propensity=0.5,
                    state=AuditState.PASSED_OVER,
                )

    await one_more()
    clock.advance(60)
    async with desk.store.begin("test") as unit:
        await restart_earning(unit, desk.workspace_id, "anew", channel="chat", writer="a")
        await restart_earning(unit, desk.workspace_id, "anew", language="en", risk="medium")
    clock.advance(60)
    await one_more()
    async with desk.store.read() as unit:
        found = await unit.audits.tallies(desk.workspace_id)
    listed = [(cls, tally.passed_over) for cls, tally in found if cls.channel != "email"]
    assert listed == [
        (cls, 1 if (cls.channel, cls.writer) == ("chat", "a") or _restarted(cls) else 2)
        for cls in wanted
    ]


def _restarted(cls: ItemClass) -> bool:
    return (cls.language, cls.risk) == ("en", RiskClass.MEDIUM)
