"""What a flavour of Markdown has no words for, said with those it has; each with its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk.core.findings import Loss
from copydesk.transformation.document import changed, walk, with_top_heading
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    Document,
    Embed,
    FootnoteReference,
    HtmlBlock,
    HtmlInline,
    Image,
    Inline,
    LineBreak,
    Link,
    List,
    ListItem,
    Paragraph,
    Rule,
    Strikethrough,
    Strong,
    Table,
    Text,
    joined,
    plain,
)
from copydesk.transformation.rawhtml import complete_html, images_in_html, text_of_html

if TYPE_CHECKING:
    from copydesk.transformation.markdown import Flavour


def downgraded(document: Document, flavour: Flavour) -> tuple[Document, tuple[Loss, ...]]:
    """Return `document` with nothing in it that `flavour` lacks, and what that cost."""
    downgrade = _Downgrade(flavour, document)
    if flavour.top_heading > 1:
        document = with_top_heading(document, flavour.top_heading)
    kinds: set[type] = set()
    for node in walk(document):
        kinds.add(type(node))
        if isinstance(node, List) and any(item.checked is not None for item in node.items):
            kinds.add(ListItem)
    if not kinds & downgrade.lacking and not (downgrade.numbers and document.footnotes):
        return document, ()
    document = changed(
        document,
        block=downgrade.block,
        inline=downgrade.inline,
        kinds=(Strikethrough, HtmlInline, FootnoteReference),
    )
    if flavour.footnotes == "endnotes" and document.footnotes:
        document = Document(_with_endnotes(document))
        downgrade.lose(
            f"{len(downgrade.numbers)} × footnote" if len(downgrade.numbers) > 1 else "footnote",
            "moved to a numbered list at the end",
            f"{flavour.name} has no footnotes",
        )
    return document, tuple(downgrade.losses)


class _Downgrade:
    def __init__(self, flavour: Flavour, document: Document) -> None:
        self.flavour = flavour
        self.losses: list[Loss] = []
        self.numbers = document.footnote_numbers() if flavour.footnotes == "endnotes" else {}
        self.lacking: set[type] = set()
        if not flavour.tables:
            self.lacking.add(Table)
        if not flavour.strikethrough:
            self.lacking.add(Strikethrough)
        if not flavour.task_lists:
            self.lacking.add(ListItem)
        if flavour.html == "drop":
            self.lacking |= {HtmlBlock, HtmlInline}
        if flavour.embed is None:
            self.lacking.add(Embed)
        if flavour.call_to_action is None:
            self.lacking.add(CallToAction)

    def lose(self, what: str, how: str, why: str) -> None:
        loss = Loss(what=what, how=how, why=why)
        if loss not in self.losses:
            self.losses.append(loss)

    def block(self, block: Block) -> Block | tuple[Block, ...]:
        if self.flavour.html == "drop" and isinstance(block, Paragraph):
            children = _trimmed(block.children)
            if children is block.children and children:
                return block
            return Paragraph(children) if children else ()
        if type(block) not in self.lacking and not isinstance(block, List):
            return block
        match block:
            case Table():
                return self.table(block)
            case List() if not self.flavour.task_lists:
                return List(tuple(map(self.item, block.items)), block.start, block.tight)
            case HtmlBlock():
                return self.html_block(block)
            case Embed():
                return Paragraph((_link(block.url, block.title or block.url),))
            case CallToAction():
                return Paragraph((Strong((_link(block.url, block.label),)),))
            case _:
                return block

    def inline(self, node: Inline) -> Inline | tuple[Inline, ...]:
        match node:
            case Strikethrough(children) if not self.flavour.strikethrough:
                self.lose(
                    f"strikethrough of {plain(children)!r}",
                    "marked with tildes",
                    "without a mark the text would say the opposite",
                )
                return (Text("~"), *children, Text("~"))
            case HtmlInline(html) if self.flavour.html == "drop":
                return self.html_inline(html)
            case FootnoteReference(label) if self.numbers:
                return Text(f"[{self.numbers[label]}]")
            case _:
                return node

    def item(self, item: ListItem) -> ListItem:
        if item.checked is None:
            return item
        self.lose(
            "task list",
            "its boxes written as characters",
            f"{self.flavour.name} has no task lists",
        )
        mark = Text("☑ " if item.checked else "☐ ")
        match item.children:
            case (Paragraph(children), *rest):
                return ListItem((Paragraph(joined((mark, *children))), *rest))
            case others:
                return ListItem((Paragraph((Text(mark.text.strip()),)), *others))

    def table(self, table: Table) -> Block:
        """Return a list of the rows: the first cell stands for the row, the others below it."""
        self.lose(
            f"table of {len(table.rows)} rows",
            "written as a list of its rows",
            f"{self.flavour.name} has no tables",
        )
        if not table.rows:
            return Paragraph(_joined_cells(table.header))
        return List(tuple(_row(table.header, row) for row in table.rows))

    def html_block(self, block: HtmlBlock) -> tuple[Block, ...]:
        self.lose_html(block.html)
        pictures = images_in_html(block.html)
        blocks: list[Block] = [Paragraph((Image(*picture),)) for picture in pictures]
        shown = {alt for _, alt, _ in pictures}
        for line in text_of_html(block.html).split("\n"):
            words = " ".join(line.split())
            if words and words not in shown:
                blocks.append(Paragraph((Text(words),)))
        return tuple(blocks)

    def html_inline(self, html: str) -> Inline | tuple[Inline, ...]:
        if html.lower().startswith("<br"):
            return LineBreak(hard=True)
        pictures = images_in_html(html)
        if pictures:
            return tuple(Image(*picture) for picture in pictures)
        self.lose_html(html)
        return ()

    def lose_html(self, html: str) -> None:
        kept, left_out = complete_html(html)
        names = [name for name in left_out if name != "a comment"]
        if names or kept.strip():
            self.lose(
                f"raw HTML {', '.join(names) or _first_tag(html)}",
                "left out; its text and images stay",
                f"{self.flavour.name} takes no HTML",
            )


def _first_tag(html: str) -> str:
    return f"<{html.strip().lstrip('</').split('>')[0].split()[0]}>" if html.strip("</> ") else html


def _link(url: str, words: str) -> Link:
    return Link(url, (Text(words),))


def _row(header: tuple[tuple[Inline, ...], ...], row: tuple[tuple[Inline, ...], ...]) -> ListItem:
    first, *others = row
    more = tuple(
        ListItem((Paragraph(joined((*name, Text(": "), *cell)) if name else cell),))
        for name, cell in zip(header[1:], others, strict=False)
        if cell
    )
    named = (Strong(first),) if first and others else first
    head: tuple[Block, ...] = (Paragraph(named),) if named else ()
    return ListItem((*head, List(more)) if more else head)


def _joined_cells(cells: tuple[tuple[Inline, ...], ...]) -> tuple[Inline, ...]:
    parts: list[Inline] = []
    for number, cell in enumerate(cells):
        parts += [Text(", ")] * bool(number) + [*cell]
    return joined(parts)


def _with_endnotes(document: Document) -> tuple[Block, ...]:
    items = tuple(ListItem(note.children) for note in document.footnotes)
    tight = all(len(item.children) == 1 for item in items)
    return (*document.blocks, Rule(), List(items, 1, tight))


def _trimmed(children: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """Return what is left of a paragraph without the blanks that stood beside tags."""
    parts = [*children]
    while parts and (isinstance(parts[0], LineBreak) or parts[0] == Text("")):
        parts.pop(0)
    while parts and (isinstance(parts[-1], LineBreak) or parts[-1] == Text("")):
        parts.pop()
    for index, node in enumerate(parts):
        if not isinstance(node, Text):
            continue
        text = node.text
        if index == 0 or isinstance(parts[index - 1], LineBreak):
            text = text.lstrip()
        if index == len(parts) - 1 or isinstance(parts[index + 1], LineBreak):
            text = text.rstrip()
        parts[index] = Text(text)
    kept = tuple(node for node in parts if node != Text(""))
    return children if kept == children else _trimmed(kept)
