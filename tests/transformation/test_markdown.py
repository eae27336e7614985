"""Markdown: what is written reads back the same, and is no harder to read than it has to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.transformation.document import changed, parse_markdown, walk, with_urls
from copydesk.transformation.markdown import CANONICAL, COMMONMARK, GFM, Flavour, to_markdown
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    CodeBlock,
    Document,
    Embed,
    Footnote,
    FootnoteReference,
    Heading,
    HtmlBlock,
    HtmlInline,
    Image,
    Inline,
    LineBreak,
    List,
    Strikethrough,
    Table,
    Text,
    plain,
)

_WORDS = ["word ", "a", "b1", "\u00e9", "\u05d0", "\U0001f600", " ", "\n", "\n\n", "  ", "    "]
_MARKS = [*list("*_`~[]()<>!#-+|:\\\"'&;/.=^\t"), "**", "~~", "```", "- ", "> ", "1. ", "[ ] "]
_WHOLE = [
    "[^a]", "\n[^a]: ", "::cta[x]{url=/y}", "http://x.org", "www.x.org", "a@b.org", "&amp;",
    "&#32;", "<b>", "<div>", "<br>", "| a |\n|---|\n", "[a](b)", "![a](b)", "\n---\n", "\n# ",
]  # fmt: skip
#: Markdown of every kind, well and badly formed.
MARKDOWN = st.lists(st.sampled_from(_WORDS + _MARKS + _WHOLE), max_size=24).map("".join)


def alike(document: Document) -> Document:
    """Return `document` without what to_markdown may write in another way."""
    names = {label: str(n) for label, n in document.footnote_numbers().items()}

    def inline(node: Inline) -> Inline:
        if isinstance(node, FootnoteReference):
            return FootnoteReference(names[node.label])
        if isinstance(node, HtmlInline):
            return HtmlInline(" ".join(node.html.split()))
        return node

    def block(node: Block) -> Block:
        if isinstance(node, HtmlBlock):
            return HtmlBlock(node.html.strip())
        if isinstance(node, CodeBlock):
            return replace(node, language=node.language.partition("|")[0])
        if isinstance(node, Heading) and "|" in plain(node.children):
            return replace(node, children=(Text(plain(node.children)),))
        if isinstance(node, List) and len(node.items) == 1 and len(node.items[0].children) < 2:
            # nothing in it that a blank line could stand between
            return replace(node, tight=True)
        return node

    document = changed(document, block=block, inline=inline)
    notes = tuple(Footnote(names[x.label], x.children) for x in document.footnotes)
    return Document(document.blocks, notes)


@settings(max_examples=250, deadline=None)
@given(MARKDOWN)
def test_what_is_written_reads_back_the_same(text: str) -> None:
    document = parse_markdown(text)
    written, losses = to_markdown(document, CANONICAL)
    if not losses:
        assert alike(parse_markdown(written)) == alike(document)
    # whatever the marks: no character of the text is lost
    assert _words(parse_markdown(written)) == _words(document)


@settings(max_examples=150, deadline=None)
@given(MARKDOWN)
def test_each_flavour_keeps_the_words_and_uses_only_what_it_has(text: str) -> None:
    document = parse_markdown(text)
    for flavour in (COMMONMARK, GFM, replace(COMMONMARK, name="bare", html="drop")):
        written, losses = to_markdown(document, flavour)
        again = list(walk(parse_markdown(written)))
        if not flavour.tables:
            assert not any(isinstance(node, Table | Strikethrough) for node in again)
        assert not any(isinstance(node, Embed | CallToAction) for node in again)
        lacking = any(isinstance(node, Table | Strikethrough) for node in walk(document))
        assert losses or not lacking or flavour is GFM


def _words(document: Document) -> str:
    def one(node: Block | Inline) -> str:
        match node:
            case Text(text) | CodeBlock(text):
                return text
            case _:
                return ""

    return "".join("".join(map(one, walk(document))).split())


@pytest.mark.parametrize(
    "text",
    [
        "2 < 3 & 4 > 1, snake_case, C:\\Users\\me, 5 * 3 = 15, a[0], [sic], #1, $5, f(x)!",
        "~5 minutes and one * star, one ` tick and one _ bar",
        "a*b*c **bold**, *it*, `co``de`, ~~old~~ and [words](https://x.org/a_(b)?c=d&e=f)",
        "Dr. Who - or +1 - said 2019. Then: [x] and | bars | stay",
        "<https://example.org/a> and <me@example.org>",
        "@user@host.org #tag ::embed me",
    ],
)
def test_text_that_needs_no_escape_gets_none(text: str) -> None:
    assert to_markdown(parse_markdown(text), GFM) == (f"{text}\n", ())


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\\# no", "\\# no"),
        ("a\n\\- b", "a\n\\- b"),
        ("1\\. no", "1\\. no"),
        ("\\*a\\* *b*", "\\*a\\* *b*"),
        ("\\[a](b)", "[a\\](b)"),
        ("\\<b> &amp;amp;", "\\<b> \\&amp;"),
        ("a\\\\", "a\\\\"),
        ("\\::cta[x]{url=/y}", "\\::cta[x]{url=/y}"),
        ("wow\\![a](b)", "wow\\![a](b)"),
        ("https\\://x.org", "https\\:\\/\\/x\\.org"),
        ("a\\\nb", "a  \nb"),
    ],
)
def test_what_would_be_markup_is_escaped(text: str, written: str) -> None:
    assert to_markdown(parse_markdown(text), GFM)[0] == f"{written}\n"


def test_marks_that_touch_each_other_are_told_apart() -> None:
    for text in ("***a** b*", "**a *b***", "*a*_b_", "**_x_**", "*a **b** c*", "_a_**b**"):
        document = parse_markdown(text)
        written, losses = to_markdown(document)
        assert (parse_markdown(written), losses) == (document, ())


def test_a_fence_is_longer_than_what_it_holds() -> None:
    document = Document((CodeBlock("````\n```\n", "md"),))
    assert to_markdown(document)[0] == "`````md\n````\n```\n`````\n"


def test_tables_become_lists_where_there_are_none() -> None:
    document = parse_markdown("| Motor | Hours |\n|---|---|\n| A | 41 |\n| B | 7 |\n")
    assert to_markdown(document, GFM)[0] == (
        "| Motor | Hours |\n| --- | --- |\n| A | 41 |\n| B | 7 |\n"
    )
    written, losses = to_markdown(document, COMMONMARK)
    assert written == "- **A**\n  - Hours: 41\n- **B**\n  - Hours: 7\n"
    assert [loss.what for loss in losses] == ["table of 2 rows"]


def test_footnotes_are_kept_or_move_to_the_end() -> None:
    document = parse_markdown("One[^x] (two)[^y].\n\n[^y]: second\n[^x]: first\n")
    assert to_markdown(document, GFM) == (
        "One[^x] (two)[^y].\n\n[^x]: first\n\n[^y]: second\n",
        (),
    )
    written, losses = to_markdown(document, COMMONMARK)
    assert written == "One[1] (two)[2].\n\n---\n\n1. first\n2. second\n"
    assert [loss.what for loss in losses] == ["2 × footnote"]


def test_raw_html_that_has_to_go_leaves_its_text_and_images() -> None:
    document = parse_markdown(
        'A <kbd>key</kbd><br>b\n\n<figure><img src="a.png" alt="A"><figcaption>C</figcaption>'
        "</figure>\n\n<script>x()</script>\n"
    )
    written, losses = to_markdown(document, Flavour(name="Plain", html="drop"))
    assert written == "A key  \nb\n\n![A](a.png)\n\nC\n"
    assert [loss.what for loss in losses] == [
        "raw HTML <kbd>",
        "raw HTML <figure>",
        "raw HTML <script>",
    ]


def test_a_flavour_has_its_own_ways_of_writing() -> None:
    flavour = Flavour(
        name="Liquid",
        embed=lambda node: f"{{% embed {node.url} %}}",
        call_to_action=lambda node: f"{{% cta {node.url} %}} {node.label} {{% endcta %}}",
        image=lambda node: f'{{% image "{node.url}" %}}',
        guard=lambda text: text.replace("{{", "{ {"),
        top_heading=2,
    )
    document = parse_markdown(
        "# T\n\n{{ x }} *a {{* `{{ y }}`\n\n```\n{{ z }}\n```\n\n"
        "::embed{url=https://x.org/v}\n::cta[Go]{url=https://x.org}\n\n![a](b.png)\n"
    )
    assert to_markdown(document, flavour)[0] == (
        "## T\n\n{ { x }} *a { {* `{{ y }}`\n\n```\n{{ z }}\n```\n\n"
        "{% embed https://x.org/v %}\n\n{% cta https://x.org %} Go {% endcta %}\n\n"
        '{% image "b.png" %}\n'
    )


def test_addresses_can_be_exchanged() -> None:
    document = parse_markdown(
        "[a](b) ![c](d.png) *[e](f)*\n\n::cta[g]{url=h}\n\nx[^1]\n\n[^1]: [i](j)\n"
    )
    moved = with_urls(document, link=str.upper, image=lambda url: f"https://x.org/{url}")
    assert to_markdown(moved, CANONICAL)[0] == (
        "[a](B) ![c](https://x.org/d.png) *[e](F)*\n\n::cta[g]{url=H}\n\nx[^1]\n\n[^1]: [i](J)\n"
    )
    assert any(isinstance(node, Image) for node in walk(moved))


def test_breaks_survive_in_headings() -> None:
    document = parse_markdown("a\nb\n===\n")
    assert any(isinstance(node, LineBreak) for node in walk(document))
    assert to_markdown(document)[0] == "a\nb\n===\n"
