"""A server of the AT Protocol that misbehaves: single posts, and threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.post import Content
from copydesk.testing.fake_bluesky import FakeBluesky
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in, thread_of, whole_threads
from copydesk.testing.loopback import LoopbackServer


class BlueskyRig(HttpRig):
    """One account with an app password; its sessions last two hours, as on the real server."""

    spoke: ClassVar[str] = "bluesky"
    platform: ClassVar[str] = "bluesky"
    server: FakeBluesky

    def make_server(self) -> LoopbackServer:
        """Return the server."""
        return FakeBluesky(clock=self.clock)

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}", "identifier": self.server.handle}

    def secrets(self) -> Mapping[str, str]:
        """Return the app password the server takes now."""
        return {"app_password": self.server.password}

    def copies(self) -> Counter[str]:
        """Count the posts."""
        markers = (marker_in(post["text"]) for post in self.server.posts)
        return Counter(marker for marker in markers if marker)

    def shown(self, marker: str) -> str:
        """Return the texts of the post's records."""
        return "\n".join(self.server.records[key].value["text"] for key in self._keys(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Write the record anew with another client."""
        for key in self._keys(marker):
            value = self.server.records[key].value
            self.server.records[key].value = {**value, "text": f"{value['text']} {words}"}

    def remove_there(self, marker: str) -> None:
        """Remove the record with another client."""
        for key in self._keys(marker):
            del self.server.records[key]

    def _keys(self, marker: str) -> list[str]:
        records = self.server.records.items()
        return [key for key, record in records if marker_in(record.value["text"]) == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says a server may need
            self.server.stale_for = 1.5
        else:
            self.server.broken_looks = 4

    def mend(self) -> Mapping[str, str]:
        """Make another app password; what was begun with the old one has ended."""
        self.server.password = f"{self.server.password}-again"
        self.server.end_sessions()
        return super().mend()


class BlueskyThreadRig(BlueskyRig):
    """The same account, where every post is a thread."""

    spoke: ClassVar[str] = "bluesky+thread"

    def content(self, marker: str) -> Content:
        """Return a post of several parts."""
        return thread_of(self.platform, marker)

    def copies(self) -> Counter[str]:
        """Count the threads that are whole."""
        return whole_threads(post["text"] for post in self.server.posts)
