"""Files of a post get the address at which a stranger's server can fetch them, or none."""

from __future__ import annotations

import pytest

from copydesk.platforms.kit.base_urls import is_base_url
from copydesk.platforms.kit.public_files import public_address
from copydesk.testing.samples import sample_content

PAGE = "https://example.org/posts/desk/"


@pytest.mark.parametrize(
    ("name", "images_url", "canonical", "address"),
    [
        ("a.png", "", PAGE, "https://example.org/posts/desk/a.png"),
        ("a.png", "", "https://example.org/posts/desk", "https://example.org/posts/a.png"),
        ("a b/ö.png", "", PAGE, "https://example.org/posts/desk/a%20b/%C3%B6.png"),
        (
            "a.png",
            "https://cdn.example.org/{slug}",
            PAGE,
            "https://cdn.example.org/copy-desks/a.png",
        ),
        ("a.png", "https://cdn.example.org/x/", "", "https://cdn.example.org/x/a.png"),
        ("https://example.net/a.png", "https://cdn.example.org", "", "https://example.net/a.png"),
        ("a.png", "", "", ""),
    ],
)
def test_public_address(name: str, images_url: str, canonical: str, address: str) -> None:
    content = sample_content(canonical_url=canonical)
    assert public_address(name, content, images_url) == address


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://dev.to", True),
        ("https://forem.example.org:8443/base", True),
        ("http://127.0.0.1:4000", True),
        ("http://localhost:4000", True),
        ("http://forem.example.org", False),
        ("https://user@forem.example.org", False),
        ("https://forem.example.org?x=1", False),
        ("https://forem.example.org:x", False),
        ("forem.example.org", False),
    ],
)
def test_a_token_is_only_sent_where_it_is_safe(address: str, may: bool) -> None:
    assert is_base_url(address) is may
