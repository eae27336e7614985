"""The record of a post: what the payload says, with what preparing it has found out.

A record is the same, byte for byte, on every try: its time and its blobs are kept in the handles.
Source: lexicon app.bsky.feed.post (checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from copydesk.core.delivery import Outgoing, parts_out
from copydesk.platforms.bluesky.addresses import COLLECTION

#: What a blob is for: the same file may be needed in two sizes.
IMAGE: Final = "image"
THUMB: Final = "thumb"


class NotPrepared(Exception):
    """Something the record needs has not been prepared; the message names it."""


def blob_name(purpose: str, sha256: str) -> str:
    """Return the name a blob has in the handles."""
    return f"{purpose}:{sha256}"


def part_of(outgoing: Outgoing) -> Mapping[str, Any]:
    """Return the part of the payload that this call is about; the first of a finished thread."""
    parts = outgoing.payload["parts"]
    number = outgoing.part if outgoing.part < len(parts) else 0
    part: Mapping[str, Any] = parts[number]
    return part


def record_of(outgoing: Outgoing) -> dict[str, Any]:
    """Return the record to write. Raises `NotPrepared`."""
    payload, part, handles = outgoing.payload, part_of(outgoing), outgoing.handles
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": part["text"],
        "createdAt": created_at(outgoing),
    }
    if facets := _facets(part, handles):
        record["facets"] = facets
    if payload["langs"]:
        record["langs"] = list(payload["langs"])
    if payload["labels"]:
        record["labels"] = {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": label} for label in payload["labels"]],
        }
    if embed := _embed(outgoing, part):
        record["embed"] = embed
    if outgoing.part:
        record["reply"] = _reply(outgoing)
    return record


def created_at(outgoing: Outgoing) -> str:
    """Return the time the record carries: that of its first try, where preparing has kept it."""
    kept = outgoing.handles.get("created_at", {}).get(str(outgoing.part))
    return str(kept) if kept else stamp(outgoing.intended_at)


def stamp(moment: datetime) -> str:
    """Return `moment` (aware) as records have it: UTC, milliseconds."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def mentioned(part: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the handles that `part` mentions."""
    features = (feature for facet in part["facets"] for feature in facet["features"])
    return tuple(dict.fromkeys(f["handle"] for f in features if "handle" in f))


def _facets(part: Mapping[str, Any], handles: Mapping[str, Any]) -> list[dict[str, Any]]:
    dids = handles.get("dids", {})
    facets: list[dict[str, Any]] = []
    for facet in part["facets"]:
        feature = dict(facet["features"][0])
        if handle := feature.pop("handle", ""):
            if handle not in dids:
                raise NotPrepared(f"who @{handle} is")
            if not dids[handle]:
                continue  # nobody has that handle: it stays plain text
            feature["did"] = dids[handle]
        facets.append({"index": dict(facet["index"]), "features": [feature]})
    return facets


def _embed(outgoing: Outgoing, part: Mapping[str, Any]) -> dict[str, Any] | None:
    media = _media(outgoing, part)
    if not outgoing.payload["quote"] or outgoing.part:
        return media
    if not (quoted := outgoing.handles.get("quote")):
        raise NotPrepared("the quoted post")
    record = {"$type": "app.bsky.embed.record", "record": dict(quoted)}
    if media is None:
        return record
    return {"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": media}


def _media(outgoing: Outgoing, part: Mapping[str, Any]) -> dict[str, Any] | None:
    if part["images"]:
        images = [_image(image, outgoing) for image in part["images"]]
        return {"$type": "app.bsky.embed.images", "images": images}
    if not (card := part["card"]):
        return None
    external = {key: card[key] for key in ("uri", "title", "description")}
    if card["thumb"]:
        external["thumb"] = _blob(outgoing, THUMB, card["thumb"])["blob"]
    return {"$type": "app.bsky.embed.external", "external": external}


def _image(image: Mapping[str, Any], outgoing: Outgoing) -> dict[str, Any]:
    kept = _blob(outgoing, IMAGE, image["name"])
    made: dict[str, Any] = {"image": kept["blob"], "alt": image["alt"]}
    if kept["width"] and kept["height"]:
        made["aspectRatio"] = {"width": kept["width"], "height": kept["height"]}
    return made


def _blob(outgoing: Outgoing, purpose: str, name: str) -> Mapping[str, Any]:
    found = next((media for media in outgoing.media if media.name == name), None)
    kept = outgoing.handles.get("blobs", {}).get(blob_name(purpose, found.sha256 if found else ""))
    if not kept:
        raise NotPrepared(f"{name} is not uploaded yet")
    blob: Mapping[str, Any] = kept
    return blob


def _reply(outgoing: Outgoing) -> dict[str, Any]:
    out, refs = parts_out(outgoing.handles), outgoing.handles.get("refs", {})
    reply: dict[str, Any] = {}
    for name, part in (("root", out[0]), ("parent", out[-1])):
        if part.id not in refs:
            raise NotPrepared(f"the post it answers ({part.id})")
        reply[name] = {"uri": part.id, "cid": refs[part.id]}
    return reply
