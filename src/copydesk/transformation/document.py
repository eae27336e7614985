"""Documents: Markdown parsed once into a tree, the ways through it, and the images it names.

Any text is a document and nothing in it is left unread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

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
    plain,
)
from copydesk.transformation.rawhtml import images_in_html

#: How deep quotes, lists and emphasis may nest. Long mail threads reach 20; beyond the limit blocks
#: become plain paragraphs and emphasis loses its marks, so that no renderer runs out of stack.
MAX_NESTING: Final = 60


class ImageReference(NamedTuple):
    """How a body refers to an image.

    `path` is percent-decoded for local files (so that it names the file) and left alone for remote
    images.
    """

    path: str
    alt: str
    title: str


@dataclass(slots=True)
class _Node:
    token: Token
    children: list[_Node] = field(default_factory=list)

    @property
    def type(self) -> str:
        return self.token.type.removesuffix("_open")

    def attribute(self, name: str) -> str:
        return str(self.token.attrs.get(name, ""))


@cache
def _parser() -> MarkdownIt:
    options = {
        "html": True,
        "tasklists": True,
        "strikethrough_single_tilde": True,
        "maxNesting": MAX_NESTING,
    }
    parser = MarkdownIt("commonmark", options)
    return parser.enable(["table", "strikethrough"]).use(gfm_autolink_plugin)


@lru_cache(maxsize=32)
def parse_markdown(text: str) -> Document:
    """Parse `text` (CommonMark + GFM, no front matter). Never raises; any text is a document."""
    try:
        tokens = _parser().parse(text)
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return Document(_blocks(_tree(tokens), lines))
    except RecursionError:
        # thousands of nested brackets: nobody wrote that as markup
        return Document((Paragraph((Text(text),)),))


def walk(document: Document) -> Iterator[Block | Inline]:
    """Yield every block and inline node of `document` in reading order."""
    for block in document.blocks:
        yield from _walk_block(block)


def with_top_heading(document: Document, level: int) -> Document:
    """Return `document` with all headings moved down so that the highest is at least `level`.

    For pages that show the title as their own heading. Nothing goes deeper than level 6.
    """
    highest = min((n.level for n in walk(document) if isinstance(n, Heading)), default=6)
    if highest >= level:
        return document
    return Document(tuple(_lowered(block, level - highest) for block in document.blocks))


def _lowered(block: Block, by: int) -> Block:
    match block:
        case Heading():
            return replace(block, level=min(6, block.level + by))
        case Quote(children):
            return Quote(tuple(_lowered(child, by) for child in children))
        case List():
            items = tuple(
                replace(item, children=tuple(_lowered(child, by) for child in item.children))
                for item in block.items
            )
            return replace(block, items=items)
        case Paragraph() | CodeBlock() | Table() | Rule() | HtmlBlock():
            return block


def is_remote(url: str) -> bool:
    """Tell whether `url` leads off the post's own folder (has a scheme or a host)."""
    head = url.split("/", 1)[0]
    return url.startswith("//") or ":" in head


def local_path(url: str) -> str:
    """Return the file name a percent-encoded local reference means; remote ones unchanged."""
    return url if is_remote(url) else unquote(url)


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


def _walk_block(block: Block) -> Iterator[Block | Inline]:
    yield block
    match block:
        case Paragraph(children):
            yield from _walk_inline(children)
        case Heading():
            yield from _walk_inline(block.children)
        case Quote(children):
            for child in children:
                yield from _walk_block(child)
        case List():
            for item in block.items:
                for child in item.children:
                    yield from _walk_block(child)
        case Table():
            for cells in (block.header, *block.rows):
                for cell in cells:
                    yield from _walk_inline(cell)
        case CodeBlock() | Rule() | HtmlBlock():
            pass


def _walk_inline(children: tuple[Inline, ...]) -> Iterator[Inline]:
    for node in children:
        yield node
        if isinstance(node, Emphasis | Strong | Strikethrough | Link):
            yield from _walk_inline(node.children)


def _tree(tokens: Sequence[Token]) -> list[_Node]:
    """Return the tokens as trees, at most `MAX_NESTING` deep; deeper pairs join their parent."""
    root: list[_Node] = []
    open_lists = [root]
    for token in tokens:
        if token.nesting < 0:
            open_lists.pop()
            continue
        node = _Node(token)
        too_deep = token.nesting > 0 and len(open_lists) > MAX_NESTING
        if not too_deep:
            open_lists[-1].append(node)
        if token.nesting > 0:
            open_lists.append(open_lists[-1] if too_deep else node.children)
    return root


def _blocks(nodes: Sequence[_Node], lines: Sequence[str]) -> tuple[Block, ...]:
    return tuple(_block(node, lines) for node in nodes)


def _block(node: _Node, lines: Sequence[str]) -> Block:
    match node.type:
        case "paragraph":
            return Paragraph(_content(node))
        case "heading":
            start, end = node.token.map or (0, 0)
            return Heading(int(node.token.tag[1]), _content(node), (start, end))
        case "fence" | "code_block":
            words = node.token.info.split()
            return CodeBlock(node.token.content, words[0] if words else "")
        case "blockquote":
            return Quote(_blocks(node.children, lines) or _unread(node, lines))
        case "bullet_list" | "ordered_list":
            return _list(node, lines)
        case "table":
            return _table(node)
        case "hr":
            return Rule()
        case "html_block":
            return HtmlBlock(node.token.content)
        case other:
            raise AssertionError(f"the parser made a block of unknown type {other}")


def _list(node: _Node, lines: Sequence[str]) -> List:
    items = tuple(
        ListItem(
            _blocks(item.children, lines) or _unread(item, lines),
            item.token.meta.get("checked"),
        )
        for item in node.children
    )
    tight = all(
        block.token.hidden
        for item in node.children
        for block in item.children
        if block.type == "paragraph"
    )
    start = int(node.token.attrs.get("start", 1)) if node.type == "ordered_list" else None
    return List(items, start, tight)


def _table(node: _Node) -> Table:
    rows = [row.children for part in node.children for row in part.children]
    alignments = tuple(cell.attribute("style").removeprefix("text-align:") for cell in rows[0])
    header, *body = (tuple(_content(cell) for cell in row) for row in rows)
    return Table(alignments, header, tuple(body))


def _unread(node: _Node, lines: Sequence[str]) -> tuple[Block, ...]:
    """Keep what the parser left unread at its nesting limit; an empty quote or item stays empty."""
    if node.token.level < MAX_NESTING - 4 or not node.token.map:
        return ()
    text = "\n".join(lines[slice(*node.token.map)]).strip(" \t\n>*+-")
    return (Paragraph((Text(text),)),) if text else ()


def _content(node: _Node) -> tuple[Inline, ...]:
    return tuple(
        inline
        for holder in node.children
        for inline in _inlines(_tree(holder.token.children or ()))
    )


def _inlines(nodes: Sequence[_Node]) -> tuple[Inline, ...]:
    return tuple(_inline(node) for node in nodes)


def _inline(node: _Node) -> Inline:
    match node.type:
        case "text" | "text_special":
            return Text(node.token.content)
        case "em":
            return Emphasis(_inlines(node.children))
        case "strong":
            return Strong(_inlines(node.children))
        case "s":
            return Strikethrough(_inlines(node.children))
        case "code_inline":
            return Code(node.token.content)
        case "link":
            return Link(node.attribute("href"), _inlines(node.children), node.attribute("title"))
        case "image":
            alt = plain(_inlines(_tree(node.token.children or ())))
            return Image(node.attribute("src"), alt, node.attribute("title"))
        case "softbreak":
            return LineBreak(hard=False)
        case "hardbreak":
            return LineBreak(hard=True)
        case "html_inline":
            return HtmlInline(node.token.content)
        case other:
            raise AssertionError(f"the parser made an inline of unknown type {other}")
