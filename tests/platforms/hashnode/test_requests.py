"""Every request as it leaves, to be read in review.

Documents and variables were checked against the schema in Hashnode/gql-skill (2026-07-29) and the
mutations its documentation has added since.
"""

from __future__ import annotations

import json
from dataclasses import replace

from syrupy.assertion import SnapshotAssertion

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Published
from copydesk.testing.samples import sample_content, sample_media
from tests.platforms.hashnode.desk import Desk

BODY = """\
Desks are *open*.

![A pixel](pixel.png)

::embed[A film]{url=https://youtu.be/abc}
"""


def in_words(desk: Desk) -> str:
    """The requests so far; to the storage without our token."""
    lines: list[str] = []
    for hit in desk.hashnode.hits:
        if hit.path != "/":
            assert "authorization" not in hit.headers
            lines += ["", f"{hit.method} {hit.path} <{hit.headers['content-type']}>"]
            continue
        assert hit.headers["authorization"] == f"Bearer {desk.hashnode.token}"
        body = json.loads(hit.body)
        lines += ["", f"{hit.method} {hit.path}", body["query"].strip()]
        lines.append(json.dumps(body["variables"], indent=2, ensure_ascii=False))
    return "\n".join(lines).strip()


async def test_a_post_from_draft_to_removal(desk: Desk, snapshot: SnapshotAssertion) -> None:
    desk.hashnode.series = {"the-desk": "65aa00aa00aa00aa00aa00aa"}
    content = replace(
        sample_content(
            BODY,
            summary="In short.",
            canonical_url="https://example.org/posts/desk/",
            media=(sample_media(),),
        ),
        series="The desk",
        cover="pixel.png",
    )
    assert isinstance(await desk.client.test(), Published)
    post = await desk.published(content)
    await desk.client.find(post)
    await desk.client.inspect(post)
    await desk.client.metrics(post)
    edit = await desk.prepared(sample_content(), action=Action.UPDATE, target_id=post.target_id)
    assert isinstance(await desk.client.commit(edit), Published)
    removal = replace(post, action=Action.DELETE)
    assert isinstance(await desk.client.commit(removal), Published)
    await desk.client.find(removal)
    assert in_words(desk) == snapshot
