"""A Paragraph publication that misbehaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.testing.fake_paragraph import FakeParagraph, Post
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer


class ParagraphRig(HttpRig):
    """One publication with an older post and an older draft. What everybody can see is counted."""

    spoke: ClassVar[str] = "paragraph"
    platform: ClassVar[str] = "paragraph"
    # three calls a post, and a look takes more: 60 calls a minute are what is safe
    seconds_each: ClassVar[float] = 3.0
    newsletter: ClassVar[str] = "never"
    server: FakeParagraph

    def make_server(self) -> LoopbackServer:
        """Return the publication."""
        publication = FakeParagraph(clock=self.clock)
        older = self.clock.now() - timedelta(days=1)
        publication.add("Older", slug="older", created_at=older)
        publication.add("Sketch", slug="sketch", created_at=older, status="draft")
        return publication

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}", "newsletter": self.newsletter}

    def secrets(self) -> Mapping[str, str]:
        """Return the key the publication takes now."""
        return {"api_key": self.server.key}

    def copies(self) -> Counter[str]:
        """Count the public posts."""
        markers = (marker_in(post.title) for post in self.server.public)
        return Counter(marker for marker in markers if marker)

    def shown(self, marker: str) -> str:
        """Return the text and the categories of the public post."""
        return "\n".join(f"{p.title}\n{p.markdown}\n{p.categories}" for p in self._named(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Edit the post in the editor."""
        for post in self._named(marker):
            self.server.edit(post.id, f"{post.markdown} {words}")

    def remove_there(self, marker: str) -> None:
        """Delete the post in the editor."""
        gone = self._named(marker)
        self.server.posts = [post for post in self.server.posts if post not in gone]

    def _named(self, marker: str) -> list[Post]:
        return [post for post in self.server.public if marker_in(post.title) == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says that Paragraph may need
            self.server.stale_for = 4.0
        else:
            self.server.broken_looks = 4

    def mend(self) -> Mapping[str, str]:
        """Make a new key; the old one is dead from now on."""
        self.server.key = f"{self.server.key}-again"
        return super().mend()


class ParagraphNewsletterRig(ParagraphRig):
    """The same with every post mailed: the mails are counted, and none may go out twice."""

    spoke: ClassVar[str] = "paragraph+newsletter"
    newsletter: ClassVar[str] = "always"

    def copies(self) -> Counter[str]:
        """Count the mails."""
        return Counter(marker for title in self.server.mails if (marker := marker_in(title)))
