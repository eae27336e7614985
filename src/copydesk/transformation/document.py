"""Documents: the ways through a tree, and the images and addresses it names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import is_
from typing import Final, NamedTuple, get_args
from urllib.parse import unquote

from copydesk.transformation.nodes import (
    HOLDERS,
    Block,
    CallToAction,
    CodeBlock,
    Document,
    Embed,
    Emphasis,
    Footnote,
    Heading,
    HtmlBlock,
    HtmlInline,
    Image,
    Inline,
    Link,
    List,
    ListItem,
    Paragraph,
    Quote,
    Rule,
    Strikethrough,
    Strong,
    Table,
    joined,
    plain,
)
from copydesk.transformation.parsing import parse_markdown
from copydesk.transformation.rawhtml import images_in_html

_LEADS: Final = (Link, CallToAction)
_ALL: Final = get_args(Inline)
_HOLDING: Final = frozenset(HOLDERS)


class ImageReference(NamedTuple):
    """How a body refers to an image.

    `path` is percent-decoded for local files (so that it names the file) and left alone for remote
    images.
    """

    path: str
    alt: str
    title: str


def walk(document: Document) -> Iterator[Block | Inline]:
    """Return every block and inline node of `document` in reading order, footnotes last."""
    return iter(document.nodes)


def with_top_heading(document: Document, level: int) -> Document:
    """Return `document` with all headings moved down so that the highest is at least `level`.

    For pages that show the title as their own heading. Nothing goes deeper than level 6.
    """
    highest = min((n.level for n in walk(document) if isinstance(n, Heading)), default=6)
    if highest >= level:
        return document

    def lowered(block: Block) -> Block:
        if not isinstance(block, Heading):
            return block
        return replace(block, level=min(6, block.level + level - highest))

    return changed(document, block=lowered)


def without_title(document: Document, title: str) -> Document:
    """Return `document` without a first heading that repeats `title`, whatever its level."""
    match document.blocks:
        case (Heading() as first, *rest) if plain(first.children).strip() == title.strip():
            return replace(document, blocks=tuple(rest))
        case _:
            return document


def with_urls(
    document: Document,
    *,
    link: Callable[[str], str] | None = None,
    image: Callable[[str], str] | None = None,
) -> Document:
    """Return `document` with other addresses, for platforms that need public ones.

    `link` is handed the target of every link and call to action, `image` the address of every
    image, both as they stand in the document (percent-encoded). Raw HTML stays as written: its
    images are in `image_paths`, and a platform that cannot place them drops or refuses it.
    """
    nodes = document.nodes
    led = {n.url: link(n.url) for n in nodes if isinstance(n, _LEADS)} if link else {}
    shown = {n.url: image(n.url) for n in nodes if isinstance(n, Image)} if image else {}
    if all(old == new for urls in (led, shown) for old, new in urls.items()):
        return document

    def inline(node: Inline) -> Inline:
        match node:
            case Link(old):
                url = led.get(old, old)
            case Image(old):
                url = shown.get(old, old)
            case _:
                return node
        return node if url == old else replace(node, url=url)

    def block(node: Block) -> Block:
        if isinstance(node, CallToAction):
            return replace(node, url=led.get(node.url, node.url))
        return node

    return changed(document, block=block, inline=inline, kinds=(Link, Image))


def changed(
    document: Document,
    *,
    block: Callable[[Block], Block | tuple[Block, ...]] | None = None,
    inline: Callable[[Inline], Inline | tuple[Inline, ...]] | None = None,
    kinds: Collection[type] = _ALL,
) -> Document:
    """Return `document` with every block and inline node as `block` and `inline` make it.

    Both are handed nodes whose children are changed already, and return one node or several (none:
    it is left out). `inline` is asked about nodes of these `kinds` alone.
    """
    kinds = frozenset(kinds)
    change = _Change(block, inline, kinds, kinds | _HOLDING)
    if not document.footnotes:
        blocks = change.blocks(document.blocks)
        return document if blocks is document.blocks else Document(blocks)
    return Document(
        change.blocks(document.blocks),
        tuple(Footnote(note.label, change.blocks(note.children)) for note in document.footnotes),
    )


def is_remote(url: str) -> bool:
    """Tell whether `url` leads off the post's own folder (has a scheme or a host)."""
    head = url.split("/", 1)[0]
    return url.startswith("//") or ":" in head


def local_path(url: str) -> str:
    """Return the file name a percent-encoded local reference means; remote ones unchanged."""
    return url if is_remote(url) else unquote(url)


@lru_cache(maxsize=32)
def image_paths(document: Document) -> tuple[ImageReference, ...]:
    """Return every image of `document` once, in reading order, raw HTML included."""
    found: dict[str, ImageReference] = {}
    for node in walk(document):
        match node:
            case Image(url, alt, title):
                reference = ImageReference(local_path(url), alt, title)
                found.setdefault(reference.path, reference)
            case HtmlInline(html) | HtmlBlock(html):
                for url, alt, title in images_in_html(html):
                    reference = ImageReference(local_path(url), alt, title)
                    found.setdefault(reference.path, reference)
            case _:
                pass
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Change:
    block: Callable[[Block], Block | tuple[Block, ...]] | None
    inline: Callable[[Inline], Inline | tuple[Inline, ...]] | None
    kinds: frozenset[type]
    #: Of these and of what may hold them: what has none of it is passed by.
    asked: frozenset[type]

    # What stays as it is stays the same object: most of a document does, and most platforms ask.

    def blocks(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        found: list[Block] = []
        same = True
        for block in blocks:
            inner = self.inside(block)
            made = self.block(inner) if self.block else inner
            same = same and made is block
            found.extend(made) if isinstance(made, tuple) else found.append(made)
        return blocks if same else tuple(found)

    def inside(self, block: Block) -> Block:
        match block:
            case Paragraph(children) | Heading(_, children):
                inner = self.inlines(children)
                return block if inner is children else replace(block, children=inner)
            case Quote(children):
                within = self.blocks(children)
                return block if within is children else Quote(within)
            case List():
                items = tuple(map(self.item, block.items))
                same = all(map(is_, items, block.items))
                return block if same else replace(block, items=items)
            case Table():
                old = (block.header, *block.rows)
                header, *rows = [tuple(map(self.inlines, row)) for row in old]
                same = all(all(map(is_, *pair)) for pair in zip((header, *rows), old, strict=True))
                return block if same else Table(block.alignments, header, tuple(rows))
            case CodeBlock() | Rule() | HtmlBlock() | Embed() | CallToAction():
                return block

    def item(self, item: ListItem) -> ListItem:
        children = self.blocks(item.children)
        return item if children is item.children else replace(item, children=children)

    def inlines(self, children: tuple[Inline, ...]) -> tuple[Inline, ...]:
        if self.inline is None or self.asked.isdisjoint(map(type, children)):
            return children
        found: list[Inline] = []
        same = True
        made: Inline | tuple[Inline, ...]
        for node in children:
            made = self.within(node) if isinstance(node, HOLDERS) else node
            if type(node) in self.kinds:
                made = self.inline(made)
            same = same and made is node
            found.extend(made) if isinstance(made, tuple) else found.append(made)
        return children if same else joined(found)

    def within(self, node: Emphasis | Strong | Strikethrough | Link) -> Inline:
        inner = self.inlines(node.children)
        return node if inner is node.children else replace(node, children=inner)


__all__ = [
    "ImageReference",
    "changed",
    "image_paths",
    "is_remote",
    "local_path",
    "parse_markdown",
    "walk",
    "with_top_heading",
    "with_urls",
]
