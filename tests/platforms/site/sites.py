"""A site in a temporary folder, posts for it, and a reader that checks it as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.post import Content, Media
from copydesk.core.states import AccountState
from copydesk.platforms.kit.contract import Session, Subject
from copydesk.platforms.site import PLATFORM
from copydesk.platforms.site.client import SiteClient
from copydesk.testing.contract import ClosedTransport
from copydesk.testing.samples import PIXEL
from tests.platforms.site.strict_html import parse_strictly

URL = "https://example.com/blog/"
START = datetime(2026, 11, 1, 9, tzinfo=UTC)


def media(name: str = "pixel.png", alt: str = "A pixel", size: int = len(PIXEL)) -> Media:
    digest = hashlib.sha256(PIXEL).hexdigest()
    return Media(name=name, content_type="image/png", sha256=digest, size=size, alt=alt)


async def load_pixel(_: Media) -> bytes:
    return PIXEL


@dataclass
class Site:
    """One site account. `path` is its folder."""

    path: Path
    settings: dict[str, str] = field(default_factory=dict)
    load: Callable[[Media], Awaitable[bytes]] = load_pixel

    @property
    def account(self) -> Account:
        given = {"path": str(self.path), "url": URL, "title": "Notes", "posts_per_page": "3"}
        return Account(
            id="acc_1",
            workspace_id="wsp_1",
            name="blog",
            platform="site",
            state=AccountState.CONNECTED,
            settings={**given, **self.settings},
        )

    def client(self) -> SiteClient:
        session = Session(
            account=self.account,
            secrets={},
            transport=ClosedTransport(),
            load_media=self.load,
            home=self.path.parent,
        )
        client = PLATFORM.connect(session)
        assert isinstance(client, SiteClient)
        return client

    def outgoing(
        self,
        number: int = 1,
        *,
        revision: int = 1,
        action: Action = Action.CREATE,
        **content: Any,
    ) -> Outgoing:
        """Return post `number`; content fields may be given."""
        at = START + timedelta(hours=number)
        later = at + timedelta(days=revision - 1)
        fields: dict[str, Any] = {
            "title": f"Post {number}",
            "body": f"Words of post {number}, revision {revision}.",
            "slug": f"post-{number}",
            "tags": ("News",),
            **content,
        }
        subject = Subject(
            post_id=f"pst_{number}",
            revision=revision,
            content=Content(**fields),
            published_at=at.isoformat(),
            updated_at=later.isoformat(),
        )
        rendition = PLATFORM.render(subject, self.account)
        return Outgoing(
            delivery_id=f"dlv_{number}_{revision}",
            key=f"key-{number}-{revision}",
            post_id=subject.post_id,
            action=action,
            payload=json.loads(json.dumps(rendition.payload)),
            text=rendition.text,
            intended_at=at,
            media=rendition.media,
        )

    def read(self, path: str) -> str:
        return (self.path / path).read_text(encoding="utf-8")

    def files(self) -> set[str]:
        found = (p.relative_to(self.path) for p in self.path.rglob("*") if p.is_file())
        return {str(p) for p in found if p.parts[0] != ".copydesk"}

    def check(self, posts: Sequence[str]) -> None:
        """Assert that the site is whole and shows exactly `posts` (slugs), each once."""
        assert not [name for name in self.files() if name.endswith("-tmp")], "unfinished copies"
        assert not (self.path / ".copydesk/journal.json").exists()
        pages = sorted(self.path.rglob("*.html"))
        listed: list[str] = []
        for page in pages:
            document = parse_strictly(page.read_text(encoding="utf-8"))
            here = URL + str(page.relative_to(self.path))
            for target in links(document):
                self._must_exist(urljoin(here, target))
            if page.parent == self.path or page.parent.parent.name == "page":
                heads = document.findall(".//article//h2/a")
                listed += [urljoin(here, a.get("href", "")) for a in heads]
        expected = [f"{URL}posts/{slug}/" for slug in posts]
        on_home = [url for url in listed if "/posts/" in url]
        assert sorted(set(on_home)) == sorted(expected)
        assert {p.parent.name for p in self.path.glob("posts/*/index.md")} == set(posts)
        feed = json.loads(self.read("feed.json"))
        assert sorted(item["url"] for item in feed["items"]) == sorted(expected)[:50]
        for name in ("feed.xml", "atom.xml", "sitemap.xml"):
            ET.fromstring(self.read(name))

    def _must_exist(self, url: str) -> None:
        if not url.startswith(URL):
            return
        path = unquote(urlsplit(url).path.removeprefix(urlsplit(URL).path))
        target = self.path / path
        assert (target / "index.html" if url.endswith("/") else target).is_file(), f"dead: {url}"


def links(document: ET.Element) -> list[str]:
    targets = [e.get("href") for e in document.iter() if e.tag in {"a", "link"}]
    targets += [e.get("src") for e in document.iter("img")]
    return [t for t in targets if t and not t.startswith("#")]
