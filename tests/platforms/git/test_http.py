"""Remotes over HTTP: lost answers, refusals, and a token that shows nowhere."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.outcomes import (
    Absent,
    AuthRevoked,
    Landed,
    Misconfigured,
    Outcome,
    Published,
    RateLimited,
    Unavailable,
    Unknown,
)
from tests.platforms.git.http_remote import HttpRemote
from tests.platforms.git.remotes import account, bare, client, commits, git, outgoing

pytestmark = pytest.mark.network_peer

TOKEN = "ghp_correcthorsebattery"
PUSH = ("POST", "receive-pack")


async def test_a_token_reaches_the_server_and_shows_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    commands: list[str] = []
    start = asyncio.create_subprocess_exec

    async def spied(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        commands.extend(map(str, arguments))
        return await start(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", spied)
    remote = HttpRemote(bare(tmp_path / "site.git"), {})
    async with remote.listening() as url:
        where = account(url)
        desk = client(tmp_path / "home", where, {"token": TOKEN})
        outcome = await desk.commit(outgoing(where))
        remote.faults = {("GET", "upload-pack"): 401}
        refused = await desk.test()
    assert isinstance(outcome, Published)
    assert isinstance(refused, AuthRevoked)
    given = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert {headers.get("authorization") for _, _, headers in remote.requests} == {f"Basic {given}"}
    kept = [p.read_bytes() for p in (tmp_path / "home").rglob("*") if p.is_file()]
    seen = [desk._clone, desk._session, outcome, refused]
    log = git(tmp_path / "site.git", "log", "main")
    shown = " ".join([*commands, *map(repr, seen), caplog.text, log])
    for secret in (TOKEN, given):
        assert secret not in shown
        assert not any(secret.encode() in content for content in kept)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, AuthRevoked),
        (403, Misconfigured),
        (404, Misconfigured),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
        ("reset", Unavailable),
    ],
)
@pytest.mark.parametrize("service", ["upload-pack", "receive-pack"])
async def test_what_goes_wrong_before_the_push_is_certain(
    service: str, status: int | str, expected: type[Outcome], tmp_path: Path
) -> None:
    repository = bare(tmp_path / "site.git")
    remote = HttpRemote(repository, {("GET", service): status})
    async with remote.listening() as url:
        where = account(url)
        outcome = await client(tmp_path / "home", where).commit(outgoing(where))
        assert git(repository, "for-each-ref") == ""
    if (service, status) == ("receive-pack", "reset"):
        # git's words for it do not tell the two requests of a push apart
        assert isinstance(outcome, Unavailable | Unknown)
    else:
        assert isinstance(outcome, expected)


async def test_an_answer_lost_after_the_push_is_unknown_then_found(tmp_path: Path) -> None:
    repository = bare(tmp_path / "site.git")
    remote = HttpRemote(repository, {PUSH: "lost"})
    async with remote.listening() as url:
        where = account(url)
        desk = client(tmp_path / "home", where)
        assert isinstance(await desk.commit(outgoing(where)), Unknown)
        assert isinstance(await desk.find(outgoing(where)), Landed)
        remote.faults = {}
        assert isinstance(await desk.commit(outgoing(where)), Published)
    assert len(commits(repository)) == 1


@pytest.mark.parametrize("fault", ["reset", 500, 502, 503])
async def test_a_push_that_broke_off_is_unknown_then_absent(
    fault: int | str, tmp_path: Path
) -> None:
    repository = bare(tmp_path / "site.git")
    remote = HttpRemote(repository, {PUSH: fault})
    async with remote.listening() as url:
        where = account(url)
        desk = client(tmp_path / "home", where)
        assert isinstance(await desk.commit(outgoing(where)), Unknown)
        assert isinstance(await desk.find(outgoing(where)), Absent)


async def test_nobody_listening_means_nothing_was_sent(tmp_path: Path, free_port: int) -> None:
    where = account(f"http://127.0.0.1:{free_port}/site.git")
    outcome = await client(tmp_path / "home", where).commit(outgoing(where))
    assert isinstance(outcome, Unavailable)
