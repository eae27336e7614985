"""What a post needs before it can be written, and what may be repeated: its blobs, who is
mentioned, which version of a post is quoted or answered, and the time it will carry.

Handles: `created_at` by part; `blobs` by purpose and file; `dids` by handle ("": nobody's); `quote`
and `refs` name versions of other posts. Everything but the time is asked of the server, for the
part that goes out next: blobs that no record refers to are thrown away after minutes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from copydesk.core.delivery import Outgoing, parts_out
from copydesk.core.outcomes import Outcome, Ready, Refused, Unavailable
from copydesk.core.post import Media
from copydesk.platforms.bluesky.addresses import COLLECTION, PostName, is_did, read_name
from copydesk.platforms.bluesky.images import IMAGE_RULE, THUMB_RULE
from copydesk.platforms.bluesky.records import (
    IMAGE,
    THUMB,
    blob_name,
    mentioned,
    part_of,
    stamp,
)
from copydesk.platforms.kit.media import FittedMedia, fitted
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire

_UPLOAD: Final = "/xrpc/com.atproto.repo.uploadBlob"
_RESOLVE: Final = "/xrpc/com.atproto.identity.resolveHandle"
_GET: Final = "/xrpc/com.atproto.repo.getRecord"

LoadMedia = Callable[[Media], Awaitable[bytes]]


async def prepared(wire: Wire, load_media: LoadMedia, outgoing: Outgoing) -> Ready | Outcome:
    """Return the handles of the part that goes out next, or why they cannot be had now."""
    handles: dict[str, Any] = dict(outgoing.handles)
    handles["created_at"] = _times(outgoing)
    part = part_of(outgoing)
    for purpose, name in _files(part):
        media = next((m for m in outgoing.media if m.name == name), None)
        if media is None:
            return Refused(f"media.{name}", "the post has no such file", "Attach it again.")
        key = blob_name(purpose, media.sha256)
        kept = handles.get("blobs", {})
        # after a first try it may have been thrown away; the same bytes make the same blob again
        if key in kept and outgoing.first_sent_at is None:
            continue
        made = await _uploaded(wire, load_media, media, purpose)
        if not isinstance(made, dict):
            return made
        handles["blobs"] = {**kept, key: made}
    for handle in mentioned(part):
        known = handles.get("dids", {})
        if handle not in known:
            did = await resolved(wire, handle)
            if not isinstance(did, str):
                return did
            handles["dids"] = {**known, handle: did}
    if outgoing.payload["quote"] and not outgoing.part and not handles.get("quote"):
        quoted = await _version(wire, read_name(outgoing.payload["quote"]), "quote")
        if not isinstance(quoted, dict):
            return quoted
        handles["quote"] = quoted
    for one in _answered(outgoing):
        refs = handles.get("refs", {})
        if one not in refs:
            parent = await _version(wire, read_name(one), "reply")
            if not isinstance(parent, dict):
                return parent
            handles["refs"] = {**refs, one: parent["cid"]}
    return Ready(handles)


async def resolved(wire: Wire, handle: str) -> str | Outcome:
    """Return the DID behind `handle`, "" when the server says that nobody has it."""
    reply = await wire.read("GET", _RESOLVE, query={"handle": handle})
    if not isinstance(reply, Reply):
        return "" if isinstance(reply, Refused) else reply
    body = reply.json()
    did = body.get("did") if isinstance(body, dict) else None
    if not isinstance(did, str) or not is_did(did):
        return Unavailable(f"the server did not say who @{handle} is")
    return did


def _times(outgoing: Outgoing) -> dict[str, str]:
    """Return the times of the parts: the next one's is that of its first try, and stays."""
    times: dict[str, str] = dict(outgoing.handles.get("created_at", {}))
    part = str(outgoing.part)
    if part not in times or outgoing.first_sent_at is None:
        times[part] = stamp(outgoing.sent_at or outgoing.intended_at)
    return times


def _files(part: Any) -> list[tuple[str, str]]:
    files = [(IMAGE, image["name"]) for image in part["images"]]
    if part["card"] and part["card"]["thumb"]:
        files.append((THUMB, part["card"]["thumb"]))
    return files


def _answered(outgoing: Outgoing) -> list[str]:
    out = parts_out(outgoing.handles)
    return list(dict.fromkeys((out[0].id, out[-1].id))) if out else []


async def _uploaded(
    wire: Wire, load_media: LoadMedia, media: Media, purpose: str
) -> dict[str, Any] | Outcome:
    file = await fitted(load_media, media, THUMB_RULE if purpose == THUMB else IMAGE_RULE)
    if not isinstance(file, FittedMedia):
        return file
    headers = {"Content-Type": file.media.content_type}
    reply = await wire.read("POST", _UPLOAD, headers=headers, body=file.content)
    if not isinstance(reply, Reply):
        return reply
    body = reply.json()
    blob = body.get("blob") if isinstance(body, dict) else None
    if not isinstance(blob, dict) or "ref" not in blob:
        return Unavailable("the server did not name the file it took")
    return {"blob": blob, "width": file.media.width, "height": file.media.height}


async def _version(wire: Wire, name: PostName | None, field: str) -> dict[str, Any] | Outcome:
    """Return the address and version of another post, which a reference has to name both."""
    if name is None:
        return Refused(field, "that is not a post on Bluesky", "Give the address of its page.")
    query = {"repo": name.repo, "collection": COLLECTION, "rkey": name.key}
    reply = await wire.read("GET", _GET, query=query)
    if not isinstance(reply, Reply):
        if reply.answer.vendor_code in {"RecordNotFound", "InvalidRequest"}:
            if field == "reply":
                # it is our own and went out a moment ago: a server may need that long to show it
                return Unavailable(
                    f"the post it answers, {name.url}, is not there: not shown yet, or removed",
                    answer=reply.answer,
                )
            return Refused(
                field,
                f"the post {name.url} is not there",
                "Was it removed? Publish without it, or name another.",
                reply.answer,
            )
        return reply
    body = reply.json()
    if not isinstance(body, dict) or not body.get("uri") or not body.get("cid"):
        return Unavailable(f"the server did not say which version of {name.url} there is")
    return {"uri": str(body["uri"]), "cid": str(body["cid"])}
