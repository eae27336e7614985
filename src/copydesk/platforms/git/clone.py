"""The working clone of one account: a bare copy of one branch, written to with plumbing only.

There is no work tree and no index, so there is nothing dirty to clean up after a crash: a commit is
made in one step by `git fast-import` and becomes visible to others in one step by a push that names
the head it was built on. The clone is a cache; whatever is wrong with it is cured by a new one.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from copydesk.core.outcomes import Misconfigured, Unavailable, Unknown
from copydesk.platforms.git.errors import (
    Declined,
    cause,
    classify_push,
    classify_read,
)
from copydesk.platforms.git.program import LOCAL_SECONDS, REMOTE_SECONDS, GitTimedOut, Program, Ran

_REMOTE_HEAD = "refs/remotes/origin/head"
_NEXT = "refs/copydesk/next"

#: How often, and how many seconds apart, a lock in other hands is looked at.
_LOCK_LOOKS = 20
_LOCK_PAUSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(slots=True, kw_only=True)
class Clone:
    """The clone in `folder` of `branch` of the program's remote. All methods need the lock held."""

    program: Program
    folder: Path
    branch: str
    create: bool = False
    _held: int | None = field(default=None, init=False, repr=False)
    _damaged: bool = field(default=False, init=False, repr=False)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold the clone against other processes, and mend what a killed one left behind.

        Raises `Declined(Unavailable)` when another process (or a git that outlived one) is at it.
        """
        descriptor = await asyncio.to_thread(_lock, self.folder)
        for _ in range(_LOCK_LOOKS):
            if descriptor is not None:
                break
            # what a git that was just stopped had started lets go within moments
            await asyncio.sleep(_LOCK_PAUSE)
            descriptor = await asyncio.to_thread(_lock, self.folder)
        if descriptor is None:
            raise Declined(Unavailable("another process is working in this account's clone"))
        self._held = descriptor
        try:
            await self._mend()
            yield
        finally:
            self._held = None
            if self._damaged:
                # a cache that cannot be read is not worth repairing: the next run makes a new one
                self._damaged = False
                await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
            # closing releases the lock, unless a git that is still running holds it too
            os.close(descriptor)

    async def fetch(self) -> str:
        """Bring the branch up to date and return its head, "" when the remote has no commit yet.

        Raises `Declined` when the remote cannot be read or has other branches but not this one.
        """
        if self.create:
            await self._create_remote()
        head = f"refs/heads/{self.branch}"
        ran = await self._read_remote(
            "fetch",
            "--no-tags",
            "--quiet",
            "--no-write-fetch-head",
            self.program.remote,
            f"+{head}:{_REMOTE_HEAD}",
        )
        if ran.code == 0:
            return (await self._local("rev-parse", "--verify", _REMOTE_HEAD)).decode().strip()
        if "couldn't find remote ref" not in ran.complaint:
            raise Declined(classify_read(ran.complaint))
        others = await self.remote_branches()
        if others:
            raise Declined(
                Misconfigured(
                    f"the repository has no branch {self.branch!r}",
                    f"Set branch to one of: {', '.join(others[:10])}; or create it there.",
                )
            )
        return ""

    async def remote_branches(self) -> tuple[str, ...]:
        """Return the names of the remote's branches; raises `Declined` when it cannot be read."""
        ran = await self._read_remote("ls-remote", "--heads", self.program.remote)
        if ran.code:
            raise Declined(classify_read(ran.complaint))
        names = (line.partition("refs/heads/")[2] for line in ran.out.decode().splitlines())
        return tuple(sorted(name for name in names if name))

    async def read(self, head: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Return the content of those of `paths` that are files at `head` (which may be "")."""
        if not head or not paths:
            return {}
        asked = "".join(f"{head}:{path}\n" for path in paths).encode()
        out = await self._local("cat-file", "--batch", stdin=asked)
        found: dict[str, bytes] = {}
        position = 0
        for path in paths:
            end = out.index(b"\n", position)
            words = out[position:end].split(b" ")
            position = end + 1
            if words[-1] in {b"missing", b"ambiguous"} or len(words) < 3:
                continue
            size = int(words[-1])
            if words[-2] == b"blob":
                found[path] = out[position : position + size]
            position += size + 1
        return found

    async def taken(self, head: str, path: str) -> bool:
        """Tell whether anything (a file, folder or link) is at `path`, or a file is in its way."""
        if not head:
            return False
        steps = path.split("/")
        parents = ["/".join(steps[:n]) for n in range(1, len(steps))]
        out = await self._local("ls-tree", "-z", head, "--", path, *parents)
        for entry in filter(None, out.decode("utf-8", "surrogateescape").split("\0")):
            kind, name = entry.split(" ")[1], entry.partition("\t")[2]
            if name == path or (name in parents and kind != "tree"):
                return True
        return False

    async def mentions(self, head: str, text: str) -> list[str]:
        """Return the Markdown files at `head` that contain `text`."""
        if not head:
            return []
        ran = await self._run(
            ("grep", "-l", "-z", "-F", "-I", "-e", text, head, "--", "*.md", "*.markdown", "*.mdx")
        )
        if ran.code > 1:
            raise Declined(Unavailable(f"git could not search the clone: {cause(ran.complaint)}"))
        names = ran.out.decode("utf-8", "surrogateescape").split("\0")
        return [name.partition(":")[2] for name in names if name]

    async def commit_with(self, head: str, line: str) -> str:
        """Return the newest commit up to `head` whose message has exactly this `line`, else ""."""
        if not head:
            return ""
        out = await self._local(
            "log", "-z", "--fixed-strings", f"--grep={line}", "--format=%H%n%B", head
        )
        for entry in out.decode("utf-8", "replace").split("\0"):
            sha, *lines = entry.split("\n")
            if line in lines:
                return sha
        return ""

    async def last_change(self, head: str, path: str) -> str:
        """Return the commit up to `head` that last changed `path`."""
        out = await self._local("rev-list", "-1", head, "--", path)
        return out.decode().strip()

    async def commit(
        self,
        head: str,
        files: Mapping[str, bytes],
        *,
        removed: Collection[str] = (),
        message: str,
        author: Author,
        at: datetime,
    ) -> str:
        """Make a commit of `files`, without `removed`, on top of `head` ("" = the first); return
        its id.

        The same arguments give the same commit: both dates are `at` (aware UTC).
        """
        person = f"{author.name} <{author.email}> {int(at.timestamp())} +0000"
        stream = [
            f"feature done\ncommit {_NEXT}\nmark :1\nauthor {person}\ncommitter {person}\n".encode()
        ]
        stream.append(_data(message.encode()))
        if head:
            stream.append(f"from {head}\n".encode())
        stream += [f"D {_quote(path)}\n".encode() for path in sorted(set(removed) - set(files))]
        for path, content in sorted(files.items()):
            stream.append(f"M 100644 inline {_quote(path)}\n".encode())
            stream.append(_data(content))
        stream.append(b"\nget-mark :1\ndone\n")
        if not head:
            # without `from`, fast-import would build on what an earlier run left in this ref
            await self._local("update-ref", "-d", _NEXT)
        out = await self._local(
            "fast-import", "--quiet", "--force", "--date-format=raw", stdin=b"".join(stream)
        )
        return out.decode().strip()

    async def push(self, head: str, commit: str) -> None:
        """Move the remote's branch from `head` ("" = create it) to `commit`.

        Raises `RaceLost` when the branch is no longer at `head`, else `Declined`.
        """
        target = f"refs/heads/{self.branch}"
        arguments = ("push", "--porcelain", "--no-verify", f"--force-with-lease={target}:{head}",
                     self.program.remote, f"{commit}:{target}")  # fmt: skip
        try:
            ran = await self._run(arguments, seconds=REMOTE_SECONDS)
        except GitTimedOut as error:
            raise Declined(Unknown(f"the push did not end: {error}")) from error
        if ran.code:
            raise Declined(classify_push(ran.out.decode("utf-8", "replace"), ran.complaint))

    # -- how git is run ---------------------------------------------------------------------------

    async def _run(
        self, arguments: Sequence[str], *, stdin: bytes = b"", seconds: float = LOCAL_SECONDS
    ) -> Ran:
        return await self.program.run(
            arguments, folder=self.folder, stdin=stdin, seconds=seconds, held=self._held
        )

    async def _local(self, *arguments: str, stdin: bytes = b"") -> bytes:
        try:
            ran = await self._run(arguments, stdin=stdin)
        except GitTimedOut as error:
            raise Declined(Unavailable(str(error))) from error
        if ran.code:
            self._damaged = True
            raise Declined(
                Unavailable(f"the clone was damaged and will be made anew: {cause(ran.complaint)}")
            )
        return ran.out

    async def _read_remote(self, *arguments: str) -> Ran:
        try:
            return await self._run(arguments, seconds=REMOTE_SECONDS)
        except GitTimedOut as error:
            raise Declined(Unavailable(str(error))) from error

    async def _mend(self) -> None:
        await asyncio.to_thread(_remove_stale_locks, self.folder)
        usable = await self._run(("rev-parse", "--is-bare-repository"))
        if usable.out.strip() != b"true":
            await asyncio.to_thread(_empty, self.folder)
            await self._local("init", "--bare", "--quiet", "--template=", ".")

    async def _create_remote(self) -> None:
        path = local_path(self.program.remote)
        if path is None or await asyncio.to_thread(_is_somebodys, path):
            return
        try:
            await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise Declined(
                Misconfigured(
                    f"the repository {path} cannot be created: {error.strerror}",
                    "Create it by hand or choose another path.",
                )
            ) from error
        ran = await self._run(
            ("init", "--bare", "--quiet", f"--initial-branch={self.branch}", str(path))
        )
        if ran.code:
            raise Declined(classify_read(ran.complaint))


def local_path(remote: str) -> Path | None:
    """Return the folder a remote names, None when it is not a local one."""
    if remote.startswith("file://"):
        return Path(remote.removeprefix("file://").removeprefix("localhost"))
    return Path(remote) if remote.startswith("/") else None


def _is_somebodys(path: Path) -> bool:
    """Tell whether a folder holds a repository or anything else that is not ours to fill.

    What a killed `git init` leaves has no HEAD yet and is filled up by the next one.
    """
    if not path.exists():
        return False
    made_by_init = {"branches", "config", "description", "hooks", "info", "objects", "refs"}
    return not path.is_dir() or any(child.name not in made_by_init for child in path.iterdir())


def _lock(folder: Path) -> int | None:
    folder.mkdir(parents=True, exist_ok=True)
    # beside the clone, not in it: the clone may be thrown away while the lock is held
    descriptor = os.open(
        folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return None
        raise
    return descriptor


def _remove_stale_locks(folder: Path) -> None:
    """Remove git's own lock files: whoever made them is dead, for we hold the clone's lock."""
    for pattern in (
        "*.lock",
        "refs/**/*.lock",
        "objects/**/*.lock",
        "objects/**/tmp_*",
        "fast_import_crash_*",
    ):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quote(path: str) -> str:
    """Quote a path for fast-import's C style: only these characters are special there."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
