"""Files on their way to LinkedIn: announced, sent to the address it names, and waited for.

Images are made to fit before they are sent; documents go as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from copydesk.core.outcomes import Outcome, Refused, Unavailable
from copydesk.core.post import Media
from copydesk.platforms.kit.contract import Session
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.kit.media import fitted
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.linkedin.errors import TABLE, read_error
from copydesk.platforms.linkedin.urns import encoded
from copydesk.transformation.images import ImageRule

#: What LinkedIn takes as a document.
DOCUMENTS: Final = frozenset(
    {
        "application/pdf",
        "application/msword",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)

#: Seconds to wait while LinkedIn processes a file; it does not say how long it takes.
PROCESSING: Final = 3.0

_FAILED: Final = frozenset({"PROCESSING_FAILED", "FAILED"})


def image_rule(limits: Mapping[str, Limit]) -> ImageRule:
    """Return what LinkedIn takes as an image."""
    return ImageRule(
        types=("image/jpeg", "image/png", "image/gif"), most_pixels=limits["pixels"].value
    )


class Uploads:
    """The calls that bring one account's files to LinkedIn; all of them may be repeated.

    `api` speaks to the API; files go elsewhere, without its headers.
    """

    def __init__(
        self, session: Session, api: Wire, *, base: str, timeout: float, rule: ImageRule
    ) -> None:
        token = session.secrets.get("access_token", "")
        self._load_media = session.load_media
        self._api = api
        self._base = base
        self._token = token
        self._rule = rule
        self._files = Wire(
            session.transport,
            base="",
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            secrets=(token,),
        )

    async def send(self, media: Media, owner: str) -> str | Outcome:
        """Upload `media` for `owner`; return its URN, or what kept it from getting there."""
        kind = _kind(media)
        sent = await fitted(self._load_media, media, self._rule)
        if isinstance(sent, Refused):
            return sent
        announced = await self._api.read(
            "POST",
            f"/rest/{kind}s?action=initializeUpload",
            json_body={"initializeUploadRequest": {"owner": owner}},
        )
        if not isinstance(announced, Reply):
            return announced
        urn, address = _place(announced.json(), kind)
        if not urn or not address:
            return Unavailable("LinkedIn did not say where the file goes")
        headers = {"Content-Type": sent.media.content_type}
        if _same_house(address, self._base):
            headers["Authorization"] = f"Bearer {self._token}"
        reply = await self._files.read("PUT", address, headers=headers, body=sent.content)
        return urn if isinstance(reply, Reply) else reply

    async def is_ready(self, urn: str) -> bool | Outcome:
        """Return whether LinkedIn has finished with the file `urn`, or what kept it from telling.

        Who may not ask is taken at its word: a post with a file that is not ready is refused.
        """
        kind = urn.split(":")[2]
        reply = await self._api.read("GET", f"/rest/{kind}s/{encoded(urn)}")
        if not isinstance(reply, Reply):
            return reply.answer.status == 403 or reply
        body = reply.json()
        status = body.get("status") if isinstance(body, dict) else None
        if status in _FAILED:
            return Refused("media", f"LinkedIn could not process {urn}", "Convert the file.")
        return status == "AVAILABLE"


def _kind(media: Media) -> str:
    return "image" if media.content_type.startswith("image/") else "document"


def _place(body: Any, kind: str) -> tuple[str, str]:
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, dict):
        return "", ""
    urn, address = str(value.get(kind) or ""), str(value.get("uploadUrl") or "")
    known = urn.startswith(f"urn:li:{kind}:") and address.startswith(("https://", "http://"))
    return (urn, address) if known else ("", "")


def _same_house(address: str, base: str) -> bool:
    """Tell whether `address` is of those who have the token anyway (www. beside api.)."""
    there, here = urlsplit(address), urlsplit(base)
    if there.scheme != here.scheme or not there.hostname or not here.hostname:
        return False
    house = here.hostname.partition(".")[2]
    beside = house.count(".") >= 1 and there.hostname.endswith(f".{house}")
    return there.hostname == here.hostname or (beside and not here.hostname[-1].isdigit())
