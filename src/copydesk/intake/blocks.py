"""Shapes inside the author's text: code, lists, tables, references to attachments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from copydesk.core.submission import SegmentKind
from copydesk.intake.lines import Line, label_all

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_INDENTED = re.compile(r"(?: {4,}|\t)\S")
_CODE_SIGN = re.compile(r"[{}();=<>$|\\\[\]]|\w\.\w|::|->|--\w|^\s*#|/\w")
_ITEM = re.compile(r"\s*(?:[-*+•‣·–]|\d{1,3}[.)]|[a-z][.)])\s+\S")
_ROW = re.compile(r"\s*\|.*\||[^|]+\s\|\s[^|]+")
_REFERENCE = re.compile(
    r"(?:\[(?:image|cid|inline image|bild|imagen|attachment)[^\]]{0,200}\]|"
    r"!\[[^\]]{0,300}\]\([^)]{0,600}\)|<image\d{3,}\.\w{3,4}>|\[image\d*\.\w{3,4}\])\s*",
    re.IGNORECASE,
)


def mark_fences(lines: Sequence[Line]) -> None:
    """Label fenced code. A fence that is never closed is text: no rule may swallow the rest."""
    start, fence = -1, ""
    for index, line in enumerate(lines):
        if line.kind is not None or (fence and fence not in line.text):
            continue
        match = _FENCE.match(line.text)
        if match is None:
            continue
        mark = match.group(1)
        if not fence:
            start, fence = index, mark
        elif mark.startswith(fence) and line.bare == mark:
            label_all(lines[start : index + 1], SegmentKind.CODE, "code-fence")
            fence = ""


def mark_shapes(lines: Sequence[Line]) -> None:
    """Label indented code, lists, tables and attachment references among unlabelled lines."""
    _mark_indented(lines)
    for index, line in enumerate(lines):
        if line.kind is not None or line.blank:
            continue
        first = line.bare[0]
        if "|" in line.bare and _ROW.match(line.text):
            neighbours = (*lines[max(0, index - 1) : index], *lines[index + 1 : index + 2])
            if any("|" in each.bare for each in neighbours):
                line.label(SegmentKind.TABLE, "table-row")
                continue
        if first in "[!<" and _REFERENCE.fullmatch(line.bare):
            line.label(SegmentKind.ATTACHMENT, "attachment-reference")
        elif _ITEM.match(line.text):
            line.label(SegmentKind.LIST, "list-item")
        elif index and lines[index - 1].kind is SegmentKind.LIST:
            # a wrapped item: Markdown reads on until a blank line, so does a person
            line.label(SegmentKind.LIST, "list-item")


def _mark_indented(lines: Sequence[Line]) -> None:
    plain = [line for line in lines if line.kind is None and not line.blank]
    indented = sum(_INDENTED.match(line.text) is not None for line in plain)
    if not indented or indented == len(plain):
        return
    block: list[Line] = []
    after_blank = True
    for line in (*lines, None):
        inside = (
            line is not None
            and line.kind is None
            and ((line.blank and bool(block)) or _INDENTED.match(line.text) is not None)
        )
        if inside and line is not None and (block or after_blank):
            block.append(line)
        elif block:
            while block[-1].blank:
                block.pop()
            texts = [each.text for each in block if not each.blank]
            items = sum(_ITEM.match(text) is not None for text in texts)
            if items < len(texts) and any(_CODE_SIGN.search(text) for text in texts):
                label_all(block, SegmentKind.CODE, "indented-code", confidence=0.8)
            block = []
        after_blank = line is not None and line.blank
