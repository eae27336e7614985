"""`accounts connect` as a person uses it: a program of its own, a browser, and a platform."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from copydesk.cli.callback import listening
from copydesk.testing.oauth_server import OAuthServer


@pytest.fixture
async def server() -> AsyncIterator[OAuthServer]:
    async with OAuthServer() as running:
        yield running


async def copydesk(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "copydesk", *arguments, "--home", str(home)),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    )


async def asked(process: asyncio.subprocess.Process) -> str:
    """The address it prints for a person to open."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while line := (await process.stderr.readline()).decode():
            if found := re.search(r"http://\S+", line):
                return found[0]
    raise AssertionError("it asked nobody")


async def open_page(url: str, *, follow: bool) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, allow_redirects=follow) as answer,
    ):
        return answer.status, await answer.text() if follow else answer.headers["Location"]


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    process = await copydesk(tmp_path / "home", "init")
    await process.communicate()
    assert process.returncode == 0
    return tmp_path / "home"


async def test_a_browser_comes_back_to_this_machine(home: Path, server: OAuthServer) -> None:
    setting = f"auth_url={server.url}"
    process = await copydesk(
        home, "accounts", "connect", "p", "--platform", "sandbox", "--set", setting, "--json"
    )
    status, page = await open_page(await asked(process), follow=True)
    assert status == 200
    assert "close this page" in page
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    account = json.loads(out)
    assert (account["identity"], account["missing_scopes"]) == ("@desk", [])
    assert "access-" not in out.decode() + err.decode()


async def test_the_address_can_be_pasted(home: Path, server: OAuthServer) -> None:
    setting = f"auth_url={server.url}"
    process = await copydesk(
        home, "accounts", "connect", "p", "--platform", "sandbox", "--set", setting, "--paste"
    )
    _, back = await open_page(await asked(process), follow=False)
    out, err = await process.communicate(back.encode() + b"\n")
    assert process.returncode == 0, err.decode()
    assert b"p is connected as @desk" in out


async def test_no_and_too_late_have_their_exit_codes(home: Path, server: OAuthServer) -> None:
    setting = f"auth_url={server.url}"
    words = ("accounts", "connect", "p", "--platform", "sandbox", "--set", setting)
    server.authority.denies = True
    process = await copydesk(home, *words)
    await open_page(await asked(process), follow=True)
    _, err = await process.communicate()
    assert process.returncode == 7
    assert b"said no" in err
    process = await copydesk(home, *words, "--timeout", "0.5")
    _, err = await process.communicate()
    assert process.returncode == 9
    assert b"Nothing was changed" in err


async def test_only_the_right_answer_is_taken_and_only_once() -> None:
    async with listening() as (callback, address):
        callback.state = "ticket"
        other = address.removesuffix("/callback")
        assert (await open_page(f"{other}/favicon.ico", follow=True))[0] == 404
        assert (await open_page(f"{address}?code=x&state=wrong", follow=True))[0] == 400
        assert (await open_page(f"{address}?code=x", follow=True))[0] == 400
        assert not callback.answer.done()
        assert (await open_page(f"{address}?code=x&state=ticket", follow=True))[0] == 200
        assert (await open_page(f"{address}?code=y&state=ticket", follow=True))[0] == 409
        assert await callback.answer == {"code": "x", "state": "ticket"}
