"""What leaves for LinkedIn, call by call, as files that a person reads beside its documentation.

`pytest tests/platforms/linkedin --snapshot-update` writes them anew.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from copydesk.core.delivery import Action
from copydesk.core.post import Content, Media
from copydesk.testing.fake_linkedin import PERSON
from copydesk.testing.loopback import Hit
from copydesk.testing.samples import sample_content, sample_media
from tests.platforms.linkedin.linkedins import Desk, a_desk

URL = "https://example.org/desk?utm_source=linkedin"
MAP = Media(name="map.png", content_type="image/png", sha256="c0ffee", size=68, alt="A map")
REPORT = Media(name="r.pdf", content_type="application/pdf", sha256="beef", size=68, alt="Report")

POSTS = {
    "text": sample_content("Desks (all of them) are open: #news_room, @[Acme](urn:li:person:a_b)."),
    "card": replace(
        sample_content(media=(sample_media(),), canonical_url=URL, summary="Where copy is edited."),
        overrides={"linkedin": {"attach": "article"}},
    ),
    "image": sample_content("![A pixel](pixel.png)", media=(sample_media(),)),
    "images": sample_content("![](pixel.png) ![A map](map.png)", media=(sample_media(), MAP)),
    "document": sample_content("![The report](r.pdf)", media=(REPORT,)),
}


class Written(SingleFileSnapshotExtension):
    """One text file a case."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Written)


def written(desk: Desk) -> str:
    return "\n".join(_hit(hit, desk.linkedin.url) for hit in desk.linkedin.hits)


def _hit(hit: Hit, url: str) -> str:
    named = ("linkedin-version", "x-restli-protocol-version", "x-restli-method", "content-type")
    lines = [f"{hit.method} {hit.path}"]
    lines += [f"{name}: {hit.headers[name]}" for name in named if name in hit.headers]
    if hit.body.startswith(b"{"):
        lines.append(json.dumps(json.loads(hit.body), indent=1, ensure_ascii=False))
    elif hit.body:
        lines.append(f"({len(hit.body)} bytes)")
    return "\n".join(lines).replace(url, "https://upload.example") + "\n"


@pytest.mark.parametrize("name", list(POSTS))
async def test_posts(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    content: Content = POSTS[name]
    async with a_desk(tmp_path) as desk:
        await desk.client.commit(await desk.prepared(desk.to_send(content)))
        assert len(desk.linkedin.posts) == 1
        assert written(desk) == snapshot


async def test_what_comes_after(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """Who it is, an edit, a look, the numbers, the listing, and the removal."""
    async with a_desk(tmp_path) as desk:
        urn = desk.linkedin.add("before").urn
        edit = desk.to_send(action=Action.UPDATE, target_id=urn)
        await desk.client.commit(edit)
        await desk.client.inspect(edit)
        await desk.client.metrics(edit)
        await desk.client.find(desk.outgoing)
        await desk.client.commit(replace(edit, action=Action.DELETE))
        assert desk.linkedin.posts == []
        assert written(desk) == snapshot


async def test_a_person(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    async with a_desk(tmp_path, author="") as desk:
        await desk.client.commit(await desk.prepared())
        assert desk.linkedin.posts[0].author == PERSON
        assert written(desk) == snapshot
