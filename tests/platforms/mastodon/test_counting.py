"""Characters as Mastodon counts them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.platforms.mastodon.counting import count

NAMES = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=30)
HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9](\.[a-z]{2,6}){1,2}", fullmatch=True)
PATHS = st.text(string.ascii_letters + string.digits + "/-_%=&#?", max_size=200)
WORDS = st.text(st.characters(categories=["Ll", "Lu", "So"]), max_size=20)


@settings(max_examples=200)
@given(WORDS, NAMES, HOSTS, WORDS)
def test_of_a_mention_only_the_local_part_counts(
    before: str, user: str, host: str, after: str
) -> None:
    remote = f"{before} @{user}@{host} {after}"
    assert count(remote) == count(f"{before} @{user} {after}")


@settings(max_examples=200)
@given(WORDS, HOSTS, PATHS, WORDS)
def test_every_link_counts_23(before: str, host: str, path: str, after: str) -> None:
    path = f"/{path}".rstrip("_?")
    text = f"{before} https://{host}{path}x {after}"
    assert count(text) == count(f"{before} ") + 23 + count(f" {after}")


@settings(max_examples=200)
@given(st.text(max_size=60), st.text(max_size=20))
def test_the_content_warning_counts_too(text: str, spoiler: str) -> None:
    assert count(text, spoiler) == count(text) + count(spoiler.replace("@", "x").replace(":", "x"))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("👩‍👩‍👧‍👦", 1),
        ("e\u0301", 1),
        ("www.example.org/a/long/path", 27),
        ("HTTPS://EXAMPLE.ORG/" + "a" * 90, 23),
        ("(https://example.org/a)", 25),
        ("https://en.example.org/wiki/Desk_(news)", 23),
        ("https://example.org/a.", 24),
        ("https://example.org/@ada@example.net/1", 23),
        ("mail ada@example.org", 20),
        ("@ada@example.org!", 5),
        ("@ada@example.org:8080", 4),
    ],
)
def test_known_lengths(text: str, length: int) -> None:
    assert count(text) == length


def test_the_instance_says_what_a_link_costs() -> None:
    assert count("https://example.org", per_url=30) == 30
