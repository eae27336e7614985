"""Plain text as Markdown: what a person typed must not turn into markup by accident."""

from __future__ import annotations

import re

from copydesk.transformation.directives import is_directive

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^( {0,3})(#{1,6})(?=\s|$)")
#: A line of = or - below text would make a heading of it.
_UNDERLINE = re.compile(r"^( {0,3})([=-]+)(?=\s*$)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?://|mailto:)")
_CODE = re.compile(r"`[^`\n]+`")


def plain_to_markdown(text: str) -> str:
    """Return plain text as Markdown that reads the same.

    Tags (which a sanitiser would drop), headings, underlines and directives are escaped outside
    code; lists, quotes, code and emphasis are left, because people who type them mean them.
    """
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        opened = _FENCE.match(line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
            lines.append(line)
        elif fence:
            lines.append(line)
        else:
            lines.append(_escape(line))
    return "\n".join(lines).strip("\n")


def _escape(line: str) -> str:
    if is_directive(line):
        return line.replace("::", r"\::", 1)
    line = _HEADING.sub(r"\1\\\2", line)
    line = _UNDERLINE.sub(r"\1\\\2", line)
    codes = [match.span() for match in _CODE.finditer(line)]
    return _TAG.sub(lambda tag: "<" if any(a < tag.start() < b for a, b in codes) else r"\<", line)
