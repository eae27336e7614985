"""How a record on the server differs from what was sent, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.delivery import Outgoing


def differences(
    record: Mapping[str, Any], part: Mapping[str, Any], outgoing: Outgoing
) -> tuple[str, ...]:
    """Return which parts of `record` are not as `part` of the payload says; () when all are.

    What only preparing knew (blobs, who was mentioned) is not compared: it follows from the rest.
    """
    payload = outgoing.payload
    embed = _media_of(record.get("embed"))
    same = {
        "text": record.get("text") == part["text"],
        "language": list(record.get("langs") or ()) == list(payload["langs"]),
        "content warning": _labels(record) == set(payload["labels"]),
        "images": _images(embed) == [image["alt"] for image in part["images"]],
        "card": _card(embed) == (part["card"]["uri"] if part["card"] else ""),
    }
    return tuple(name for name, is_same in same.items() if not is_same)


def _media_of(embed: Any) -> Mapping[str, Any]:
    if not isinstance(embed, dict):
        return {}
    media = embed.get("media")
    return media if isinstance(media, dict) else embed


def _labels(record: Mapping[str, Any]) -> set[str]:
    labels = record.get("labels")
    values = labels.get("values") if isinstance(labels, dict) else None
    return {str(v.get("val")) for v in values or () if isinstance(v, dict)}


def _images(embed: Mapping[str, Any]) -> list[str]:
    images = embed.get("images")
    return [str(i.get("alt", "")) for i in images or () if isinstance(i, dict)]


def _card(embed: Mapping[str, Any]) -> str:
    external = embed.get("external")
    return str(external.get("uri", "")) if isinstance(external, dict) else ""
