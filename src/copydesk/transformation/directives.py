"""Directives: what a body can say that Markdown has no words for, on a line of its own.

`::embed[title]{url=https://…}` shows something of another site in place, `::cta[label]{url=…}` is a
link meant as a button. The form is that of the CommonMark proposal for generic directives (leaf
blocks). Anything else that begins with two colons stays the text that it is.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock

from copydesk.transformation.nodes import CallToAction, Embed

#: The name of the token a directive becomes.
TOKEN: Final = "directive"

_LABEL: Final = r"(?:\[(?P<label>(?:\\.|[^\[\]\\])*)\])?"
_URL: Final = r"""(?:"(?P<quoted>[^"\s]+)"|(?P<bare>[^\s"'{}][^\s"{}]*))"""
_DIRECTIVE: Final = re.compile(rf"::(?P<name>embed|cta){_LABEL}\{{\s*url\s*=\s*{_URL}\s*\}}\s*")
_SPECIAL: Final = re.compile(r"[\\\[\]&]")


def directives_plugin(parser: MarkdownIt) -> None:
    """Teach `parser` the directives; they may end a paragraph, like a heading."""
    parser.block.ruler.before(
        "heading", TOKEN, _rule, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def directive_node(name: str, url: str, label: str, line: int) -> Embed | CallToAction:
    """Return the node that a directive's token stands for."""
    return Embed(url, label, line) if name == "embed" else CallToAction(url, label, line)


def write_directive(node: Embed | CallToAction) -> str:
    """Return the line that reads back as `node`."""
    name, label = ("embed", node.title) if isinstance(node, Embed) else ("cta", node.label)
    words = _SPECIAL.sub(lambda found: f"\\{found[0]}", label)
    url = f'"{node.url}"' if node.url.startswith("'") else node.url
    return f"::{name}{f'[{words}]' if words else ''}{{url={url}}}"


def is_directive(line: str) -> bool:
    """Tell whether a line of text would be read as a directive."""
    return _DIRECTIVE.fullmatch(line.strip()) is not None


def _rule(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    found = _DIRECTIVE.fullmatch(line)
    if found is None:
        return False
    label = " ".join(unescapeAll(found["label"] or "").split())
    url = state.md.normalizeLink(found["quoted"] or found["bare"])
    if not _leads_somewhere(state.md, found["name"], url, label):
        return False
    if silent:
        return True
    token = state.push(TOKEN, "", 0)
    token.meta = {"name": found["name"], "url": url, "label": label}
    token.map = [start, start + 1]
    state.line = start + 1
    return True


def _leads_somewhere(parser: MarkdownIt, name: str, url: str, label: str) -> bool:
    if name == "cta" and (not label or not parser.validateLink(url)):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if name == "embed":
        return parts.scheme in {"http", "https"} and bool(parts.netloc)
    return bool(url) and (parts.scheme in {"http", "https", "mailto", ""})
