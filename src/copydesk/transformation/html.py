"""Documents as sanitised HTML.

The tree is written out by exhaustive matching, raw HTML is completed tag by tag, and the whole then
passes nh3 with an allow list: whatever the author pasted, no script, style, form or event handler
comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import quote

import nh3

from copydesk.core.findings import Loss
from copydesk.transformation.document import local_path, walk
from copydesk.transformation.nodes import (
    Block,
    Code,
    CodeBlock,
    Document,
    Emphasis,
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

    def place(_tag: str, attribute: str, value: str) -> str | None:
        if attribute == "src":
            return quote(image_url(local_path(value)), safe=_URL_SAFE)
        if attribute == "href":
            return quote(link_url(value), safe=_URL_SAFE)
        return value

    return nh3.clean(
        "".join(_block(block) for block in document.blocks),
        tags=set(ALLOWED_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=place,
        # the language of code; nh3 takes exact class names only, so the prefix is checked here
        allowed_classes=_code_classes(document),
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


def _code_classes(document: Document) -> dict[str, set[str]] | None:
    names = {
        f"language-{node.language}"
        for node in walk(document)
        if isinstance(node, CodeBlock) and node.language
    }
    return {"code": names} if names else None


def _block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return f"<p>{_inlines(children)}</p>\n"
        case Heading():
            return f"<h{block.level}>{_inlines(block.children)}</h{block.level}>\n"
        case CodeBlock():
            language = f' class="language-{escape(block.language)}"' if block.language else ""
            return f"<pre><code{language}>{escape(block.text, quote=False)}</code></pre>\n"
        case Quote(children):
            return f"<blockquote>\n{''.join(map(_block, children))}</blockquote>\n"
        case List():
            return _list(block)
        case Table():
            return _table(block)
        case Rule():
            return "<hr>\n"
        case HtmlBlock():
            return complete_html(block.html)[0]


def _list(block: List) -> str:
    tag = "ul" if block.start is None else "ol"
    start = f' start="{block.start}"' if block.start not in {None, 1} else ""
    items = "".join(_item(item, block.tight) for item in block.items)
    return f"<{tag}{start}>\n{items}</{tag}>\n"


def _item(item: ListItem, tight: bool) -> str:
    # a character instead of a disabled checkbox: it is read aloud and needs no form element
    mark = {None: "", False: "☐ ", True: "☑ "}[item.checked]
    parts: list[str] = []
    for index, child in enumerate(item.children):
        if isinstance(child, Paragraph):
            inner = (mark if index == 0 else "") + _inlines(child.children)
            parts.append(inner + "\n" if tight else f"<p>{inner}</p>\n")
        else:
            parts.append((mark if index == 0 else "") + _block(child))
    return f"<li>{''.join(parts).rstrip() or mark}</li>\n"


def _table(block: Table) -> str:
    def row(cells: tuple[tuple[Inline, ...], ...], tag: str) -> str:
        out = []
        for cell, alignment in zip(cells, block.alignments, strict=False):
            align = f' align="{alignment}"' if alignment else ""
            scope = ' scope="col"' if tag == "th" else ""
            out.append(f"<{tag}{scope}{align}>{_inlines(cell)}</{tag}>")
        return f"<tr>{''.join(out)}</tr>\n"

    body = "".join(row(cells, "td") for cells in block.rows)
    body = f"<tbody>\n{body}</tbody>\n" if body else ""
    return f"<table>\n<thead>\n{row(block.header, 'th')}</thead>\n{body}</table>\n"


def _inlines(children: tuple[Inline, ...]) -> str:
    return "".join(map(_inline, children))


def _inline(node: Inline) -> str:
    match node:
        case Text(text):
            return escape(text, quote=False)
        case Emphasis(children):
            return f"<em>{_inlines(children)}</em>"
        case Strong(children):
            return f"<strong>{_inlines(children)}</strong>"
        case Strikethrough(children):
            return f"<del>{_inlines(children)}</del>"
        case Code(text):
            return f"<code>{escape(text, quote=False)}</code>"
        case Link():
            title = f' title="{escape(node.title)}"' if node.title else ""
            return f'<a href="{escape(node.url)}"{title}>{_inlines(node.children)}</a>'
        case Image():
            title = f' title="{escape(node.title)}"' if node.title else ""
            return f'<img src="{escape(node.url)}" alt="{escape(node.alt)}"{title}>'
        case LineBreak():
            return "<br>\n" if node.hard else "\n"
        case HtmlInline():
            return complete_html(node.html)[0]
