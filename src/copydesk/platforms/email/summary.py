"""The short letter: what the post says in a few lines, and where the rest is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from copydesk.core.findings import Loss
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Subject
from copydesk.transformation.condensing import Brief, condense
from copydesk.transformation.document import ImageReference, is_remote, parse_markdown
from copydesk.transformation.forms import Form
from copydesk.transformation.nodes import Block, Document, Image, Paragraph
from copydesk.transformation.plain import plain_to_markdown
from copydesk.transformation.room import Room


def summarised(
    subject: Subject, override: Mapping[str, Any]
) -> tuple[Content, Document, tuple[Loss, ...]]:
    """Return the content with the files that the summary shows, the summary as a document, and what
    it leaves behind. Title and link stand around it in every letter."""
    content = subject.content
    short = condense(
        content,
        subject.document,
        Brief(
            platform="email",
            form=Form.SUMMARY,
            room=Room(()),
            override=override,
            repeats_title=False,
        ),
    )
    # a cover is put above every letter, and a summary goes with one image
    images = () if content.cover else short.images[0][:1]
    shown = {content.cover, *(image.path for image in images)}
    files = tuple(
        media
        for media in content.media
        if media.name in shown or not media.content_type.startswith("image/")
    )
    said = parse_markdown(plain_to_markdown("\n\n".join(short.texts)))
    pictures: tuple[Block, ...] = tuple(map(_picture, images))
    document = replace(said, blocks=(*pictures, *said.blocks))
    return replace(content, media=files), document, short.losses


def _picture(image: ImageReference) -> Paragraph:
    url = image.path if is_remote(image.path) else quote(image.path)
    return Paragraph((Image(url, image.alt, image.title),))
