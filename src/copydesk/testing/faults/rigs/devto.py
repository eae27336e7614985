"""A Forem that misbehaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.testing.fake_devto import Article, FakeDevto
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer


class DevtoRig(HttpRig):
    """One account on a fake Forem, with an older article and a draft of its own."""

    spoke: ClassVar[str] = "devto"
    platform: ClassVar[str] = "devto"
    # a draft and its publication at one write a second, and a look before
    seconds_each: ClassVar[float] = 3.0
    server: FakeDevto

    def make_server(self) -> LoopbackServer:
        """Return the Forem."""
        forem = FakeDevto(clock=self.clock)
        # drafts are made again without harm; the faults are for what makes an article public
        forem.lies_to = frozenset({"PUT"})
        # at one write a second, every second call may be the same article's again and again
        forem.lies_to_tries = 2
        forem.add("Older", published=True)
        forem.add("Half done")
        for article in forem.articles:
            article.created_at -= timedelta(days=1)
        return forem

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}"}

    def secrets(self) -> Mapping[str, str]:
        """Return the key the Forem takes now."""
        return {"api_key": self.server.key}

    def copies(self) -> Counter[str]:
        """Count the public articles; a draft is nothing anybody sees."""
        public = (a for a in self.server.articles if a.published)
        markers = (marker_in(f"{article.title}\n{article.body}") for article in public)
        return Counter(marker for marker in markers if marker)

    def shown(self, marker: str) -> str:
        """Return the text and the tags of the public article."""
        return "\n".join(f"{a.title}\n{a.body}\n{a.tags}" for a in self._named(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Edit the article in the browser."""
        for article in self._named(marker):
            article.body, article.edited_at = f"{article.body} {words}", self.clock.now()

    def remove_there(self, marker: str) -> None:
        """Delete the article in the dashboard."""
        gone = self._named(marker)
        self.server.articles = [a for a in self.server.articles if a not in gone]

    def _named(self, marker: str) -> list[Article]:
        public = (a for a in self.server.articles if a.published)
        return [a for a in public if marker_in(f"{a.title}\n{a.body}") == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says a Forem may need
            self.server.stale_for = 4.0
        else:
            self.server.broken_looks = 4

    def mend(self) -> Mapping[str, str]:
        """Issue a new key; the old one is dead from now on."""
        self.server.key = f"{self.server.key}-again"
        return super().mend()
