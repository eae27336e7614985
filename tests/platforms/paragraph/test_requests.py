"""Every request as it leaves, to be read in review."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from syrupy.assertion import SnapshotAssertion

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Published, Ready
from copydesk.testing.samples import sample_content
from tests.platforms.paragraph.publication import Desk, open_desk

BODY = """\
# Part one

Desks are *open*, and ~~closed~~[^1].

| day | desk |
| --- | --- |
| Monday | 1 |

![A pixel](pixel.png)

::embed[A film]{url=https://youtu.be/abc}

[^1]: Until noon.
"""


def in_words(desk: Desk) -> str:
    """The requests so far: method, path, the headers that matter, the body."""
    lines: list[str] = []
    for hit in desk.publication.hits:
        assert hit.headers["authorization"] == f"Bearer {desk.publication.key}"
        lines += ["", f"{hit.method} {hit.path}"]
        if hit.body:
            lines.append(f"  content-type: {hit.headers['content-type']}")
            lines.append(json.dumps(json.loads(hit.body), indent=2, ensure_ascii=False))
    return "\n".join(lines).strip()


async def test_a_post_from_draft_to_nothing(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    content = replace(
        sample_content(BODY, summary="In short.", canonical_url="https://example.org/posts/desk/"),
        cover="https://example.org/cover.png",
        overrides={"paragraph": {"newsletter": True, "author_ids": "u1, u2"}},
    )
    async with open_desk(tmp_path, newsletter="when asked") as desk:
        assert isinstance(await desk.client.test(), Published)
        post = await desk.published(content)
        await desk.client.find(post)
        await desk.client.inspect(post)
        await desk.client.metrics(post)
        edit = desk.to_send(sample_content(), action=Action.UPDATE, target_id=post.target_id)
        ready = await desk.client.prepare(edit)
        assert isinstance(ready, Ready)
        sent = await desk.client.commit(replace(edit, handles=ready.handles))
        assert isinstance(sent, Published)
        removal = replace(post, action=Action.DELETE)
        assert isinstance(await desk.client.commit(removal), Published)
        assert in_words(desk) == snapshot
