"""A Mastodon instance that misbehaves: single statuses, threads, and one that ignores keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.core.post import Content
from copydesk.testing.fake_mastodon import FakeMastodon, Status
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in, thread_of, whole_threads
from copydesk.testing.loopback import LoopbackServer


class MastodonRig(HttpRig):
    """One account on a fake instance. It has one older status, as accounts in use have."""

    spoke: ClassVar[str] = "mastodon"
    platform: ClassVar[str] = "mastodon"
    server: FakeMastodon

    def make_server(self) -> LoopbackServer:
        """Return the instance."""
        instance = FakeMastodon(clock=self.clock)
        instance.add("older", created_at=self.clock.now() - timedelta(days=1))
        return instance

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}"}

    def secrets(self) -> Mapping[str, str]:
        """Return the token the instance takes now."""
        return {"access_token": self.server.token}

    def copies(self) -> Counter[str]:
        """Count the statuses."""
        markers = (marker_in(status.text) for status in self.server.statuses)
        return Counter(marker for marker in markers if marker)

    def shown(self, marker: str) -> str:
        """Return the texts of the post's statuses."""
        return "\n".join(status.text for status in self._named(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Edit the status with another client."""
        for status in self._named(marker):
            status.text, status.edited_at = f"{status.text} {words}", self.clock.now()

    def remove_there(self, marker: str) -> None:
        """Remove the status with another client."""
        gone = self._named(marker)
        self.server.statuses = [s for s in self.server.statuses if s not in gone]

    def _named(self, marker: str) -> list[Status]:
        return [s for s in self.server.statuses if marker_in(s.text) == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # just inside what the manifest says an instance may need
            self.server.stale_for = 4.0
        else:
            self.server.broken_looks = 4

    def mend(self) -> Mapping[str, str]:
        """Issue a new token; the old one is dead from now on."""
        self.server.token = f"{self.server.token}-again"
        return super().mend()


class MastodonThreadRig(MastodonRig):
    """The same account, where every post is a thread."""

    spoke: ClassVar[str] = "mastodon+thread"

    def content(self, marker: str) -> Content:
        """Return a post of several parts."""
        return thread_of(self.platform, marker)

    def copies(self) -> Counter[str]:
        """Count the threads that are whole."""
        return whole_threads(status.text for status in self.server.statuses)


class GoToSocialRig(MastodonRig):
    """An instance that ignores keys: only looking keeps a status from going out twice."""

    spoke: ClassVar[str] = "mastodon+gotosocial"

    def make_server(self) -> LoopbackServer:
        """Return the instance."""
        instance = super().make_server()
        assert isinstance(instance, FakeMastodon)
        instance.keys = "ignored"
        instance.source_url = "https://codeberg.org/superseriousbusiness/gotosocial"
        return instance

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings, which say what the instance runs."""
        return {**super().settings(address), "software": "gotosocial"}
