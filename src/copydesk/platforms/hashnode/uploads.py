"""Uploading images: Hashnode names an address to send a file to, and the one it will have.

The file goes to the storage without our token. An address is asked for by PUT; where the schema
does not have that, by the older form, which was announced to end on 2026-09-07.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from copydesk.core.outcomes import Misconfigured, Outcome, Refused, Unavailable
from copydesk.core.post import Media
from copydesk.platforms.hashnode.documents import CONFIRM_UPLOAD, UPLOAD_BY_FORM, UPLOAD_BY_PUT
from copydesk.platforms.hashnode.errors import INVALID
from copydesk.platforms.hashnode.graphql import Data, GraphQL, missing
from copydesk.platforms.hashnode.placing import CDN
from copydesk.platforms.kit.media import FittedMedia, fitted
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.transformation.images import ImageRule

#: Types that every browser shows; Hashnode says `image/*` without SVG.
RULE: Final = ImageRule(
    types=("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"),
    most_bytes=8_000_000,
)


class Uploads:
    """Uploads over `graphql`; `storage` is a wire without base address and without our token."""

    def __init__(
        self,
        graphql: GraphQL,
        storage: Wire,
        load_media: Callable[[Media], Awaitable[bytes]],
    ) -> None:
        self._graphql = graphql
        self._storage = storage
        self._load_media = load_media

    async def upload(self, media: Media) -> str | Outcome:
        """Return the public address of `media` after uploading it. May be repeated: each time the
        file gets another address."""
        file = await fitted(self._load_media, media, RULE)
        if isinstance(file, Refused):
            return file
        wanted = {"input": {"contentType": file.media.content_type}}
        target = await self._graphql.ask(UPLOAD_BY_PUT, wanted)
        if isinstance(target, Misconfigured) and target.answer.vendor_code == INVALID:
            target = await self._graphql.ask(UPLOAD_BY_FORM, wanted)
            return await self._by_form(target, file) if isinstance(target, Data) else target
        return await self._by_put(target, file) if isinstance(target, Data) else target

    async def _by_put(self, target: Data, file: FittedMedia) -> str | Outcome:
        named = target.at("createImageUploadURL", "presignedPut")
        if not _names(named, "url", "cdnUrl", "key"):
            return missing(target, "an address to upload to")
        sent = await self._storage.read(
            "PUT",
            named["url"],
            headers={"Content-Type": file.media.content_type},
            body=file.content,
        )
        if not isinstance(sent, Reply):
            return _not_stored(sent)
        # the upload itself is not checked for its size: without this the file may be taken away
        confirmed = await self._graphql.ask(CONFIRM_UPLOAD, {"input": {"key": named["key"]}})
        if not isinstance(confirmed, Data):
            return confirmed
        if confirmed.at("confirmImageUpload", "ok") is not True:
            return Refused(
                field=f"media.{file.media.name}",
                reason="Hashnode took the image away again: it is too large",
                remedy="Make the file smaller.",
                answer=confirmed.answer,
            )
        return str(confirmed.at("confirmImageUpload", "cdnUrl") or named["cdnUrl"])

    async def _by_form(self, target: Data, file: FittedMedia) -> str | Outcome:
        named = target.at("createImageUploadURL", "presignedPost")
        fields = target.at("createImageUploadURL", "presignedPost", "fields")
        if not _names(named, "url") or not _names(fields, "key"):
            return missing(target, "an address to upload to")
        sent = await self._storage.read(
            "POST",
            named["url"],
            form=fields,
            files={"file": (file.filename, file.content, file.media.content_type)},
        )
        if not isinstance(sent, Reply):
            return _not_stored(sent)
        return f"{CDN}/{fields['key']}"


def _names(found: Any, *keys: str) -> bool:
    """Tell whether `found` has text under each of `keys`, and a web address under `url`."""
    if not isinstance(found, Mapping):
        return False
    if not all(isinstance(found.get(key), str) and found[key] for key in keys):
        return False
    return "url" not in keys or urlsplit(found["url"]).scheme in {"http", "https"}


def _not_stored(answer: Outcome) -> Outcome:
    """Return what a refusal by the storage means: its answers are about the file, never about the
    account, and a signed address ends after a while."""
    if isinstance(answer, Unavailable) or answer.answer.status in {None, 429}:
        return answer
    status = answer.answer.status
    return Unavailable(f"Hashnode's storage answered {status} to an image", answer=answer.answer)
