"""Directives and footnotes: read where they are well formed, left as text where they are not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.transformation.directives import write_directive
from copydesk.transformation.document import image_paths, parse_markdown, walk, with_top_heading
from copydesk.transformation.html import absolute_urls, to_html
from copydesk.transformation.nodes import (
    CallToAction,
    Embed,
    FootnoteReference,
    Heading,
    Paragraph,
    Quote,
    Text,
)
from copydesk.transformation.plain import plain_to_markdown
from copydesk.transformation.text import to_text


def test_a_directive_stands_on_a_line_of_its_own() -> None:
    document = parse_markdown(
        "Before\n::embed[A *talk*, \\[live\\] &amp; free]{url=https://x.org/v?a=1&b=2}\n"
        '> ::cta[Buy \\[it\\]]{ url = "/shop" }\n'
    )
    assert document.blocks == (
        Paragraph((Text("Before"),)),
        Embed("https://x.org/v?a=1&b=2", "A *talk*, [live] & free"),
        Quote((CallToAction("/shop", "Buy [it]"),)),
    )


@pytest.mark.parametrize(
    "line",
    [
        "::embed[x]",
        "::embed[x]{url=}",
        "::embed[x]{url=/relative}",
        "::embed[x]{url=javascript:alert(1)}",
        "::embed[x]{url=https://}",
        "::embed[x]{url=https://a b}",
        "::cta{url=https://x.org}",
        "::cta[ ]{url=https://x.org}",
        "::cta[x]{url=JavaScript:alert(1)}",
        "::cta[x]{url=data:text/html,x}",
        "::cta[a] b]{url=https://x.org}",
        "::video[x]{url=https://x.org}",
        ":embed[x]{url=https://x.org}",
        "::embed[x]{url=https://x.org} and more",
        "see ::embed[x]{url=https://x.org}",
    ],
)
def test_a_malformed_directive_stays_text(line: str) -> None:
    document = parse_markdown(f"{line}\n")
    assert not any(isinstance(node, Embed | CallToAction) for node in walk(document))
    assert line.split("[")[0].split("{")[0] in to_text(document)[0]


def test_code_holds_no_directives() -> None:
    document = parse_markdown("```\n::cta[x]{url=/y}\n```\n\n    ::cta[x]{url=/y}\n")
    assert not any(isinstance(node, CallToAction) for node in walk(document))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.sampled_from(["https://x.org/a", "/a'b", "'a", "mailto:a@b.org"]))
def test_a_written_directive_reads_back(label: str, url: str) -> None:
    words = " ".join(label.split())
    read = parse_markdown(write_directive(CallToAction(url, words or "x")))
    wanted = words.replace("\x00", "\ufffd") or "x"
    assert read.blocks == (CallToAction(url, wanted),)


def test_directives_as_html_need_no_style_and_no_frame() -> None:
    html = to_html(
        parse_markdown(
            '::embed[<b> "talk"]{url=https://youtu.be/x?a=1&b=2}\n'
            "::embed{url=https://x.org/y}\n::cta[Buy]{url=shop}\n"
        ),
        link_url=lambda url: f"https://e.org/{url}" if "//" not in url else url,
    )
    assert html == (
        '<figure class="embed"><a href="https://youtu.be/x?a=1&amp;b=2" '
        'rel="noopener noreferrer">&lt;b&gt; "talk"</a><figcaption>youtu.be</figcaption></figure>\n'
        '<figure class="embed"><a href="https://x.org/y" rel="noopener noreferrer">'
        "https://x.org/y</a></figure>\n"
        '<p><a class="cta" href="https://e.org/shop" rel="noopener noreferrer">Buy</a></p>\n'
    )


def test_footnotes_are_numbered_as_their_marks_come() -> None:
    document = parse_markdown(
        "[^a]: first, see[^c]\n[^b]: second\n\n    ![p](p.png)\n\n"
        "One[^b] two[^a] three[^b][^none].\n\n[^c]: third\n[^left]: kept\n[^b]: again\n"
    )
    assert [note.label for note in document.footnotes] == ["b", "a", "c", "left", "b-2"]
    assert sum(isinstance(node, FootnoteReference) for node in walk(document)) == 4
    assert "[^none]" in to_text(document)[0]
    assert [image.path for image in image_paths(document)] == ["p.png"]


def test_footnotes_as_html_lead_there_and_back() -> None:
    html = to_html(parse_markdown("A[^x] b[^x].\n\n[^x]: *note*\n"), link_url=lambda _: "/moved")
    assert html == (
        '<p>A<sup><a href="#fn-1" id="fnref-1" role="doc-noteref" rel="noopener noreferrer">1</a>'
        '</sup> b<sup><a href="#fn-1" id="fnref-1-2" role="doc-noteref" '
        'rel="noopener noreferrer">1</a></sup>.</p>\n'
        '<section class="footnotes" role="doc-endnotes">\n<ol>\n<li id="fn-1">\n<p><em>note</em> '
        '<a href="#fnref-1" role="doc-backlink" rel="noopener noreferrer">↩</a> '
        '<a href="#fnref-1-2" role="doc-backlink" rel="noopener noreferrer">↩<sup>2</sup></a></p>\n'
        "</li>\n</ol>\n</section>\n"
    )
    far = absolute_urls(html, "https://x.org/p/")
    assert 'href="https://x.org/p/#fn-1"' in far
    assert " id=" not in far


def test_an_authors_own_ids_stay_out() -> None:
    html = to_html(parse_markdown('A[^x] <a id="top" role="button">z</a>\n\n[^x]: note\n'))
    assert "top" not in html
    assert "button" not in html


def test_footnotes_as_text_share_their_numbers_with_links() -> None:
    document = parse_markdown("A[^x] [l](https://x.org/).\n\n[^x]: note [m](https://y.org/)\n")
    assert to_text(document, links="footnotes")[0] == (
        "A[1] l [2].\n\n[1] note m [3]\n[2] https://x.org/\n[3] https://y.org/"
    )
    assert to_text(document)[0].endswith("\n\n[1] note m (https://y.org/)")


def test_headings_in_footnotes_move_with_the_others() -> None:
    document = with_top_heading(parse_markdown("# A[^x]\n\n[^x]: ## B\n"), 2)
    assert [n.level for n in walk(document) if isinstance(n, Heading)] == [2, 3]


def test_a_mail_address_is_linked_as_a_whole() -> None:
    html = to_html(parse_markdown("Write to first_last@x.org or a_b_c.d@x.org, not a @x.org"))
    assert 'href="mailto:first_last@x.org"' in html
    assert ">a_b_c.d@x.org</a>" in html


def test_plain_text_cannot_turn_into_a_button_by_accident() -> None:
    document = parse_markdown(plain_to_markdown("Hello\n  ::cta[Pay]{url=https://x.org}\n"))
    assert not any(isinstance(node, CallToAction) for node in walk(document))
    assert "::cta[Pay]" in to_text(document)[0]


def test_a_page_of_the_site_has_each_anchor_once() -> None:
    html = to_html(parse_markdown("A[^1] b[^2] c[^1]\n\n> d[^2]\n\n[^1]: x[^2]\n[^2]: y[^1]\n"))
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 8
    assert set(re.findall(r'href="#([^"]+)"', html)) == set(ids)
