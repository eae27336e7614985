"""A site in a folder: its own platform, on our own disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from copydesk.core.clock import Clock
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import EngineRig, marker_in

#: How long the folder cannot be written, in seconds of the true clock.
_AWAY = timedelta(seconds=30)


class SiteRig(EngineRig):
    """A folder that can be taken away."""

    spoke: ClassVar[str] = "site"
    platform: ClassVar[str] = "site"
    accepted_file: ClassVar[str] = r"/\.copydesk/posts$"

    def __init__(self, *, folder: Path, home: Path, clock: Clock) -> None:
        super().__init__(folder=folder, home=home, clock=clock)
        self._site = folder / "site"
        self._away_until: datetime | None = None
        self._struck = 0

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"path": str(self._site), "url": "https://example.org"}

    def copies(self) -> Counter[str]:
        """Count pages, which must be those the records and the feed name."""
        pages = Counter(
            marker_in(page.parent.name) for page in self._site.glob("posts/*/index.html")
        )
        records = [
            json.loads(path.read_text())["slug"]
            for path in (self._site / ".copydesk" / "posts").glob("*.json")
        ]
        if sorted(map(marker_in, records)) != sorted(pages.elements()):
            raise AssertionError("the site's records and its pages do not agree")
        return pages

    def shown(self, marker: str) -> str:
        """Return the post's page."""
        page = self._site / "posts" / marker / "index.html"
        return page.read_text() if page.exists() else ""

    def edit_there(self, marker: str, words: str) -> None:
        """Write into the page by hand."""
        page = self._site / "posts" / marker / "index.html"
        page.write_text(page.read_text().replace("</p>", f" {words}</p>", 1))

    def remove_there(self, marker: str) -> None:
        """Say that it does not last."""
        self.not_applicable("a page is made anew from its record when its neighbours change")

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Put a file in the folder's place: nothing can be written there until it is gone."""
        if fault is Fault.NONE:
            return
        if fault is not Fault.FOLDER_DENIED:
            self.not_applicable("a folder gives no answers that could be lost")
        # also for root, whom permissions do not stop
        self._site.write_text("in the way")
        self._away_until = self.clock.now() + _AWAY
        self._struck = 1

    @property
    def struck(self) -> int:
        """Return whether the folder was away."""
        return self._struck

    def mend(self) -> Mapping[str, str]:
        """Give the folder its place back."""
        if self._site.is_file():
            self._site.unlink()
        return {}
