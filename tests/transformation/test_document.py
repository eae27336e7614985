"""Parsing: any text is a document, and none of its words are lost on the way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.transformation.document import image_paths, parse_markdown, walk
from copydesk.transformation.nodes import (
    CodeBlock,
    Heading,
    HtmlBlock,
    Image,
    LineBreak,
    Link,
    List,
    Strikethrough,
    Table,
    Text,
    plain,
)
from copydesk.transformation.text import to_text

MARKDOWN = st.text(
    alphabet=st.sampled_from(list("ab1 \n\t*_`~[]()<>!#-+|:\\\"'&;/.=\u202e\u00e9\U0001f600")),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(MARKDOWN, st.text(max_size=80)))
def test_any_text_is_a_document(text: str) -> None:
    parse_markdown(text)


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "1", "x."]), min_size=1, max_size=30))
def test_plain_words_come_back_as_written(words: list[str]) -> None:
    text = " ".join(words)
    assert to_text(parse_markdown("\n\n" + "w " + text))[0] == "w " + text


def test_gfm_constructs_become_nodes() -> None:
    document = parse_markdown(
        "# Head\n\n- [x] done\n- [ ] open\n\n3. three\n\n"
        "| a | b |\n|---|:-:|\n| 1 | 2 |\n\n~~old~~ www.example.com\n\n<div>raw</div>\n"
    )
    heading, tasks, numbers, table, _, html = document.blocks
    assert isinstance(heading, Heading)
    assert (heading.level, plain(heading.children), heading.lines) == (1, "Head", (0, 1))
    assert isinstance(tasks, List)
    assert [item.checked for item in tasks.items] == [True, False]
    assert isinstance(numbers, List)
    assert numbers.start == 3
    assert isinstance(table, Table)
    assert table.alignments == ("", "center")
    assert table.rows == (((Text("1"),), (Text("2"),)),)
    assert isinstance(html, HtmlBlock)
    kinds = {type(node) for node in walk(document)}
    assert {Strikethrough, Link} <= kinds


def test_file_names_in_prose_do_not_become_links() -> None:
    nodes = list(walk(parse_markdown("see README.md and setup.py")))
    assert not any(isinstance(node, Link) for node in nodes)


def test_a_numbered_list_may_start_at_zero() -> None:
    (block,) = parse_markdown("0. zero\n1. one").blocks
    assert isinstance(block, List)
    assert block.start == 0


def test_code_keeps_its_characters_and_language() -> None:
    (block,) = parse_markdown("```py title=x\n<b> & *\n```").blocks
    assert block == CodeBlock("<b> & *\n", "py")


def test_hard_and_soft_breaks_differ() -> None:
    breaks = [n for n in walk(parse_markdown("a  \nb\nc")) if isinstance(n, LineBreak)]
    assert [b.hard for b in breaks] == [True, False]


def test_nesting_beyond_the_limit_keeps_the_words() -> None:
    for markers in (">" * 300, "- " * 300, "1. " * 300, "> - " * 150):
        assert "deep words" in to_text(parse_markdown(f"{markers} deep words"))[0]
    assert "word" in to_text(parse_markdown("*" * 4000 + "word" + "*" * 4000))[0]
    assert "word" in to_text(parse_markdown("![" * 3000 + "word" + "](x)" * 3000))[0]


def test_an_image_inside_emphasis_and_a_raw_one_are_found_once() -> None:
    document = parse_markdown(
        '*![A *b*](my%20shot.png "T")* ![again](my%20shot.png)\n\n'
        '<img src="pics/raw.jpg" alt="Raw">\n\n![far](https://example.com/x%20y.png)\n'
    )
    assert [tuple(image) for image in image_paths(document)] == [
        ("my shot.png", "A b", "T"),
        ("pics/raw.jpg", "Raw", ""),
        ("https://example.com/x%20y.png", "far", ""),
    ]


def test_dangerous_targets_never_become_links_or_images() -> None:
    text = "[a](javascript:alert(1)) ![b](data:text/html;base64,x) <vbscript:x> [c](JaVaScRiPt:x)"
    assert not any(isinstance(n, Link | Image) for n in walk(parse_markdown(text)))
