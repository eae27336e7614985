"""A review from its opening to the text that goes out, on both stores."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from copydesk.config import load_settings
from copydesk.core.audit import ItemClass
from copydesk.core.checks import RiskClass
from copydesk.core.errors import Conflict, ContentInvalid, NotAllowed
from copydesk.core.post import Tier
from copydesk.core.review import ReviewKind, ReviewTimes, SentTo
from copydesk.core.states import AuditState, PostState, ReviewState, SuggestionState
from copydesk.core.suggestion import Intent, Origin, RejectionReason, TextField
from copydesk.editorial import deciding, reviewing
from copydesk.editorial.deciding import Verdict
from copydesk.store import Hint
from copydesk.store.reviews import WantedReviews
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.reviews import reviewing as work_reviewing
from copydesk.work.reviews.approving import approve, standing_of
from copydesk.work.reviews.reviewing import look_at, prepare
from copydesk.work.reviews.revising import answer, edit, reword
from copydesk.work.runtime import Runtime
from copydesk.work.sweep import sweep
from tests.work.reviewed import LETTER, WRITTEN, find, hold, states

ACCEPT = Verdict(state=SuggestionState.ACCEPTED)
REJECT = Verdict(state=SuggestionState.REJECTED, reason=RejectionReason.WRONG_FACT)


async def decide(
    desk: Desk,
    review: str,
    number: int,
    verdict: Verdict,
    *,
    actor: str = "web:ada",
    key: str = "",
    version: int | None = None,
) -> None:
    async with desk.store.begin(actor) as unit:
        await deciding.decide(
            unit, await unit.reviews.get(review), str(number), verdict, key=key, version=version
        )


async def undo(desk: Desk, review: str, number: int, actor: str = "web:ada") -> None:
    async with desk.store.begin(actor) as unit:
        await deciding.undo(unit, await unit.reviews.get(review), str(number))


async def reject_all(desk: Desk, review: str) -> None:
    for suggestion in (await look_at(desk, review)).suggestions:
        if suggestion.is_live:
            await decide(desk, review, suggestion.number, REJECT)


async def standings(desk: Desk, review: str) -> list[str]:
    async with desk.store.read() as unit:
        history = await unit.events.history([review])
    return [event.data["standing"] for event in history if "standing" in event.data]


# ---------------------------------------------------------------- suggestions


async def test_deadlines_and_claims_are_settings(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copydesk.toml").write_text("review_due_hours = { high = 1, low = 9 }\n")
    monkeypatch.setenv("COPYDESK_REVIEW_CLAIM_MINUTES", "5")
    monkeypatch.setattr(desk.store, "review_times", load_settings(tmp_path).review_times)
    held = await hold(desk)
    async with desk.store.begin("web:ada") as unit:
        review = await reviewing.claim(unit, await unit.reviews.get(held.review))
    assert review.due_at is not None
    assert review.claimed_until is not None
    assert review.due_at - review.opened_at == timedelta(hours=1)
    assert review.claimed_until - review.opened_at == timedelta(minutes=5)


async def test_suggestions_know_the_chance_with_which_a_person_was_asked(desk: Desk) -> None:
    held = await hold(desk)
    cls = ItemClass(channel="email", language="en", risk=RiskClass.LOW, writer="rules")
    async with desk.store.begin("test") as unit:
        review = await unit.reviews.get(held.review)
        await unit.audits.add(
            desk.workspace_id, review.post_id, review.revision_id, cls,
            propensity=0.25, state=AuditState.SAMPLED,
        )  # fmt: skip
    look = await look_at(desk, held.review)
    assert {suggestion.propensity for suggestion in look.suggestions} == {0.25}
    (own,) = await reword(
        desk, held.review, {TextField.BODY: f"{WRITTEN}\n\nMine."}, actor="web:ada"
    )
    assert own.propensity == 0.25


async def test_suggestions_say_who_made_them_what_for_and_what_speaks_against(desk: Desk) -> None:
    held = await hold(desk)
    look = await look_at(desk, held.review)
    assert look.text.body == WRITTEN, "what is open is shown as proposed"
    price = await find(desk, held.review, "45.90")
    assert (price.after, price.origin, price.intent) == ("49.90", Origin.MODEL, Intent.FACT_FLAG)
    assert price.origin_version == "some-model"
    assert any("45.90" in e.span for e in price.evidence)
    assert price.segment is not None
    assert look.base.body[price.start : price.end] == "45.90"
    capital = [s for s in look.suggestions if s.origin is Origin.RULE]
    assert {s.intent for s in capital} == {Intent.FLUENCY}
    lost = [s for s in look.suggestions if "https://shop.example/o/77" in s.before]
    assert Intent.PROTECTED_TOKEN in {s.intent for s in lost}


async def test_all_rejected_is_what_the_author_wrote_and_undo_brings_all_back(desk: Desk) -> None:
    held = await hold(desk)
    before = await look_at(desk, held.review)
    await reject_all(desk, held.review)
    rejected = await look_at(desk, held.review)
    assert rejected.text.body == rejected.base.body
    assert "45.90 EUR. It does not work, i want" in rejected.text.body
    for suggestion in before.suggestions:
        await undo(desk, held.review, suggestion.number)
    after = await look_at(desk, held.review)
    assert after.text == before.text
    assert states(after) == states(before)


async def test_undo_goes_back_decision_by_decision(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    await decide(desk, held.review, price.number, ACCEPT)
    await edit(desk, held.review, str(price.number), "46.90", actor="web:ada")
    await edit(desk, held.review, str(price.number), "47.90", actor="web:ada")
    texts = []
    for _ in range(3):
        await undo(desk, held.review, price.number)
        texts.append((await find(desk, held.review, "45.90")).text)
    assert texts == ["46.90", "49.90", "49.90"]
    with pytest.raises(Conflict, match="Nobody has decided"):
        await undo(desk, held.review, price.number)


async def test_of_low_risk_fluency_is_applied_and_a_lost_token_is_put_back(desk: Desk) -> None:
    held = await hold(desk, risk=RiskClass.LOW)
    look = await look_at(desk, held.review)
    assert "https://shop.example/o/77" in look.text.body
    by_rule = {s.decided_by: s.state for s in look.suggestions if s.decided_by}
    assert by_rule == {
        "rule:auto_apply@1": SuggestionState.ACCEPTED,
        "rule:put_back@1": SuggestionState.REJECTED,
    }
    weighty = [s for s in look.suggestions if s.intent is Intent.FACT_FLAG]
    assert {s.state for s in weighty} == {SuggestionState.OPENED}, "everything else asks"
    put_back = next(s for s in look.suggestions if s.decided_by == "rule:put_back@1")
    await undo(desk, held.review, put_back.number)
    assert "https://shop.example" not in (await look_at(desk, held.review)).text.body


async def test_of_higher_risk_rules_decide_nothing(desk: Desk) -> None:
    held = await hold(desk, risk=RiskClass.HIGH)
    assert set(states(await look_at(desk, held.review))) == {SuggestionState.OPENED}


async def test_only_fluency_is_accepted_together(desk: Desk) -> None:
    held = await hold(desk)
    await look_at(desk, held.review)
    async with desk.store.begin("web:ada") as unit:
        review = await unit.reviews.get(held.review)
        accepted = await deciding.accept_rest(unit, review, intent=Intent.FLUENCY)
        assert {s.intent for s in accepted} == {Intent.FLUENCY}
        with pytest.raises(NotAllowed, match="not accepted all at once"):
            await deciding.accept_rest(unit, review, intent=Intent.CLARITY)
    assert SuggestionState.OPENED in states(await look_at(desk, held.review))


async def test_a_persons_own_words_are_checked_and_can_be_taken_back(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    edited = await edit(desk, held.review, str(price.number), "1,000 EUR, not", actor="web:ada")
    assert any("1,000" in e.span for e in edited.findings), "the checks speak about what is typed"
    await undo(desk, held.review, price.number)
    assert not (await find(desk, held.review, "45.90")).findings


async def test_the_whole_text_typed_over_becomes_changes_of_its_own(desk: Desk) -> None:
    held = await hold(desk)
    before = (await look_at(desk, held.review)).text.body
    wanted = before.replace("See my order.", "My order is under https://shop.example/o/77.")
    made = await reword(desk, held.review, {TextField.BODY: wanted}, actor="web:ada")
    look = await look_at(desk, held.review)
    assert look.text.body == wanted
    assert made
    for suggestion in reversed(made):
        await undo(desk, held.review, suggestion.number)
    assert (await look_at(desk, held.review)).text.body == before


# ---------------------------------------------------------------- two people, one key


async def test_a_key_is_one_decision(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    for _ in range(3):
        await decide(desk, held.review, price.number, REJECT, key="k1")
    async with desk.store.read() as unit:
        assert len(await unit.suggestions.decisions(price.id)) == 1
    with pytest.raises(Conflict, match="another decision"):
        await decide(desk, held.review, price.number, ACCEPT, key="k1")


async def test_two_people_at_once_are_told_and_nothing_is_lost(
    desk: Desk, clock: StoppedClock
) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    await decide(desk, held.review, price.number, REJECT, actor="web:ada")
    with pytest.raises(Conflict, match="ada works on review"):
        await decide(desk, held.review, price.number, ACCEPT, actor="web:ben")
    clock.advance(ReviewTimes().claimed_for.total_seconds() + 1)
    with pytest.raises(Conflict, match="web:ada left suggestion"):
        await decide(desk, held.review, price.number, ACCEPT, actor="web:ben")
    seen = await find(desk, held.review, "45.90")
    assert seen.state is SuggestionState.REJECTED
    version = seen.version
    await decide(desk, held.review, price.number, ACCEPT, actor="web:ben", version=version)
    async with desk.store.read() as unit:
        taken = await unit.suggestions.decisions(price.id)
    assert [d.decided_by for d in taken] == ["web:ada", "web:ben"]


async def test_of_decisions_made_in_one_moment_one_wins(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")

    async def take(verdict: Verdict, actor: str) -> str:
        try:
            await decide(desk, held.review, price.number, verdict, actor=actor)
        except Conflict:
            return "conflict"
        return "taken"

    asked = ((ACCEPT, "web:ada"), (REJECT, "web:ben"), (ACCEPT, "api:cy"))
    outcomes = await asyncio.gather(*(take(verdict, actor) for verdict, actor in asked))
    # whoever comes later and says the same has not been contradicted
    won = {v.state for (v, _), o in zip(asked, outcomes, strict=True) if o == "taken"}
    assert won == {(await find(desk, held.review, "45.90")).state}


async def test_a_rejection_says_why(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    with pytest.raises(ContentInvalid, match="says why"):
        await decide(desk, held.review, price.number, Verdict(state=SuggestionState.REJECTED))


# ---------------------------------------------------------------- letting it go


async def test_what_is_weighty_is_never_accepted_by_the_way(desk: Desk) -> None:
    held = await hold(desk)
    with pytest.raises(Conflict, match="Undecided yet"):
        await approve(desk, held.review, actor="web:ada")
    post = await approve(desk, held.review, actor="web:ada", rest=True)
    assert post.state is PostState.APPROVED
    async with desk.store.read() as unit:
        revision = await unit.posts.revision(post.revision_id)
        assert (await unit.workers.due(unit.now))["posts"] == [post.id]
    assert (revision.number, revision.content.body) == (1, WRITTEN), "nothing was changed"
    assert (await approve(desk, held.review, actor="web:ben")).id == post.id, "twice is harmless"


async def test_what_goes_out_follows_from_the_decisions(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    await decide(desk, held.review, price.number, REJECT)
    post = await approve(desk, held.review, actor="web:ada", rest=True)
    async with desk.store.read() as unit:
        revision = await unit.posts.revision(post.revision_id)
        checks = await unit.posts.checks(revision.id)
    assert revision.tier is Tier.PERSON
    assert "cost 45.90 EUR" in revision.content.body
    assert {"completeness", "protected_tokens", "fact_diff"} & {c.check for c in checks}
    assert revision.content.adaptations == {}


async def test_changed_text_is_checked_again_and_not_trusted(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    words = "999.00"
    await edit(desk, held.review, str(price.number), words, actor="web:ada")
    look = await look_at(desk, held.review)
    standing = await standing_of(desk, look)
    assert any(words in e.span for _, e in standing.objections)
    with pytest.raises(ContentInvalid, match="object"):
        await approve(desk, held.review, actor="web:ada", rest=True)
    async with desk.store.read() as unit:
        assert (await unit.posts.get(held.post)).state is PostState.HELD
    post = await approve(
        desk, held.review, actor="web:ada", rest=True, despite="the shop confirmed the price"
    )
    assert post.state is PostState.APPROVED
    async with desk.store.read() as unit:
        review = await unit.reviews.get(held.review)
    assert "despite: the shop confirmed" in review.decision_reason


async def test_critical_risk_takes_two_different_people_and_the_same_text(desk: Desk) -> None:
    held = await hold(desk, risk=RiskClass.CRITICAL)
    post = await approve(desk, held.review, actor="web:ada", rest=True)
    assert post.state is PostState.HELD
    with pytest.raises(Conflict, match=r"accepted .* already"):
        await approve(desk, held.review, actor="api:ada")
    price = await find(desk, held.review, "45.90")
    await decide(desk, held.review, price.number, REJECT, actor="web:ben", version=price.version)
    post = await approve(desk, held.review, actor="web:ben")
    assert post.state is PostState.HELD, "ada has read another text"
    assert (await approve(desk, held.review, actor="web:ada")).state is PostState.APPROVED
    assert await standings(desk, held.review) == ["signed", "signed"]


async def test_rejecting_keeps_the_text_and_twice_is_harmless(desk: Desk) -> None:
    held = await hold(desk)
    for _ in range(2):
        async with desk.store.begin("web:ada") as unit:
            review = await unit.reviews.get(held.review)
            post = await reviewing.reject(unit, review, "no", RejectionReason.TONE)
        assert post.state is PostState.REJECTED
    with pytest.raises(Conflict, match="already"):
        await approve(desk, held.review, actor="web:ada")


async def test_an_opinion_moves_nothing(desk: Desk) -> None:
    held = await hold(desk)
    async with desk.store.begin("test") as unit:
        review = await unit.reviews.get(held.review)
        audit = await unit.reviews.open(
            desk.workspace_id,
            held.post,
            review.revision_id,
            RiskClass.LOW,
            ["chance"],
            kind=ReviewKind.AUDIT,
        )
    post = await approve(desk, audit, actor="web:ben")
    assert post.state is PostState.HELD
    async with desk.store.read() as unit:
        assert (await unit.reviews.get(audit)).state is ReviewState.ACCEPTED
        assert (await unit.reviews.get(held.review)).state is ReviewState.OPENED


# ---------------------------------------------------------------- another revision came


async def test_decisions_are_carried_to_a_new_text_where_it_has_a_place_for_them(
    desk: Desk,
) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    await decide(desk, held.review, price.number, REJECT)
    order = next(s for s in (await look_at(desk, held.review)).suggestions if "shop" in s.before)
    await edit(desk, held.review, str(order.number), "See the order", actor="web:ada")
    async with desk.store.begin("intake") as unit:
        post = await unit.posts.get(held.post)
        old = await unit.posts.revision(post.revision_id)
        body = WRITTEN.replace("and I would like a refund", "so please refund me")
        made = {"edits": old.edits, "model": "other-model"}
        await unit.posts.revise(post, replace(old.content, body=body), Tier.CAPABLE, **made)
    look = await look_at(desk, held.review)
    assert "so please refund me" in look.text.body
    assert "cost 45.90 EUR" in look.text.body, "the rejection holds in the new text"
    live = [s for s in look.suggestions if s.is_live]
    assert all(s.origin_version != "some-model" for s in live if s.origin is Origin.MODEL)
    assert "rebased" in await standings(desk, held.review)


async def test_what_has_no_place_in_the_new_text_is_stale_and_never_guessed(desk: Desk) -> None:
    held = await hold(desk)
    price = await find(desk, held.review, "45.90")
    await edit(desk, held.review, str(price.number), "44.44", actor="web:ada")
    await answer(
        desk, held.review, body="Something else entirely was written here.", actor="api:author"
    )
    look = await look_at(desk, held.review)
    assert look.text.body == "Something else entirely was written here."
    stale = [s for s in look.suggestions if s.state is SuggestionState.STALE]
    assert [s.text for s in stale] == ["44.44"], "shown, with what was typed"
    with pytest.raises(Conflict, match="no place"):
        await decide(desk, held.review, stale[0].number, ACCEPT, actor="web:ada")


async def test_deciding_on_a_text_that_was_replaced_is_refused(desk: Desk) -> None:
    held = await hold(desk)
    look = await look_at(desk, held.review)
    await answer(desk, held.review, body="A new text, all of it.", actor="api:author")
    with pytest.raises(Conflict, match="in the meantime"):
        await approve(desk, held.review, actor="web:ada", rest=True, version=look.review.version)


# ---------------------------------------------------------------- who has it, and until when


async def test_the_queue_is_in_the_order_of_risk_deadline_and_age(
    desk: Desk, clock: StoppedClock
) -> None:
    made = []
    for number, risk in enumerate(
        (RiskClass.LOW, RiskClass.HIGH, RiskClass.CRITICAL, RiskClass.HIGH)
    ):
        raw = LETTER.replace(b"The lamp", b"Lamp %d" % number)
        made.append((await hold(desk, raw=raw, risk=risk, name=f"{number}.eml")).review)
        clock.advance(60)
    async with desk.store.read() as unit:
        queue = [r.id for r in await unit.reviews.queue(desk.workspace_id)]
        assert queue == [made[2], made[1], made[3], made[0]]
        seen: list[str] = []
        while page := await unit.reviews.queue(
            desk.workspace_id, after=seen[-1] if seen else "", limit=1
        ):
            seen += [r.id for r in page]
        assert seen == queue
        high = await unit.reviews.queue(desk.workspace_id, WantedReviews(risk=RiskClass.HIGH))
        assert [r.id for r in high] == [made[1], made[3]]


async def test_the_next_one_is_what_nobody_has(desk: Desk, clock: StoppedClock) -> None:
    one = await hold(desk, risk=RiskClass.HIGH)
    raw = LETTER.replace(b"The lamp", b"Another")
    other = await hold(desk, raw=raw, name="b.eml", risk=RiskClass.LOW)

    async def take(actor: str) -> str:
        async with desk.store.begin(actor) as unit:
            review = await reviewing.claim_next(unit, desk.workspace_id)
            return review.id if review else ""

    assert [await take(f"web:{who}") for who in ("ada", "ada", "ben", "cy")] == [
        one.review,
        one.review,
        other.review,
        "",
    ]
    clock.advance(ReviewTimes().claimed_for.total_seconds() + 1)
    assert await take("web:cy") == one.review, "a claim ends by itself"


async def test_a_review_is_handed_on_and_let_go(desk: Desk) -> None:
    held = await hold(desk)
    await look_at(desk, held.review)
    async with desk.store.begin("web:ada") as unit:
        await reviewing.claim(unit, await unit.reviews.get(held.review))
    async with desk.store.begin("web:ben") as unit:
        with pytest.raises(Conflict, match="ada works on"):
            await reviewing.claim(unit, await unit.reviews.get(held.review))
    async with desk.store.begin("web:ada") as unit:
        await reviewing.assign(unit, await unit.reviews.get(held.review), "ben")
    async with desk.store.begin("web:ben") as unit:
        review = await unit.reviews.get(held.review)
        assert review.holder(unit.now) == "ben"
        assert (await reviewing.release(unit, review)).assignee == ""
    assert await standings(desk, held.review) == ["assigned", "assigned", "released"]


async def test_a_passed_deadline_is_announced_and_publishes_nothing(
    desk: Desk, clock: StoppedClock
) -> None:
    held = await hold(desk, risk=RiskClass.HIGH)
    await prepare(desk, held.review)
    async with desk.store.read() as unit:
        assert await unit.reviews.due(unit.now) == [], "nothing to do until the deadline"
    async with desk.store.begin("web:ada") as unit:
        await reviewing.claim(unit, await unit.reviews.get(held.review))
    clock.advance(ReviewTimes().due(ReviewKind.QUESTION, RiskClass.HIGH).total_seconds() + 1)
    async with desk.store.read() as unit:
        assert await unit.reviews.due(unit.now) == [held.review]
    for _ in range(2):
        await prepare(desk, held.review)
    async with desk.store.read() as unit:
        review = await unit.reviews.get(held.review)
        post = await unit.posts.get(held.post)
        overdue = await unit.reviews.queue(desk.workspace_id, WantedReviews(overdue=True))
    assert review.escalated_at == clock.now()
    assert review.holder(clock.now()) == "", "whoever held it holds it no more"
    assert (review.state, post.state) == (ReviewState.OPENED, PostState.HELD)
    assert [r.id for r in overdue] == [held.review]
    clock.advance(ReviewTimes().reminded_every.total_seconds() + 1)
    await prepare(desk, held.review)
    assert (await standings(desk, held.review)).count("escalated") == 2


async def test_a_text_sent_back_waits_until_a_new_one_comes(
    desk: Desk, clock: StoppedClock
) -> None:
    held = await hold(desk)
    await look_at(desk, held.review)
    async with desk.store.begin("web:ada") as unit:
        review = await unit.reviews.get(held.review)
        review = await reviewing.send_back(unit, review, SentTo.AUTHOR, "Which lamp?")
    assert (review.state, review.sent_to) == (ReviewState.RETURNED, SentTo.AUTHOR)
    with pytest.raises(Conflict, match="sent back to the author"):
        await approve(desk, held.review, actor="web:ada")
    clock.advance(timedelta(days=3).total_seconds())
    await prepare(desk, held.review)
    assert "escalated" not in await standings(desk, held.review)
    review = await answer(
        desk, held.review, body="The red lamp is broken.", actor="api:author", reason="it is red"
    )
    assert review.state is ReviewState.OPENED
    assert review.due_at is not None
    assert review.due_at > clock.now()
    post = await approve(desk, held.review, actor="web:ada", rest=True)
    async with desk.store.read() as unit:
        revision = await unit.posts.revision(post.revision_id)
    assert revision.content.body == "The red lamp is broken."


# ---------------------------------------------------------------- without anybody


async def test_whoever_looks_at_once_makes_the_suggestions_once(desk: Desk) -> None:
    held = await hold(desk)
    looks = await asyncio.gather(*(look_at(desk, held.review) for _ in range(4)))
    look = await look_at(desk, held.review)
    assert all(one.suggestions == look.suggestions for one in looks)
    numbers = [s.number for s in look.suggestions]
    assert numbers == list(range(1, len(numbers) + 1))
    assert look.text.body == WRITTEN


async def test_a_text_no_suggestions_can_be_made_for_can_still_be_decided(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError("deep")

    held = await hold(desk)
    monkeypatch.setattr(work_reviewing, "propose", fail)
    look = await look_at(desk, held.review)
    assert (look.suggestions, look.text.body) == ((), WRITTEN)
    assert look.review.note == "Its suggestions could not be made; read the whole text."
    assert "45.90 EUR. It does not work, i want" in look.own, "not what a model wrote"
    assert "unmade" in await standings(desk, held.review)
    async with desk.store.read() as unit:
        assert await unit.reviews.due(unit.now) == [], "it does not come back with every sweep"
    assert (await approve(desk, held.review, actor="web:ada")).state is PostState.APPROVED


async def test_the_sweep_finds_what_is_to_do_for_reviews(desk: Desk, clock: StoppedClock) -> None:
    held = await hold(desk)
    offered: list[str] = []

    class Queue:
        async def offer(self, hints: Sequence[Hint]) -> None:
            offered.extend(hint.subject_id for hint in hints if hint.kind == "review")

    await sweep(desk, cast("Runtime", Queue()))
    assert offered == [held.review]
    await prepare(desk, held.review)
    await sweep(desk, cast("Runtime", Queue()))
    assert offered == [held.review]
    clock.advance(ReviewTimes().due(ReviewKind.QUESTION, RiskClass.HIGH).total_seconds() + 1)
    await sweep(desk, cast("Runtime", Queue()))
    assert offered == [held.review] * 2
