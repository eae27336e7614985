"""Documents as readable plain text, with a note for everything that plain text cannot show."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from copydesk.core.findings import Loss
from copydesk.transformation.document import local_path
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    Code,
    CodeBlock,
    Document,
    Embed,
    Emphasis,
    FootnoteReference,
    Heading,
    HtmlBlock,
    HtmlInline,
    Image,
    Inline,
    LineBreak,
    Link,
    List,
    ListItem,
    Paragraph,
    Quote,
    Rule,
    Strikethrough,
    Strong,
    Table,
    Text,
    plain,
)
from copydesk.transformation.rawhtml import complete_html, text_of_html

Links = Literal["inline", "footnotes", "drop"]
Images = Literal["alt", "drop"]


@lru_cache(maxsize=32)
def to_text(
    document: Document, *, links: Links = "inline", images: Images = "alt"
) -> tuple[str, tuple[Loss, ...]]:
    """Return `document` as plain text and what that cost.

    Bullets, numbers, quotes, code and line breaks stay readable. `links`: `inline` puts the target
    behind the words, `footnotes` numbers them and lists the targets at the end, `drop` keeps the
    words alone. The author's own footnotes are numbered and listed in the same way. `images`:
    `alt` puts the alternative text in brackets, `drop` leaves images to the caller (who attaches
    them).
    """
    writer = _Writer(links, images)
    text = writer.blocks(document.blocks)
    notes = writer.all_notes(document)
    return (f"{text}\n\n{notes}" if notes else text), writer.all_losses()


def words_of(paragraph: Paragraph) -> str:
    """Return what `paragraph` says, without addresses and images."""
    return _Writer("drop", "drop").block(paragraph)


@dataclass(slots=True)
class _Writer:
    links: Links
    images: Images
    #: what is listed at the end, in order: ("link", target) and ("note", label)
    notes: dict[tuple[str, str], int] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    plainer: Counter[str] = field(default_factory=Counter)

    def all_losses(self) -> tuple[Loss, ...]:
        """Return single losses in reading order, then one for each kind of lost formatting."""
        formatting = tuple(
            Loss(
                what=f"{count} × {kind}" if count > 1 else kind,
                how="kept as plain characters",
                why="plain text has no formatting",
            )
            for kind, count in self.plainer.items()
        )
        return (*self.losses, *formatting)

    def number(self, kind: str, name: str) -> int:
        return self.notes.setdefault((kind, name), len(self.notes) + 1)

    def all_notes(self, document: Document) -> str:
        """Return what the numbers in brackets stand for; writing a note may find further ones."""
        written = {note.label: note.children for note in document.footnotes}
        lines: list[str] = []
        for note in document.footnotes:
            self.number("note", note.label)
        while len(lines) < len(self.notes):
            kind, name = list(self.notes)[len(lines)]
            marker = f"[{len(lines) + 1}] "
            text = self.blocks(written[name]) if kind == "note" else name
            lines.append(marker + text.replace("\n", "\n" + " " * len(marker)))
        return "\n".join(re.sub(r" +$", "", line, flags=re.MULTILINE) for line in lines)

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "\n\n".join(text for text in map(self.block, blocks) if text)

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(children):
                return self.inlines(children)
            case Heading():
                self.plainer["heading"] += 1
                return self.inlines(block.children)
            case CodeBlock():
                return block.text.rstrip("\n")
            case Quote(children):
                inner = self.blocks(children)
                return "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))
            case List():
                return self.list(block)
            case Table():
                return self.table(block)
            case Rule():
                return "* * *"
            case HtmlBlock():
                return self.html(block.html)
            case Embed():
                return self.link(Link(block.url, (Text(block.title),) if block.title else ()))
            case CallToAction():
                return self.link(Link(block.url, (Text(block.label),)))

    def list(self, block: List) -> str:
        parts: list[str] = []
        for number, item in enumerate(block.items, start=block.start or 0):
            marker = "- " if block.start is None else f"{number}. "
            parts.append(self.item(item, marker))
        return ("\n" if block.tight else "\n\n").join(parts)

    def item(self, item: ListItem, marker: str) -> str:
        marker += {None: "", False: "[ ] ", True: "[x] "}[item.checked]
        texts = [text for text in map(self.block, item.children) if text]
        tight = all(isinstance(child, Paragraph | List) for child in item.children)
        inner = ("\n" if tight else "\n\n").join(texts)
        indent = " " * (2 if marker.startswith("- ") else len(marker))
        lines = inner.split("\n")
        rest = [f"{indent}{line}".rstrip() for line in lines[1:]]
        return "\n".join([f"{marker}{lines[0]}".rstrip(), *rest])

    def table(self, block: Table) -> str:
        self.losses.append(
            Loss(
                what=f"table of {len(block.rows)} rows",
                how="written as lines with the cells between bars",
                why="plain text has no tables",
            )
        )
        rows = [" | ".join(map(self.inlines, cells)) for cells in (block.header, *block.rows)]
        return "\n".join(rows)

    def html(self, html: str) -> str:
        names = [name for name in complete_html(html)[1] if name != "a comment"]
        if names:
            self.losses.append(
                Loss(
                    what=f"raw HTML {', '.join(names)}",
                    how="only its text is kept",
                    why="plain text has no HTML",
                )
            )
        elif not html.lstrip().startswith(("</", "<!--")):
            self.plainer["raw HTML element"] += 1
        lines = (" ".join(line.split()) for line in text_of_html(html).strip().split("\n"))
        return "\n".join(line for line in lines if line)

    def inlines(self, children: tuple[Inline, ...]) -> str:
        text = "".join(map(self.inline, children))
        if "\n" not in text:
            return text.strip(" ")
        lines = text.split("\n")
        return "\n".join(line.strip(" ") for line in lines).strip("\n")

    def inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return text
            case Emphasis(children):
                return self.formatted("emphasis", children)
            case Strong(children):
                return self.formatted("strong emphasis", children)
            case Strikethrough(children):
                self.losses.append(
                    Loss(
                        what=f"strikethrough of {plain(children)!r}",
                        how="marked with tildes",
                        why="without a mark the text would say the opposite",
                    )
                )
                return f"~{''.join(map(self.inline, children))}~"
            case Code(text):
                return f"`{text}`"
            case Link():
                return self.link(node)
            case Image():
                return self.image(node)
            case LineBreak():
                return "\n" if node.hard else " "
            case HtmlInline():
                if node.html.lower().startswith("<br"):
                    return "\n"
                return self.html(node.html)
            case FootnoteReference(label):
                return f"[{self.number('note', label)}]"

    def formatted(self, kind: str, children: tuple[Inline, ...]) -> str:
        self.plainer[kind] += 1
        return "".join(map(self.inline, children))

    def link(self, link: Link) -> str:
        words = "".join(map(self.inline, link.children))
        bare = link.url.removeprefix("mailto:")
        if words and words in {link.url, bare, bare.removeprefix("http://")}:
            return words
        if words and bare.startswith((f"{words}?utm_", f"{words}&utm_")):
            # an address that was tagged since: it says where it leads by itself
            return bare
        match self.links:
            case "inline":
                return f"{words} ({bare})" if words else bare
            case "footnotes":
                return f"{words} [{self.number('link', bare)}]" if words else bare
            case "drop":
                self.losses.append(
                    Loss(
                        what=f"link to {bare}",
                        how=f"only its words are kept: {words!r}",
                        why="links were to be left out",
                    )
                )
                return words

    def image(self, image: Image) -> str:
        name = local_path(image.url)
        if self.images == "drop":
            how, text = "left out of the text", ""
        elif image.alt:
            how, text = "replaced by its alternative text", f"[{image.alt}]"
        else:
            how, text = "left out: it has no alternative text", ""
        self.losses.append(Loss(what=f"image {name}", how=how, why="plain text cannot show images"))
        return text
