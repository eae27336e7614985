"""Parsing: Markdown read once into a tree. Any text is a document, and nothing is left unread.

CommonMark with the GFM extensions, footnotes and directives. What the readers differ about is in
docs/reference/markdown.md, with the share of the specifications' own examples that come out alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

from copydesk.transformation.directives import directive_node, directives_plugin
from copydesk.transformation.nodes import (
    Block,
    Code,
    CodeBlock,
    Document,
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
    joined,
    plain,
)

#: How deep quotes, lists and emphasis may nest. Long mail threads reach 20; beyond the limit blocks
#: become plain paragraphs and emphasis loses its marks, so that no renderer runs out of stack.
MAX_NESTING: Final = 60

_LOCAL_PART: Final = re.compile(r"(?<![\w.+-])[A-Za-z0-9.+_-]*_$", re.ASCII)
_DEFINITION: Final = "footnote_reference"


@dataclass(slots=True)
class _Node:
    token: Token
    children: list[_Node] = field(default_factory=list)

    @property
    def type(self) -> str:
        return self.token.type.removesuffix("_open")

    def attribute(self, name: str) -> str:
        return str(self.token.attrs.get(name, ""))


class _Parser(MarkdownIt):
    """Leaves the order in URNs alone: mdurl takes the number in urn:a:b:1 for a port and puts it
    before what it takes for the host (mdurl 0.1, 2026-11-22)."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - its name there
        if url[:4].lower() != "urn:":
            return super().normalizeLink(url)
        return quote(url, safe=";/?:@&=+$,-_.!~*'()#%")


@cache
def _parser() -> MarkdownIt:
    return _made()


def _made() -> MarkdownIt:
    options = {
        "html": True,
        "tasklists": True,
        "strikethrough_single_tilde": True,
        "maxNesting": MAX_NESTING,
    }
    parser = _Parser("commonmark", options)
    parser.enable(["table", "strikethrough"]).use(gfm_autolink_plugin).use(directives_plugin)
    return parser.use(footnote_plugin, inline=False, move_to_end=False)


@cache
def _block_parser() -> MarkdownIt:
    """Return a parser that leaves what stands in a paragraph to `_stretch`."""
    return _made().disable(["inline", "text_join"])


@lru_cache(maxsize=32)
def parse_markdown(text: str) -> Document:
    """Parse `text` (CommonMark + GFM, no front matter). Never raises; any text is a document."""
    try:
        env: dict[str, Any] = {}
        tokens = _block_parser().parse(text, env)
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return _Reader(lines, env).document(_tree(tokens))
    except RecursionError:
        # thousands of nested brackets: nobody wrote that as markup
        return Document((Paragraph((Text(text),)),))


def parse_inline(text: str, labels: Iterable[str] = ()) -> tuple[Inline, ...]:
    """Parse one paragraph's `text` alone; `labels` are the footnotes that marks may lead to."""
    refs = {f":{label}": -1 for label in labels}
    return _Reader((), {"footnotes": {"refs": refs, "list": {}}}).stretch(text)


@lru_cache(maxsize=1024)
def _stretch(text: str) -> tuple[Inline, ...]:
    """Return what stands in a paragraph that refers to nothing outside it: most of a post is parsed
    again when its images have moved, and what was written is read back."""
    return _Reader((), {}).parsed(text)


class _Reader:
    """Makes nodes of tokens, and sets the footnotes aside that stand between them."""

    def __init__(self, lines: Sequence[str], env: Mapping[str, Any]) -> None:
        self.lines = lines
        self.env = env
        self.notes: dict[str, Footnote] = {}
        #: the marks met while one text is read: the body's, or a footnote's
        self.marks: list[str] = []
        self.marks_in: dict[str, list[str]] = {}

    def document(self, nodes: Sequence[_Node]) -> Document:
        blocks = self.blocks(nodes)
        # in the order of their marks, as they are numbered; what no mark leads to is kept as well
        order = dict.fromkeys(self.marks)
        waiting = [*order]
        while waiting:
            inner = self.marks_in.get(waiting.pop(0), ())
            waiting += [label for label in inner if label not in order]
            order.update(dict.fromkeys(inner))
        order.update(dict.fromkeys(self.notes))
        # beyond the nesting limit a definition may have become part of the text around it
        return Document(blocks, tuple(self.notes.get(x) or Footnote(x, ()) for x in order))

    def define(self, node: _Node) -> None:
        label = unique = str(node.token.meta["label"])
        number = 2
        while unique in self.marks_in:
            unique, number = f"{label}-{number}", number + 1
        outer, self.marks = self.marks, []
        self.marks_in[unique] = self.marks
        self.notes[unique] = Footnote(unique, self.blocks(node.children))
        self.marks = outer

    def blocks(self, nodes: Sequence[_Node]) -> tuple[Block, ...]:
        blocks: list[Block] = []
        for node in nodes:
            if node.type == _DEFINITION:
                self.define(node)
            elif (block := self.block(node)) != Paragraph(()):
                blocks.append(block)
        return tuple(blocks)

    def block(self, node: _Node) -> Block:
        match node.type:
            case "paragraph":
                return Paragraph(self.content(node))
            case "heading":
                start, end = node.token.map or (0, 0)
                return Heading(int(node.token.tag[1]), self.content(node), (start, end))
            case "fence" | "code_block":
                words = unescapeAll(node.token.info).split()
                text = node.token.content
                # a fence that the end of the text closes
                text += "\n" if text and not text.endswith("\n") else ""
                return CodeBlock(text, words[0] if words else "")
            case "blockquote":
                return Quote(self.blocks(node.children) or self.unread(node))
            case "bullet_list" | "ordered_list":
                return self.list_(node)
            case "table":
                return self.table(node)
            case "hr":
                return Rule()
            case "html_block":
                return HtmlBlock(node.token.content)
            case "directive":
                meta, (line, _) = node.token.meta, node.token.map or (0, 0)
                return directive_node(meta["name"], meta["url"], meta["label"], line)
            case other:
                raise AssertionError(f"the parser made a block of unknown type {other}")

    def list_(self, node: _Node) -> List:
        items = tuple(
            ListItem(
                self.blocks(item.children) or self.unread(item),
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

    def table(self, node: _Node) -> Table:
        rows = [row.children for part in node.children for row in part.children]
        alignments = tuple(cell.attribute("style").removeprefix("text-align:") for cell in rows[0])
        header, *body = (tuple(self.content(cell) for cell in row) for row in rows)
        return Table(alignments, header, tuple(body))

    def unread(self, node: _Node) -> tuple[Block, ...]:
        """Keep what the parser left unread at its limit; an empty quote or item stays empty."""
        if node.token.level < MAX_NESTING - 4 or not node.token.map:
            return ()
        text = "\n".join(self.lines[slice(*node.token.map)]).strip(" \t\n>*+-")
        return (Paragraph((Text(text),)),) if text else ()

    def content(self, node: _Node) -> tuple[Inline, ...]:
        return tuple(
            inline for holder in node.children for inline in self.stretch(holder.token.content)
        )

    def stretch(self, text: str) -> tuple[Inline, ...]:
        refers = "[" in text and ("references" in self.env or "footnotes" in self.env)
        return self.parsed(text) if refers else _stretch(text)

    def parsed(self, text: str) -> tuple[Inline, ...]:
        tokens = _parser().parseInline(text, dict(self.env))
        return self.inlines(_tree(tokens[0].children or ()))

    def inlines(self, nodes: Sequence[_Node]) -> tuple[Inline, ...]:
        found = joined(map(self.inline, nodes))
        if any(n.token.info == "auto" and n.attribute("href").startswith("mailto:") for n in nodes):
            return _with_whole_addresses(found)
        return found

    def inline(self, node: _Node) -> Inline:
        match node.type:
            case "text" | "text_special":
                return Text(node.token.content)
            case "em":
                return Emphasis(self.inlines(node.children))
            case "strong":
                return Strong(self.inlines(node.children))
            case "s":
                return Strikethrough(self.inlines(node.children))
            case "code_inline":
                return Code(node.token.content)
            case "link":
                children = self.inlines(node.children)
                return Link(node.attribute("href"), children, node.attribute("title"))
            case "image":
                alt = plain(self.inlines(_tree(node.token.children or ())))
                return Image(node.attribute("src"), alt, node.attribute("title"))
            case "softbreak":
                return LineBreak(hard=False)
            case "hardbreak":
                return LineBreak(hard=True)
            case "html_inline":
                return HtmlInline(node.token.content)
            case "footnote_ref":
                label = str(node.token.meta["label"])
                self.marks.append(label)
                return FootnoteReference(label)
            case other:
                raise AssertionError(f"the parser made an inline of unknown type {other}")


def _with_whole_addresses(children: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """Return `children` with mail addresses linked as a whole.

    The reader's extension stops at an underscore, and would link `last@x.org` in
    `first_last@x.org` (mdit-py-plugins 0.7.0, 2026-11).
    """
    found: list[Inline] = []
    for node in children:
        before = found[-1] if found else None
        cut = _LOCAL_PART.search(before.text) if isinstance(before, Text) else None
        if isinstance(before, Text) and cut and isinstance(node, Link):
            address = cut[0] + plain(node.children)
            if node.url == f"mailto:{plain(node.children)}":
                found[-1] = Text(before.text[: cut.start()])
                node = Link(f"mailto:{address}", (Text(address),))
        found.append(node)
    return tuple(node for node in found if node != Text(""))


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
