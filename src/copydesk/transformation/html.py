"""Documents as sanitised HTML.

The tree is written out by exhaustive matching, raw HTML is completed tag by tag, and the whole then
passes nh3 with an allow list: whatever the author pasted, no script, style, form or event handler
comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Final
from urllib.parse import quote, urlsplit

import nh3

from copydesk.core.findings import Loss
from copydesk.transformation.document import local_path, walk
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    Code,
    CodeBlock,
    Document,
    Embed,
    Emphasis,
    Footnote,
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
)
from copydesk.transformation.rawhtml import ALLOWED_TAGS, complete_html

#: Link targets a reader may be sent to; everything else loses its target, never its text.
URL_SCHEMES: Final = frozenset({"http", "https", "mailto"})

_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"title", "lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "time": {"datetime"},
    "details": {"open"},
    "blockquote": {"cite"},
    "q": {"cite"},
}
_FOOTNOTE_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"id", "role"},
    "li": {"id"},
    "section": {"role"},
}
_ROLES: Final = frozenset({"doc-noteref", "doc-backlink", "doc-endnotes"})
_PARAGRAPH_END: Final = "</p>\n"
_URL_SAFE: Final = "/:?#[]@!$&'()*+,;=%~"


def identity(url: str) -> str:
    """Return `url` unchanged."""
    return url


def to_html(
    document: Document,
    *,
    image_url: Callable[[str], str] = identity,
    link_url: Callable[[str], str] = identity,
) -> str:
    """Return `document` as a sanitised HTML fragment.

    `image_url` is handed each image reference as `image_paths` reports it and returns where the
    image will be; `link_url` does the same for link targets as written. Links keep http, https and
    mailto targets (and relative ones) and get `rel="noopener noreferrer"`.
    """

    writer = _Writer(document.footnote_numbers())
    html = writer.document(document)
    attributes = _with_footnotes(_ATTRIBUTES) if document.footnotes else _ATTRIBUTES

    def place(_tag: str, attribute: str, value: str) -> str | None:
        match attribute:
            case "src":
                return quote(image_url(local_path(value)), safe=_URL_SAFE)
            case "href" if value[1:] not in writer.ids or value[:1] != "#":
                return quote(link_url(value), safe=_URL_SAFE)
            case "id":
                return value if value in writer.ids else None
            case "role":
                return value if value in _ROLES else None
            case _:
                return value

    return nh3.clean(
        html,
        tags=set(ALLOWED_TAGS),
        attributes=attributes,
        attribute_filter=place,
        # nh3 takes exact class names only: those that were written, among them code's languages
        allowed_classes=writer.classes or None,
        url_schemes=set(URL_SCHEMES),
    )


def absolute_urls(html: str, base: str) -> str:
    """Return sanitised `html` with every relative link and image resolved against `base`."""
    return nh3.clean(
        html,
        tags=set(ALLOWED_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes=set(URL_SCHEMES),
        url_relative=("rewrite_with_base", base),
    )


def html_losses(document: Document) -> tuple[Loss, ...]:
    """Return what of `document`'s raw HTML does not come out of `to_html`."""
    dropped: dict[str, None] = {}
    for node in walk(document):
        if isinstance(node, HtmlInline | HtmlBlock):
            dropped.update(dict.fromkeys(complete_html(node.html)[1]))
    dropped.pop("a comment", None)
    return tuple(
        Loss(
            what=f"raw HTML {name}",
            how="left out; text inside it stays unless it is code",
            why="only elements of plain articles are allowed",
        )
        for name in dropped
    )


def _with_footnotes(attributes: dict[str, set[str]]) -> dict[str, set[str]]:
    more = {tag: attributes.get(tag, set()) | names for tag, names in _FOOTNOTE_ATTRIBUTES.items()}
    return attributes | more


@dataclass(slots=True)
class _Writer:
    """Writes the tree out, and keeps which classes and ids it used."""

    numbers: dict[str, int]
    classes: dict[str, set[str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    marks: Counter[int] = field(default_factory=Counter)

    def document(self, document: Document) -> str:
        html = self.blocks(document.blocks)
        if not document.footnotes:
            return html
        # all marks are counted, those in footnotes too, before the ways back to them are written
        texts = [self.blocks(note.children) for note in document.footnotes]
        notes = "".join(map(self.note, document.footnotes, texts))
        opened = f'<section{self.class_of("section", "footnotes")} role="doc-endnotes">'
        return f"{html}{opened}\n<ol>\n{notes}</ol>\n</section>\n"

    def class_of(self, tag: str, name: str) -> str:
        self.classes.setdefault(tag, set()).add(name)
        return f' class="{escape(name)}"'

    def id_of(self, name: str) -> str:
        self.ids.add(name)
        return f' id="{name}"'

    def note(self, note: Footnote, text: str) -> str:
        number = self.numbers[note.label]
        back = " ".join(
            f'<a href="#{_mark(number, nth)}" role="doc-backlink">↩'
            f"{f'<sup>{nth}</sup>' if nth > 1 else ''}</a>"
            for nth in range(1, self.marks[number] + 1)
        )
        if back and note.children and isinstance(note.children[-1], Paragraph):
            text = f"{text.removesuffix(_PARAGRAPH_END)} {back}{_PARAGRAPH_END}"
        elif back:
            text = f"{text}<p>{back}</p>\n"
        return f"<li{self.id_of(f'fn-{number}')}>\n{text}</li>\n"

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "".join(map(self.block, blocks))

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(children):
                return f"<p>{self.inlines(children)}{_PARAGRAPH_END}"
            case Heading():
                return f"<h{block.level}>{self.inlines(block.children)}</h{block.level}>\n"
            case CodeBlock():
                name = f"language-{block.language}" if block.language else ""
                language = self.class_of("code", name) if name else ""
                return f"<pre><code{language}>{escape(block.text, quote=False)}</code></pre>\n"
            case Quote(children):
                return f"<blockquote>\n{self.blocks(children)}</blockquote>\n"
            case List():
                return self.list_(block)
            case Table():
                return self.table(block)
            case Rule():
                return "<hr>\n"
            case HtmlBlock():
                return complete_html(block.html)[0]
            case Embed():
                return self.embed(block)
            case CallToAction():
                link = f'<a{self.class_of("a", "cta")} href="{escape(block.url)}">'
                return f"<p>{link}{escape(block.label, quote=False)}</a></p>\n"

    def embed(self, embed: Embed) -> str:
        """Return a card with a link: a frame would load a stranger's page into ours."""
        host = urlsplit(embed.url).hostname or ""
        words = escape(embed.title or embed.url, quote=False)
        where = f"<figcaption>{escape(host)}</figcaption>" if embed.title and host else ""
        link = f'<a href="{escape(embed.url)}">{words}</a>'
        return f"<figure{self.class_of('figure', 'embed')}>{link}{where}</figure>\n"

    def list_(self, block: List) -> str:
        tag = "ul" if block.start is None else "ol"
        start = f' start="{block.start}"' if block.start not in {None, 1} else ""
        items = "".join(self.item(item, block.tight) for item in block.items)
        return f"<{tag}{start}>\n{items}</{tag}>\n"

    def item(self, item: ListItem, tight: bool) -> str:
        # a character instead of a disabled checkbox: it is read aloud and needs no form element
        mark = {None: "", False: "☐ ", True: "☑ "}[item.checked]
        parts: list[str] = []
        for index, child in enumerate(item.children):
            if isinstance(child, Paragraph):
                inner = (mark if index == 0 else "") + self.inlines(child.children)
                parts.append(inner + "\n" if tight else f"<p>{inner}</p>\n")
            else:
                parts.append((mark if index == 0 else "") + self.block(child))
        return f"<li>{''.join(parts).rstrip() or mark}</li>\n"

    def table(self, block: Table) -> str:
        def row(cells: tuple[tuple[Inline, ...], ...], tag: str) -> str:
            out = []
            for cell, alignment in zip(cells, block.alignments, strict=False):
                align = f' align="{alignment}"' if alignment else ""
                scope = ' scope="col"' if tag == "th" else ""
                out.append(f"<{tag}{scope}{align}>{self.inlines(cell)}</{tag}>")
            return f"<tr>{''.join(out)}</tr>\n"

        body = "".join(row(cells, "td") for cells in block.rows)
        body = f"<tbody>\n{body}</tbody>\n" if body else ""
        return f"<table>\n<thead>\n{row(block.header, 'th')}</thead>\n{body}</table>\n"

    def inlines(self, children: tuple[Inline, ...]) -> str:
        return "".join(map(self.inline, children))

    def inline(self, node: Inline) -> str:
        match node:
            case Text(text):
                return escape(text, quote=False)
            case Emphasis(children):
                return f"<em>{self.inlines(children)}</em>"
            case Strong(children):
                return f"<strong>{self.inlines(children)}</strong>"
            case Strikethrough(children):
                return f"<del>{self.inlines(children)}</del>"
            case Code(text):
                return f"<code>{escape(text, quote=False)}</code>"
            case Link():
                title = f' title="{escape(node.title)}"' if node.title else ""
                return f'<a href="{escape(node.url)}"{title}>{self.inlines(node.children)}</a>'
            case Image():
                title = f' title="{escape(node.title)}"' if node.title else ""
                return f'<img src="{escape(node.url)}" alt="{escape(node.alt)}"{title}>'
            case LineBreak():
                return "<br>\n" if node.hard else "\n"
            case HtmlInline():
                return complete_html(node.html)[0]
            case FootnoteReference(label):
                number = self.numbers[label]
                self.marks[number] += 1
                mark = self.id_of(_mark(number, self.marks[number]))
                return f'<sup><a href="#fn-{number}"{mark} role="doc-noteref">{number}</a></sup>'


def _mark(number: int, nth: int) -> str:
    """Return the id of the `nth` mark that leads to a footnote."""
    return f"fnref-{number}" if nth == 1 else f"fnref-{number}-{nth}"
