"""A person says which conversation a message of a chat belongs to, on both stores."""

from __future__ import annotations

import pytest

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import DeliveryState, PostState, ReviewState, SubmissionState
from copydesk.core.submission import Submission
from copydesk.editorial.holding_back import hold_back
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.desk import Desk
from copydesk.work.incoming.regrouping import Moved, conversation_of, move
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.store_fixtures import AddSandbox

LOG = """\
[10:00] <ann> hello all, is the mail server down for you as well?
[10:01] <bob> hi, where do I find the manual of the brass lamp?
[10:02] <cy> ann: the mail server is up again since nine
[10:03] <dan> bob: the manual of the lamp lies in the box
[10:04] <ann> cy: thanks, the mail server answers now
[10:05] <bob> dan: thanks, the lamp shines
"""


async def taken_apart(desk: Desk, log: str = LOG) -> tuple[Submission, list[Submission]]:
    """Take a log in and part it; return it with its conversations, read but not written up."""
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    known = (await submit(desk, log.encode(), filename="day.log", actor="test")).submission
    await compose(desk, known.id)
    return await parts_of(desk, known.id)


async def parts_of(desk: Desk, log_id: str) -> tuple[Submission, list[Submission]]:
    """Compose what waits of a log; return it with the conversations it has now."""
    async with desk.store.read() as unit:
        ids = await unit.conversations.parts(log_id)
    for id in ids:
        await compose(desk, id)
    async with desk.store.read() as unit:
        return await unit.submissions.get(log_id), [await unit.submissions.get(id) for id in ids]


def words(part: Submission) -> str:
    assert part.parsed is not None
    return part.parsed.reply


async def turn(desk: Desk, part: Submission, says: str) -> str:
    conversation = await conversation_of(desk, part.id)
    return next(said.id for said in conversation.said if says in said.text)


async def test_a_message_goes_to_another_conversation_which_is_made_anew(desk: Desk) -> None:
    log, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    moved = await move(desk, lamp.id, wrong, mail.id, actor="web:ada")
    assert moved.log_id == log.id
    assert set(moved.replaced) == {mail.id, lamp.id}
    now, parts = await parts_of(desk, log.id)
    assert [part.id for part in parts] == list(moved.added)
    with_lamp = next(part for part in parts if "shines" in words(part))
    assert moved.to == with_lamp.id
    assert "mail server" in words(with_lamp)
    assert sorted("\n".join(map(words, parts)).split()) == sorted(
        f"{words(mail)}\n{words(lamp)}".split()
    ), "no word is lost or doubled"
    assert {part.state for part in parts} == {SubmissionState.COMPOSED}
    assert now.raw_sha256 == log.raw_sha256
    link = next(s for s in (await conversation_of(desk, with_lamp.id)).said if s.id == wrong)
    assert (link.turn.confidence, link.turn.why) == (1.0, "a person says so")
    async with desk.store.read() as unit:
        history = await unit.events.history([log.id])
        assert await unit.submissions.raw(log) == LOG.encode()
    assert history[-1].actor == "web:ada"
    assert history[-1].data["turn"] == wrong


async def test_what_was_replaced_asks_nobody_any_more_and_is_no_context(desk: Desk) -> None:
    log, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    await move(desk, lamp.id, wrong, mail.id, actor="web:ada")
    async with desk.store.read() as unit:
        for old in (mail, lamp):
            assert (await unit.submissions.get(old.id)).state is SubmissionState.REPLACED
            assert old.post_id is not None
            assert (await unit.posts.get(old.post_id)).state is PostState.REJECTED
            review = await unit.reviews.newest_of(old.post_id)
            assert review is not None
            assert review.state is ReviewState.WITHDRAWN
    _, parts = await parts_of(desk, log.id)
    async with desk.store.read() as unit:
        for part in parts:
            assert await unit.threads.before(part, 10) == ([], 0)


async def test_a_message_begins_a_conversation_of_its_own_and_takes_its_answers_along(
    desk: Desk,
) -> None:
    log, (_, lamp) = await taken_apart(desk)
    own = await turn(desk, lamp, "lies in the box")
    moved = await move(desk, lamp.id, own, "", actor="cli:bo")
    _, parts = await parts_of(desk, log.id)
    assert len(parts) == 3
    assert moved.replaced == (lamp.id,), "the other conversation is left alone"
    alone = next(part for part in parts if part.id == moved.to)
    assert "lies in the box" in words(alone)
    assert "the lamp shines" in words(alone)
    assert "where do I find" not in words(alone)


async def test_a_message_that_comes_first_becomes_the_beginning(desk: Desk) -> None:
    log, (mail, lamp) = await taken_apart(desk)
    first = await turn(desk, mail, "is the mail server down")
    await move(desk, mail.id, first, lamp.id, actor="web:ada")
    _, parts = await parts_of(desk, log.id)
    assert len(parts) == 1, "everything that answers it came along"
    assert words(parts[0]).startswith("hello all")


async def test_moving_there_and_back_gives_what_there_was(desk: Desk) -> None:
    log, (mail, lamp) = await taken_apart(desk)
    own = await turn(desk, lamp, "lies in the box")
    there = await move(desk, lamp.id, own, "", actor="web:ada")
    _, parts = await parts_of(desk, log.id)
    asked = next(part for part in parts if "where do I find" in words(part))
    await move(desk, there.to, own, asked.id, actor="web:ada")
    _, parts = await parts_of(desk, log.id)
    assert sorted(map(words, parts)) == sorted(map(words, (mail, lamp)))
    assert {part.state for part in parts} == {SubmissionState.COMPOSED}, "written up again"


async def test_a_chat_of_one_conversation_is_parted_by_hand(desk: Desk) -> None:
    talk = (
        "[10:00] ann: hi, is it open?\n[10:01] bob: yes\n[10:02] ann: and a lamp, have you one?\n"
    )
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    known = (await submit(desk, talk.encode(), filename="talk.txt", actor="test")).submission
    await compose(desk, known.id)
    async with desk.store.read() as unit:
        whole = await unit.submissions.get(known.id)
    assert whole.state is SubmissionState.COMPOSED
    await move(desk, whole.id, await turn(desk, whole, "a lamp"), "", actor="web:ada")
    log, parts = await parts_of(desk, known.id)
    assert log.state is SubmissionState.UNPACKED
    assert len(parts) == 2
    assert whole.post_id is not None
    async with desk.store.read() as unit:
        assert (await unit.posts.get(whole.post_id)).state is PostState.REJECTED


async def test_what_went_out_is_not_taken_back(desk: Desk) -> None:
    log, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    assert mail.post_id is not None
    async with desk.store.begin("test") as unit:
        post = await unit.posts.get(mail.post_id)
        await unit.posts.move(post, PostState.APPROVED, reason="fine")
    with pytest.raises(Conflict, match="is approved already"):
        await move(desk, lamp.id, wrong, mail.id, actor="web:ada")
    async with desk.store.read() as unit:
        assert await unit.conversations.moves(log.id) == {}
        assert await unit.conversations.parts(log.id) == [mail.id, lamp.id]


async def test_what_waited_for_the_review_of_a_replaced_conversation_is_called_off(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account("box")
    _, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    assert mail.post_id is not None
    async with desk.store.begin("test") as unit:
        post = await unit.posts.get(mail.post_id)
        await unit.posts.move(post, PostState.APPROVED, reason="fine")
    await distribute(desk, mail.post_id)
    async with desk.store.begin("test") as unit:
        post = await unit.posts.get(mail.post_id)
        post = await unit.posts.move(post, PostState.HELD, reason="found bad")
        await hold_back(unit, post, "found bad")
    await move(desk, lamp.id, wrong, mail.id, actor="web:ada")
    async with desk.store.read() as unit:
        (delivery,) = await unit.deliveries.of_post(mail.post_id)
    assert delivery.state is DeliveryState.CANCELLED


async def test_what_cannot_be_moved_is_said(desk: Desk) -> None:
    _, (mail, lamp) = await taken_apart(desk)
    first = await turn(desk, lamp, "where do I find")
    with pytest.raises(Conflict, match="begins its conversation already"):
        await move(desk, lamp.id, first, "", actor="web:ada")
    with pytest.raises(Conflict, match="already"):
        await move(desk, lamp.id, first, lamp.id, actor="web:ada")
    with pytest.raises(NotFound, match="no message"):
        await move(desk, mail.id, first, lamp.id, actor="web:ada")
    other = (await submit(desk, b"Subject: hi\n\nhello", filename="a.eml", actor="t")).submission
    with pytest.raises(NotFound, match="not a conversation of"):
        await move(desk, lamp.id, first, other.id, actor="web:ada")


async def move_twice(desk: Desk) -> tuple[Moved, Moved]:
    """Move a message, then another of the same log from its new place."""
    _, (_, lamp) = await taken_apart(desk)
    first = await move(desk, lamp.id, await turn(desk, lamp, "in the box"), "", actor="web:ada")
    await parts_of(desk, first.log_id)
    async with desk.store.read() as unit:
        alone = await unit.submissions.get(first.to)
    shines = await turn(desk, alone, "shines")
    return first, await move(desk, alone.id, shines, "", actor="web:eve")


async def test_what_was_put_right_before_stays(desk: Desk) -> None:
    first, second = await move_twice(desk)
    _, parts = await parts_of(desk, first.log_id)
    assert len(parts) == 4
    with pytest.raises(Conflict, match="was replaced"):
        await move(desk, first.to, "said-x", "", actor="web:ada")
    assert second.replaced == (first.to,)


async def test_what_was_moved_stays_where_it_is_when_the_log_comes_again_longer(
    desk: Desk,
) -> None:
    _, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    await move(desk, lamp.id, wrong, mail.id, actor="web:ada")
    more = "[10:06] <dan> bob: you are welcome, and the lamp needs no oil\n"
    log, parts = await taken_apart(desk, LOG + more)
    assert log.state is SubmissionState.UNPACKED
    async with desk.store.read() as unit:
        kept = await unit.conversations.moves(log.id)
    assert wrong in kept
    said = [[one.text for one in (await conversation_of(desk, part.id)).said] for part in parts]
    (grown,) = [texts for texts in said if any("needs no oil" in text for text in texts)]
    assert any("thanks, the lamp shines" in text for text in grown)
    assert any("mail server" in text for text in grown), "the message it was moved to"
    # the same log without the messages of that chat inherits nothing
    other, _ = await taken_apart(desk, LOG.replace("mail", "print").replace("lamp", "chair"))
    async with desk.store.read() as unit:
        assert await unit.conversations.moves(other.id) == {}
