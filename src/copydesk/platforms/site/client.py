"""The calls for one site: everything happens in its folder, in a thread, under its lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.errors import CopydeskError
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
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.site.comparing import compare, compare_files
from copydesk.platforms.site.config import read_config
from copydesk.platforms.site.errors import refused_by_disk
from copydesk.platforms.site.folder import Folder
from copydesk.platforms.site.publication import Publication
from copydesk.transformation.slugs import is_slug

#: Media held in memory at once; a larger batch is written in several goes.
MAX_MEDIA_BYTES: Final = 64 << 20

#: What comes back instead of an action's answer where the folder cannot be used.
_NOT_VISITED: Final = (Misconfigured, Unavailable)

T = TypeVar("T")
Work = tuple[Outgoing, dict[str, bytes]]


class SiteClient(Client):
    """Writes one site."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._config = read_config(session.account.settings)
        path = Path(session.account.settings["path"]).expanduser()
        self._root = session.home / path
        #: posts that the last look found as published, so that an update must find them so too
        self._seen: set[str] = set()

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Publish one post; see `commit_batch`."""
        return (await self.commit_batch([outgoing]))[0]

    async def commit_batch(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        """Publish or remove all of `batch` and renew lists and feeds once.

        A post that is there already under the same key is left as it is, and so is one that was
        changed after it was looked at: the next look tells that. Nothing counts before a
        post's record is on disk, so a failed write is `Unavailable` or `Misconfigured`, never
        `Unknown`.
        """
        outcomes: dict[int, Outcome] = {}
        for group in _groups(batch):
            work: dict[int, Work] = {}
            for position, outgoing in group:
                prepared = await self._load(outgoing)
                if isinstance(prepared, Refused | Unavailable):
                    outcomes[position] = prepared
                else:
                    work[position] = (outgoing, prepared)
            done = await asyncio.to_thread(self._publish, list(work.values()))
            outcomes.update(zip(work, done, strict=True))
        return [outcomes[position] for position in range(len(batch))]

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look into the record of the post; finish what a dead process left undone first."""
        return await asyncio.to_thread(self._find, outgoing)

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the page's files with what its record says they are."""
        self._seen.discard(outgoing.post_id)
        loaded = await self._load(outgoing)
        media = loaded if isinstance(loaded, dict) else {}
        found = await asyncio.to_thread(self._inspect, outgoing, media)
        if isinstance(found, AsPublished):
            self._seen.add(outgoing.post_id)
        return found

    async def test(self) -> Outcome:
        """Check that the folder can be written, and say which of its files are not ours."""
        return await asyncio.to_thread(self._test)

    async def _load(self, outgoing: Outgoing) -> dict[str, bytes] | Refused | Unavailable:
        if outgoing.action is Action.DELETE:
            return {}
        if not is_slug(str(outgoing.payload.get("slug", ""))):
            return Refused("slug", "it cannot be part of an address", "Give the post another slug.")
        files = {media["name"]: media["file"] for media in outgoing.payload["media"]}
        loaded: dict[str, bytes] = {}
        for media in outgoing.media:
            try:
                loaded[files[media.name]] = await self._session.load_media(media)
            except CopydeskError as error:
                return Refused("media", f"{media.name}: {error.message}", error.remedy)
            except OSError as error:
                return Unavailable(f"{media.name} could not be read: {error}")
        return loaded

    def _publish(self, work: list[Work]) -> list[Outcome]:
        def publish(publication: Publication) -> list[Outcome]:
            edits = [self._edit(publication, outgoing) for outgoing, _ in work]
            unedited = [one for one, edit in zip(work, edits, strict=True) if edit is None]
            done = iter(publication.publish(unedited))
            return [edit or next(done) for edit in edits]

        done = self._visit(publish)
        return done if isinstance(done, list) else [done] * len(work)

    def _edit(self, publication: Publication, outgoing: Outgoing) -> Unavailable | None:
        """Return why an update must not be made yet: what it replaces is no longer as it was looked
        at. None when it may; a person who wants to overwrite has nothing looked at."""
        if outgoing.action is not Action.UPDATE or outgoing.post_id not in self._seen:
            return None
        self._seen.discard(outgoing.post_id)
        record = publication.records.get(outgoing.post_id)
        if record is None or outgoing.key in record.keys:
            return None
        if isinstance(compare_files(publication, record, {}), AsPublished):
            return None
        return Unavailable(f"{record.page} was changed after it was looked at")

    def _find(self, outgoing: Outgoing) -> Existence:
        def find(publication: Publication) -> Existence:
            record = publication.records.get(outgoing.post_id)
            if outgoing.action is Action.DELETE:
                if record is None:
                    return Landed(outgoing.target_id, evidence="there is no record of the post")
                return Absent("the record of the post is still there")
            if record is None:
                return Absent("there is no record of the post, and records are complete")
            if outgoing.key not in record.keys:
                return Absent("the record of the post knows of no such revision")
            url = publication.config.url + record.page
            return Landed(record.post_id, url, "the record of the post has this key")

        found = self._visit(find)
        if isinstance(found, Misconfigured | Unavailable):
            return Inconclusive(found.reason)
        return found

    def _inspect(self, outgoing: Outgoing, media: Mapping[str, bytes]) -> Standing:
        def look(publication: Publication) -> Standing:
            return compare(publication, outgoing, media)

        found = self._visit(look)
        return Inconclusive(found.reason) if isinstance(found, _NOT_VISITED) else found

    def _test(self) -> Outcome:
        def test(publication: Publication) -> Outcome:
            publication.folder.write_json(".copydesk/test.json", {})
            publication.folder.remove(".copydesk/test.json")
            foreign = publication.foreign()
            note = f"left alone, because they are not ours: {', '.join(foreign)}" if foreign else ""
            return Published(str(self._root), self._config.url, Answer(raw=note))

        return self._visit(test)

    def _visit(self, action: Callable[[Publication], T]) -> T | Misconfigured | Unavailable:
        folder = Folder(self._root)
        try:
            with folder.locked():
                publication = Publication(folder, self._config)
                publication.open()
                return action(publication)
        except OSError as error:
            return refused_by_disk(error, self._root)
        except ValueError as error:
            remedy = "Restore the file from a backup, or remove it and publish the post again."
            return Misconfigured(str(error), remedy)


def _groups(batch: Sequence[Outgoing]) -> Iterator[list[tuple[int, Outgoing]]]:
    """Cut `batch` so that the media of each group fit in memory."""
    group: list[tuple[int, Outgoing]] = []
    size = 0
    for position, outgoing in enumerate(batch):
        weight = sum(media.size for media in outgoing.media)
        if group and size + weight > MAX_MEDIA_BYTES:
            yield group
            group, size = [], 0
        group.append((position, outgoing))
        size += weight
    if group:
        yield group
