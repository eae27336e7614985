"""A ninth platform works by just existing: started, installed, connected and published to.

Everything is done as somebody with a package of their own would do it, in processes of their own;
copydesk's own files are not touched.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

import copydesk
from copydesk.cli.main import app
from copydesk.testing.loopback import LoopbackServer

SOURCE = Path(copydesk.__file__).parent
POST = "---\ntitle: The lamp\ncanonical_url: https://example.org/lamp\n---\n\nIt is **warm**.\n"


class Server(LoopbackServer):
    """What a scaffold expects of a server before anybody has changed it."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/me", self._me), web.post("/posts", self._create)]

    async def _me(self, request: web.Request) -> web.Response:
        is_known = request.headers.get("Authorization") == "Bearer ninth-token"
        return web.json_response({"name": "desk"}, status=200 if is_known else 401)

    async def _create(self, request: web.Request) -> web.Response:
        self.posts.append(await request.json())
        return web.json_response({"id": "1", "url": f"{self.url}/posts/1"}, status=201)


class Machine:
    """A machine where copydesk and the new package are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "copydesk-ninth"
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.package / "src"), str(folder / "installed")]),
            "COPYDESK_HOME": str(folder / "home"),
        }

    async def run(self, *command: object, code: int = 0, stdin: str = "") -> str:
        """Run a module of Python; return what it said on standard output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *[str(part) for part in command],
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, complained = await process.communicate(stdin.encode())
        assert process.returncode == code, (command, said.decode(), complained.decode())
        return said.decode()

    async def suite(self, *, code: int) -> str:
        """Run the package's own tests."""
        return await self.run("pytest", "-q", "-p", "no:cacheprovider", self.package, code=code)


def mentions() -> list[Path]:
    """Return copydesk's own files that know of the new package."""
    # compiled files come and go while other tests run
    files = (p for p in SOURCE.rglob("*") if p.is_file() and p.parent.name != "__pycache__")
    return [path for path in files if b"copydesk_ninth" in path.read_bytes()]


async def test_a_ninth_platform_works_by_just_existing(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    await machine.run("copydesk", "platform", "new", "ninth")
    await machine.run(
        "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--no-index",
        "--no-build-isolation", "--target", tmp_path / "installed", machine.package,
    )  # fmt: skip

    # fresh: one test fails, and it reads like a to-do list
    said = await machine.suite(code=1)
    assert "1 failed" in said
    assert "ninth is not finished:" in said
    assert "where does the vendor state the longest text" in said

    # whoever has found out what it asks for is done
    for path in (machine.package / "src/copydesk_ninth").iterdir():
        if path.is_file():
            path.write_text(path.read_text().replace("TODO:", "Found out:"))
    assert "failed" not in await machine.suite(code=0)

    # its rig goes through the real engine
    rows = json.loads(
        await machine.run(
            "copydesk.testing.faults", "--spoke", "ninth", "--store", "sqlite", "--json",
            "--fault", "stale_reads", "--fault", "broken_listing", "--deliveries", 4,
        )
    )  # fmt: skip
    assert [(row["deliveries"], row["held"], row.get("note")) for row in rows] == [(4, 0, None)] * 2

    listed = json.loads(await machine.run("copydesk", "platform", "list", "--json"))
    (ninth,) = [row for row in listed if row["name"] == "ninth"]
    assert (ninth["from"], ninth["tier"]) == ("copydesk_ninth", "bronze")

    (tmp_path / "lamp.md").write_text(POST)
    async with Server() as server:
        await machine.run("copydesk", "init", "--approve", "automatic")
        await machine.run(
            "copydesk", "accounts", "add", "ninth", "--name", "nine", "--set",
            f"base_url={server.url}", stdin="access_token=ninth-token\n",
        )  # fmt: skip
        checked = await machine.run("copydesk", "validate", "lamp.md", "--for", "ninth", "--json")
        assert json.loads(checked)["valid"]
        done = await machine.run(
            "copydesk", "publish", "lamp.md", "--to", "nine", "--wait", "--json"
        )
        assert f"{server.url}/posts/1" in done
        (post,) = server.posts
    assert (post["title"], post["text"], post["state"]) == ("The lamp", "It is warm.", "published")
    assert not mentions()


# ---------------------------------------------------------------- the command


def test_every_platform_is_listed() -> None:
    done = CliRunner().invoke(app, ["platform", "list"])
    assert done.exit_code == 0
    assert "Mastodon" in done.stdout
    assert {"name", "title", "tier", "auth", "forms", "from"} == set(
        done.stdout.split("\n")[0].split()
    )


def test_in_a_checkout_it_becomes_a_folder_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src/copydesk/platforms").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["platform", "new", "ninth", "--json"])
    assert done.exit_code == 0, done.output
    files = json.loads(done.stdout)["files"]
    assert "src/copydesk/platforms/ninth/manifest.toml" in files
    assert "src/copydesk/testing/faults/rigs/ninth.py" in files
    assert "tests/platforms/ninth/test_ninth.py" in files
    assert not list(tmp_path.glob("**/pyproject.toml"))


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    mine = tmp_path / "tests/test_ninth.py"
    mine.write_text("mine")
    done = CliRunner().invoke(app, ["platform", "new", "ninth", "--into", str(tmp_path)])
    assert done.exit_code == 6
    assert "is there already, so nothing was written" in done.stderr
    assert mine.read_text() == "mine"
    assert not (tmp_path / "pyproject.toml").exists()


@pytest.mark.parametrize(("name", "code"), [("Ninth!", 4), ("mastodon", 6)])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, code: int) -> None:
    done = CliRunner().invoke(app, ["platform", "new", name, "--into", str(tmp_path)])
    assert done.exit_code == code
    assert not list(tmp_path.iterdir())
