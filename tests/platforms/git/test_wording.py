"""Directives and footnotes in files: links where nobody knows them, the author's text otherwise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.platforms.git.wording import reworded
from copydesk.transformation.document import changed, parse_markdown, walk
from copydesk.transformation.nodes import (
    Block,
    CallToAction,
    Embed,
    HtmlBlock,
    Link,
    Paragraph,
    Text,
)

BODY = """* kept as *written*
* so is this

> ::embed[Talk]{url=https://x.org/v}

::cta[Read [on](x)]{url=https://x.org}

::cta[Buy \\*now*]{url=/shop}

```
::cta[code]{url=/stays}
```
"""


def test_a_directive_becomes_a_link_and_the_rest_stays_as_written() -> None:
    text, losses = reworded(BODY, "hugo")
    assert text == (
        "* kept as *written*\n* so is this\n\n> [Talk](https://x.org/v)\n\n"
        "::cta[Read [on](x)]{url=https://x.org}\n\n[Buy \\*now\\*](/shop)\n\n"
        "```\n::cta[code]{url=/stays}\n```\n"
    )
    assert [loss.what for loss in losses] == ["embed of https://x.org/v", "button 'Buy *now*'"]


def test_where_a_link_would_run_into_the_text_the_text_is_written_anew() -> None:
    text, _ = reworded("before\n::cta[Go]{url=/go}\nafter", "jekyll")
    assert text == "before\n\n[Go](/go)\n\nafter\n"


def test_footnotes_stay_where_they_are_known() -> None:
    body = "A[^1]\n\n[^1]: note"
    assert reworded(body, "hugo") == (body, ())
    text, losses = reworded(body, "eleventy")
    assert text == "A[1]\n\n---\n\n1. note\n"
    assert [loss.kind for loss in losses] == ["moved"]
    assert not parse_markdown(text).footnotes


_LINES = (
    "", "", "", "words", "- item", "  more", "> quote", "```", "<!--", "-->", "<div>", "[^n]: note",
    "    code", "[ref]: /ref", "| a |", "|---|", "---", "::cta[Go]{url=/go}", "::cta[^n]{url=/n}",
    "::embed[A [ref] *film*]{url=https://v.example/1}", "::embed{url=https://v.example/2}",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_LINES), max_size=12))
def test_wherever_a_directive_stands_its_link_changes_nothing_else(lines: list[str]) -> None:
    body = "\n".join([*lines, ""])

    def linked(block: Block) -> Block:
        match block:
            case Embed(url, words) | CallToAction(url, words):
                return Paragraph((Link(url, (Text(words or url),)),))
            case HtmlBlock(html):
                # one that is never closed takes the end of the text in
                return HtmlBlock(html.rstrip())
            case _:
                return block

    text, _ = reworded(body, "hugo")
    document = parse_markdown(text)
    assert not any(isinstance(node, Embed | CallToAction) for node in walk(document))
    assert changed(document, block=linked) == changed(parse_markdown(body), block=linked)
