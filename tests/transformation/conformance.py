"""What the specifications say, in a form that can be compared: examples, judges, plain HTML."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from copydesk.transformation.html import to_html
from copydesk.transformation.nodes import Document, HtmlBlock

MODULES = Path(__file__).resolve().parents[2] / "node_modules"

_EXAMPLE = re.compile(
    r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$|^#{1,6} +(.*?)$", re.MULTILINE | re.DOTALL
)
_BLOCKS = frozenset({
    "blockquote", "dd", "div", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "li", "ol", "p", "pre", "section", "table", "tbody", "td", "th", "thead", "tr", "ul", "br",
})  # fmt: skip


class Example(NamedTuple):
    """One example of the CommonMark specification, by its number."""

    number: int
    section: str
    markdown: str
    html: str


def commonmark_examples() -> list[Example]:
    """Return every example of the specification; skips where it is not installed."""
    path = MODULES / "commonmark-spec/spec.txt"
    if not path.is_file():
        pytest.skip("needs node_modules/commonmark-spec: run `npm ci`")
    text = path.read_text(encoding="utf-8").partition("<!-- END TESTS -->")[0]
    section = ""
    examples: list[Example] = []
    for found in _EXAMPLE.finditer(text):
        if found[3] is not None:
            section = found[3]
            continue
        markdown, html = (part.replace("→", "\t") for part in (found[1], found[2]))
        examples.append(Example(len(examples) + 1, section, markdown, html))
    return examples


def cmark_gfm(texts: list[str]) -> list[str]:
    """Return `texts` as cmark-gfm makes HTML of them, in one process; skips without it."""
    node = shutil.which("node")
    if node is None or not (MODULES / "cmark-gfm-js").is_dir():
        pytest.skip("needs node and node_modules/cmark-gfm-js: run `npm ci`")
    script = (
        "const gfm = require('cmark-gfm-js');"
        "const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const options = gfm.Option.footnotes;"
        "console.log(JSON.stringify(texts.map(t => gfm.convertUnsafe(t, options))));"
    )
    done = subprocess.run(
        [node, "-e", script],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        cwd=MODULES.parent,
        timeout=120,
    )
    html: list[str] = json.loads(done.stdout)
    return html


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs if name not in {"rel", "scope"}}
        if tag in _BLOCKS:
            self._trim()
        self.preformatted += tag == "pre"
        self.out.append(f"<{tag}{''.join(f' {k}={v!r}' for k, v in sorted(given.items()))}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._trim()
        self.preformatted -= tag == "pre"
        self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.preformatted:
            data = re.sub(r"[ \t\n]+", " ", data)
            last = self.out[-1] if self.out else "<p>"
            if re.fullmatch(r"</?(\w+).*>", last) and last.strip("</>").split()[0] in _BLOCKS:
                data = data.lstrip(" ")
        if data:
            self.out.append(data)

    def handle_comment(self, data: str) -> None:
        self.out.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.out.append(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self.out.append(f"<![{data}]>")

    def handle_pi(self, data: str) -> None:
        self.out.append(f"<?{data}>")

    def _trim(self) -> None:
        if self.out and not self.preformatted and not self.out[-1].startswith("<"):
            self.out[-1] = self.out[-1].rstrip(" ")


def plain_html(html: str) -> str:
    """Return `html` in one spelling: attributes in order, blanks that show nothing left out."""
    parser = _Plain()
    parser.feed(html)
    parser.close()
    parser._trim()
    return "".join(part for part in parser.out if part)


def sanitised(html: str) -> str:
    """Return `html` as our sanitiser leaves it, in one spelling."""
    return plain_html(to_html(Document((HtmlBlock(html),))))


def without_classes(html: str) -> str:
    """Return our own `html` in one spelling, without the classes the sanitiser takes from raw."""
    return re.sub(r" class='[^']*'", "", plain_html(html))
