"""LinkedIn misbehaving, for a page (which can be read) and for a person (who cannot)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.testing.fake_linkedin import PAGE, PERSON, FakeLinkedIn, Post
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer


class LinkedInRig(HttpRig):
    """A page. It has one older post, as pages in use have."""

    spoke: ClassVar[str] = "linkedin"
    platform: ClassVar[str] = "linkedin"
    author: ClassVar[str] = PAGE
    #: one post a minute, and as many repeats
    seconds_each: ClassVar[float] = 180.0
    server: FakeLinkedIn

    def make_server(self) -> LoopbackServer:
        """Return LinkedIn."""
        linkedin = FakeLinkedIn(clock=self.clock)
        linkedin.add("older", author=self.author, created_at=self.clock.now() - timedelta(days=1))
        return linkedin

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}", "author": self.author}

    def secrets(self) -> Mapping[str, str]:
        """Return the token LinkedIn takes now."""
        return {"access_token": self.server.token}

    def copies(self) -> Counter[str]:
        """Count the posts."""
        markers = (marker_in(post.seen) for post in self.server.posts)
        return Counter(marker for marker in markers if marker)

    def shown(self, marker: str) -> str:
        """Return what readers see of the post."""
        return "\n".join(post.seen for post in self._named(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Edit the post on LinkedIn."""
        for post in self._named(marker):
            post.commentary, post.seen = f"{post.commentary} {words}", f"{post.seen} {words}"

    def remove_there(self, marker: str) -> None:
        """Delete the post on LinkedIn."""
        for post in self._named(marker):
            self.server.drop(post.urn)

    def _named(self, marker: str) -> list[Post]:
        return [post for post in self.server.posts if marker_in(post.seen) == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says a listing may need
            self.server.stale_for = 18.0
        else:
            self.server.broken_looks = 3

    def mend(self) -> Mapping[str, str]:
        """Issue a new token; the old one is dead from now on."""
        self.server.token = f"{self.server.token}-again"
        return super().mend()


class LinkedInPersonRig(LinkedInRig):
    """A person, whose posts nobody may read: the duplicate detector alone tells what landed."""

    spoke: ClassVar[str] = "linkedin+person"
    author: ClassVar[str] = PERSON

    def misread(self, fault: Fault) -> None:
        """Refuse: there are no reads that could be stale or broken."""
        self.not_applicable("a person's posts cannot be listed")
