"""Real repositories on this machine, and posts to publish to them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing, delivery_key
from copydesk.core.post import Content, Media
from copydesk.core.states import AccountState
from copydesk.platforms.git import PLATFORM
from copydesk.platforms.git.client import GitClient
from copydesk.platforms.kit.contract import Session, Subject
from copydesk.platforms.kit.http_transport import HttpTransport

WHEN = datetime(2026, 3, 29, 9, 30, tzinfo=UTC)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git as somebody else would, with an identity of their own."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_AUTHOR_EMAIL": "somebody@example.org",
        "GIT_COMMITTER_NAME": "Somebody",
        "GIT_COMMITTER_EMAIL": "somebody@example.org",
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def bare(folder: Path, *, branch: str = "main") -> Path:
    """Make an empty bare repository."""
    folder.mkdir(parents=True)
    git(folder, "init", "--bare", "--quiet", f"--initial-branch={branch}")
    return folder


class Writer:
    """Somebody else with a working copy of the same repository."""

    def __init__(self, folder: Path, remote: Path, branch: str = "main") -> None:
        self.folder, self.branch = folder, branch
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", f"--initial-branch={branch}")
        git(folder, "remote", "add", "origin", str(remote))

    def pull(self) -> None:
        git(self.folder, "pull", "--quiet", "--ff-only", "origin", self.branch)

    def push(self, path: str, text: str) -> str:
        """Commit `text` at `path`, push, and return the commit."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", f"Write {path}")
        git(self.folder, "push", "--quiet", "origin", self.branch)
        return git(self.folder, "rev-parse", "HEAD").strip()


def commits(remote: Path, branch: str = "main") -> list[str]:
    return git(remote, "rev-list", branch).split()


def show(remote: Path, path: str, branch: str = "main") -> str:
    return git(remote, "show", f"{branch}:{path}")


def files(remote: Path, branch: str = "main") -> list[str]:
    return git(remote, "ls-tree", "-r", "--name-only", branch).split("\n")[:-1]


def account(remote: object, **settings: str) -> Account:
    return Account(
        id="acc_site",
        workspace_id="wsp_1",
        name="site",
        platform="git",
        state=AccountState.CONNECTED,
        settings={"remote": str(remote), **settings},
    )


def picture(name: str = "img/Kart Über.PNG") -> Media:
    return Media(
        name=name,
        content_type="image/png",
        sha256=hashlib.sha256(PICTURE).hexdigest(),
        size=len(PICTURE),
        alt="a map",
    )


def content(slug: str = "hello-world", **fields: Any) -> Content:
    given = {
        "title": "Hello, world",
        "body": "First words.\n\nAnd *more* of them.",
        "summary": "What it is about: all of it.",
        "tags": ("news", "it's"),
        "language": "en",
        "canonical_url": "https://example.org/hello",
        "authors": ("Ada",),
        **fields,
    }
    return Content(slug=slug, **given)


def subject(given: Content | None = None, *, post_id: str = "", revision: int = 1) -> Subject:
    given = given or content()
    return Subject(
        post_id=post_id or f"pst_{given.slug}",
        revision=revision,
        content=given,
        published_at=WHEN.isoformat(),
        updated_at=WHEN.replace(day=30).isoformat(),
    )


def outgoing(where: Account, given: Subject | None = None, *, update: bool = False) -> Outgoing:
    given = given or subject()
    rendition = PLATFORM.render(given, where)
    return Outgoing(
        delivery_id=f"dlv_{given.content.slug}_{given.revision}",
        key=delivery_key(where.id, given.post_id, f"rev_{given.revision}"),
        post_id=given.post_id,
        action=Action.UPDATE if update else Action.CREATE,
        payload=rendition.payload,
        text=rendition.text,
        intended_at=WHEN,
        media=rendition.media,
    )


async def load(media: Media) -> bytes:
    return PICTURE


def client(home: Path, where: Account, secrets: Mapping[str, str] | None = None) -> GitClient:
    made = PLATFORM.connect(
        Session(
            account=where,
            secrets=secrets or {},
            transport=HttpTransport(user_agent="test"),
            load_media=load,
            home=home,
        )
    )
    assert isinstance(made, GitClient)
    return made


def changed(given: Subject, **fields: Any) -> Subject:
    """Return the next revision of a subject."""
    return replace(
        given,
        revision=given.revision + 1,
        content=replace(given.content, **fields),
        updated_at=WHEN.replace(day=31).isoformat(),
    )
