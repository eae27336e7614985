"""X that misbehaves: single posts, and threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.core.post import Content
from copydesk.testing.fake_x import FakeX, Tweet
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in, thread_of, whole_threads
from copydesk.testing.loopback import LoopbackServer


class XRig(HttpRig):
    """One account with one older post. This X takes a repeated text, so that only looking can keep
    a post from going out twice."""

    spoke: ClassVar[str] = "x"
    platform: ClassVar[str] = "x"
    server: FakeX

    def make_server(self) -> LoopbackServer:
        """Return X."""
        server = FakeX(clock=self.clock)
        server.finds_duplicates = False
        server.add("older", created_at=self.clock.now() - timedelta(days=1))
        return server

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}"}

    def secrets(self) -> Mapping[str, str]:
        """Return the token X takes now."""
        return {"access_token": self.server.token}

    def copies(self) -> Counter[str]:
        """Count the posts."""
        markers = (marker_in(tweet.sent) for tweet in self.server.newest if not tweet.reply_to)
        return Counter(marker for marker in markers if marker)

    def shown(self, marker: str) -> str:
        """Return the newest versions of the post's texts."""
        return "\n".join(tweet.sent for tweet in self._named(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Edit the post on X."""
        for tweet in self._named(marker):
            self.server.edit(tweet.id, f"{tweet.sent} {words}")

    def remove_there(self, marker: str) -> None:
        """Delete the post on X, which takes all its versions."""
        gone = {id for tweet in self._named(marker) for id in tweet.versions}
        self.server.tweets = [tweet for tweet in self.server.tweets if tweet.id not in gone]

    def _named(self, marker: str) -> list[Tweet]:
        return [tweet for tweet in self.server.newest if marker_in(tweet.sent) == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says X may need
            self.server.stale_for = 14.0
        else:
            self.server.broken_looks = 4

    def mend(self) -> Mapping[str, str]:
        """Issue a new token; the old one is dead from now on."""
        self.server.token = f"{self.server.token}-again"
        return super().mend()


class XPremiumRig(XRig):
    """An account that may edit its posts: each edit is a version with an id of its own."""

    spoke: ClassVar[str] = "x+premium"

    def make_server(self) -> LoopbackServer:
        """Return X."""
        server = super().make_server()
        assert isinstance(server, FakeX)
        server.premium = True
        return server

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {**super().settings(address), "premium": "yes"}


class XThreadRig(XRig):
    """The same account, where every post is a chain of replies."""

    spoke: ClassVar[str] = "x+thread"
    #: three parts and half as many repeats at 100 calls in a quarter of an hour; 50 for deletions
    seconds_each: ClassVar[float] = 60.0

    def content(self, marker: str) -> Content:
        """Return a post of several parts."""
        return thread_of(self.platform, marker)

    def copies(self) -> Counter[str]:
        """Count the threads that are whole; a part that answers another post is none of theirs."""
        markers = {tweet.id: marker_in(tweet.sent) for tweet in self.server.tweets}
        return whole_threads(
            tweet.sent
            for tweet in self.server.tweets
            if not tweet.reply_to or markers.get(tweet.reply_to) == markers[tweet.id]
        )
