"""The Medium calls: who we are, images, and one that makes a story. There are no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import (
    Existence,
    Inconclusive,
    Misconfigured,
    Outcome,
    Published,
    Ready,
    Refused,
    Unavailable,
)
from copydesk.core.post import Media
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.media import fitted
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.medium import BASE_URL, STATES
from copydesk.platforms.medium.addresses import placed
from copydesk.platforms.medium.errors import TABLE, read_error
from copydesk.transformation.images import ImageRule

#: Source: https://github.com/Medium/medium-api-docs#34-images (checked 2026-11-22).
IMAGES: Final = ImageRule(types=("image/jpeg", "image/png", "image/gif", "image/tiff"))

_BLIND: Final = "Medium's API shows nothing of what it has"


class MediumClient(Client):
    """The calls of one account. `timeout` in seconds for every call; `paces` as in `Wire`."""

    def __init__(self, session: Session, *, timeout: float, paces: Sequence[Pace] = ()) -> None:
        token = session.secrets.get("access_token", "")
        settings = session.account.settings
        self._load_media = session.load_media
        self._publication = settings.get("publication", "")
        self._wire = Wire(
            session.transport,
            base=f"{settings.get('base_url', BASE_URL).rstrip('/')}/v1",
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "Accept-Charset": "utf-8",
            },
            secrets=(token,),
            paces=paces,
        )

    async def prepare(self, outgoing: Outgoing) -> Ready | Outcome:
        """Find out whose story it is, and upload its images.

        Handles: `place` is the path stories are made at, `images` maps a file's digest to its
        address at Medium.
        """
        if outgoing.action is not Action.CREATE:
            return Ready(outgoing.handles)
        place = f"/publications/{self._publication}/posts" if self._publication else ""
        if not place:
            author = await self._me()
            if not isinstance(author, dict):
                return author
            place = f"/users/{author['id']}/posts"
        images: dict[str, str] = {}
        for media in outgoing.media:
            if media.sha256 in images:
                continue
            address = await self._upload(media)
            if not isinstance(address, str):
                return address
            images[media.sha256] = address
        return Ready({"place": place, "images": images})

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Make the story. Its state is always said: without one Medium publishes at once."""
        if outgoing.action is not Action.CREATE:
            return Refused(
                "target",
                "Medium's API neither changes nor removes a story",
                "Do it at medium.com, in the story's own menu.",
            )
        payload = outgoing.payload
        if payload["publish_status"] not in STATES:
            return Refused("publish_status", "it is not said what the story is to be made as")
        place, images = outgoing.handles.get("place", ""), outgoing.handles.get("images", {})
        missing = [media.name for media in outgoing.media if media.sha256 not in images]
        if not place or missing:
            return Unavailable(f"not prepared yet: {', '.join(missing) or 'whose story it is'}")
        reply = await self._wire.write("POST", place, json_body=_story(payload, images))
        if not isinstance(reply, Reply):
            return reply
        story = _data(reply)
        if story is None or not story.get("id"):
            return self._wire.unreadable(reply, "the id of the story")
        return Published(str(story["id"]), str(story.get("url") or ""), self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Say that nobody can look: stories cannot be listed, and drafts are seen by nobody."""
        return Inconclusive(_BLIND)

    async def test(self) -> Outcome:
        """Ask whose token this is, and whether they write for the publication."""
        author = await self._me()
        if not isinstance(author, dict):
            return author
        if self._publication and not await self._writes_for(str(author["id"])):
            return Misconfigured(
                f"@{author.get('username')} has no publication {self._publication}",
                remedy="Set publication to the id of one they write for, or leave it out.",
            )
        return Published(f"@{author.get('username') or author['id']}", str(author.get("url") or ""))

    async def _me(self) -> dict[str, Any] | Outcome:
        reply = await self._wire.read("GET", "/me")
        if not isinstance(reply, Reply):
            return reply
        author = _data(reply)
        if author is None or not author.get("id"):
            return Unavailable("Medium did not say whose token this is")
        return author

    async def _writes_for(self, author: str) -> bool:
        """Tell whether the publication is among the author's, True where that may not be asked."""
        reply = await self._wire.read("GET", f"/users/{author}/publications")
        body = reply.json() if isinstance(reply, Reply) else None
        listed = body.get("data") if isinstance(body, dict) else None
        if not isinstance(listed, list):
            return True
        return any(isinstance(p, dict) and p.get("id") == self._publication for p in listed)

    async def _upload(self, media: Media) -> str | Outcome:
        sent = await fitted(self._load_media, media, IMAGES)
        if isinstance(sent, Refused):
            return sent
        file = (sent.filename, sent.content, sent.media.content_type)
        reply = await self._wire.read("POST", "/images", files={"image": file})
        if not isinstance(reply, Reply):
            return reply
        image = _data(reply)
        address = image.get("url") if image else None
        return str(address) if address else Unavailable("Medium did not say where the image is")


def _story(payload: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    story = {
        "title": payload["title"],
        "contentFormat": payload["format"],
        "content": placed(payload["content"], images),
        "tags": payload["tags"],
        "publishStatus": payload["publish_status"],
        "license": payload["license"],
        "notifyFollowers": payload["notify_followers"],
    }
    if payload["canonical_url"]:
        story["canonicalUrl"] = payload["canonical_url"]
    return story


def _data(reply: Reply) -> dict[str, Any] | None:
    body = reply.json()
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else None
