"""Links, mentions and hashtags in plain text, with where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.transformation.richtext import SpanKind, find_spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://example.org/a_(b). Next", ["https://example.org/a_(b)"]),
        ("(https://example.org/x) [https://example.org/y]", ["https://example.org/x", "https://example.org/y"]),
        ("«https://example.org/c», “https://example.org/d”!", ["https://example.org/c", "https://example.org/d"]),
        ("https://example.org/?a=b&c=d#e, and", ["https://example.org/?a=b&c=d#e"]),
        ("http://localhost:8080/x, http://[::1]/.", ["http://localhost:8080/x", "http://[::1]/"]),
        ("https://例え.テスト/パス。次", ["https://例え.テスト/パス"]),
        ("詳細はhttps://example.comを見て", ["https://example.com"]),
        ("https://münchen.example/ä", ["https://münchen.example/ä"]),
        ("https:// http://x ftp://example.org xhttps://example.org", []),
    ],
)  # fmt: skip
def test_addresses_end_where_a_reader_ends_them(text: str, found: list[str]) -> None:
    spans = find_spans(text)
    assert [text[span.start : span.end] for span in spans] == found
    assert {span.kind for span in spans} <= {SpanKind.LINK}


def test_an_address_without_a_scheme_gets_one() -> None:
    assert [span.target for span in find_spans("www.example.com/x.")] == [
        "https://www.example.com/x"
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@name, @a.b.example! (@c_d)", ["name", "a.b.example", "c_d"]),
        ("@name@social.example.", ["name@social.example"]),
        ("こんにちは@nameさん", ["name"]),
        ("me@example.org x/@y @ @@a @a@ é@b @naïve", []),
    ],
)
def test_mentions_are_no_mail_addresses(text: str, found: list[str]) -> None:
    assert [span.target for span in find_spans(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#one, #two_2! (#3d)", ["one", "two_2", "3d"]),
        ("#日本語 #مرحبا #привет #हिन्दी ＃全角", ["日本語", "مرحبا", "привет", "हिन्दी", "全角"]),
        ("#1 C# a#b &#39; ## #️⃣ https://example.org/#top", []),
    ],
)
def test_hashtags_are_of_any_script_with_a_letter(text: str, found: list[str]) -> None:
    tags = [span.target for span in find_spans(text) if span.kind is SpanKind.TAG]
    assert tags == found


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["https://", "example.org", "/a(b)", ").", "@name", "#tag", "[", "](https://x.example)",
                 "`", "😀", "日本", " ", "\n\n", "- ", "> ", "www.", "@", "#", "\ufdd0\ufde0\ufdd2"]
            ),
            st.text(max_size=5),
        ),
        max_size=20,
    ).map("".join)
)  # fmt: skip
def test_spans_stand_in_order_and_apart_in_any_text(text: str) -> None:
    end = 0
    for span in find_spans(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end
        assert not text[span.start].isspace()
