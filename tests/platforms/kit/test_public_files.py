"""Files of a post get the address at which a stranger's server can fetch them, or none."""

from __future__ import annotations

import pytest

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
