"""Medium misbehaving. Nothing can be read there: what may have landed is held for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from copydesk.testing.fake_medium import FakeMedium
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer


class MediumRig(HttpRig):
    """One author with an old token, whose stories are public at once."""

    spoke: ClassVar[str] = "medium"
    platform: ClassVar[str] = "medium"
    #: 15 stories a day, and half of them may be held and looked at again
    seconds_each: ClassVar[float] = 2 * 86_400 / 15
    server: FakeMedium

    def make_server(self) -> LoopbackServer:
        """Return Medium."""
        return FakeMedium(clock=self.clock)

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}", "publish_status": "public"}

    def secrets(self) -> Mapping[str, str]:
        """Return the token Medium takes now."""
        return {"access_token": self.server.token}

    def copies(self) -> Counter[str]:
        """Count the stories."""
        markers = (marker_in(story.content) for story in self.server.stories)
        return Counter(marker for marker in markers if marker)

    def misread(self, fault: Fault) -> None:
        """Refuse: there are no reads that could be stale or broken."""
        self.not_applicable("Medium's API shows nothing of what it has")

    def mend(self) -> Mapping[str, str]:
        """Issue a new token; the old one is dead from now on."""
        self.server.token = f"{self.server.token}-again"
        return super().mend()
