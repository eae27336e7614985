"""LinkedIn misbehaving, for a page (which can be read) and for a person (who cannot)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.testing.fake_linkedin import PAGE, PERSON, FakeLinkedIn
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

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Misbehave; an old token is refused by LinkedIn itself."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says a listing may need
            self.server.stale_for = 18.0
        if fault is Fault.BROKEN_LISTING:
            self.server.broken_looks = 3
        super().strike(fault, deliveries)

    def mend(self) -> Mapping[str, str]:
        """Issue a new token; the old one is dead from now on."""
        self.server.token = f"{self.server.token}-again"
        return super().mend()


class LinkedInPersonRig(LinkedInRig):
    """A person, whose posts nobody may read: the duplicate detector alone tells what landed."""

    spoke: ClassVar[str] = "linkedin+person"
    author: ClassVar[str] = PERSON

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Misbehave; there are no reads that could be stale or broken."""
        if fault in {Fault.STALE_READS, Fault.BROKEN_LISTING}:
            self.not_applicable("a person's posts cannot be listed")
        super().strike(fault, deliveries)
