"""UTM tags on links that lead to our own site, so that visits can be told apart.

Rules (platform sheets, section 30): lower case; only links to the site of the canonical URL, never
the canonical URL itself where it is declared as such; query and fragment stay; what is signed,
what has tags of its own, and `mailto:`, `tel:` and anchors are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from copydesk.transformation.document import with_urls
from copydesk.transformation.nodes import Document

#: Names in a query that make it a tagged or a signed one; another parameter would break the latter.
_LEFT_ALONE: Final = re.compile(
    r"utm_|(?:.*[-_])?(?:signature|sig|hmac|token|expires|key-pair-id)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What links are tagged with; `host` is the site they have to lead to."""

    host: str
    source: str
    medium: str
    campaign: str

    def tag(self, url: str) -> str:
        """Return `url` with the tags, or as it is where it must stay so."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return url
        if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
            return url
        if _site(host) != _site(self.host) or not self.host:
            return url
        names = [pair.partition("=")[0] for pair in re.split("[&;]", parts.query)]
        if any(_LEFT_ALONE.match(name) for name in names):
            return url
        values = {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
        }
        tags = "&".join(
            f"{name}={quote(_word(value), safe='')}" for name, value in values.items() if value
        )
        query = f"{parts.query}&{tags}" if parts.query else tags
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))

    def tag_links(self, document: Document) -> Document:
        """Return `document` with the tags on the links and calls to action that take them.

        Embeds are left alone: what is shown in place is known by its exact address.
        """
        return with_urls(document, link=self.tag)


def _site(host: str) -> str:
    return host.lower().removeprefix("www.")


def _word(text: str) -> str:
    """Return a value as it is compared in reports: lower case, words joined by hyphens."""
    return "-".join(text.lower().split())
