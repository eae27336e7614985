"""A worker killed at any step, and what the next one finds."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from copydesk.core.outcomes import Absent, Landed, Outcome, Published, Unavailable
from tests.platforms.git.remotes import (
    Writer,
    account,
    bare,
    client,
    commits,
    content,
    files,
    outgoing,
    subject,
)

# The worker kills itself right before or right after it runs the named git command.
WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from copydesk.platforms.git.program import Program
from tests.platforms.git.remotes import account, client, outgoing

home, remote, command, moment = sys.argv[1:]
run = Program.run

async def deadly(self, arguments, **options):
    if arguments[0] == command and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    if arguments[0] == command and moment == "during":
        task = asyncio.ensure_future(run(self, arguments, **options))
        await asyncio.sleep(0.002)
        os.kill(os.getpid(), signal.SIGKILL)
    ran = await run(self, arguments, **options)
    if arguments[0] == command:
        os.kill(os.getpid(), signal.SIGKILL)
    return ran

Program.run = deadly
where = account(remote)
asyncio.run(client(Path(home), where).commit(outgoing(where)))
"""


async def patiently(home: Path, remote: Path) -> Outcome:
    """Publish; a git that outlived the killed worker may hold the clone for a moment."""
    where = account(remote)
    outcome = await client(home, where).commit(outgoing(where))
    for _ in range(30):
        if not isinstance(outcome, Unavailable):
            break
        outcome = await client(home, where).commit(outgoing(where))
    return outcome


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("command", ["init", "fetch", "cat-file", "fast-import", "push"])
async def test_a_killed_worker_leaves_nothing_that_the_next_run_cannot_mend(
    command: str, moment: str, tmp_path: Path
) -> None:
    remote, home = bare(tmp_path / "site.git"), tmp_path / "home"
    Writer(tmp_path / "other", remote).push("README.md", "hello\n")
    root = Path(__file__).resolve().parents[3]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", WORKER, str(home), str(remote), command, moment],
        cwd=root,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr.decode()
    where = account(remote)
    if (command, moment) == ("push", "after"):
        assert isinstance(await client(home, where).find(outgoing(where)), Landed)
    if (command, moment) == ("push", "before"):
        assert isinstance(await client(home, where).find(outgoing(where)), Absent)
    assert isinstance(await patiently(home, remote), Published)
    assert files(remote) == ["README.md", "content/posts/hello-world.md"]
    assert len(commits(remote)) == 2


@pytest.mark.parametrize(
    "leftover",
    ["index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock",
     "refs/copydesk/next.lock", "refs/remotes/origin/head.lock",
     "objects/pack/tmp_pack_x1", "fast_import_crash_1"],
)  # fmt: skip
async def test_locks_of_a_dead_git_are_removed(leftover: str, tmp_path: Path) -> None:
    remote, home = bare(tmp_path / "site.git"), tmp_path / "home"
    where = account(remote)
    await client(home, where).commit(outgoing(where, subject(content("one"))))
    lock = home / "git" / where.id / leftover
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_bytes(b"")
    outcome = await client(home, where).commit(outgoing(where, subject(content("two"))))
    assert isinstance(outcome, Published)
    assert not lock.exists()


@pytest.mark.parametrize("damage", ["HEAD", "config", "objects", "refs"])
async def test_a_damaged_clone_is_made_anew(damage: str, tmp_path: Path) -> None:
    remote, home = bare(tmp_path / "site.git"), tmp_path / "home"
    where = account(remote)
    await client(home, where).commit(outgoing(where, subject(content("one"))))
    part = home / "git" / where.id / damage
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.write_bytes(b"\0\0\0")
    first = await client(home, where).commit(outgoing(where, subject(content("two"))))
    second = await client(home, where).commit(outgoing(where, subject(content("two"))))
    assert isinstance(first, Published | Unavailable)
    assert isinstance(second, Published)
    assert len(commits(remote)) == 2


async def test_a_clone_in_other_hands_is_left_alone(tmp_path: Path) -> None:
    remote, home = bare(tmp_path / "site.git"), tmp_path / "home"
    where = account(remote)
    (home / "git").mkdir(parents=True)
    with (home / "git" / f"{where.id}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        outcome = await client(home, where).commit(outgoing(where))
        assert isinstance(outcome, Unavailable)
    assert isinstance(await client(home, where).commit(outgoing(where)), Published)


async def test_tasks_of_one_process_take_turns(tmp_path: Path) -> None:
    remote, home = bare(tmp_path / "site.git"), tmp_path / "home"
    where = account(remote)
    outcomes = await asyncio.gather(
        *(
            client(home, where).commit(outgoing(where, subject(content(f"post-{number}"))))
            for number in range(4)
        )
    )
    assert all(isinstance(outcome, Published) for outcome in outcomes)
    assert len(commits(remote)) == 4


async def test_a_cancelled_publication_stops_its_git(tmp_path: Path) -> None:
    remote, home = bare(tmp_path / "site.git"), tmp_path / "home"
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/reached\nexec sleep 60\n")
    hook.chmod(0o755)
    where = account(remote)
    task = asyncio.create_task(client(home, where).commit(outgoing(where)))
    async with asyncio.timeout(60):
        while not (tmp_path / "reached").exists():  # noqa: ASYNC110  # a hook can only leave a file
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hook.unlink()
    assert isinstance(await patiently(home, remote), Published)
    assert len(commits(remote)) == 1
