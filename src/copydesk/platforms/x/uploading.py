"""Uploading one file, a bounded step at a time; how far it has got is kept between the steps.

Still images go in one call. GIFs and videos go in pieces, and X works on them afterwards. Sources:
https://docs.x.com/x-api/media/quickstart/media-upload-chunked and the OpenAPI document 2.167
(checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from copydesk.core.outcomes import Outcome, Refused, Unavailable
from copydesk.core.post import Media
from copydesk.platforms.kit.media import fitted
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.x.attachments import category, is_film
from copydesk.transformation.images import ImageRule

#: Bytes of one piece, and how many go in one step: X counts up to 1,000 pieces, and a step has to
#: end well within the time a call may take.
PIECE: Final = 4 << 20
PIECES_A_STEP: Final = 4

#: How long an uploaded file can be attached when X does not say, in seconds, and how much earlier
#: it is taken to be over.
_LASTS: Final = 86_400
_MARGIN: Final = timedelta(minutes=15)

#: How often X may say that it is still at work on a file, and how long to wait when it does not
#: say, in seconds.
_MOST_LOOKS: Final = 240
_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0

#: How often an upload that X has lost is begun.
_MOST_BEGINNINGS: Final = 3

LoadMedia = Callable[[Media], Awaitable[bytes]]


class Stage(StrEnum):
    """How far a file has got."""

    APPENDING = "appending"
    PROCESSING = "processing"
    UPLOADED = "uploaded"
    READY = "ready"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way. `id` is X's of it, `until` (ISO 8601 in UTC, "" unknown) when that ends,
    `piece` the next to send, `looks` how often it was looked at, `begun` how often it was begun;
    `wait` is in seconds."""

    id: str
    stage: Stage
    until: str = ""
    piece: int = 0
    looks: int = 0
    begun: int = 1
    wait: float = 1.0

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Upload:
        """Return an upload as it was kept among a delivery's handles."""
        return cls(**{**kept, "stage": Stage(kept["stage"])})

    def keep(self) -> dict[str, Any]:
        """Return the upload as JSON data."""
        return {**asdict(self), "stage": self.stage.value}

    def is_over(self, now: datetime | None) -> bool:
        """Tell whether the file can no longer be attached `now` (aware UTC; None: not known)."""
        if now is None or not self.until:
            return False
        return datetime.fromisoformat(self.until) - _MARGIN <= now


class Uploader:
    """Uploads files of one account by `wire`; still images are made to fit `rule`."""

    def __init__(self, wire: Wire, load_media: LoadMedia, rule: ImageRule) -> None:
        self._wire = wire
        self._load_media = load_media
        self._rule = rule

    async def advance(
        self, media: Media, alt: str, upload: Upload | None, now: datetime | None
    ) -> Upload | Outcome:
        """Return `upload` of `media` (None: not begun) one step further, or what stood in its way.

        `now` (aware UTC) is when this try began, None when that is not known.
        """
        if upload is None or upload.stage is Stage.LOST:
            begun = await (self._begin if is_film(media) else self._send)(media, now)
            if not isinstance(begun, Upload):
                return begun
            upload = replace(begun, begun=upload.begun + 1 if upload else 1)
        if upload.stage in {Stage.APPENDING, Stage.PROCESSING}:
            goes_on = self._append if upload.stage is Stage.APPENDING else self._look
            further = await goes_on(media, upload, now)
            if not isinstance(further, Upload):
                return _lost(further, media, upload)
            upload = further
        if upload.stage is Stage.UPLOADED:
            return await self._describe(media, upload, alt)
        return upload

    async def _send(self, media: Media, now: datetime | None) -> Upload | Outcome:
        found = await fitted(self._load_media, media, self._rule)
        if isinstance(found, Refused):
            return found
        reply = await self._wire.read(
            "POST",
            "/2/media/upload",
            form={"media_category": category(media)},
            files={"media": (found.filename, found.content, found.media.content_type)},
        )
        return _read(reply, media, now)

    async def _begin(self, media: Media, now: datetime | None) -> Upload | Outcome:
        reply = await self._wire.read(
            "POST",
            "/2/media/upload/initialize",
            json_body={
                "media_type": media.content_type,
                "total_bytes": media.size,
                "media_category": category(media),
            },
        )
        begun = _read(reply, media, now)
        return replace(begun, stage=Stage.APPENDING) if isinstance(begun, Upload) else begun

    async def _append(self, media: Media, upload: Upload, now: datetime | None) -> Upload | Outcome:
        content = await self._load_media(media)
        pieces = -(-len(content) // PIECE)
        last = min(pieces, upload.piece + PIECES_A_STEP)
        for number in range(upload.piece, last):
            piece = content[number * PIECE : (number + 1) * PIECE]
            reply = await self._wire.read(
                "POST",
                f"/2/media/upload/{upload.id}/append",
                form={"segment_index": str(number)},
                files={"media": (f"piece-{number}", piece, "application/octet-stream")},
            )
            if not isinstance(reply, Reply):
                return _refused(reply, media)
        if last < pieces:
            return replace(upload, piece=last)
        reply = await self._wire.read("POST", f"/2/media/upload/{upload.id}/finalize")
        done = _read(reply, media, now)
        return replace(done, begun=upload.begun) if isinstance(done, Upload) else done

    async def _look(self, media: Media, upload: Upload, now: datetime | None) -> Upload | Outcome:
        if upload.looks >= _MOST_LOOKS:
            return Refused(
                f"media.{media.name}",
                f"X is still at work on it after {upload.looks} looks",
                "Convert the file (MP4, H.264, AAC), or try it by hand on X.",
            )
        reply = await self._wire.read(
            "GET",
            "/2/media/upload",
            query={"command": "STATUS", "media_id": upload.id},
        )
        seen = _read(reply, media, now)
        if not isinstance(seen, Upload):
            return seen
        until = upload.until or seen.until
        return replace(seen, looks=upload.looks + 1, begun=upload.begun, until=until)

    async def _describe(self, media: Media, upload: Upload, alt: str) -> Upload | Outcome:
        if alt:
            reply = await self._wire.read(
                "POST",
                "/2/media/metadata",
                json_body={"id": upload.id, "metadata": {"alt_text": {"text": alt}}},
            )
            if not isinstance(reply, Reply):
                return _refused(reply, media)
        return replace(upload, stage=Stage.READY)


def _read(reply: Reply | Outcome, media: Media, now: datetime | None) -> Upload | Outcome:
    if not isinstance(reply, Reply):
        return _refused(reply, media)
    body = reply.json()
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not data.get("id"):
        return Unavailable(f"X did not name the file {media.name} it took")
    working = data.get("processing_info")
    working = working if isinstance(working, dict) else {}
    if working.get("state") == "failed":
        return Refused(
            f"media.{media.name}",
            f"X could not use it: {_why(working)}",
            "Convert it to what X takes (MP4 with H.264 and AAC, or a smaller GIF).",
            reply.answer("failed"),
        )
    is_done = not working or working.get("state") == "succeeded"
    return Upload(
        id=str(data["id"]),
        stage=Stage.UPLOADED if is_done else Stage.PROCESSING,
        until=_until(data.get("expires_after_secs"), now),
        wait=_seconds(working.get("check_after_secs"), _WAIT, _LONGEST_WAIT) if working else 1.0,
    )


def _lost(outcome: Outcome, media: Media, upload: Upload) -> Upload | Outcome:
    """Return what becomes of `upload` after `outcome`: X may have forgotten it, then it begins
    again."""
    if outcome.answer.status not in {404, 410}:
        return outcome
    if upload.begun < _MOST_BEGINNINGS:
        return replace(upload, stage=Stage.LOST)
    return Refused(
        f"media.{media.name}",
        f"X has lost the upload {upload.begun} times",
        "Try again later, or leave the file out (x.media).",
        outcome.answer,
    )


def _refused(outcome: Outcome, media: Media) -> Outcome:
    if not isinstance(outcome, Refused):
        return outcome
    return replace(outcome, field=f"media.{media.name}")


def _why(working: Mapping[str, Any]) -> str:
    error = working.get("error")
    words = error.get("message") or error.get("name") if isinstance(error, dict) else ""
    return str(words or "it did not say why")


def _until(lasts: Any, now: datetime | None) -> str:
    if now is None:
        return ""
    return (now + timedelta(seconds=_seconds(lasts, _LASTS, _LASTS))).isoformat()


def _seconds(value: Any, otherwise: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return otherwise
    return min(float(value), most)
