"""Little text: nothing a person wrote is ever cut, and only what is meant as markup becomes it."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.platforms.linkedin.little import RESERVED, escape, length, shown, to_little, unescape
from copydesk.testing.fake_linkedin import read_little

#: Text in which what matters here is frequent.
TEXTS = st.text(
    alphabet=f"{RESERVED}{RESERVED}# @:/.&\n\r\tabcXYZ019_éß漢字مש👩🏳\u200d\u0301\u2028＃",
    max_size=80,
) | st.lists(
    st.sampled_from(
        [
            "@[Acme (Corp)](urn:li:organization:1234)",
            "@Ada Lovelace (urn:li:person:a_b-C)",
            "#open_source",
            "#１２",
            "C#",
            "https://example.org/a_(b)?q=1#part",
            "{hashtag|\\#|x}",
            "(1) * [x] <b> ~50~ \\",
            " ",
            "ok",
        ]
    ),
    max_size=8,
).map("".join)


@given(TEXTS)
@settings(max_examples=300)
def test_escaping_can_be_undone(text: str) -> None:
    assert unescape(escape(text)) == text


@given(TEXTS)
@settings(max_examples=300)
def test_linkedin_cuts_nothing(text: str) -> None:
    """The fake reads with a parser of its own, and stops where LinkedIn does."""
    commentary = to_little(text)
    assert read_little(commentary) == shown(commentary)


@given(TEXTS)
@settings(max_examples=300)
def test_only_our_markup_is_left_unescaped(text: str) -> None:
    commentary = to_little(text)
    ours = regex.sub(
        r"@\[(?:\\.|[^\]\\])+\]\(urn:li:(?:person|organization):(?:\\.|[\w-])+\)"
        r"|\{hashtag\|\\#\|(?:\\.|[^}\\])+\}",
        "",
        regex.sub(r"\\\\", "", commentary),
    )
    naked = regex.sub(r"\\.", "", ours, flags=regex.DOTALL)
    assert not set(naked) & set(RESERVED), naked


@given(TEXTS)
@settings(max_examples=100)
def test_what_is_counted_is_never_less_than_what_is_shown(text: str) -> None:
    assert length(text) >= len(shown(to_little(text)))


@pytest.mark.parametrize(
    ("text", "commentary"),
    [
        ("Plain, with a back\\slash.", "Plain, with a back\\\\slash."),
        ("(1) [x] <b> {a|b} *_~", "\\(1\\) \\[x\\] \\<b\\> \\{a\\|b\\} \\*\\_\\~"),
        ("mail ada@example.org", "mail ada\\@example.org"),
        ("#NewsRoom!", "{hashtag|\\#|NewsRoom}!"),
        ("#open_source", "{hashtag|\\#|open\\_source}"),
        ("C# and issue #12 and &#39;", "C\\# and issue \\#12 and &\\#39;"),
        ("https://x.org/a_b#part", "https://x.org/a\\_b\\#part"),
        ("@[Acme](urn:li:organization:1)", "@[Acme](urn:li:organization:1)"),
        ("@Acme Corp (urn:li:organization:1)", "@[Acme Corp](urn:li:organization:1)"),
        ("@[A*](urn:li:person:a_b)", "@[A\\*](urn:li:person:a\\_b)"),
        ("@[Acme](https://x.org)", "\\@\\[Acme\\]\\(https://x.org\\)"),
    ],
)
def test_what_becomes_of_what(text: str, commentary: str) -> None:
    assert to_little(text) == commentary


def test_an_unescaped_character_ends_the_text_there() -> None:
    assert read_little("See the docs (they are good)") == "See the docs "


@pytest.mark.parametrize(
    "commentary",
    ["#Tech", "{hashtag|\\#|Tech}", "{hashtag|#|Tech}", "\\#Tech", "{hashtag|＃|Tech}"],
)
def test_a_hashtag_reads_the_same_however_linkedin_writes_it_down(commentary: str) -> None:
    assert shown(commentary) == "#Tech"
