"""Links of a letter: it is read far from the site, so none may stay relative."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any
from urllib.parse import urljoin

from copydesk.transformation.document import is_remote, walk
from copydesk.transformation.nodes import Document, Link


def absolute(url: str, base: str) -> str:
    """Return `url` as seen from `base`; anchors within the letter stay."""
    return url if url.startswith("#") or not base else urljoin(base, url)


def with_absolute_links(document: Document, base: str) -> Document:
    """Return `document` with every link target made absolute."""

    def mapped(node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(mapped(item) for item in node)
        if not is_dataclass(node) or isinstance(node, type):
            return node
        changes: dict[str, Any] = {
            field.name: mapped(value)
            for field in fields(node)
            if isinstance(value := getattr(node, field.name), tuple)
        }
        if isinstance(node, Link):
            changes["url"] = absolute(node.url, base)
        return replace(node, **changes)

    return Document(mapped(document.blocks)) if base else document


def relative_links(document: Document) -> list[str]:
    """Return the link targets that lead nowhere without the site's address."""
    return sorted(
        {
            node.url
            for node in walk(document)
            if isinstance(node, Link) and not is_remote(node.url) and not node.url.startswith("#")
        }
    )
