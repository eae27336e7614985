"""One post in a short form: the author's own text for it, else what was written for the platform,
else as much of the post as a rule can take without changing a word.

Nothing is cut silently: what a short form leaves out is in its losses, and a text that has no room
stays too long, so that the platform's `validate` refuses it with the choices a person has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from copydesk.core.findings import Loss
from copydesk.core.post import Content, Tier
from copydesk.transformation.document import ImageReference, image_paths, without_title
from copydesk.transformation.extracting import (
    Extract,
    Source,
    as_announcement,
    as_post,
    as_summary,
    as_thread,
    join,
)
from copydesk.transformation.forms import Form
from copydesk.transformation.nodes import Document, Heading, plain
from copydesk.transformation.outline import Outline, outline
from copydesk.transformation.placing import image_places, letters
from copydesk.transformation.room import Room
from copydesk.transformation.splitting import CannotSplit, split
from copydesk.transformation.text import to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a short form has to be.

    `override` holds what the author set for the platform and the account: `text` (one text),
    `parts` (a list: a thread of the author's own), `form`. `platform` names the adaptation that may
    be used. `link` (already tagged) is what the text leads to, "" for nothing. `tags` are hashtags
    as the platform writes them. `most_parts` is 1 where there are no threads. `repeats_title`:
    whether the title stands in the text (platforms with a card of their own leave it there).
    """

    platform: str
    form: Form
    room: Room
    override: Mapping[str, Any]
    link: str = ""
    tags: str = ""
    most_parts: int = 1
    numbered: bool = False
    repeats_title: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A short form: its texts in order, the images that belong to each, what it leaves out, and
    what wrote it (`PERSON` for an override, `RULES` for an extract)."""

    texts: tuple[str, ...]
    images: tuple[tuple[ImageReference, ...], ...]
    losses: tuple[Loss, ...]
    tier: Tier
    is_whole: bool


def condense(content: Content, document: Document, brief: Brief) -> Short:
    """Return `content` (its body parsed as `document`) as `brief` asks for.

    The author's own text; else the adaptation, where it fits; else the whole post where that fits,
    for a thread also where it splits into `most_parts`; else an extract: title or summary first,
    then what each section says, the link last. Summaries and announcements are always extracts. A
    post without title, summary and link has nothing that could stand for it and stays whole.
    """
    document = without_title(document, content.title)
    if "parts" in brief.override or "text" in brief.override:
        return _of_author(document, brief)
    adapted, losses = _of_adaptation(content, document, brief)
    if adapted is not None:
        return adapted
    is_digest = brief.form in {Form.SUMMARY, Form.ANNOUNCEMENT}
    if not is_digest and (whole := _whole(content, document, brief)) is not None:
        return replace(whole, losses=(*losses, *whole.losses))
    said = outline(document)
    if not is_digest and not _can_stand(content, brief, said):
        return _too_long(content, document, brief, losses)
    short = _extract(content, document, brief, said)
    return replace(short, losses=(*losses, *short.losses))


# -- what a person or a model wrote ----------------------------------------------------------------


def _of_author(document: Document, brief: Brief) -> Short:
    """Return the author's own texts as they are; one that is too long stays too long, unless it was
    to be a thread."""
    losses: list[Loss] = []
    given = brief.override.get("parts")
    texts: tuple[str, ...]
    if isinstance(given, str | list | tuple) and given:
        texts = (given,) if isinstance(given, str) else tuple(str(part) for part in given)
        texts = tuple(text.strip() for text in texts)
        if brief.most_parts == 1 and len(texts) > 1:
            losses.append(
                Loss(
                    what=f"the {len(texts)} parts of the author's thread",
                    how="written as one text",
                    why="there are no threads here, or one post was asked for",
                )
            )
            texts = (join(*texts),)
    else:
        text = str(brief.override.get("text") or "").strip()
        texts = (text,)
        if brief.form is Form.THREAD and brief.most_parts > 1 and text:
            texts = _split(text, brief) or texts
    images = image_paths(document)
    return Short(
        texts=texts,
        images=(images, *((),) * (len(texts) - 1)),
        losses=tuple(losses),
        tier=Tier.PERSON,
        is_whole=False,
    )


def _of_adaptation(
    content: Content, document: Document, brief: Brief
) -> tuple[Short | None, tuple[Loss, ...]]:
    """Return what was written for the platform with link and tags behind it; where it does not fit,
    None and the loss that says so."""
    adaptation = content.adaptations.get(brief.platform)
    if adaptation is None or not any(text.strip() for text in adaptation.texts):
        return None, ()
    texts = [text.strip() for text in adaptation.texts if text.strip()]
    if brief.most_parts == 1:
        texts = [join(*texts)]
    closing = join("" if brief.link in texts[-1] else brief.link, brief.tags)
    last = join(texts[-1], closing)
    ending = _widest(brief)
    if closing and len(texts) < brief.most_parts and not brief.room.holds(last + ending):
        texts.append(closing)
    else:
        texts[-1] = last
    if brief.numbered and len(texts) > 1:
        texts = [f"{text} ({n}/{len(texts)})" for n, text in enumerate(texts, start=1)]
    excess = [words for text in texts for words in brief.room.excess(text)]
    if len(texts) > brief.most_parts:
        excess.append(f"{len(texts)} of {brief.most_parts} parts")
    if excess:
        loss = Loss(
            what=f"the text written for {brief.platform}",
            how="not used: the rules took one from the post",
            why=f"it has no room ({', '.join(excess)})",
        )
        return None, (loss,)
    images = _first_image(content, document)
    loss = Loss(
        what="the post's own words",
        how=_behind(content, brief),
        why=f"a text of its own was written for {brief.platform}",
    )
    return Short(
        texts=tuple(texts),
        images=(images, *((),) * (len(texts) - 1)),
        losses=(loss, *_other_images(document, images, content, brief)),
        tier=adaptation.tier,
        is_whole=False,
    ), ()


# -- the whole post --------------------------------------------------------------------------------


def _whole(content: Content, document: Document, brief: Brief) -> Short | None:
    """Return the whole post as one text, or as a thread of few enough parts; None when neither."""
    text, losses = _whole_text(content, document, brief)
    if not brief.room.holds_in(text, brief.most_parts):
        return None
    texts: tuple[str, ...] | None = None
    if brief.room.holds(text):
        texts = (text,)
    elif brief.most_parts > 1:
        texts = _split(text, brief, _headings(content, document))
    if not texts or len(texts) > brief.most_parts:
        return None
    return Short(
        texts=texts,
        images=_images_by_part(content, document, brief, texts),
        losses=losses,
        tier=Tier.RULES,
        is_whole=True,
    )


def _whole_text(content: Content, document: Document, brief: Brief) -> tuple[str, tuple[Loss, ...]]:
    body, losses = to_text(document, images="drop")
    title = content.title if brief.repeats_title else ""
    link = "" if brief.link and brief.link in body else brief.link
    # images are not lost: they come with the text, and who cannot show one says so
    kept = tuple(loss for loss in losses if not loss.what.startswith("image "))
    return join(title, body, link, brief.tags), kept


def _images_by_part(
    content: Content, document: Document, brief: Brief, texts: tuple[str, ...]
) -> tuple[tuple[ImageReference, ...], ...]:
    found: list[list[ImageReference]] = [[] for _ in texts]
    title = letters(content.title) if brief.repeats_title else 0
    endings = [f" ({n}/{len(texts)})" if brief.numbered else "" for n in range(1, len(texts) + 1)]
    ends: list[int] = []
    for text, ending in zip(texts, endings, strict=True):
        ends.append((ends[-1] if ends else 0) + letters(text.removesuffix(ending)))
    for image, place in image_places(document):
        number = next((n for n, end in enumerate(ends) if title + place <= end), len(ends) - 1)
        found[number].append(image)
    return tuple(map(tuple, found))


def _too_long(
    content: Content, document: Document, brief: Brief, losses: tuple[Loss, ...]
) -> Short:
    """Return the whole post although it has no room: `validate` refuses it with the choices."""
    text, text_losses = _whole_text(content, document, brief)
    texts = (
        _split(text, brief, _headings(content, document)) if brief.most_parts > 1 else None
    ) or (text,)
    return Short(
        texts=texts,
        images=_images_by_part(content, document, brief, texts),
        losses=(*losses, *text_losses),
        tier=Tier.RULES,
        is_whole=True,
    )


def _headings(content: Content, document: Document) -> frozenset[str]:
    """Return the lines that stand over others."""
    headings = (plain(b.children).strip() for b in document.blocks if isinstance(b, Heading))
    return frozenset((content.title, *headings))


def _split(text: str, brief: Brief, headings: Collection[str] = ()) -> tuple[str, ...] | None:
    try:
        return split(text, brief.room, numbered=brief.numbered, headings=headings)
    except CannotSplit:
        return None


# -- extracts --------------------------------------------------------------------------------------


def _can_stand(content: Content, brief: Brief, said: Outline) -> bool:
    """Tell whether an extract can stand for the post: it leads to it, its author summed it up, or
    it is an article with sections. Of anything else a part would only be cut off."""
    return bool(brief.link or content.canonical_url or content.summary) or bool(
        content.title and said.sections
    )


def _extract(content: Content, document: Document, brief: Brief, said: Outline) -> Short:
    source = Source(
        title=content.title if brief.repeats_title else "",
        summary=content.summary,
        link=brief.link,
        tags=brief.tags,
        outline=said,
    )
    match brief.form:
        case Form.SUMMARY:
            taken = as_summary(source, brief.room)
        case Form.ANNOUNCEMENT:
            taken = as_announcement(source, brief.room)
        case Form.THREAD if brief.most_parts > 1:
            taken = as_thread(source, brief.room, brief.most_parts, brief.numbered)
        case _:
            taken = as_post(source, brief.room)
    images = _first_image(content, document)
    texts = tuple(text for text in taken.texts if text) or ("",)
    return Short(
        texts=texts,
        images=(images, *((),) * (len(texts) - 1)),
        losses=(
            *_left_behind(content, document, brief, said, taken),
            *_other_images(document, images, content, brief),
        ),
        tier=Tier.RULES,
        is_whole=False,
    )


def _left_behind(
    content: Content, document: Document, brief: Brief, said: Outline, taken: Extract
) -> tuple[Loss, ...]:
    how = _behind(content, brief)
    why = _reason(content, document, brief)
    missing = said.all_sentences - taken.sentences
    losses: list[Loss] = []
    if missing > 0:
        what = f"{missing} of the {said.all_sentences} sentences"
        losses.append(Loss(what=what, how=how, why=why))
    for count, kind in ((said.code, "code block"), (said.tables, "table")):
        if count:
            what = f"{count} {kind}s" if count > 1 else f"a {kind}"
            losses.append(Loss(what=what, how=how, why="short forms are made of sentences"))
    if taken.wordless:
        why_not = "there are no sentences in it" if len(taken.wordless) == 1 else "no sentences"
        losses.append(Loss(what=", ".join(taken.wordless), how=how, why=why_not))
    losses += [
        Loss(what=what, how=_tag_fate(what, how), why="there is no room for it")
        for what in taken.no_room
    ]
    return tuple(losses)


def _tag_fate(what: str, how: str) -> str:
    return "left out" if what.startswith("tags ") else how


def _reason(content: Content, document: Document, brief: Brief) -> str:
    match brief.form:
        case Form.SUMMARY:
            return "a summary was asked for"
        case Form.ANNOUNCEMENT:
            return "an announcement was asked for"
        case Form.THREAD if brief.most_parts > 1:
            return f"the whole post does not fit into {brief.most_parts} parts"
        case _:
            excess = brief.room.excess(_whole_text(content, document, brief)[0])
            return f"the whole post has {', '.join(excess)}"


def _behind(content: Content, brief: Brief) -> str:
    if brief.link or content.canonical_url:
        return "stays behind the link"
    return "left out: the post has no address that could lead to it"


def _first_image(content: Content, document: Document) -> tuple[ImageReference, ...]:
    """Return the image a short form goes with: the post's cover, else its first."""
    images = image_paths(document)
    if not content.cover:
        return images[:1]
    alts = {media.name: media.alt for media in content.media}
    shown = next((image for image in images if image.path == content.cover), None)
    return (shown or ImageReference(content.cover, alts.get(content.cover, ""), ""),)


def _other_images(
    document: Document, kept: tuple[ImageReference, ...], content: Content, brief: Brief
) -> tuple[Loss, ...]:
    paths = {image.path for image in kept}
    names = [image.path for image in image_paths(document) if image.path not in paths]
    if not names:
        return ()
    return (
        Loss(
            what=f"{len(names)} images: {', '.join(names)}"
            if len(names) > 1
            else f"image {names[0]}",
            how=_behind(content, brief),
            why="a short form goes with one image",
        ),
    )


def _widest(brief: Brief) -> str:
    """Return as wide a number as a part can have, "" without numbers."""
    nines = "9" * len(str(brief.most_parts))
    return f" ({nines}/{nines})" if brief.numbered and brief.most_parts > 1 else ""
