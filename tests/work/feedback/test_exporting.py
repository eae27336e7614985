"""One decision feeds every form; nothing leaves unallowed, unmasked or twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.post import Content, Post, Tier
from copydesk.core.states import PostState, SuggestionState
from copydesk.core.suggestion import RejectionReason
from copydesk.editorial.consent import give_consent
from copydesk.editorial.deciding import Verdict, decide
from copydesk.editorial.reviewing import accept, reject
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.feedback import exporting
from copydesk.work.feedback.exporting import Handout, hand_out, mark_handed_out
from copydesk.work.feedback.lines import Form
from copydesk.work.incoming.submitting import submit
from copydesk.work.reviews.approving import approve
from copydesk.work.writing.composing import compose
from tests.work.reviewed import LETTER, find, hold

TEXT = "Hello Bob, Ada Lovelace here. Write to ada.l@example.org; the lamp A-17 came on 3 March."


async def judged(
    desk: Desk, number: int = 1, *, corrected: str = "", rejected: bool = False, author: str = "ada"
) -> Post:
    """Compose a message, let a person correct it where told, and decide."""
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    raw = (
        f"From: Ada Lovelace <{author}@example.org>\r\nTo: Bob <bob@example.com>\r\n"
        f"Message-ID: <m{number}@example.org>\r\nSubject: The lamp\r\n\r\n{TEXT}\r\n"
    )
    submission = (await submit(desk, raw.encode(), filename="a.eml", actor="test")).submission
    await compose(desk, submission.id)
    async with desk.store.begin("web:eve") as unit:
        found = await unit.submissions.get(submission.id)
        assert found.post_id is not None
        post = await unit.posts.get(found.post_id)
        review = await unit.reviews.get(post.id)
        if corrected:
            old = (await unit.posts.revision(post.revision_id)).content
            await unit.posts.revise(
                post, Content(title=old.title, body=corrected, slug=old.slug), Tier.PERSON
            )
        if rejected:
            return await reject(unit, review, "no", RejectionReason.TONE)
        return await accept(unit, review)


async def allow(desk: Desk, subject: str, *, allowed: bool = True, licence: str = "CC0") -> None:
    async with desk.store.begin("test") as unit:
        await give_consent(unit, desk.workspace_id, subject, allowed=allowed, licence=licence)


async def lines(desk: Desk, form: Form, **options: Any) -> list[dict[str, Any]]:
    return [line async for handout in hand_out(desk, form, **options) for line in handout.lines]


async def handed(desk: Desk, form: Form, **options: Any) -> list[Handout]:
    return [handout async for handout in hand_out(desk, form, **options)]


# ---------------------------------------------------------------- consent


async def test_nothing_leaves_unless_somebody_allowed_it(desk: Desk) -> None:
    await judged(desk)
    for form in Form:
        (handout,) = await handed(desk, form)
        assert handout.withheld
        assert handout.lines == ()
    await allow(desk, "channel:email")
    assert len(await lines(desk, Form.CHAT)) == 1


@pytest.mark.parametrize("form", list(Form))
async def test_the_most_particular_answer_decides(desk: Desk, form: Form) -> None:
    first, second = await judged(desk, 1), await judged(desk, 2, author="eve")
    await allow(desk, "everything")
    await allow(desk, "author:ADA@example.org", allowed=False)
    kept, left = await handed(desk, Form.LABELS)
    assert (kept.withheld, left.withheld) == (True, False)
    await allow(desk, first.submission_id or "")
    await allow(desk, second.submission_id or "", allowed=False)
    left, kept = await handed(desk, form)
    assert (kept.withheld, left.withheld) == (True, False)


@pytest.mark.parametrize("subject", ["", "ada", "author:ada", "channel:fax", "sub_1:2"])
async def test_what_names_nothing_cannot_be_allowed(desk: Desk, subject: str) -> None:
    with pytest.raises(ContentInvalid, match="names nothing"):
        await allow(desk, subject)


async def test_a_message_that_is_not_there_cannot_be_allowed(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await allow(desk, "sub_00000000000000000000000000")


# ---------------------------------------------------------------- forms


async def test_one_correction_feeds_every_form(desk: Desk) -> None:
    await allow(desk, "everything")
    await judged(desk, corrected="The lamp A-17 came on 4 March, says Ada.")
    (chat,) = await lines(desk, Form.CHAT)
    assert [m["role"] for m in chat["messages"]] == ["system", "user", "assistant"]
    assert chat["messages"][2]["content"] == "The lamp A-17 came on 4 March, says [person-a]."
    (correction,) = await lines(desk, Form.CORRECTION)
    assert "3 March" in correction["model_text"]
    assert "4 March" in correction["human_text"]
    assert correction["segment_map"]
    (whole,) = [p for p in await lines(desk, Form.PREFERENCE) if p["intent"] == "whole_text"]
    assert "4 March" in whole["chosen"]
    assert "3 March" in whole["rejected"]
    assert whole["propensity"] == 1.0
    (label,) = await lines(desk, Form.LABELS)
    assert (label["label"], label["sampled_by"], label["propensity"]) == ("bad", "audit", 1.0)
    assert {"check", "version", "verdict"} <= set(label["checks"][0])
    assert "messages" not in json.dumps(label)


async def test_a_pair_says_which_text_it_is_of(desk: Desk) -> None:
    """Two titles beside the author's whole message look like two whole answers otherwise."""
    await allow(desk, "everything")
    held = await hold(desk, raw=LETTER.replace(b"Subject: The lamp\r\n", b""))
    numbers = [(await find(desk, held.review, words)).number for words in ("The lamp", "45.90")]
    async with desk.store.begin("web:eve") as unit:
        for number in numbers:
            review = await unit.reviews.get(held.review)
            await decide(unit, review, str(number), Verdict(state=SuggestionState.ACCEPTED))
    await approve(desk, held.review, actor="web:eve", rest=True)
    pairs = await lines(desk, Form.PREFERENCE)
    assert [p["field"] for p in pairs if p["chosen"] == "The lamp"] == ["title"]
    assert [p["field"] for p in pairs if "49.90" in p["chosen"]] == ["body"]


async def test_style_is_no_fault_and_a_rejection_teaches_no_text(desk: Desk) -> None:
    await allow(desk, "everything")
    await judged(desk, 1, corrected=f"{TEXT} ")
    await judged(desk, 2, rejected=True)
    labels = await lines(desk, Form.LABELS)
    assert [label["label"] for label in labels] == ["ok", "bad"]
    assert len(await lines(desk, Form.CHAT)) == 1


async def test_who_somebody_is_stays_here(desk: Desk) -> None:
    await allow(desk, "everything")
    await judged(desk, corrected=f"{TEXT} Ada called +44 20 7946 0958.")
    for form in Form:
        found = json.dumps(await lines(desk, form))
        for secret in ("Lovelace", "Ada", "Bob", "ada.l@example.org", "7946"):
            assert secret not in found, (form, secret)
    (chat,) = await lines(desk, Form.CHAT)
    assert "the lamp A-17 came on 3 March" in chat["messages"][1]["content"]


async def test_every_line_says_its_form_and_licence_and_has_its_own_key(desk: Desk) -> None:
    await allow(desk, "everything", licence="CC BY 4.0")
    for number in range(3):
        await judged(desk, number, corrected="The lamp A-17 came late.")
    keys: list[str] = []
    for form in Form:
        for line in await lines(desk, form):
            assert line["schema"] == form.schema
            assert line["licence"] == "CC BY 4.0"
            keys.append(line["key"])
    assert len(keys) == len(set(keys)) >= 12


# ---------------------------------------------------------------- once


async def test_nothing_leaves_twice_unless_asked(desk: Desk, clock: StoppedClock) -> None:
    await allow(desk, "everything")
    await judged(desk, 1)
    gone = await handed(desk, Form.CHAT)
    async with desk.store.begin("cli") as unit:
        await mark_handed_out(unit, desk, Form.CHAT, [h.review_id for h in gone])
        await mark_handed_out(unit, desk, Form.CHAT, [h.review_id for h in gone])
    assert await handed(desk, Form.CHAT) == []
    assert len(await handed(desk, Form.LABELS)) == 1, "another form is another matter"
    assert await handed(desk, Form.CHAT, again=True) == gone
    clock.advance(60)
    later = clock.now()
    await judged(desk, 2)
    assert [h.review_id for h in await handed(desk, Form.CHAT)] != [gone[0].review_id]
    assert len(await handed(desk, Form.CHAT, again=True, since=later)) == 1
    assert len(await handed(desk, Form.CHAT, again=True, after=gone[0].review_id)) == 1


async def test_a_long_export_is_read_in_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 3)
    await allow(desk, "everything")
    post = await judged(desk, 1)
    for _ in range(7):
        async with desk.store.begin("web:eve") as unit:
            current = await unit.posts.get(post.id)
            current = await unit.posts.move(current, PostState.HELD)
            id = await unit.reviews.open(
                desk.workspace_id, post.id, current.revision_id, await unit.posts.risk(post.id), []
            )
            await accept(unit, await unit.reviews.get(id))
    found = await handed(desk, Form.LABELS)
    assert len(found) == 8
    assert [h.review_id for h in found] == sorted(h.review_id for h in found)
