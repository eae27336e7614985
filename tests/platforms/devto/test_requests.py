"""Every request as it leaves, to be read in review."""

from __future__ import annotations

import json
from dataclasses import replace

from syrupy.assertion import SnapshotAssertion

from copydesk.core.delivery import Action
from copydesk.core.outcomes import Published
from copydesk.testing.samples import sample_content
from tests.platforms.devto.desk import Desk

CANONICAL = "https://example.org/posts/desk/"

BODY = """\
Desks are *open*, see {{ the list }}.
It is short.

![A pixel](pixel.png)

::embed[A film]{url=https://youtu.be/abc}

```python
print("{% raw %}")
```
"""


def in_words(desk: Desk) -> str:
    """The requests so far: method, path, the headers that matter, the body."""
    lines: list[str] = []
    for hit in desk.forem.hits:
        assert hit.headers["api-key"] == desk.forem.key
        lines += ["", f"{hit.method} {hit.path}", f"  accept: {hit.headers['accept']}"]
        if hit.body:
            lines.append(f"  content-type: {hit.headers['content-type']}")
            lines.append(json.dumps(json.loads(hit.body), indent=2, ensure_ascii=False))
    return "\n".join(lines).strip()


async def test_an_article_from_draft_to_draft(desk: Desk, snapshot: SnapshotAssertion) -> None:
    content = replace(
        sample_content(BODY, summary="In short.", canonical_url=CANONICAL),
        series="The desk",
        cover="https://example.org/cover.png",
        overrides={"devto": {"organization_id": 7}},
    )
    assert isinstance(await desk.client.test(), Published)
    post = await desk.published(content)
    await desk.client.find(post)
    await desk.client.inspect(post)
    await desk.client.metrics(post)
    edit = desk.to_send(sample_content(), action=Action.UPDATE, target_id=post.target_id)
    assert isinstance(await desk.client.commit(edit), Published)
    removal = replace(post, action=Action.DELETE)
    assert isinstance(await desk.client.commit(removal), Published)
    await desk.client.find(removal)
    assert in_words(desk) == snapshot
