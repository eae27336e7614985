"""A Hashnode publication that misbehaves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from copydesk.testing.fake_hashnode import HOST, Entry, FakeHashnode
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import HttpRig, marker_in
from copydesk.testing.loopback import LoopbackServer


class HashnodeRig(HttpRig):
    """One account in a publication that has an older post."""

    spoke: ClassVar[str] = "hashnode"
    platform: ClassVar[str] = "hashnode"
    server: FakeHashnode

    def make_server(self) -> LoopbackServer:
        """Return the publication."""
        hashnode = FakeHashnode(clock=self.clock)
        # drafts are made again without harm; the faults are for what makes a post public
        hashnode.lies_to_mutations = frozenset({"PublishDraft", "UpdatePost", "RemovePost"})
        hashnode.lies_to_tries = 2
        older = hashnode.add_post("Older")
        older.published_at = self.clock.now() - timedelta(days=1)
        older.versions = [(older.published_at, older.now)]
        return hashnode

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"base_url": f"http://{address}", "publication": HOST}

    def secrets(self) -> Mapping[str, str]:
        """Return the token Hashnode takes now."""
        return {"access_token": self.server.token}

    def copies(self) -> Counter[str]:
        """Count the posts that are public; drafts are nothing anybody sees."""
        texts = (f"{p.now['title']}\n{p.now['contentMarkdown']}" for p in self.server.active())
        return Counter(marker for marker in map(marker_in, texts) if marker)

    def shown(self, marker: str) -> str:
        """Return the fields of the post."""
        return "\n".join(json.dumps(post.now) for post in self._named(marker))

    def edit_there(self, marker: str, words: str) -> None:
        """Edit the post in the dashboard."""
        for post in self._named(marker):
            self.server.change(post, contentMarkdown=f"{post.now['contentMarkdown']} {words}")

    def remove_there(self, marker: str) -> None:
        """Remove the post in the dashboard."""
        for post in self._named(marker):
            self.server.remove(post)

    def _named(self, marker: str) -> list[Entry]:
        return [post for post in self.server.active() if marker_in(json.dumps(post.now)) == marker]

    def misread(self, fault: Fault) -> None:
        """Show posts late, or break off looks."""
        if fault is Fault.STALE_READS:
            # as old as Hashnode says reads may be
            self.server.stale_for = 25.0
        else:
            self.server.broken_looks = 4

    def mend(self) -> Mapping[str, str]:
        """Issue a new token; the old one is dead from now on."""
        self.server.token = f"{self.server.token}-again"
        return super().mend()
