"""Publishing by commit and push: the path is the key, the content decides.

A batch is one commit and one push. Before anything is written the branch is read, so a repeated
delivery finds its file there and makes no second commit. After a lost race it is certain that
nothing landed, so the batch is built once more on the new head; whatever is unclear is `Unknown`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.errors import ContentInvalid, CopydeskError
from copydesk.core.outcomes import (
    Absent,
    Answer,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Published,
    Refused,
    Unavailable,
)
from copydesk.core.standing import AsPublished, Standing
from copydesk.platforms.git.clone import Author, Clone, local_path
from copydesk.platforms.git.errors import GIT_MISSING, Declined, RaceLost
from copydesk.platforms.git.generators import GENERATORS, page_url
from copydesk.platforms.git.lookup import compare, file_of, files_to_remove, owner
from copydesk.platforms.git.program import GitMissing, Program
from copydesk.platforms.git.render import file_text, merged_text
from copydesk.platforms.kit.classify import refused
from copydesk.platforms.kit.contract import Client, Session

#: How often a batch is built when other people's pushes come first.
ATTEMPTS = 2

_VERBS = {Action.CREATE: "Publish", Action.UPDATE: "Update", Action.DELETE: "Remove"}

# one clone, one task at a time: a second account object of this process waits instead of failing
_TURNS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@dataclass(slots=True)
class _Plan:
    """What one try is going to commit, and what it says about each delivery so far."""

    files: dict[str, bytes] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


class GitClient(Client):
    """The calls for one account."""

    def __init__(self, session: Session) -> None:
        settings = session.account.settings
        self._session = session
        self._settings = settings
        self._clone = Clone(
            program=Program(
                remote=settings["remote"],
                token=session.secrets.get("token", ""),
                token_user=settings.get("token_user") or "x-access-token",
            ),
            folder=session.home / "git" / session.account.id,
            branch=settings.get("branch") or "main",
            create=settings.get("create") == "true",
        )
        self._author = Author(
            name=settings.get("author_name") or "copydesk",
            email=settings.get("author_email") or "copydesk@localhost",
        )
        #: by post, the digest of its file as the last look found it, where it read as committed
        self._seen: dict[str, bytes] = {}

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Commit and push one post; see `commit_batch`."""
        return (await self.commit_batch((outgoing,)))[0]

    async def commit_batch(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Commit all of `batch` in one commit and push it; a refused post holds back no other."""
        refusal = await refused(self._session.observers, "PUSH", self._settings["remote"])
        if refusal is not None:
            return [refusal] * len(batch)
        try:
            async with self._at_work():
                for _ in range(ATTEMPTS):
                    try:
                        return await self._publish(batch)
                    except RaceLost:
                        continue
        except Declined as declined:
            return [declined.outcome] * len(batch)
        except GitMissing:
            return [GIT_MISSING] * len(batch)
        finally:
            for post in batch:
                self._seen.pop(post.post_id, None)
        busy = Unavailable(f"other pushes came first {ATTEMPTS} times; nothing was published")
        return [busy] * len(batch)

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look in the branch for the file, and in its history for the commit of this delivery."""
        try:
            async with self._at_work():
                head = await self._clone.fetch()
                if outgoing.action is Action.DELETE:
                    return await self._find_removal(head, outgoing)
                landed = await self._landed(head, outgoing)
        except Declined as declined:
            return Inconclusive(
                getattr(declined.outcome, "reason", "the repository cannot be read")
            )
        except GitMissing:
            return Inconclusive(GIT_MISSING.reason)
        where = f"branch {self._clone.branch} at {head[:12] or 'no commit'}"
        if landed is None:
            return Absent(f"{outgoing.payload['path']} is not in {where}")
        return Landed(landed.id, landed.url, f"{landed.answer.raw} in {where}")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post's file in the branch with what was committed."""
        try:
            async with self._at_work():
                head = await self._clone.fetch()
                standing = await compare(self._clone, head, outgoing)
                if isinstance(standing, AsPublished):
                    found = await file_of(self._clone, head, outgoing)
                    assert found is not None
                    self._seen[outgoing.post_id] = _digest(found[1])
                return standing
        except Declined as declined:
            return Inconclusive(
                getattr(declined.outcome, "reason", "the repository cannot be read")
            )
        except GitMissing:
            return Inconclusive(GIT_MISSING.reason)

    async def test(self) -> Outcome:
        """Read the remote's branches; writes nothing, creates nothing."""
        remote = self._settings["remote"]
        path = local_path(remote)
        try:
            async with self._at_work():
                if self._clone.create and path and not await asyncio.to_thread(path.exists):
                    return Published(id=f"{remote} (created on first use)")
                branches = await self._clone.remote_branches()
        except Declined as declined:
            return declined.outcome
        except GitMissing:
            return GIT_MISSING
        if branches and self._clone.branch not in branches:
            return Misconfigured(
                f"the repository has no branch {self._clone.branch!r}",
                f"Set branch to one of: {', '.join(branches[:10])}.",
            )
        return Published(id=f"{remote} {self._clone.branch}")

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        key = str(self._clone.folder)
        turn = _TURNS.setdefault(key, asyncio.Lock())
        async with turn, self._clone.locked():
            yield

    async def _publish(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        head = await self._clone.fetch()
        plan = await self._plan(head, batch)
        if plan.written:
            posts = [batch[number] for number in plan.written]
            commit = await self._clone.commit(
                head,
                plan.files,
                removed=plan.removed,
                message=_message(posts),
                author=self._author,
                at=max(post.intended_at for post in posts),
            )
            await self._clone.push(head, commit)
            for number, path in plan.written.items():
                plan.outcomes[number] = self._published(batch[number], commit, path)
        return [plan.outcomes[number] for number in range(len(batch))]

    def _published(self, post: Outgoing, commit: str, path: str) -> Published:
        if post.action is Action.DELETE:
            return Published(post.target_id, answer=Answer(raw=f"removed in commit {commit}"))
        return Published(commit, self._url(post, path))

    async def _plan(self, head: str, batch: Sequence[Outgoing]) -> _Plan:
        plan = _Plan()
        wanted = [post.payload["path"] for post in batch]
        wanted += [image["path"] for post in batch for image in post.payload["images"]]
        here = await self._clone.read(head, list(dict.fromkeys(wanted)))
        for number, post in enumerate(batch):
            try:
                if post.action is Action.DELETE:
                    await self._remove(head, number, post, plan)
                    continue
                path, files = await self._files(head, post, here, plan)
            except Declined as declined:
                plan.outcomes[number] = declined.outcome
                continue
            if all(here.get(name) == content for name, content in files.items()):
                sha = await self._clone.last_change(head, path)
                plan.outcomes[number] = Published(
                    sha, self._url(post, path), Answer(raw="already there; nothing was committed")
                )
                continue
            plan.files |= files
            plan.written[number] = path
        return plan

    async def _files(
        self, head: str, post: Outgoing, here: dict[str, bytes], plan: _Plan
    ) -> tuple[str, dict[str, bytes]]:
        """Return where the post goes and all its files; raises `Declined` when it cannot go."""
        path = await self._place(head, post, here)
        if path in plan.files:
            raise Declined(_taken(path, "another post of this batch"))
        if path not in here:
            text = file_text(post.payload["front_matter"], post.payload["body"])
        else:
            earlier = await self._landed(head, post)
            if earlier is not None:
                # what people changed in the file since then is theirs to keep
                return path, {path: here[path]}
            seen = self._seen.get(post.post_id) if post.action is Action.UPDATE else None
            if seen is not None and seen != _digest(here[path]):
                # the next look tells what was changed, and has a person asked
                raise Declined(Unavailable(f"{path} was changed after it was looked at"))
            text = _merged(here[path], post)
        return path, {path: text.encode(), **await self._images(head, post, here)}

    async def _place(self, head: str, post: Outgoing, here: dict[str, bytes]) -> str:
        """Return the path of the post's file: the one it has, or else the one it is to get."""
        path: str = post.payload["path"]
        if any(step in {"", ".", "..", ".git"} for step in path.split("/")):
            raise Declined(
                Misconfigured(
                    f"{path!r} is not a path in a repository", "Check the setting folder."
                )
            )
        if path in here and owner(here[path]) == post.post_id:
            return path
        if post.action is Action.UPDATE:
            found = await file_of(self._clone, head, post)
            if found is not None:
                here[found[0]] = found[1]
                return found[0]
            raise Declined(
                Refused(
                    "target",
                    "the file that should be updated is no longer in the repository",
                    "Publish it again as a new post, or leave it removed.",
                )
            )
        if path in here or await self._clone.taken(head, path):
            raise Declined(_taken(path, "a file that copydesk did not write for this post"))
        return path

    async def _remove(self, head: str, number: int, post: Outgoing, plan: _Plan) -> None:
        """Plan the removal of a post's files; a file that is gone already needs none."""
        leaving = await files_to_remove(self._clone, head, post)
        plan.removed.update(leaving)
        if leaving:
            plan.written[number] = leaving[0]
        else:
            gone = Answer(raw="it was gone already; nothing was committed")
            plan.outcomes[number] = Published(post.target_id, answer=gone)

    async def _find_removal(self, head: str, post: Outgoing) -> Existence:
        found = await file_of(self._clone, head, post)
        where = f"branch {self._clone.branch} at {head[:12] or 'no commit'}"
        if found is None:
            return Landed(post.target_id, evidence=f"its file is not in {where}")
        return Absent(f"{found[0]} is still in {where}")

    async def _images(self, head: str, post: Outgoing, here: dict[str, bytes]) -> dict[str, bytes]:
        by_name = {media.name: media for media in post.media}
        files: dict[str, bytes] = {}
        for image in post.payload["images"]:
            path, name = image["path"], image["name"]
            if path in here:
                # its name contains the hash of its bytes
                files[path] = here[path]
                continue
            if await self._clone.taken(head, path):
                raise Declined(
                    Refused("media", f"{path} is taken by something else", "Rename the image.")
                )
            try:
                files[path] = await self._session.load_media(by_name[name])
            except (KeyError, OSError, CopydeskError) as error:
                raise Declined(
                    Refused("media", f"the image {name} cannot be read: {error}", "Add it again.")
                ) from error
        return files

    async def _landed(self, head: str, post: Outgoing) -> Published | None:
        """Return what became of this delivery if the branch or its history has it."""
        if not head:
            return None
        path = post.payload["path"]
        content = (await self._clone.read(head, [path])).get(path)
        text = file_text(post.payload["front_matter"], post.payload["body"]).encode()
        if content == text:
            sha = await self._clone.last_change(head, path)
            return Published(sha, self._url(post, path), Answer(raw=f"the same {path} is"))
        sha = await self._clone.commit_with(head, _trailer(post))
        if sha:
            return Published(sha, self._url(post, path), Answer(raw=f"commit {sha[:12]} is"))
        return None

    def _url(self, post: Outgoing, path: str) -> str:
        if path == post.payload["path"]:
            return str(post.payload["url"])
        name = post.payload["generator"]
        folder = (self._settings.get("folder") or GENERATORS[name].folder).strip("/")
        return page_url(self._settings.get("url", ""), name, path, folder)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _merged(existing: bytes, post: Outgoing) -> str:
    try:
        return merged_text(existing.decode(), post.payload)
    except ContentInvalid as error:
        raise Declined(
            Refused("front matter", str(error), "Repair the file in the repository.")
        ) from error


def _taken(path: str, by: str) -> Refused:
    return Refused("slug", f"{path} is taken by {by}", "Choose another slug.")


def _trailer(post: Outgoing) -> str:
    return f"Copydesk-Key: {post.key}"


def _message(posts: Sequence[Outgoing]) -> str:
    """Return the commit message: a line for people, a trailer for each delivery for `find`."""
    titles = [" ".join(str(post.payload["title"]).split()) for post in posts]
    verbs = {_VERBS[post.action] for post in posts}
    if len(posts) == 1:
        lines = [f"{verbs.pop()}: {titles[0]}", ""]
    else:
        verb = "Remove" if verbs == {"Remove"} else "Publish"
        lines = [f"{verb} {len(posts)} posts", "", *(f"- {title}" for title in titles), ""]
    lines += [line for post in posts for line in (f"Copydesk-Post: {post.post_id}", _trailer(post))]
    return "\n".join(lines) + "\n"
