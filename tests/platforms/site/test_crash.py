"""Killed at any moment, a site is whole after the next visit, with every post there once."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Absent, Landed, Published
from copydesk.platforms.site.folder import Folder
from tests.platforms.site.sites import Site, media
from tests.platforms.site.strict_html import parse_strictly

ROOT = Path(__file__).resolve().parents[3]
POSTS = 12
WITH_IMAGE: dict[str, Any] = {"body": "Words. ![A pixel](pixel.png)", "media": (media(),)}

WRITER = """
import asyncio, sys
from pathlib import Path
from copydesk.platforms.site.folder import Folder
from tests.platforms.site.test_crash import publish_all
write = Folder.write
def tell(self, path, data):
    print(path, flush=True)
    write(self, path, data)
Folder.write = tell
asyncio.run(publish_all(Path(sys.argv[1]), int(sys.argv[2])))
"""


async def publish_all(path: Path, revision: int) -> None:
    """Publish a revision of all posts in batches; every second one renames them."""
    site = Site(path)
    client = site.client()
    for start in range(1, POSTS + 1, 6):
        batch = [
            site.outgoing(
                n,
                revision=revision,
                action=Action.CREATE if revision == 1 else Action.UPDATE,
                slug=slug_of(n, revision),
                **WITH_IMAGE,
            )
            for n in range(start, start + 6)
        ]
        assert all(isinstance(o, Published) for o in await client.commit_batch(batch))


def slug_of(number: int, revision: int) -> str:
    return f"post-{number}" if revision % 2 else f"renamed-{number}"


@pytest.mark.slow
def test_twenty_kills_and_a_clean_run(tmp_path: Path) -> None:
    path = tmp_path / "public"
    chance = random.Random(20261121)
    killed = 0
    for revision in range(1, 21):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(revision)],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 100)):
            if not writer.stdout.readline():
                break
        writer.send_signal(signal.SIGKILL)
        killed += writer.wait() == -signal.SIGKILL
        writer.stdout.close()
        for page in path.rglob("*.html"):
            parse_strictly(page.read_text(encoding="utf-8"))
    assert killed >= 15, "the writer was too fast to be killed"
    asyncio.run(publish_all(path, 21))
    Site(path).check([slug_of(n, 21) for n in range(1, POSTS + 1)])
    assert len(list(path.glob("posts/*/pixel.png"))) == POSTS


class Killed(BaseException):
    """Stands for the end of the process: no handler of ours may catch it."""


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["first", "renaming"])
async def test_dying_before_each_single_write_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    write, remove = Folder.write, Folder.remove
    for last in range(100):
        site = Site(tmp_path / f"public-{last}")
        await site.client().commit_batch([site.outgoing(n, **WITH_IMAGE) for n in (1, 2)])
        if phase == "first":
            post = site.outgoing(3, **WITH_IMAGE)
        else:
            post = site.outgoing(2, revision=2, action=Action.UPDATE, slug="new", **WITH_IMAGE)
        steps = iter(range(1000))

        def dying_write(self: Folder, path: str, data: bytes) -> None:
            if next(steps) >= last:  # noqa: B023 (one run of the loop at a time)
                target = self.root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.with_name(f".{target.name}.copydesk-tmp").write_bytes(data[:20])
                raise Killed
            write(self, path, data)

        def dying_remove(self: Folder, path: str) -> None:
            if next(steps) >= last:  # noqa: B023
                raise Killed
            remove(self, path)

        monkeypatch.setattr(Folder, "write", dying_write)
        monkeypatch.setattr(Folder, "remove", dying_remove)
        died = False
        try:
            await site.client().commit(post)
        except Killed:
            died = True
        monkeypatch.undo()
        for page in site.path.rglob("*.html"):
            parse_strictly(page.read_text(encoding="utf-8"))
        found = await site.client().find(post)
        new = ["post-1", "post-2", "post-3"] if phase == "first" else ["post-1", "new"]
        site.check(new if isinstance(found, Landed) else ["post-1", "post-2"])
        assert isinstance(found, Landed | Absent)
        assert isinstance(await site.client().commit(post), Published)
        site.check(new)
        if not died:
            assert last > 10
            return
    raise AssertionError("a post needs more than a hundred writes")
