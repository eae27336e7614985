"""What one call is about: a status alone, or one of the statuses of a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.delivery import Outgoing, parts_out
from copydesk.core.post import Media


def sent_by(outgoing: Outgoing) -> Mapping[str, Any]:
    """Return what this call sends: the payload, with what is the part's own in its place."""
    payload = outgoing.payload
    parts = payload.get("parts")
    if not parts:
        return payload
    number = outgoing.part if outgoing.part < len(parts) else 0
    return {**payload, **parts[number]}


def media_of(outgoing: Outgoing) -> list[Media]:
    """Return the files that go with this call, in order."""
    names = [item["name"] for item in sent_by(outgoing)["media"]]
    by_name = {media.name: media for media in outgoing.media}
    return [by_name[name] for name in names if name in by_name]


def parent_of(outgoing: Outgoing) -> str:
    """Return the id of the status this one answers: the part before it; "" for a first one."""
    out = parts_out(outgoing.handles)
    return out[-1].id if out and outgoing.payload.get("parts") else ""
