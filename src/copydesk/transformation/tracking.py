"""UTM tags on links that lead to our own site, so that visits can be told apart.

Rules (platform sheets, section 30): lower case; only links to the site of the canonical URL, never
the canonical URL itself where it is declared as such; query and fragment stay; what is signed, and
`mailto:`, `tel:` and anchors are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.transformation.nodes import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What links are tagged with; `host` is the site they have to lead to."""

    host: str
    source: str
    medium: str
    campaign: str

    def tag(self, url: str) -> str:
        """Return `url` with the tags, or as it is where it must stay so."""
        raise NotImplementedError

    def tag_links(self, document: Document) -> Document:
        """Return `document` with the tags on the links that take them."""
        raise NotImplementedError
