"""What both databases promise about rows: steps are guarded, leases fenced, nothing is lost."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Rendition
from copydesk.core.errors import Conflict, NotFound, TransitionNotAllowed
from copydesk.core.post import Content, Post, Tier
from copydesk.core.states import AccountState, DeliveryState, PostState, SubmissionState
from copydesk.core.submission import (
    Attachment,
    ParsedMessage,
    Segment,
    SegmentKind,
    Source,
    Submission,
    ThreadRef,
)
from copydesk.intake.joining import join_thread
from copydesk.store import Store, UnitOfWork
from copydesk.store.accounts import LeaseLost
from copydesk.store.deliveries import Change
from copydesk.store.tokens import Principal, StoredAnswer
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.store.leasing import give_back, hold, take


async def add_account(unit: UnitOfWork, desk: Desk, name: str = "site") -> Account:
    return await unit.accounts.add(
        workspace_id=desk.workspace_id,
        name=name,
        platform="sandbox",
        settings={},
        secrets=b"",
        inbox=True,
    )


async def add_post(unit: UnitOfWork, desk: Desk, key: str = "k", title: str = "T") -> Post:
    post, _ = await unit.posts.add(
        workspace_id=desk.workspace_id,
        source_key=key,
        content=Content(title=title, body="Words.", slug=key),
        tier=Tier.PERSON,
    )
    return post


async def add_delivery(unit: UnitOfWork, desk: Desk, account: Account, key: str = "k") -> Delivery:
    post = await add_post(unit, desk, key)
    return await unit.deliveries.plan(
        workspace_id=desk.workspace_id,
        account_id=account.id,
        post_id=post.id,
        revision_id=post.revision_id,
        rendition=Rendition(payload={"title": key}, text=key),
        action=Action.CREATE,
        due_at=unit.now,
    )


async def add_submission(
    unit: UnitOfWork, desk: Desk, key: str, source: Source | None = None
) -> Submission:
    return await unit.submissions.add(
        workspace_id=desk.workspace_id,
        source=source,
        source_key=key,
        filename=f"{key}.eml",
        raw_sha256=await unit.workspaces.keep(key.encode()),
        size=len(key),
    )


# ---------------------------------------------------------------- steps


async def test_an_illegal_step_raises_and_changes_nothing(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
        first = await add_delivery(unit, desk, account, "a")
        second = await add_delivery(unit, desk, account, "b")
        submission = await add_submission(unit, desk, "s")
        post = await unit.posts.get(first.post_id)
    with pytest.raises(TransitionNotAllowed):
        async with desk.store.begin("test") as unit:
            await unit.deliveries.move_all(
                [
                    Change(delivery=first, to=DeliveryState.SCHEDULED),
                    Change(delivery=second, to=DeliveryState.DELIVERED),
                ]
            )
    with pytest.raises(TransitionNotAllowed):
        async with desk.store.begin("test") as unit:
            await unit.submissions.move(submission, SubmissionState.COMPOSED)
    with pytest.raises(TransitionNotAllowed):
        async with desk.store.begin("test") as unit:
            await unit.posts.move(post, PostState.DISTRIBUTED)
    async with desk.store.read() as unit:
        states = [(await unit.deliveries.get(d.id)).state for d in (first, second)]
        history = await unit.events.history([first.id, second.id, submission.id, post.id])
        assert states == [DeliveryState.PLANNED] * 2
        assert (await unit.submissions.get(submission.id)).state is SubmissionState.RECEIVED
        assert (await unit.posts.get(post.id)).state is PostState.DRAFTED
        assert {e.from_state for e in history} == {""}, "a step that was not taken is no history"


async def test_a_step_from_where_a_row_no_longer_stands_is_a_conflict(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
        delivery = await add_delivery(unit, desk, account)
        submission = await add_submission(unit, desk, "s")
        post = await unit.posts.get(delivery.post_id)
        await unit.deliveries.move(Change(delivery=delivery, to=DeliveryState.SCHEDULED))
        await unit.submissions.move(submission, SubmissionState.PARSED)
        await unit.posts.move(post, PostState.APPROVED)
    async with desk.store.begin("late") as unit:
        with pytest.raises(Conflict):
            await unit.deliveries.move(Change(delivery=delivery, to=DeliveryState.CANCELLED))
        with pytest.raises(Conflict):
            await unit.submissions.move(submission, SubmissionState.REFUSED)
        with pytest.raises(Conflict):
            await unit.posts.move(post, PostState.HELD)


async def test_every_step_is_in_the_history_with_who_and_why(desk: Desk) -> None:
    async with desk.store.begin("ada") as unit:
        account = await add_account(unit, desk)
        delivery = await add_delivery(unit, desk, account)
        await unit.deliveries.move(
            Change(delivery=delivery, to=DeliveryState.CANCELLED, reason="not this one")
        )
    async with desk.store.read() as unit:
        events = await unit.events.history([delivery.id])
    assert [(e.actor, e.from_state, e.to_state) for e in events] == [
        ("ada", "", "planned"),
        ("ada", "planned", "cancelled"),
    ]
    assert events[-1].reason == "not this one"
    assert events[0].sequence < events[1].sequence


async def test_what_fails_is_rolled_back_whole(desk: Desk) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with desk.store.begin("test") as unit:
            await add_post(unit, desk)
            raise ZeroDivisionError
    async with desk.store.read() as unit:
        assert await unit.posts.counts(desk.workspace_id) == {}


async def test_a_naive_time_never_reaches_the_rows(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
    with pytest.raises((ValueError, sa.exc.StatementError), match="naive time"):
        async with desk.store.begin("test") as unit:
            await unit.accounts.pause(account.id, datetime(2026, 11, 21, 12, 0))


async def test_what_no_database_keeps_becomes_visible_instead(desk: Desk) -> None:
    odd = "a\0b\ud800c"
    async with desk.store.begin("test") as unit:
        post = await add_post(unit, desk, title=odd)
        await unit.events.append(
            desk.workspace_id, "post", post.id, "", "drafted", reason=odd, data={odd: [odd]}
        )
    async with desk.store.read() as unit:
        ((_, title),) = await unit.posts.newest(desk.workspace_id)
        revision = await unit.posts.revision(post.revision_id)
        event = (await unit.events.history([post.id]))[-1]
    seen = "a\N{SYMBOL FOR NULL}b\ufffdc"
    assert (title, revision.content.title, event.reason) == (seen, seen, seen)
    assert event.data == {seen: [seen]}


# ---------------------------------------------------------------- leases


async def test_a_lease_is_exclusive_until_it_runs_out_and_then_fences_its_owner_off(
    desk: Desk, clock: StoppedClock
) -> None:
    store = desk.store
    async with store.begin("test") as unit:
        account = await add_account(unit, desk)
    first = await take(store, account.id, "a")
    assert first is not None
    assert await take(store, account.id, "b") is None
    clock.advance(9)
    await hold(store, first)
    clock.advance(9)
    assert await take(store, account.id, "b") is None, "it was held"
    clock.advance(1)
    second = await take(store, account.id, "b")
    assert second is not None
    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        await hold(store, first)
    await give_back(store, first)
    assert await take(store, account.id, "a") is None, "not the first's to give"
    await give_back(store, second)
    assert await take(store, account.id, "a") is not None


async def test_of_many_who_want_a_lease_at_once_one_gets_it(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
    wanted = [take(desk.store, account.id, f"w{number}") for number in range(20)]
    assert sum(lease is not None for lease in await asyncio.gather(*wanted)) == 1


async def test_freeing_leases_touches_only_what_has_run_out_or_is_named(
    desk: Desk, clock: StoppedClock
) -> None:
    async with desk.store.begin("test") as unit:
        old, live, dead = [await add_account(unit, desk, n) for n in ("old", "live", "dead")]
    await take(desk.store, old.id, "wrk_1/1", 5)
    await take(desk.store, live.id, "wrk_2/1", 60)
    await take(desk.store, dead.id, "wrk_3/1", 60)
    clock.advance(6)
    async with desk.store.begin("test") as unit:
        assert await unit.accounts.free_expired_leases() == 1
        await unit.accounts.free_leases_of("wrk_3")
    assert await take(desk.store, live.id, "x/1", 5) is None
    assert await take(desk.store, dead.id, "x/1", 5) is not None


# ---------------------------------------------------------------- concurrent writers


async def test_twenty_writers_lose_no_update(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        submission = await add_submission(unit, desk, "s")
        posts = [await add_post(unit, desk, f"p{n}") for n in range(20)]

    async def write(number: int) -> None:
        for _ in range(5):
            async with desk.store.begin(f"writer {number}") as unit:
                await unit.submissions.end_try(submission.id, unit.now, counts=False)
        async with desk.store.begin(f"writer {number}") as unit:
            await unit.posts.move(posts[number], PostState.APPROVED)

    await asyncio.gather(*(write(n) for n in range(20)))
    async with desk.store.read() as unit:
        assert (await unit.submissions.get(submission.id)).attempts == -100, "all taken back"
        assert await unit.posts.counts(desk.workspace_id) == {"approved": 20}
        events = await unit.events.history([p.id for p in posts])
    assert sum(e.to_state == "approved" for e in events) == 20


async def test_of_two_who_revise_a_post_one_is_told(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        post = await add_post(unit, desk)
        await unit.posts.revise(post, Content(title="2", body="b", slug="s"), Tier.PERSON)
    with pytest.raises(Conflict, match="in the meantime"):
        async with desk.store.begin("late") as unit:
            await unit.posts.revise(post, Content(title="3", body="b", slug="s"), Tier.PERSON)
    async with desk.store.read() as unit:
        assert [r.content.title for r in await unit.posts.revisions(post.id)] == ["T", "2"]


async def test_readers_see_one_moment(desk: Desk) -> None:
    if not desk.store.embedded:
        pytest.skip("PostgreSQL reads each statement at its own moment")
    async with desk.store.read() as unit:
        before = await unit.posts.counts(desk.workspace_id)
        async with desk.store.begin("test") as writer:
            await add_post(writer, desk)
        assert await unit.posts.counts(desk.workspace_id) == before == {}


# ---------------------------------------------------------------- submissions, threads, blobs


async def test_bytes_are_kept_once_under_their_hash(desk: Desk) -> None:
    data = bytes(range(256)) * 4
    async with desk.store.begin("test") as unit:
        digests = {await unit.workspaces.keep(data) for _ in range(3)}
        assert digests == {hashlib.sha256(data).hexdigest()}
        count = await unit.connection.scalar(sa.text("SELECT count(*) FROM blobs"))
        assert count == 1
        assert await unit.workspaces.load(digests.pop()) == data
        with pytest.raises(NotFound):
            await unit.workspaces.load("0" * 64)


async def test_damaged_bytes_are_noticed(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        digest = await unit.workspaces.keep(b"whole")
        await unit.connection.execute(sa.text("UPDATE blobs SET data = :d"), {"d": b"torn"})
        with pytest.raises(NotFound, match="damaged"):
            await unit.workspaces.load(digest)


async def test_a_source_key_is_taken_once_in_a_workspace(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        first = await add_submission(unit, desk, "same")
    with pytest.raises(sa.exc.IntegrityError):
        async with desk.store.begin("test") as unit:
            await add_submission(unit, desk, "same")
    async with desk.store.read() as unit:
        found = await unit.submissions.find_by_key(desk.workspace_id, "same")
        assert found is not None
        assert found.id == first.id
        assert await unit.submissions.find_by_key("wsp_other", "same") is None


def letter(
    id: str, author: str, *references: str, to: tuple[str, ...] = ("desk@example.org",)
) -> ParsedMessage:
    return ParsedMessage(
        source=Source.EMAIL,
        text="Hello.",
        segments=(Segment(kind=SegmentKind.AUTHORED, start=0, end=6, rule="r"),),
        author_address=author,
        thread=ThreadRef(message_id=id, references=references, participants=(author, *to)),
        attachments=(Attachment(filename="a.txt", content_type="text/plain", data=b"x"),),
    )


async def receive(desk: Desk, parsed: ParsedMessage) -> Submission:
    async with desk.store.begin("test") as unit:
        submission = await add_submission(unit, desk, parsed.thread.message_id)
        kept = [await unit.workspaces.keep(a.data) for a in parsed.attachments]
        stored = await unit.submissions.store_parsed(submission, parsed, kept)
        await join_thread(unit, submission, parsed)
        again = await unit.submissions.get(submission.id)
        assert stored.parsed == again.parsed
        return again


async def test_a_parsed_message_comes_back_as_it_was(desk: Desk) -> None:
    parsed = letter("m1@x", "Ada@Example.org", to=("desk@example.org", "bo@example.org"))
    stored = await receive(desk, parsed)
    assert stored.parsed is not None
    assert stored.parsed.reply == "Hello."
    assert stored.parsed.thread == parsed.thread
    async with desk.store.read() as unit:
        assert await unit.submissions.attachments(stored) == list(parsed.attachments)
        assert await unit.submissions.raw(stored) == b"m1@x"


async def test_answers_join_their_thread_in_whatever_order_they_arrive(desk: Desk) -> None:
    late_answer = await receive(desk, letter("m3@x", "ada@example.org", "m1@x", "m2@x"))
    answer = await receive(desk, letter("m2@x", "ADA@example.org", "m1@x"))
    root = await receive(desk, letter("m1@x", "ada@example.org"))
    assert late_answer.thread_id == answer.thread_id == root.thread_id
    async with desk.store.read() as unit:
        assert root.thread_id is not None
        together = await unit.threads.submissions(root.thread_id)
    assert [s.id for s in together] == [late_answer.id, answer.id, root.id]


async def test_a_thread_that_another_worker_has_just_added_is_looked_at_again(desk: Desk) -> None:
    async with desk.store.begin("one") as unit:
        await unit.threads.add(desk.workspace_id, "m1@x", "", ["ada@example.org"])
    with pytest.raises(Conflict):
        async with desk.store.begin("two") as unit:
            await unit.threads.add(desk.workspace_id, "m1@x", "", ["eve@example.net"])


async def test_a_stranger_who_quotes_an_id_reads_nobody_elses_thread(desk: Desk) -> None:
    private = await receive(desk, letter("m1@x", "ada@example.org"))
    stranger = await receive(desk, letter("s1@y", "eve@example.net", "m1@x"))
    again = await receive(desk, letter("s2@y", "eve@example.net", "m1@x", "s1@y"))
    assert stranger.thread_id != private.thread_id
    assert again.thread_id == stranger.thread_id
    genuine = await receive(desk, letter("m2@x", "ada@example.org", "m1@x"))
    assert genuine.thread_id == private.thread_id
    async with desk.store.read() as unit:
        assert private.thread_id is not None
        assert [s.id for s in await unit.threads.submissions(private.thread_id)] == [
            private.id,
            genuine.id,
        ]
        maybe = await unit.connection.scalar(
            sa.text("SELECT maybe_thread_id FROM submissions WHERE id = :id"), {"id": stranger.id}
        )
    assert maybe == private.thread_id, "an editor may still be shown where it might belong"


async def test_a_stranger_who_was_first_does_not_take_the_thread(desk: Desk) -> None:
    stranger = await receive(desk, letter("s1@y", "eve@example.net", "m1@x"))
    root = await receive(desk, letter("m1@x", "ada@example.org"))
    assert root.thread_id != stranger.thread_id


# ---------------------------------------------------------------- tokens, keys, backlog


async def test_tokens_and_sessions_are_known_by_their_hash_alone(
    desk: Desk, clock: StoppedClock
) -> None:
    who = Principal(workspace_id=desk.workspace_id, role="owner", label="laptop")
    async with desk.store.begin("test") as unit:
        await unit.tokens.add(desk.workspace_id, "s3cret-token", label="laptop", role="owner")
        await unit.tokens.open_session(who, "s3cret-session", timedelta(hours=1))
        stored = [
            *(await unit.connection.execute(sa.text("SELECT * FROM api_tokens"))).all(),
            *(await unit.connection.execute(sa.text("SELECT * FROM sessions"))).all(),
        ]
        assert "s3cret" not in repr(stored)
        assert await unit.tokens.find("s3cret-token") == who
        assert await unit.tokens.find("s3cret-session") is None
        assert await unit.tokens.find_session("s3cret-session") is not None
    clock.advance(3600)
    async with desk.store.begin("test") as unit:
        assert await unit.tokens.find_session("s3cret-session") is None
        await unit.tokens.open_session(who, "another", timedelta(hours=1))
        await unit.tokens.close_session("another")
        assert await unit.tokens.find_session("another") is None


async def test_an_idempotency_key_recalls_the_first_answer(desk: Desk, clock: StoppedClock) -> None:
    answer = StoredAnswer(request_sha256="a" * 64, status=201, body=b'{"id": 1}')
    async with desk.store.begin("test") as unit:
        old = unit.now - timedelta(days=1)
        await unit.tokens.remember(desk.workspace_id, "k1", answer, keep_since=old)
        assert await unit.tokens.recall(desk.workspace_id, "k1") == answer
        assert await unit.tokens.recall("wsp_other", "k1") is None
    with pytest.raises(sa.exc.IntegrityError):
        async with desk.store.begin("test") as unit:
            await unit.tokens.remember(desk.workspace_id, "k1", answer, keep_since=old)
    clock.advance(2 * 86_400)
    async with desk.store.begin("test") as unit:
        recent = unit.now - timedelta(days=1)
        await unit.tokens.remember(desk.workspace_id, "k2", answer, keep_since=recent)
        assert await unit.tokens.recall(desk.workspace_id, "k1") is None


async def test_the_backlog_counts_what_is_due_and_names_what_comes_next(
    desk: Desk, clock: StoppedClock
) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
        await add_submission(unit, desk, "due")
        delivery = await add_delivery(unit, desk, account)
        later = unit.now + timedelta(minutes=5)
        await unit.deliveries.move(
            Change(delivery=delivery, to=DeliveryState.SCHEDULED, values={"wake_at": later})
        )
    started = clock.now()
    clock.advance(30)
    async with desk.store.read() as unit:
        backlog = await unit.workers.backlog()
        assert (backlog.due, backlog.oldest_due_at) == (1, started)
        assert backlog.next_wake_at == later
        assert await unit.deliveries.accounts_with_work(unit.now) == []
    clock.advance(300)
    async with desk.store.read() as unit:
        assert (await unit.workers.backlog()).due == 2
        assert await unit.deliveries.accounts_with_work(unit.now) == [account.id]


async def test_a_removed_account_keeps_its_name_from_nobody_who_lists(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
        with pytest.raises(Conflict, match="already"):
            await add_account(unit, desk)
        await unit.accounts.move(account, AccountState.REMOVED, "not needed")
        assert await unit.accounts.all(desk.workspace_id) == []
        with pytest.raises(NotFound, match="site"):
            await unit.accounts.by_name(desk.workspace_id, "site")


async def test_the_store_serves_more_at_once_than_it_has_connections(store: Store) -> None:
    async def look() -> int:
        async with store.read() as unit:
            return await unit.events.newest()

    assert await asyncio.gather(*(look() for _ in range(60))) == [0] * 60
