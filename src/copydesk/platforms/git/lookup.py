"""Finding a post's file in the branch again, wherever people moved it, and comparing it."""

from __future__ import annotations

from pathlib import PurePosixPath

from copydesk.core.delivery import Outgoing
from copydesk.core.errors import ContentInvalid
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.git.clone import Clone
from copydesk.platforms.git.generators import post_id_of
from copydesk.platforms.git.render import merged_text
from copydesk.transformation.frontmatter import read_front_matter


def owner(content: bytes) -> str:
    """Return the post a file was made from, "" when it is somebody else's or not readable."""
    try:
        return post_id_of(read_front_matter(content.decode())[0])
    except (UnicodeDecodeError, ContentInvalid):
        return ""


async def file_of(clone: Clone, head: str, post: Outgoing) -> tuple[str, bytes] | None:
    """Return path and content of the post's file at `head`, None when it is not there.

    Raises `Declined` when the clone cannot be read.
    """
    path: str = post.payload["path"]
    content = (await clone.read(head, [path])).get(path)
    if content is not None and owner(content) == post.post_id:
        return path, content
    for other in await clone.mentions(head, post.post_id):
        content = (await clone.read(head, [other])).get(other, b"")
        if owner(content) == post.post_id:
            return other, content
    return None


async def files_to_remove(clone: Clone, head: str, post: Outgoing) -> list[str]:
    """Return the post's file and those of its images that no other file shows; [] if it is gone."""
    found = await file_of(clone, head, post)
    if found is None:
        return []
    path, _ = found
    leaving = [path]
    for image in post.payload["images"]:
        shown_by = await clone.mentions(head, PurePosixPath(image["path"]).name)
        there = await clone.read(head, [image["path"]])
        if there and set(shown_by) <= {path}:
            leaving.append(image["path"])
    return leaving


async def compare(clone: Clone, head: str, post: Outgoing) -> Standing:
    """Return how the post's file stands at `head`.

    Keys that people added to its front matter are theirs and no change of ours; what an update
    would overwrite is one.
    """
    found = await file_of(clone, head, post)
    if found is None:
        return Gone(f"{post.payload['path']} is not in branch {clone.branch}")
    path, content = found
    text = content.decode("utf-8", "replace")
    try:
        fields, body = read_front_matter(text)
        our_fields, our_body = read_front_matter(merged_text(text, post.payload))
    except ContentInvalid as error:
        return Changed("the front matter", f"{path} is not readable any more: {error}")
    ours = post.payload["front_matter"]
    parts = [key for key in ours if fields.get(key) != our_fields.get(key)]
    if body.strip() != our_body.strip():
        parts.append("the text")
    if not parts:
        return AsPublished(f"{path} reads as committed")
    commit = await clone.last_change(head, path)
    return Changed(", ".join(parts), f"{path} in commit {commit[:12]}")
