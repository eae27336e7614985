"""Documents as Markdown, in the flavour of whoever reads it.

What is written reads back as the same document. What reads alike is written in one way: bullets are
`-`, code is fenced, emphasis is `*` where it can be, links are inline, and footnotes stand at the
end under their own names where those are plain words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markdown_it.rules_block.html_block import HTML_SEQUENCES

from copydesk.core.findings import Loss
from copydesk.transformation.directives import is_directive, write_directive
from copydesk.transformation.downgrading import downgraded
from copydesk.transformation.markdown_inline import ENTITY, InlineStyle, write_inline
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    CodeBlock,
    Document,
    Embed,
    Heading,
    HtmlBlock,
    Image,
    Inline,
    LineBreak,
    List,
    ListItem,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What a reader of Markdown understands beyond CommonMark, and its own ways of writing it.

    What it lacks is written in another way, with a loss: a table as a list, struck text between
    tildes, a footnote as `footnotes` says. `embed`, `call_to_action` and `image` write those nodes
    in the reader's own syntax (None: a link on a line of its own; an ordinary image). `guard` makes
    a stretch of text outside code harmless for a template language (dev.to: Liquid). `top_heading`
    is the highest level headings may have.
    """

    name: str
    tables: bool = False
    strikethrough: bool = False
    task_lists: bool = False
    footnotes: Literal["native", "endnotes"] = "endnotes"
    html: Literal["keep", "drop"] = "keep"
    top_heading: int = 1
    embed: Callable[[Embed], str] | None = None
    call_to_action: Callable[[CallToAction], str] | None = None
    image: Callable[[Image], str] | None = None
    guard: Callable[[str], str] | None = None


COMMONMARK = Flavour(name="CommonMark")
GFM = Flavour(name="GFM", tables=True, strikethrough=True, task_lists=True, footnotes="native")
#: What our own reader takes: nothing is downgraded.
CANONICAL = Flavour(
    name="copydesk",
    tables=True,
    strikethrough=True,
    task_lists=True,
    footnotes="native",
    embed=write_directive,
    call_to_action=write_directive,
)

_PLAIN_LABEL: Final = re.compile(r"[A-Za-z0-9_-]+")
_RULE: Final = re.compile(r"([-_*])[ \t]*(?:\1[ \t]*){2,}")
_HEAD: Final = re.compile(r"#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|`{3}|~{3}")
_UNDER: Final = re.compile(
    r"(?:=+|-+)[ \t]*|\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*"
)
_NUMBER: Final = re.compile(r"(\d{1,9})(?=[.)](?:\s|$))")
_BOX: Final = re.compile(r"\[[ xX]\](?=\s)")
_LAST_NUMBER: Final = 999_999_999


def to_markdown(document: Document, flavour: Flavour = COMMONMARK) -> tuple[str, tuple[Loss, ...]]:
    """Return `document` in `flavour`, and what that could not carry over.

    What is written reads back as the same document wherever the flavour has its nodes.
    """
    document, losses = downgraded(document, flavour)
    writer = _Writer(flavour, _labels(document))
    text = writer.document(document)
    return text, (*losses, *writer.losses)


def _labels(document: Document) -> dict[str, str]:
    """Return how each footnote is called: as the author did, or by its number."""
    taken = {note.label for note in document.footnotes if _PLAIN_LABEL.fullmatch(note.label)}
    labels: dict[str, str] = {}
    for label, number in document.footnote_numbers().items():
        name = label if label in taken else str(number)
        while label not in taken and name in taken:
            name += "-"
        taken.add(name)
        labels[label] = name
    return labels


class _Writer:
    def __init__(self, flavour: Flavour, labels: dict[str, str]) -> None:
        self.flavour = flavour
        self.labels = labels
        self.losses: list[Loss] = []
        self.style = InlineStyle(labels=labels, image=flavour.image, guard=flavour.guard)

    def document(self, document: Document) -> str:
        blocks = list(document.blocks)
        last: list[Block] = []
        if document.footnotes and blocks and _is_open(blocks[-1], at_blank=False):
            # what is open to the end of the text would take the footnotes in
            last = [blocks.pop()]
        parts = [self.blocks(tuple(blocks))]
        for note in document.footnotes:
            mark = f"[^{self.labels[note.label]}]:"
            lines = self.blocks(note.children, starts_item=True)
            if note.children and isinstance(note.children[0], Paragraph):
                mark = f"{mark} {lines.pop(0)}"
            parts.append([mark, *(f"    {line}" if line else "" for line in lines)])
        parts.append(self.blocks(tuple(last)))
        text = "\n\n".join("\n".join(part) for part in parts if part)
        return f"{text}\n" if text else ""

    def inline(self, children: tuple[Inline, ...]) -> list[str]:
        lines, losses = write_inline(children, self.style)
        self.losses += losses
        return lines

    def blocks(
        self, blocks: tuple[Block, ...], *, tight: bool = False, starts_item: bool = False
    ) -> list[str]:
        lines: list[str] = []
        previous: Block | None = None
        marker = ""
        for block in blocks:
            other = marker if _is_same_list(previous, block) else ""
            if isinstance(block, List):
                marker, written = self.list_(block, other)
            elif isinstance(block, Rule):
                bare = tight or not lines
                written = ["___" if bare else "---"]
            else:
                written = self.block(block, starts_item=starts_item and not lines)
            if not written:
                continue
            if previous is not None and (not tight or self.needs_blank(previous, block)):
                lines.append("")
            lines += written
            previous = block
        return lines

    def block(self, block: Block, *, starts_item: bool) -> list[str]:
        match block:
            case Paragraph(children):
                return self.paragraph(children, starts_item)
            case Heading():
                return self.heading(block)
            case CodeBlock():
                return _code(block)
            case Quote(children):
                inner = self.blocks(children) or [""]
                return [f"> {line}" if line else ">" for line in inner]
            case List():
                return self.list_(block, "")[1]
            case Table():
                return self.table(block)
            case Rule():
                return ["___"]
            case HtmlBlock(html):
                lines = html.rstrip("\n").split("\n")
                return [lines[0].lstrip() if starts_item else lines[0], *lines[1:]]
            case Embed():
                return (self.flavour.embed or write_directive)(block).split("\n")
            case CallToAction():
                return (self.flavour.call_to_action or write_directive)(block).split("\n")

    def paragraph(self, children: tuple[Inline, ...], starts_item: bool) -> list[str]:
        lines = self.inline(children)
        if lines == [""]:
            return []
        if _opens_bracket(children) and lines[0].startswith("["):
            box = starts_item and _BOX.match(lines[0])
            if box or any("]:" in line for line in lines):
                lines[0] = f"\\{lines[0]}"
        return "\n".join(_guarded(line, n > 0) for n, line in enumerate(lines)).split("\n")

    def heading(self, heading: Heading) -> list[str]:
        lines = self.inline(heading.children)
        # below a line with bars, dashes would make a table of both
        if _is_setext(heading) and (heading.level == 1 or "|" not in lines[-1]):
            lines = "\n".join(_guarded(line, n > 0) for n, line in enumerate(lines)).split("\n")
            return [*lines, "===" if heading.level == 1 else "---"]
        text = " ".join(" ".join(line.split("\n")).rstrip(" ") for line in lines if line != "\\")
        # closing marks would be taken for layout
        text = re.sub(r"(^|\s)(#+)$", r"\1\\\2", text)
        return [f"{'#' * heading.level} {text}".rstrip()]

    def list_(self, block: List, other: str) -> tuple[str, list[str]]:
        """Return the list and the mark it is made with; not `other`, the list before it has that.

        A line of marks alone would be a rule, which is why a third kind of bullet may be needed.
        """
        choices = ".)" if block.start is not None else "-*+"
        items = [self.item(item, block.tight) for item in block.items]
        lines: list[str] = []
        for mark in choices:
            if mark == other:
                continue
            lines = _item_lines(block, items, mark)
            if not any(_RULE.fullmatch(line) for line in lines):
                return mark, lines
        return mark, lines

    def item(self, item: ListItem, tight: bool) -> list[str]:
        box = {None: "", False: "[ ] ", True: "[x] "}[item.checked]
        lines = self.blocks(item.children, tight=tight, starts_item=item.checked is None)
        if not box:
            return lines
        return [box + (lines[0] if lines else ""), *lines[1:]]

    def table(self, table: Table) -> list[str]:
        dashes = {"": "---", "left": ":--", "center": ":-:", "right": "--:"}
        rows = [[self.cell(cell) for cell in row] for row in (table.header, *table.rows)]
        rows.insert(1, [dashes[alignment] for alignment in table.alignments])
        return [f"| {' | '.join(row)} |" for row in rows]

    def cell(self, children: tuple[Inline, ...]) -> str:
        text = " ".join(line.replace("\n", " ").rstrip(" ") for line in self.inline(children))
        return text.replace("|", "\\|")

    def needs_blank(self, previous: Block, block: Block) -> bool:
        """Tell whether `block` would be read as part of `previous` without a blank line between."""
        if isinstance(previous, HtmlBlock):
            return _is_open(previous)
        if isinstance(previous, Embed | CallToAction):
            written = self.block(previous, starts_item=False)
            return not all(map(is_directive, written)) and not _interrupts(block)
        if not isinstance(previous, Paragraph | Quote | List | Table):
            return False
        if isinstance(block, Quote):
            return isinstance(previous, Quote)
        if isinstance(block, Embed | CallToAction):
            return not all(map(is_directive, self.block(block, starts_item=False)))
        if isinstance(block, Table):
            return not isinstance(previous, Paragraph)
        return not _interrupts(block) and not _is_same_list(previous, block)


def _is_same_list(previous: Block | None, block: Block) -> bool:
    return (
        isinstance(previous, List)
        and isinstance(block, List)
        and (previous.start is None) == (block.start is None)
    )


def _item_lines(block: List, items: Sequence[list[str]], mark: str) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(items, start=block.start or 0):
        sign = mark if block.start is None else f"{min(number, _LAST_NUMBER)}{mark}"
        first, *rest = item or [""]
        if lines and not block.tight:
            lines.append("")
        lines.append(f"{sign} {first}" if first else sign)
        indent = " " * (len(sign) + 1)
        lines += [f"{indent}{line}" if line else "" for line in rest]
    return lines


def _is_open(block: Block, *, at_blank: bool = True) -> bool:
    """Tell whether raw HTML goes on behind its last line; `at_blank`: up to a blank one, too."""
    if not isinstance(block, HtmlBlock):
        return False
    lines = block.html.strip("\n").split("\n")
    for opening, closing, _ in HTML_SEQUENCES:
        if opening.search(lines[0].lstrip(" ")):
            if closing.search(""):
                return at_blank
            return not any(closing.search(line) for line in lines)
    return True


def _interrupts(block: Block) -> bool:
    """Tell whether `block` ends a paragraph that stands right before it."""
    match block:
        case Heading():
            return not _is_setext(block)
        case CodeBlock() | Rule() | Quote():
            return True
        case List():
            starts = block.start is None or block.start == 1
            return starts and bool(block.items and block.items[0].children)
        case HtmlBlock(html):
            first = html.split("\n")[0].lstrip(" ")
            return next(
                (ends for opening, _, ends in HTML_SEQUENCES if opening.search(first)), False
            )
        case Paragraph() | Table() | Embed() | CallToAction():
            return False


def _is_setext(heading: Heading) -> bool:
    return heading.level <= 2 and any(_has_break(node) for node in heading.children)


def _has_break(node: Inline) -> bool:
    if isinstance(node, LineBreak):
        return True
    return any(map(_has_break, getattr(node, "children", ())))


def _opens_bracket(children: tuple[Inline, ...]) -> bool:
    match children:
        case (Text(text), *_):
            return text.startswith("[")
        case _:
            return False


def _guarded(line: str, follows: bool) -> str:
    """Return a line of a paragraph so that it does not begin anything else."""
    if found := _NUMBER.match(line):
        return f"{found[1]}\\{line[found.end() :]}"
    begins = _HEAD.match(line) or _RULE.fullmatch(line) or is_directive(line)
    if begins or (follows and _UNDER.fullmatch(line)):
        return f"\\{line}"
    if follows and line.startswith("<") and _interrupts(HtmlBlock(line)):
        # as deep as code, which cannot end a paragraph
        return f"    {line}"
    return line


def _code(block: CodeBlock) -> list[str]:
    longest = max((len(run) for run in re.findall(r"`{3,}", block.text)), default=2)
    fence = "`" * (longest + 1)
    if "`" in block.language:
        longest = max((len(run) for run in re.findall(r"~{3,}", block.text)), default=2)
        fence = "~" * (longest + 1)
    # a bar could make the first line that of a table
    language = block.language.partition("|")[0]
    language = re.sub(r"\\(?=[!-/:-@\[-`{-~])", r"\\\\", language)
    language = ENTITY.sub(r"\\\g<0>", language)
    text = block.text.removesuffix("\n")
    lines = text.split("\n") if block.text else []
    return [f"{fence}{language}", *lines, fence]
