"""Whether a published page still is what its record says: what people changed or removed by hand.

Only files that nobody but us should touch are compared: the page, its Markdown and its images. The
page itself shows its neighbours too, so it is compared only while it is not due to be made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from copydesk.core.delivery import Outgoing
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.site.build import post_files
from copydesk.platforms.site.records import Record, payload_digest

if TYPE_CHECKING:
    from copydesk.platforms.site.publication import Publication


def compare(publication: Publication, outgoing: Outgoing, media: Mapping[str, bytes]) -> Standing:
    """Return how the page of `outgoing` stands in its folder; `media` are its images by the names
    of their files, as far as they can be had. May raise `OSError`."""
    record = publication.records.get(outgoing.post_id)
    if record is None:
        return Gone("there is no record of the post")
    if record.payload_sha256 != payload_digest(outgoing.payload):
        return Changed("the record", "it holds another version of the post")
    return compare_files(publication, record, media)


def compare_files(publication: Publication, record: Record, media: Mapping[str, bytes]) -> Standing:
    """Return how the files of `record` stand in the folder, compared with it; images as far as
    `media` has them. May raise `OSError`."""
    there = [path for path in record.files if publication.folder.read(path) is not None]
    if f"{record.page}index.html" not in there:
        return Gone(f"{record.page}index.html is not there")
    missing = [path for path in record.files if path not in there]
    if missing:
        return Changed(", ".join(missing), "removed from the folder")
    changed = list(_changed(publication, record, media))
    return Changed(", ".join(changed), "not as copydesk wrote it") if changed else AsPublished()


def _changed(publication: Publication, record: Record, media: Mapping[str, bytes]) -> Iterator[str]:
    folder = publication.folder
    for path, file in post_files(record, publication.records, publication.config).items():
        is_current = publication.made.get(path) == file.digest
        if is_current and folder.read(path) != file.make().encode():
            yield path
    for item in record.payload["media"]:
        path, ours = f"{record.page}{item['file']}", media.get(item["file"])
        if ours is not None and folder.read(path) != ours:
            yield path
