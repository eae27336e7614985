"""Conformance: the specifications' own examples and an independent judge, not our own reading.

Every example that comes out otherwise is named here with its reason; docs/reference/markdown.md
gives the figures, and the last test keeps them true.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from copydesk.transformation.document import parse_markdown
from copydesk.transformation.html import to_html
from copydesk.transformation.markdown import GFM, to_markdown
from tests.transformation.conformance import (
    MODULES,
    cmark_gfm,
    commonmark_examples,
    plain_html,
    sanitised,
    without_classes,
)
from tests.transformation.gfm_examples import GFM_EXAMPLES

PAGE = MODULES.parent / "docs/reference/markdown.md"

_LINKED = "GFM makes links of bare addresses"
_OLDER = "the judge follows an older edition of the specification"
_SHOWN = "the same link, its address shown in another spelling"
#: Examples of CommonMark 0.31.2 that come out otherwise, beyond what the sanitiser takes away.
COMMONMARK_DEVIATIONS: Final = {
    608: _LINKED,
    611: _LINKED,
    612: _LINKED,
    626: "the reader wants two hyphens at both ends of a comment",
}
#: Examples that the judge reads otherwise after we have written them back.
ROUND_TRIP_DEVIATIONS: Final = {
    20: _SHOWN,
    146: _OLDER,
    200: _OLDER,
    201: _OLDER,
    215: _OLDER,
    216: _OLDER,
    346: _SHOWN,
    354: _OLDER,
    494: _OLDER,
    526: _SHOWN,
    538: _SHOWN,
    603: _SHOWN,
}
#: Examples of GFM that come out otherwise.
GFM_DEVIATIONS: Final = {
    "three tildes": "two tildes at most are marks, as GitHub has it now",
    "footnote with blocks": "the way back stands in a paragraph of its own",
    "footnote used twice": "there is a way back to each mark",
}


@cache
def figures() -> dict[str, int]:
    """Return how many examples there are and how many come out in which way."""
    found = {"all": 0, "exact": 0, "sanitised": 0}
    for example in commonmark_examples():
        ours = to_html(parse_markdown(example.markdown))
        found["all"] += 1
        if plain_html(ours) == plain_html(example.html):
            found["exact"] += 1
        elif without_classes(ours) == sanitised(example.html):
            found["sanitised"] += 1
        else:
            assert example.number in COMMONMARK_DEVIATIONS, (example, ours)
    return found


def test_commonmark_examples_come_out_as_the_specification_says() -> None:
    found = figures()
    assert found["all"] == 652
    others = found["all"] - found["exact"] - found["sanitised"]
    assert others == len(COMMONMARK_DEVIATIONS), "a deviation is gone: take it out of the list"


def test_what_is_written_back_reads_the_same_to_another_reader() -> None:
    examples = commonmark_examples()
    written = [to_markdown(parse_markdown(e.markdown), GFM)[0] for e in examples]
    judged = cmark_gfm([*(e.markdown for e in examples), *written])
    before, after = judged[: len(examples)], judged[len(examples) :]
    differ = {
        example.number
        for example, one, other in zip(examples, before, after, strict=True)
        if plain_html(one) != plain_html(other)
    }
    assert differ == set(ROUND_TRIP_DEVIATIONS)


def test_gfm_comes_out_as_another_reader_has_it() -> None:
    documents = {name: parse_markdown(text) for name, text in GFM_EXAMPLES.items()}
    written = [to_markdown(document, GFM)[0] for document in documents.values()]
    judged = cmark_gfm([*GFM_EXAMPLES.values(), *written])
    before, after = judged[: len(documents)], judged[len(documents) :]
    differ = {
        name
        for (name, document), theirs in zip(documents.items(), before, strict=True)
        if _comparable(to_html(document)) != _comparable(theirs)
    }
    assert differ == set(GFM_DEVIATIONS)
    lost = {
        name
        for name, one, other in zip(documents, before, after, strict=True)
        if _comparable(one) != _comparable(other)
    }
    assert lost == {"three tildes"}


def test_the_page_gives_the_figures() -> None:
    found = figures()
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert (
        f"Of the {found['all']} examples of CommonMark 0.31.2, {found['exact']} come out exactly as"
        f" printed and {found['sanitised']} as printed but without the HTML that the sanitiser"
        f" removes. {len(COMMONMARK_DEVIATIONS)} differ" in page
    )
    same = found["all"] - len(ROUND_TRIP_DEVIATIONS)
    assert f"reads {same} of the {found['all']}" in page
    assert f"{len(GFM_EXAMPLES) - len(GFM_DEVIATIONS)} of {len(GFM_EXAMPLES)}" in page


def _comparable(html: str) -> str:
    """Return HTML in one spelling, without what is a matter of taste in boxes and footnotes."""
    text = re.sub(r" (?:class|id|role)='[^']*'", "", plain_html(html))
    text = re.sub(r"#(fn(?:ref)?)-(\d)", r"#\1\2", text)
    return text.replace("☐", "[ ]").replace("☑", "[x]").replace("[X]", "[x]")
