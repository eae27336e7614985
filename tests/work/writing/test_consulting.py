"""What models are shown of our own texts: the style guide, and posts while they are public."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid
from copydesk.core.similarity import HashedGrams
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.store.tables import deliveries
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import Publication, publish
from copydesk.work.deliveries.unpublishing import unpublish
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.repairing import repair
from copydesk.work.writing.citing import cite, to_cite
from copydesk.work.writing.composing import compose
from copydesk.work.writing.consulting import POSTS, STYLE, Consulted, consult
from copydesk.work.writing.styling import LONGEST, current_style, set_style
from tests.distribution.carrying import carry_to_rest
from tests.distribution.test_aftercare import manuscript
from tests.store_fixtures import AddSandbox

GUIDE = """# Dates

Write 3 March, never 3/3.

# Opening hours

Write hours as 9:00, never as 9 o'clock.

# Voice

No exclamation marks.
"""


@pytest.fixture(params=["installed", "none"])
def embedder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything works with the small model and without it."""
    if request.param == "none":
        for module in ("citing", "consulting"):
            monkeypatch.setattr(f"copydesk.work.writing.{module}.open_embedder", HashedGrams)


async def put_out(
    desk: Desk, account: Account, clock: StoppedClock, name: str, text: str
) -> Publication:
    given: Manuscript = replace(manuscript(text, title=name), source_key=f"file:{name}.md")
    done = await publish(desk, given, [account.name], actor="test")
    await carry_to_rest(desk, account, clock)
    await have_address(desk, "https://example.org/post")
    await catch_up(desk)
    return done


async def have_address(desk: Desk, url: str) -> None:
    """The sandbox gives no addresses; take it that it gave this one."""
    async with desk.store.begin("test") as unit:
        await unit.connection.execute(deliveries.update().values(url=url))


async def catch_up(desk: Desk) -> int:
    equipped = replace(desk, model=ScriptedModel([]))
    async with desk.store.read() as unit:
        due = await to_cite(equipped, unit, unit.now)
    for post_id in due:
        await cite(desk, post_id)
    return len(due)


def ids(known: Consulted, kind: str) -> list[str]:
    return [reference.id for reference in known.references if reference.kind == kind]


# ---------------------------------------------------------------- own posts


@pytest.mark.usefixtures("embedder")
async def test_a_post_is_known_while_it_is_public(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock, "Library", "The library opens on Sunday at 9:00.")
    await put_out(desk, account, clock, "Fish", "Herring comes from the harbour on Mondays.")
    known = await consult(desk, "when does the library open?")
    assert ids(known, "post")[0] == f"{done.post.id}#0"
    assert known.references[0].title == "Library"
    assert known.style == ""
    async with desk.store.begin("test") as unit:
        await unpublish(unit, done.post)
    await carry_to_rest(desk, account, clock)
    for looked in ("before anybody looked again", "after that"):
        known = await consult(desk, "when does the library open?")
        assert f"{done.post.id}#0" not in ids(known, "post"), looked
        clock.advance(7_200)
        await catch_up(desk)
    async with desk.store.read() as unit:
        assert await unit.passages.of(desk.workspace_id, done.post.id) == []


async def test_a_new_text_takes_the_place_of_the_old_one(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock, "Library", "The library opens on Sunday.")
    done = await put_out(desk, account, clock, "Library", "The library is closed for repairs.")
    known = await consult(desk, "library")
    assert [r.text for r in known.references] == ["The library is closed for repairs."]
    assert ids(known, "post") == [f"{done.post.id}#0"]


async def test_what_has_no_address_of_its_own_is_nobody_elses_to_read(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock, "Answer", "Your library card is blocked.")
    await have_address(desk, "")
    async with desk.store.begin("test") as unit:
        await unit.passages.look_at(done.post.id, unit.now)
    assert ids(await consult(desk, "library card"), "post") == []
    await catch_up(desk)
    async with desk.store.read() as unit:
        assert not await unit.passages.any(desk.workspace_id)


async def test_what_is_scheduled_is_looked_at_when_it_is_due(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await publish(desk, manuscript("The library opens."), [account.name], actor="test")
    assert await catch_up(desk) == 1
    assert await catch_up(desk) == 0, "still on its way"
    await carry_to_rest(desk, account, clock)
    await have_address(desk, "https://example.org/post")
    clock.advance(120)
    assert await catch_up(desk) == 1
    assert len(ids(await consult(desk, "library"), "post")) == 1
    clock.advance(86_400)
    assert await catch_up(desk) == 0


async def test_repair_makes_passages_anew(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock, "Library", "The library opens.")
    async with desk.store.begin("test") as unit:
        await unit.passages.remove(desk.workspace_id, [done.post.id])
    assert ids(await consult(desk, "library"), "post") == []
    await repair(desk)
    await catch_up(desk)
    assert len(ids(await consult(desk, "library"), "post")) == 1


async def test_without_a_model_nothing_is_looked_at(desk: Desk) -> None:
    async with desk.store.read() as unit:
        assert await to_cite(desk, unit, unit.now + timedelta(days=1)) == []


async def test_no_more_is_handed_on_than_a_prompt_may_want(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    for number in range(4):
        await put_out(desk, account, clock, f"Library {number}", f"The library opens at {number}.")
    await set_style(desk, "\n\n".join(f"# Rule {n}\n\nRule {n}." for n in range(9)), actor="test")
    known = await consult(desk, "the library opens")
    assert len(ids(known, "post")) == POSTS
    assert len(ids(known, "style")) == STYLE


# ---------------------------------------------------------------- the style guide


@pytest.mark.usefixtures("embedder")
async def test_all_of_a_short_style_guide_holds_and_what_fits_goes_first(desk: Desk) -> None:
    guide = await set_style(desk, GUIDE, actor="test")
    known = await consult(desk, "opening hours: the shop opens at 9 o'clock!!")
    assert known.style == guide.name == "style.v1"
    texts = [reference.text for reference in known.references]
    assert texts[0] == "Write hours as 9:00, never as 9 o'clock."
    assert set(texts) >= {"Write 3 March, never 3/3.", "No exclamation marks."}


async def test_each_change_is_a_version_and_none_is_not(desk: Desk) -> None:
    assert (await current_style(desk)).number == 0
    assert (await set_style(desk, GUIDE, actor="test")).number == 1
    assert (await set_style(desk, f"{GUIDE}\n", actor="test")).number == 1
    assert (await set_style(desk, "Be brief.", actor="test")).name == "style.v2"
    assert [r.id for r in (await consult(desk, "hours")).references] == ["style.v2#0"]
    await set_style(desk, "", actor="test")
    assert await consult(desk, "hours") == Consulted()


async def test_a_style_guide_as_long_as_a_book_is_refused(desk: Desk) -> None:
    with pytest.raises(ContentInvalid, match=r"200,001 characters"):
        await set_style(desk, "x" * (LONGEST + 1), actor="test")


async def test_what_was_shown_stands_with_the_call_and_the_post(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await set_style(desk, GUIDE, actor="test")
    model = ScriptedModel(faithful_reply)
    equipped = replace(desk, model=model)
    note = b"From: ana@example.org\nSubject: Hours\n\nhi, when does the shop open? on sunday at 9 ?"
    taken = await submit(desk, note, filename="note.eml", actor="test")
    await compose(equipped, taken.submission.id)
    (request,) = model.requests
    assert "<<references " in request.user
    block = request.user.partition("<<references ")[2].partition("<<end")[0]
    shown = [json.loads(line) for line in block.splitlines()[1:]]
    assert {one["kind"] for one in shown} == {"style"}
    assert request.passages == tuple(one["id"] for one in shown)
    assert request.prompt_version == "rewrite_and_polish.v3+style.v1"
    async with desk.store.read() as unit:
        (call,) = await unit.model_calls.of_submission(taken.submission.id)
        (post, _), *_ = await unit.posts.newest(desk.workspace_id)
        revision = await unit.posts.revision(post.revision_id)
    assert call["passages"] == list(request.passages)
    assert revision.prompt_version == "rewrite_and_polish.v3+style.v1"
