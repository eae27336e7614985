"""Links of a letter: it is read far from the site, so none may stay relative."""

from __future__ import annotations

from urllib.parse import urljoin

from copydesk.transformation.document import is_remote, walk, with_urls
from copydesk.transformation.nodes import CallToAction, Document, Link


def absolute(url: str, base: str) -> str:
    """Return `url` as seen from `base`; anchors within the letter stay."""
    return url if url.startswith("#") or not base else urljoin(base, url)


def with_absolute_links(document: Document, base: str) -> Document:
    """Return `document` with every link target made absolute."""
    return with_urls(document, link=lambda url: absolute(url, base)) if base else document


def relative_links(document: Document) -> list[str]:
    """Return the link targets that lead nowhere without the site's address."""
    return sorted(
        {
            node.url
            for node in walk(document)
            if isinstance(node, Link | CallToAction)
            and not is_remote(node.url)
            and not node.url.startswith("#")
        }
    )
