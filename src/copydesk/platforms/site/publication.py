"""Publishing into the folder: plan, journal, pages, records, then everything that lists them.

Order is what makes a crash harmless. The journal names every file a batch may touch before the
first is written; a page is complete before its record exists; the record is what counts; lists and
feeds follow, and while the journal is there they are known to be stale. Whoever takes the lock next
finishes the work: files no record knows are removed, the rest is made again from the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import Answer, Outcome, Published
from copydesk.platforms.site.build import build_site, post_files
from copydesk.platforms.site.config import SiteConfig
from copydesk.platforms.site.errors import refused_by_disk
from copydesk.platforms.site.folder import STATE, Folder
from copydesk.platforms.site.records import (
    Record,
    next_record,
    read_records,
    record_path,
    write_record,
)

JOURNAL: Final = f"{STATE}/journal.json"
#: Path → digest of the sources of every file made from the records. What is not in here and not in
#: a record belongs to somebody else and is left alone.
MADE: Final = f"{STATE}/made.json"


@dataclass(slots=True)
class Publication:
    """One stay in the folder, under its lock."""

    folder: Folder
    config: SiteConfig
    records: dict[str, Record] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def open(self) -> None:
        """Read what is there and finish what a dead process left.

        Raises `OSError`, or `ValueError` for a record that is not readable.
        """
        self.records = read_records(self.folder)
        self.made = dict(self.folder.read_json(MADE) or {})
        journal = self.folder.read_json(JOURNAL)
        if journal is not None:
            self._settle(journal["files"])

    def publish(self, batch: Sequence[tuple[Outgoing, Mapping[str, bytes]]]) -> list[Outcome]:
        """Publish or remove `batch` (each with the bytes of its media by file); one outcome each.

        Raises `OSError` only while nothing of the batch is written.
        """
        plans = self._plan([outgoing for outgoing, _ in batch])
        removed = [outgoing.post_id for outgoing, _ in batch if outgoing.action is Action.DELETE]
        leaving = [record for id in removed if (record := self.records.get(id))]
        changed = [*(plan for plan in plans if plan), *leaving]
        touched = sorted({file for record in changed for file in self._touched(record)})
        if touched:
            self.folder.write_json(JOURNAL, {"files": touched})
        outcomes: list[Outcome] = []
        for plan, (outgoing, media) in zip(plans, batch, strict=True):
            try:
                outcomes.append(self._carry_out(plan, outgoing, media))
            except OSError as error:
                outcomes.append(refused_by_disk(error, self.folder.root))
        if not touched:
            return outcomes
        try:
            self._settle(touched)
        except OSError as error:
            # The posts are out; the journal stays, so the next visit makes the lists again.
            answer = Answer(raw=f"The lists and feeds could not be renewed yet: {error}")
            outcomes = [
                Published(o.id, o.url, answer) if isinstance(o, Published) else o for o in outcomes
            ]
        return outcomes

    def foreign(self) -> list[str]:
        """Return files of the site that are left out because somebody else's are in their place."""
        claimed = self._claimed()
        built = build_site(self.records, self.config)
        return sorted(
            path
            for path in built
            if path not in self.made and path not in claimed and self.folder.exists(path)
        )

    # -- planning ---------------------------------------------------------------------------------

    def _plan(self, batch: Sequence[Outgoing]) -> list[Record | None]:
        """Return the record each post will have, None for what is there already.

        Slugs are settled in order, so that the same batch always gives the same addresses.
        """
        plans: list[Record | None] = []
        current = dict(self.records)
        for outgoing in batch:
            if outgoing.action is Action.DELETE:
                current.pop(outgoing.post_id, None)
                plans.append(None)
                continue
            old = current.get(outgoing.post_id)
            if old is not None and outgoing.key in old.keys:
                plans.append(None)
                continue
            slug = self._slug(outgoing, old, current)
            media: Sequence[Mapping[str, Any]] = outgoing.payload["media"]
            names = ("index.html", "index.md", *(str(item["file"]) for item in media))
            files = tuple(f"posts/{slug}/{name}" for name in names)
            current[outgoing.post_id] = next_record(outgoing, old, slug, files, self.config.host)
            plans.append(current[outgoing.post_id])
        return plans

    def _slug(self, outgoing: Outgoing, old: Record | None, current: Mapping[str, Record]) -> str:
        wanted = str(outgoing.payload["slug"])
        if old is not None and old.payload["slug"] == wanted:
            return old.slug
        taken = {
            slug
            for record in current.values()
            if record.post_id != outgoing.post_id
            for slug in (record.slug, *record.former)
        }
        own = {old.slug, *old.former} if old else set()
        slug, number = wanted, 2
        while slug in taken or (slug not in own and self.folder.exists(f"posts/{slug}")):
            slug, number = f"{wanted}-{number}", number + 1
        return slug

    def _touched(self, record: Record) -> set[str]:
        old = self.records.get(record.post_id)
        return {*record.files, *(old.files if old else ()), record_path(record.post_id)}

    # -- writing ----------------------------------------------------------------------------------

    def _carry_out(
        self, plan: Record | None, outgoing: Outgoing, media: Mapping[str, bytes]
    ) -> Outcome:
        if outgoing.action is Action.DELETE:
            # without its record a post is out of everything: the pages follow when all is settled
            self.folder.remove(record_path(outgoing.post_id))
            gone = self.records.pop(outgoing.post_id, None)
            note = "" if gone else "it was gone already"
            return Published(outgoing.target_id, answer=Answer(raw=note))
        if plan is not None:
            self._write(plan, media)
        record = self.records[outgoing.post_id]
        return Published(record.post_id, self.config.url + record.page)

    def _write(self, record: Record, media: Mapping[str, bytes]) -> None:
        for name, data in media.items():
            self.folder.write(f"{record.page}{name}", data)
        pages = post_files(record, {**self.records, record.post_id: record}, self.config)
        for path, file in pages.items():
            # until the record is there, what is on disk is not what the records say
            self.made[path] = ""
            self.folder.write(path, file.make().encode())
        write_record(self.folder, record)
        self.records[record.post_id] = record
        self.made.update({path: file.digest for path, file in pages.items()})

    def _settle(self, touched: Iterable[str]) -> None:
        """Make the folder say what the records say, then forget the journal."""
        claimed = self._claimed()
        known = claimed | {record_path(post_id) for post_id in self.records}
        for path in touched:
            self.folder.discard_unfinished(path)
            if path not in known:
                self.folder.remove(path)
        built = build_site(self.records, self.config)
        ours = {
            path: file.digest
            for path, file in built.items()
            if path in self.made or path in claimed or not self.folder.exists(path)
        }
        stale = [
            path
            for path, digest in ours.items()
            if self.made.get(path) != digest or not self.folder.exists(path)
        ]
        # claimed before it is written: a crash in between must not leave files that seem foreign
        self.folder.write_json(MADE, {**self.made, **dict.fromkeys(stale, "")})
        for path in stale:
            self.folder.write(path, built[path].make().encode())
        for path in sorted(self.made.keys() - ours.keys() - claimed):
            self.folder.remove(path)
        self.folder.write_json(MADE, ours)
        self.made = ours
        self.folder.remove(JOURNAL)

    def _claimed(self) -> set[str]:
        return {file for record in self.records.values() for file in record.files}
