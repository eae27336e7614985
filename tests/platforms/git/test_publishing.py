"""Posts pushed to real repositories: once, whole, and without harm to anybody else's work."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.core.outcomes import (
    Absent,
    Inconclusive,
    Landed,
    Misconfigured,
    Published,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import AsPublished, Changed
from copydesk.platforms.git.clone import Clone
from tests.platforms.git.remotes import (
    PICTURE,
    Writer,
    account,
    bare,
    changed,
    client,
    commits,
    content,
    files,
    git,
    outgoing,
    picture,
    show,
    subject,
)

POST = "content/posts/hello-world.md"


@pytest.mark.parametrize("scheme", ["", "file://"])
async def test_the_first_post_makes_the_branch_of_an_empty_repository(
    scheme: str, tmp_path: Path
) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(f"{scheme}{remote}", url="https://example.org")
    outcome = await client(tmp_path / "home", where).commit(outgoing(where))
    assert outcome == Published(commits(remote)[0], "https://example.org/posts/hello-world/")
    assert files(remote) == [POST]


async def test_publishing_again_makes_no_second_commit(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    first = await client(tmp_path / "home", where).commit(outgoing(where))
    again = await client(tmp_path / "home", where).commit(outgoing(where))
    elsewhere = await client(tmp_path / "another home", where).commit(outgoing(where))
    assert isinstance(first, Published)
    for outcome in (again, elsewhere):
        assert isinstance(outcome, Published)
        assert outcome.id == first.id
    assert len(commits(remote)) == 1


async def test_the_same_delivery_gives_the_same_commit(tmp_path: Path) -> None:
    ids = []
    for number in (1, 2):
        where = account(bare(tmp_path / f"{number}.git"))
        outcome = await client(tmp_path / f"home {number}", where).commit(outgoing(where))
        assert isinstance(outcome, Published)
        ids.append(outcome.id)
    assert ids[0] == ids[1]


async def test_a_batch_is_one_commit_with_its_images(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    shown = content("with-map", body="![a map](<img/Kart Über.PNG>)", media=(picture(),))
    posts = [outgoing(where, subject(c)) for c in (content("one"), shown, content("two"))]
    outcomes = await client(tmp_path / "home", where).commit_batch(posts)
    [commit] = commits(remote)
    assert [getattr(outcome, "id", "") for outcome in outcomes] == [commit] * 3
    [image] = [path for path in files(remote) if path.startswith("static/")]
    assert image.removeprefix("static") in show(remote, "content/posts/with-map.md")
    stored = git(remote, "rev-parse", f"main:{image}").strip()
    assert stored == git(remote, "hash-object", "--stdin", stdin=PICTURE).strip()


async def test_one_refused_post_does_not_hold_back_the_others(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    Writer(tmp_path / "other", remote).push("content/posts/taken.md", "mine\n")
    where = account(remote)
    posts = [outgoing(where, subject(content(slug))) for slug in ("taken", "free", "free")]
    posts[2] = replace(posts[2], post_id="pst_rival", key="f" * 32)
    refused, published, rival = await client(tmp_path / "home", where).commit_batch(posts)
    assert isinstance(refused, Refused)
    assert refused.field == "slug"
    assert isinstance(published, Published)
    assert isinstance(rival, Refused)
    assert show(remote, "content/posts/taken.md") == "mine\n"
    assert "pst_free" in show(remote, "content/posts/free.md")


async def test_a_file_in_the_way_of_a_folder_is_not_swept_aside(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    Writer(tmp_path / "other", remote).push("content/posts", "a file\n")
    where = account(remote)
    outcome = await client(tmp_path / "home", where).commit(outgoing(where))
    assert isinstance(outcome, Refused)
    assert show(remote, "content/posts") == "a file\n"


async def test_other_peoples_pushes_stay(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    other = Writer(tmp_path / "other", remote)
    other.push("README.md", "hello\n")
    where = account(remote)
    desk = client(tmp_path / "home", where)
    await desk.commit(outgoing(where, subject(content("one"))))
    other.pull()
    other.push("README.md", "changed\n")
    await desk.commit(outgoing(where, subject(content("two"))))
    assert files(remote) == ["README.md", "content/posts/one.md", "content/posts/two.md"]
    assert show(remote, "README.md") == "changed\n"
    assert len(commits(remote)) == 4


class Rival:
    """Somebody who pushes in the moment between our fetch and our push, a number of times."""

    def __init__(
        self,
        times: int,
        other: Writer,
        monkeypatch: pytest.MonkeyPatch,
        *,
        path: str = "",
        text: str = "first!\n",
    ) -> None:
        self.left = times
        push = Clone.push

        async def pushed(clone: Clone, head: str, commit: str) -> None:
            if self.left:
                self.left -= 1
                await asyncio.to_thread(other.push, path or f"rival-{self.left}.txt", text)
            await push(clone, head, commit)

        monkeypatch.setattr(Clone, "push", pushed)


async def test_a_lost_race_is_built_again_on_the_new_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = bare(tmp_path / "site.git")
    other = Writer(tmp_path / "other", remote)
    Rival(1, other, monkeypatch)
    where = account(remote)
    outcome = await client(tmp_path / "home", where).commit(outgoing(where))
    assert isinstance(outcome, Published)
    assert files(remote) == [POST, "rival-0.txt"]
    assert len(commits(remote)) == 2


async def test_races_lost_again_and_again_are_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = bare(tmp_path / "site.git")
    other = Writer(tmp_path / "other", remote)
    rival = Rival(10, other, monkeypatch)
    where = account(remote)
    desk = client(tmp_path / "home", where)
    assert isinstance(await desk.commit(outgoing(where)), Unavailable)
    assert rival.left == 8
    assert POST not in files(remote)
    assert isinstance(await desk.find(outgoing(where)), Absent)


@pytest.mark.parametrize("during", ["before the call", "the call"])
async def test_an_edit_made_after_the_look_is_not_overwritten(
    during: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    desk = client(tmp_path / "home", where)
    first = subject()
    published = outgoing(where, first)
    await desk.commit(published)
    assert isinstance(await desk.inspect(published), AsPublished)
    other = Writer(tmp_path / "other", remote)
    other.pull()
    edited = f"{(other.folder / POST).read_text()}\nSomebody's own words.\n"
    if during == "the call":
        Rival(1, other, monkeypatch, path=POST, text=edited)
    else:
        other.push(POST, edited)
    update = outgoing(where, changed(first, title="New"), update=True)
    refused = await desk.commit(update)
    assert isinstance(refused, Unavailable)
    assert show(remote, POST) == edited
    assert isinstance(await desk.inspect(published), Changed)
    # whoever says that it is to be overwritten is not asked again
    assert isinstance(await desk.commit(update), Published)
    assert "Somebody's own words" not in show(remote, POST)


async def test_keys_that_people_add_after_the_look_only_cost_another_look(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    desk = client(tmp_path / "home", where)
    first = subject()
    published = outgoing(where, first)
    await desk.commit(published)
    await desk.inspect(published)
    other = Writer(tmp_path / "other", remote)
    other.pull()
    text = (other.folder / POST).read_text()
    other.push(POST, text.replace("---\n", "---\nweight: 7\n", 1))
    update = outgoing(where, changed(first, title="New"), update=True)
    assert isinstance(await desk.commit(update), Unavailable)
    assert isinstance(await desk.inspect(published), AsPublished)
    assert isinstance(await desk.commit(update), Published)
    assert "weight: 7" in show(remote, POST)


async def test_an_update_stays_in_place_and_keeps_what_is_not_ours(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    desk = client(tmp_path / "home", where)
    first = subject()
    await desk.commit(outgoing(where, first))
    other = Writer(tmp_path / "other", remote)
    other.pull()
    text = (other.folder / POST).read_text()
    other.push(
        POST, text.replace("draft: false", "weight: 7\nlastread: 2026-01-02 03:04:05\ndraft: true")
    )
    (other.folder / "content/posts/2026").mkdir()
    git(other.folder, "mv", POST, "content/posts/2026/moved.md")
    other.push("README.md", "moved\n")

    second = changed(first, title="Hello again", slug="hello-again", body="New words.")
    outcome = await desk.commit(outgoing(where, second, update=True))
    again = await desk.commit(outgoing(where, second, update=True))
    assert isinstance(outcome, Published)
    assert isinstance(again, Published)
    assert again.id == outcome.id
    assert len(commits(remote)) == 4
    assert files(remote) == ["README.md", "content/posts/2026/moved.md"]
    now = show(remote, "content/posts/2026/moved.md")
    assert 'title: "Hello again"' in now
    assert 'slug: "hello-world"' in now
    assert "weight: 7" in now
    assert "lastread: 2026-01-02T03:04:05Z" in now
    assert "draft: false" in now
    assert now.index("weight") < now.index("description")
    assert now.endswith("\n\nNew words.\n")


async def test_a_persons_later_edit_survives_a_repeated_delivery(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    desk = client(tmp_path / "home", where)
    first = await desk.commit(outgoing(where))
    other = Writer(tmp_path / "other", remote)
    other.pull()
    other.push(POST, (other.folder / POST).read_text().replace("First words", "Better words"))
    again = await desk.commit(outgoing(where))
    found = await desk.find(outgoing(where))
    assert isinstance(first, Published)
    assert isinstance(again, Published)
    assert isinstance(found, Landed)
    assert found.id == first.id
    assert "Better words" in show(remote, POST)
    assert len(commits(remote)) == 2


async def test_an_update_of_a_removed_file_asks_a_person(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote)
    desk = client(tmp_path / "home", where)
    await desk.commit(outgoing(where))
    other = Writer(tmp_path / "other", remote)
    other.pull()
    git(other.folder, "rm", "--quiet", POST)
    other.push("README.md", "gone\n")
    outcome = await desk.commit(outgoing(where, changed(subject(), title="x"), update=True))
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"
    assert files(remote) == ["README.md"]


async def test_find_tells_landed_from_absent(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    where = account(remote, url="https://example.org/")
    desk = client(tmp_path / "home", where)
    given = outgoing(where)
    assert isinstance(await desk.find(given), Absent)
    published = await desk.commit(given)
    found = await desk.find(given)
    assert isinstance(published, Published)
    assert isinstance(found, Landed)
    assert (found.id, found.url) == (published.id, published.url)
    later = outgoing(where, changed(subject(), title="Not yet"), update=True)
    assert isinstance(await desk.find(later), Absent)
    gone = client(tmp_path / "home", account(tmp_path / "nowhere.git"))
    assert isinstance(await gone.find(given), Inconclusive)


async def test_a_push_without_an_answer_is_unknown_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = bare(tmp_path / "site.git")
    # the remote takes the push and then never finishes answering
    hook = remote / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/taken\nexec sleep 600\n")
    hook.chmod(0o755)
    terms: list[asyncio.Timeout] = []
    timeout = asyncio.timeout

    def kept(seconds: float | None) -> asyncio.Timeout:
        terms.append(timeout(seconds))
        return terms[-1]

    where = account(remote)
    desk = client(tmp_path / "home", where)
    with monkeypatch.context() as watched:
        watched.setattr(asyncio, "timeout", kept)
        going = asyncio.create_task(desk.commit(outgoing(where)))
        while not (tmp_path / "taken").exists():  # a hook can only leave a file
            assert not going.done(), "it ended before the remote had taken anything"
            await asyncio.sleep(0.01)
        terms[-1].reschedule(asyncio.get_running_loop().time())  # the push has had its time
        assert isinstance(await going, Unknown)
    assert isinstance(await desk.find(outgoing(where)), Landed)
    assert len(commits(remote)) == 1


async def test_what_the_remote_declines_is_held_with_its_words(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no posts on Sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    where = account(remote)
    outcome = await client(tmp_path / "home", where).commit(outgoing(where))
    assert isinstance(outcome, Refused)
    assert "no posts on Sundays" in outcome.reason


async def test_a_branch_that_is_not_there_is_not_invented(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git", branch="master")
    Writer(tmp_path / "other", remote, "master").push("README.md", "hello\n")
    desk = client(tmp_path / "home", account(remote))
    for outcome in (await desk.test(), await desk.commit(outgoing(account(remote)))):
        assert isinstance(outcome, Misconfigured)
        assert "master" in outcome.remedy


async def test_a_working_copy_with_the_branch_checked_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    Writer(folder, bare(tmp_path / "site.git")).push("README.md", "hello\n")
    outcome = await client(tmp_path / "home", account(folder)).commit(outgoing(account(folder)))
    assert isinstance(outcome, Misconfigured)
    assert "bare" in outcome.remedy


async def test_a_missing_local_repository_is_made_only_when_asked(tmp_path: Path) -> None:
    remote = tmp_path / "deep" / "site.git"
    plain, making = account(remote), account(remote, create="true")
    assert isinstance(await client(tmp_path / "home", plain).test(), Misconfigured)
    assert isinstance(await client(tmp_path / "home", plain).commit(outgoing(plain)), Misconfigured)
    assert isinstance(await client(tmp_path / "home", making).test(), Published)
    assert not remote.exists(), "a test changes nothing"
    assert isinstance(await client(tmp_path / "home", making).commit(outgoing(making)), Published)
    assert files(remote) == [POST]


async def test_somebody_elses_folder_is_not_turned_into_a_repository(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "novel.txt").write_text("Call me Ishmael.")
    where = account(folder, create="true")
    assert isinstance(await client(tmp_path / "home", where).commit(outgoing(where)), Misconfigured)
    assert [path.name for path in folder.iterdir()] == ["novel.txt"]


async def test_without_git_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = account(bare(tmp_path / "site.git"))
    monkeypatch.setenv("PATH", str(tmp_path))
    desk = client(tmp_path / "home", where)
    for outcome in (await desk.test(), await desk.commit(outgoing(where))):
        assert isinstance(outcome, Misconfigured)
        assert "Install git" in outcome.remedy
    assert isinstance(await desk.find(outgoing(where)), Inconclusive)


async def test_testing_an_account_changes_nothing(tmp_path: Path) -> None:
    remote = bare(tmp_path / "site.git")
    outcome = await client(tmp_path / "home", account(remote)).test()
    assert isinstance(outcome, Published)
    assert git(remote, "for-each-ref") == ""
