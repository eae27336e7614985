"""The X calls of one account: files, posts, and who we are. Looking is done in `looking`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing, parts_out
from copydesk.core.metrics import Metrics
from copydesk.core.outcomes import (
    Existence,
    Outcome,
    Pending,
    Published,
    Ready,
    Refused,
    Unavailable,
)
from copydesk.core.standing import Standing
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.manifest import Manifest
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.x import EVERYONE, base_url
from copydesk.platforms.x.attachments import image_rule
from copydesk.platforms.x.errors import TABLE, read_error
from copydesk.platforms.x.looking import Looks, data_of, part_of
from copydesk.platforms.x.uploading import Stage, Upload, Uploader

_SECRETS: Final = ("access_token", "refresh_token", "token_secret", "client_secret")


class XClient(Client):
    """The calls of one account, with what `manifest` says about time, paces and limits."""

    def __init__(self, session: Session, manifest: Manifest) -> None:
        account, secrets = session.account, session.secrets
        self._edits = account.settings.get("premium") == "yes"
        self._wire = Wire(
            session.transport,
            base=base_url(account.settings),
            table=TABLE,
            read_error=read_error,
            timeout=manifest.timeout,
            # a transport that signs (OAuth 1.0a) puts its own in place of this
            headers={"Authorization": f"Bearer {secrets.get('access_token', '')}"},
            secrets=tuple(secrets[key] for key in _SECRETS if secrets.get(key)),
            paces=manifest.pace,
        )
        self._looks = Looks(self._wire, account.identity.removeprefix("@"))
        self._uploader = Uploader(self._wire, session.load_media, image_rule(manifest.limits))

    # -- files ------------------------------------------------------------------------------------

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Take the next file one step further; every part's files come before the first part.

        Handles: `media` maps a file's hash to how far its upload is. Ids that have expired are
        forgotten, so that the file is uploaded anew.
        """
        needed = _needed(outgoing)
        if not needed:
            return Ready(outgoing.handles)
        kept: Mapping[str, Any] = outgoing.handles.get("media", {})
        uploads = {sha: Upload.of(one) for sha, one in kept.items()}
        uploads = {sha: one for sha, one in uploads.items() if not one.is_over(outgoing.sent_at)}
        for media in outgoing.media:
            before = uploads.get(media.sha256)
            if media.name not in needed or (before and before.stage is Stage.READY):
                continue
            after = await self._uploader.advance(
                media, needed[media.name], before, outgoing.sent_at
            )
            if not isinstance(after, Upload):
                return after
            uploads[media.sha256] = after
            break
        handles = {**outgoing.handles, "media": {sha: one.keep() for sha, one in uploads.items()}}
        waits = [
            one.wait if one else 1.0
            for media in outgoing.media
            if media.name in needed
            and ((one := uploads.get(media.sha256)) is None or one.stage is not Stage.READY)
        ]
        return Pending(waits[0], handles) if waits else Ready(handles)

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Go on with the files as `prepare` does: uploading publishes nothing."""
        return await self.prepare(outgoing)

    # -- posts ------------------------------------------------------------------------------------

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Create the part in flight as a reply to the one before it, or edit or remove the post
        that `target_id` names. An edit is a create and has an id of its own."""
        if outgoing.action is Action.DELETE:
            return await self._delete(outgoing.target_id)
        if outgoing.action is Action.UPDATE and not self._edits:
            return Refused(
                "target",
                "X lets only Premium accounts change what they have published",
                "Delete the post and publish it again, or set premium=yes if the account has it.",
            )
        body = self._body(outgoing)
        if not isinstance(body, dict):
            return body
        reply = await self._wire.write("POST", "/2/tweets", action=outgoing.action, json_body=body)
        if not isinstance(reply, Reply):
            return reply
        id = str(data_of(reply).get("id") or "")
        if not id:
            # a 200 may carry errors and nothing else: whether it is out, only a look can tell
            return self._wire.unreadable(reply, "the id of the post")
        return Published(id, self._looks.url(id), self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look for what was sent; see `Looks.find`."""
        return await self._looks.find(outgoing)

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post with what was sent; see `Looks.inspect`."""
        return await self._looks.inspect(outgoing)

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return X's counts of the post; see `Looks.metrics`."""
        return await self._looks.metrics(outgoing.target_id)

    async def test(self) -> Outcome:
        """Ask whose token this is."""
        reply = await self._wire.read("GET", "/2/users/me")
        if not isinstance(reply, Reply):
            return reply
        name = data_of(reply).get("username")
        if not name:
            return Unavailable("X did not say whose account this is")
        return Published(f"@{name}", f"https://x.com/{name}", self._wire.evidence(reply))

    # -- the calls --------------------------------------------------------------------------------

    def _body(self, outgoing: Outgoing) -> dict[str, Any] | Outcome:
        payload, part = outgoing.payload, part_of(outgoing)
        uploads = outgoing.handles.get("media", {})
        shas = {media.name: media.sha256 for media in outgoing.media}
        names = [item["name"] for item in part["media"]]
        ids = [uploads.get(shas.get(name, ""), {}).get("id") for name in names]
        if missing := [name for name, id in zip(names, ids, strict=True) if not id]:
            return Unavailable(f"not uploaded yet: {', '.join(missing)}")
        body: dict[str, Any] = {"text": part["text"]}
        if ids:
            body["media"] = {"media_ids": ids}
        for flag in ("made_with_ai", "paid_partnership"):
            if payload[flag]:
                body[flag] = True
        out = parts_out(outgoing.handles)
        if outgoing.action is Action.UPDATE:
            body["edit_options"] = {"previous_post_id": outgoing.target_id}
        elif out:
            body["reply"] = {"in_reply_to_tweet_id": out[-1].id}
        elif payload["poll"] is not None:
            body["poll"] = {key: payload["poll"][key] for key in ("options", "duration_minutes")}
        # who may reply is decided by the first part for all that follow it
        if not out and payload["reply_settings"] != EVERYONE:
            body["reply_settings"] = payload["reply_settings"]
        return body

    async def _delete(self, id: str) -> Outcome:
        reply = await self._wire.write("DELETE", f"/2/tweets/{id}", action=Action.DELETE)
        if isinstance(reply, Reply):
            if data_of(reply).get("deleted") is True:
                return Published(id, answer=self._wire.evidence(reply))
            return self._wire.unreadable(reply, "that the post was deleted")
        if reply.answer.status in {404, 410}:
            return Published(id, answer=reply.answer)
        return reply


def _needed(outgoing: Outgoing) -> dict[str, str]:
    """Return the files that parts still to go need, with their alternative texts."""
    parts = outgoing.payload["parts"][outgoing.part :]
    return {item["name"]: str(item["alt"]) for part in parts for item in part["media"]}
