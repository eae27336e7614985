"""X's weighted length, held against the library X publishes (the npm package `twitter-text`)."""

from __future__ import annotations

import json
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copydesk.transformation.counting import utf16_units
from copydesk.transformation.weighted import ADDRESS, find_addresses, weighted_length

ROOT = Path(__file__).parents[2]

#: Answers every line with what the library makes of it, so that thousands cost one process.
JUDGE = """
const twitter = require("twitter-text");
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const text = JSON.parse(line);
  const links = twitter.extractUrlsWithIndices(text.normalize("NFC"));
  const answer = [twitter.parseTweet(text).weightedLength, links.map((link) => link.indices)];
  process.stdout.write(JSON.stringify(answer) + "\\n");
});
"""

Judge = Callable[[str], tuple[int, list[list[int]]]]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules/twitter-text").is_dir():
        pytest.skip("needs node and node_modules/twitter-text: run `npm ci`")
    with subprocess.Popen(
        [node, "-e", JUDGE], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        asked, answers = process.stdin, process.stdout

        def ask(text: str) -> tuple[int, list[list[int]]]:
            asked.write(json.dumps(text) + "\n")
            asked.flush()
            length, links = json.loads(answers.readline())
            return length, links

        yield ask
        asked.close()


CASES = [
    "",
    "plain words",
    "caf\u00e9 cafe\u0301",
    "こんにちは",
    "한국어 中文 русский عربى ไทย ᄀ ᅠ",
    "“quotes” – dashes — ellipsis… ‹›",
    "\u200d\u200e\u2010\u201f\u2020\u2031\u2032\u2037\u2038",
    "tab\tand\r\nlines\nand\x0bmore",
    "https://example.org",
    "http://example.org/a/very/long/path/that/goes/on?with=a&query=too#and-a-fragment",
    "example.org and EXAMPLE.COM, sub.example.co.uk.",
    "(https://en.wikipedia.org/wiki/Copy_(written)) and (http://example.com/a(b(c)d)e)",
    "https://example.org/a.b,c;d:e!f?g=h&i. Next",
    "https://example.org:8080/x?y https://example.org?q=1 https://example.org/?",
    "https://user:word@example.org/x me@example.org @example.org $example.org #example.org",
    "これは日本語です。example.com中国語 http://twitter.com/これは日本語です。example.com中国語",
    "https://例え.テスト/x https://例え.jp/x http://xn--fsq.com xn--fsq.com müller.de/ü",
    "-example.com .example.com /example.com _example.com x.-example.com a_b.example.com",
    "https://t.co/abc123 https://t.co/abc/def t.co/abc https://t.co/" + "a" * 41,
    "file.py main.rs README.md index.html v1.2.3 e.g. i.e. U.S.A. example.unknown",
    "http://example.unknown/path https://localhost/x http://127.0.0.1/x http://a.b",
    "http://" + "a" * 63 + ".com http://" + "a" * 64 + ".com",
    "https://example.org/" + "a" * 4060 + " https://example.org/" + "a" * 4090,
    "\u202ahttps://example.org\u202c \u061cexample.org",
    "https://example.org/%E2%9C%93/~x/@name/ https://example.org/@name",
    "https://example.org/привет/x?y=привет",
    "example.com/path,example.org;example.net|example.io",
    "x@example.com/y http://example.com@evil.org",
    "😀example.com 😀https://example.com https://😀.com 😀.com",
    "😀 ☺️ ☺ ☺︎ ❤️ ❤ © ©️ ® ®️ ™ ™️ ‼ ‼️ 〰️ ㊗️",
    "1️⃣ 2⃣ #️⃣ *⃣ 123 # *",
    "👍🏽 ☝🏿 ☝️ ✌🏻 🏽 👩‍💻 👩🏽‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 🕵🏽‍♀️ 🤷‍♂️ 🧜🏿‍♀️ 👨🏻‍🦰",
    "🇩🇪 🇺🇳 🇯🇵🇫🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴‍☠️ 🏴",
    "a\u200db \u200d 😀\u200d",
    "\ufeff \ufffe \uffff",
    "𝒜𝒷𝒸 𠮷 \U0010ffff",
]


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_the_published_library_weighs_the_same(text: str, judge: Judge) -> None:
    assert weighted_length(text) == judge(text)[0]


WORDS = (
    "https:// http:// HTTP://t.co/ t.co/ example.org example.com/ a.b.co.uk www. .de .com .museum "
    ".みんな 例え.jp xn--p1ai .xn--p1ai :80 /path /a(b)c /(a(b)c) ?q=1 &x=y #top @name #tag $CASH "
    "@ # $ . , ; : ! ? / ( ) [ ] - _ ~ = % + * ' \" | é ß ø ı 。 ． 日本語 한국 русский عربى word "
    "U.S. 1.5 \u200f \u202a \u3000 \u00a0 \u2003 \u200d … “ ”"
)
EMOJI = "😀 👍🏽 👩‍💻 👩🏽‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣ #️⃣ ☺️ ❤️ © ®️ ™ ☎ 🤷‍♀️ 👨🏿‍🦱"

PIECES = st.one_of(
    st.sampled_from(WORDS.split(" ")),
    # apart from what follows: the library takes half an emoji for a part of a domain's name
    st.sampled_from([f"{emoji} " for emoji in EMOJI.split(" ")]),
    st.sampled_from(" \n"),
    st.text("abcxyz019", min_size=1, max_size=6),
    st.characters(
        codec="utf-8",
        # characters the library lists by the Unicode of 2018, and parts of emoji that mean nothing
        # alone, are judged above
        exclude_categories=("So", "Sk", "Cn", "Me"),
        exclude_characters="\ufe0f\ufe0e\u20e3\u200dKſ",
    ),
)


@settings(deadline=None)  # another process answers
@given(st.lists(PIECES, max_size=12).map("".join))
@example("日本語" * 30 + "example.com")
@example("ét.co/ xn--é.com http://xn--é.com")
def test_any_text_weighs_and_links_the_same(judge: Judge, text: str) -> None:
    length, links = judge(text)
    assert weighted_length(text) == length
    text = unicodedata.normalize("NFC", text)
    found = [[utf16_units(text[:place]) for place in address] for address in find_addresses(text)]
    assert found == links


@pytest.mark.parametrize(
    "sequence",
    [
        "🫠",
        "🫱🏽‍🫲🏿",
        "🧑‍🧑‍🧒‍🧒",
        "🏃🏽‍♀️‍➡️",
        "🙂‍↔️",
        "🐦‍🔥",
        "🍋‍🟩",
        "🐈‍⬛",
        "🧑🏻‍❤️‍💋‍🧑🏿",
        "🇨🇶",
        "⛓️‍💥",
        "👁️‍🗨️",
    ],
)
def test_emoji_newer_than_the_library_weigh_two(sequence: str) -> None:
    assert weighted_length(sequence) == 2
    assert weighted_length(f"a{sequence}b{sequence}") == 6


def test_an_address_weighs_the_same_however_long() -> None:
    long = "https://example.org/" + "path/" * 300
    assert weighted_length(f"See {long}.") == len("See .") + ADDRESS


@pytest.mark.parametrize(
    "text",
    [
        "語" * 4_000 + ".語" * 2_000,
        "語" * 4_000 + "https://",
        "語-.語" * 2_000,
        "(" * 9_000,
        "a.a" * 3_000,
    ],
    ids=range(5),
)
def test_words_that_look_like_addresses_without_end_are_weighed_soon(text: str) -> None:
    heavy = text.count("語")
    assert weighted_length(f"{text} ..com") == len(text) + heavy + 6
    assert weighted_length(f"{text}..com") == len(text) + heavy + 5
    assert weighted_length(f"{text} example.com/{text}") >= ADDRESS
