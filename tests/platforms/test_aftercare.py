"""After publishing, on every spoke: left alone, changed there, removed there, removed by us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Inconclusive, Published, Ready, Refused
from copydesk.core.standing import AsPublished, Changed, Gone
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.sandbox import Sandbox
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.contract import ClosedTransport
from copydesk.testing.fake_mastodon import FakeMastodon
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import sample_case, sample_content, sample_media
from tests.platforms.git import remotes
from tests.platforms.site.sites import Site, media
from tests.platforms.webhook.receiver import SECRET, Receiver

MakeRig = Callable[[Path], AbstractAsyncContextManager[Afterwards]]


@asynccontextmanager
async def on_mastodon(home: Path) -> AsyncIterator[Afterwards]:
    async with AsyncExitStack() as stack:
        instance = await stack.enter_async_context(FakeMastodon(clock=StoppedClock()))
        transport = HttpTransport(user_agent="copydesk-tests")
        stack.push_async_callback(transport.close)
        case = sample_case("mastodon", {"base_url": instance.url}, {"access_token": instance.token})
        client = case.platform.connect(
            case.session(ImpatientTransport(transport, 0.5, instance), home)
        )
        outgoing = case.outgoing(sample_content(media=(sample_media(),)), sent_at=NOON)
        prepared = await client.prepare(outgoing)
        assert isinstance(prepared, Ready)

        async def change(id: str) -> None:
            next(s for s in instance.statuses if s.id == id).text = "We are closed."

        async def remove(id: str) -> None:
            instance.statuses = [s for s in instance.statuses if s.id != id]

        yield Afterwards(
            client=client,
            outgoing=replace(outgoing, handles=prepared.handles),
            change=change,
            remove=remove,
            there=lambda id: any(s.id == id for s in instance.statuses),
            server=instance,
        )


@asynccontextmanager
async def on_sandbox(home: Path, version: str = "1") -> AsyncIterator[Afterwards]:
    case = sample_case("sandbox")
    clock = StoppedClock()
    platform = Sandbox(clock=clock, pause=clock.pause)
    ledger = Ledger(home / "sandbox", case.account.id)
    outgoing = case.outgoing(sample_content(), sent_at=NOON, api_version=version)

    def line(id: str, **more: object) -> dict[str, object]:
        return {"id": id, "key": "somebody", "received_at": NOON.isoformat(), **more}

    async def change(id: str) -> None:
        payload = {**outgoing.payload, "title": "Closed"}
        ledger.accept(line(id, payload=payload), once=False)

    async def remove(id: str) -> None:
        ledger.accept(line(id, action="delete"), once=False)

    yield Afterwards(
        client=platform.connect(case.session(ClosedTransport(), home)),
        outgoing=outgoing,
        change=change,
        remove=remove,
        there=lambda id: ledger.newest(id) is not None,
    )


@asynccontextmanager
async def on_sandbox_2(home: Path) -> AsyncIterator[Afterwards]:
    async with on_sandbox(home, version="2") as rig:
        yield rig


@asynccontextmanager
async def on_site(home: Path) -> AsyncIterator[Afterwards]:
    site = Site(home / "public")
    page = site.path / "posts/post-1/index.html"

    async def change(_: str) -> None:
        page.write_text(page.read_text().replace("Hello", "Goodbye"))

    async def remove(_: str) -> None:
        page.unlink()

    yield Afterwards(
        client=site.client(),
        outgoing=site.outgoing(1, body="Hello.\n\n![A pixel](a.png)", media=(media("a.png"),)),
        change=change,
        remove=remove,
        there=lambda _: page.exists(),
    )


@asynccontextmanager
async def on_git(home: Path) -> AsyncIterator[Afterwards]:
    remote = remotes.bare(home / "site.git")
    where = remotes.account(remote)
    path = "content/posts/hello-world.md"
    given = remotes.subject(
        remotes.content(media=(remotes.picture("a.png"),), body="First words.\n\n![a map](a.png)")
    )

    def somebody() -> remotes.Writer:
        writer = remotes.Writer(home / "other", remote)
        writer.pull()
        return writer

    async def change(_: str) -> None:
        writer = somebody()
        text = (writer.folder / path).read_text()
        writer.push(path, text.replace("First words", "Better words"))

    async def remove(_: str) -> None:
        writer = somebody()
        remotes.git(writer.folder, "rm", "--quiet", path)
        writer.push("README.md", "gone\n")

    yield Afterwards(
        client=remotes.client(home / "home", where),
        outgoing=remotes.outgoing(where, given),
        change=change,
        remove=remove,
        there=lambda _: path in remotes.files(remote),
    )


RIGS: dict[str, MakeRig] = {
    "git": on_git,
    "mastodon": on_mastodon,
    "sandbox": on_sandbox,
    "sandbox-2": on_sandbox_2,
    "site": on_site,
}


class TestAfterwards(AftercareContract):
    @pytest.fixture(params=list(RIGS))
    async def rig(
        self, request: pytest.FixtureRequest, tmp_path: Path
    ) -> AsyncIterator[Afterwards]:
        if request.param == "git":
            request.getfixturevalue("git_program")
        async with RIGS[request.param](tmp_path) as rig:
            yield rig


# ---------------------------------------------------------------- each in its own way


async def test_a_removed_page_leaves_lists_feeds_and_sitemap(tmp_path: Path) -> None:
    site = Site(tmp_path / "public")
    client = site.client()
    await client.commit_batch([site.outgoing(1, tags=("alone",)), site.outgoing(2)])
    removal = replace(site.outgoing(1), action=Action.DELETE, key="k-remove", target_id="pst_1")
    assert isinstance((await client.commit_batch([removal]))[0], Published)
    whole = "\n".join(
        file.read_text()
        for file in site.path.rglob("*")
        if file.is_file() and file.suffix in {".html", ".xml", ".json", ".txt", ".md"}
    )
    assert "posts/post-1/" not in whole
    assert "posts/post-2/" in whole
    assert not (site.path / "posts/post-1").exists()
    assert not (site.path / "tags/alone").exists()
    again = await client.commit(replace(site.outgoing(1), key="k-again"))
    assert isinstance(again, Published)
    assert again.url.endswith("/posts/post-1/")


async def test_a_removal_cut_short_is_finished_by_the_next_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from copydesk.platforms.site.publication import Publication

    site = Site(tmp_path / "public")
    await site.client().commit(site.outgoing(1))
    removal = replace(site.outgoing(1), action=Action.DELETE, key="k-remove", target_id="pst_1")

    def dies(self: Publication, touched: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Publication, "_settle", dies)
        with pytest.raises(KeyboardInterrupt):
            await asyncio.to_thread(site.client()._publish, [(removal, {})])
    assert (site.path / "posts/post-1/index.html").exists()
    assert type(await site.client().find(removal)).__name__ == "Landed"
    assert not (site.path / "posts/post-1").exists()


@pytest.mark.usefixtures("git_program")
async def test_git_removes_the_file_and_its_own_images_only(tmp_path: Path) -> None:
    remote = remotes.bare(tmp_path / "site.git")
    where = remotes.account(remote)
    desk = remotes.client(tmp_path / "home", where)
    given = remotes.subject(
        remotes.content(
            body="One.\n\n![a](a.png)\n\n![b](b.png)",
            media=(remotes.picture("a.png"), remotes.picture("b.png")),
        )
    )
    post = remotes.outgoing(where, given)
    await desk.commit(post)
    image = next(f for f in remotes.files(remote) if "/a-" in f)
    other = remotes.Writer(tmp_path / "other", remote)
    other.pull()
    other.push("notes.md", f"It is used here too: {image.rpartition('/')[2]}\n")
    removal = replace(post, action=Action.DELETE, key="remove-1", target_id="x")
    assert isinstance(await desk.commit(removal), Published)
    assert remotes.files(remote) == ["notes.md", image]
    assert remotes.git(remote, "log", "-1", "--format=%s", "main").startswith("Remove: ")


@pytest.mark.usefixtures("git_program")
async def test_git_finds_a_file_that_was_moved_and_leaves_added_keys_in_peace(
    tmp_path: Path,
) -> None:
    remote = remotes.bare(tmp_path / "site.git")
    where = remotes.account(remote)
    desk = remotes.client(tmp_path / "home", where)
    post = remotes.outgoing(where)
    await desk.commit(post)
    other = remotes.Writer(tmp_path / "other", remote)
    other.pull()
    path = "content/posts/hello-world.md"
    text = (other.folder / path).read_text()
    (other.folder / "content/posts/old").mkdir()
    remotes.git(other.folder, "mv", path, "content/posts/old/hello.md")
    other.push(
        "content/posts/old/hello.md", text.replace("draft: false", "weight: 7\ndraft: false")
    )
    assert isinstance(await desk.inspect(post), AsPublished)
    other.push("content/posts/old/hello.md", text.replace("draft: false", "draft: true"))
    standing = await desk.inspect(post)
    assert isinstance(standing, Changed)
    assert standing.what == "draft"


async def test_a_receiver_is_told_of_a_removal_and_asked_how_a_post_stands(tmp_path: Path) -> None:
    transport = HttpTransport(user_agent="copydesk-tests")
    async with Receiver() as receiver:
        addresses = {"url": f"{receiver.url}/hook", "status_url": f"{receiver.url}/hook/{{id}}"}
        case = sample_case("webhook", addresses, {"secret": SECRET})
        client = case.platform.connect(
            case.session(ImpatientTransport(transport, 0.5, receiver), tmp_path)
        )
        outgoing = case.outgoing(sample_content(), sent_at=NOON)
        published = await client.commit(outgoing)
        assert isinstance(published, Published)
        post = replace(outgoing, target_id=published.id)
        assert isinstance(await client.inspect(post), AsPublished)
        removal = replace(post, action=Action.DELETE, key="remove-1")
        assert isinstance(await client.commit(removal), Published)
        assert b'"type":"post.deleted"' in receiver.events[-1].body
        receiver.taken.clear()
        assert isinstance(await client.inspect(post), Gone)
        quiet = sample_case("webhook", {"url": f"{receiver.url}/hook"}, {"secret": SECRET})
        assert quiet.platform.inspections(quiet.account) == ()
        assert case.platform.inspections(case.account)
    assert isinstance(await client.inspect(post), Inconclusive)
    await transport.close()


async def test_a_letter_cannot_be_called_back(tmp_path: Path) -> None:
    settings = {"smtp": "127.0.0.1:2525", "to": "reader@example.org"}
    case = sample_case("email", settings)
    client = case.platform.connect(case.session(ClosedTransport(), tmp_path))
    removal = case.outgoing(sample_content(), sent_at=NOON, action=Action.DELETE, target_id="1")
    assert isinstance(await client.commit(removal), Refused)
    assert "correction" in case.platform.manifest.no_delete


async def test_changing_what_was_removed_from_the_sandbox_is_refused(tmp_path: Path) -> None:
    async with on_sandbox(tmp_path) as rig:
        post = await rig.publish()
        await rig.client.commit(rig.removal(post))
        outcome = await rig.client.commit(replace(post, action=Action.UPDATE, key="update-1"))
        assert isinstance(outcome, Refused)
        assert outcome.field == "target"
