"""An expression that shares beginnings matches what its words, the longest first, would."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.choices import either

WORDS = st.text("abk$.-é ", min_size=1, max_size=5)


@settings(max_examples=80, deadline=None)
@given(words=st.lists(WORDS, min_size=1, max_size=12), text=st.text("abk$.-é AB", max_size=30))
def test_it_matches_as_its_words_would(words: list[str], text: str) -> None:
    longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    for then in ("", r"(?!\w)"):
        plain = re.compile(rf"(?:{longest_first}){then}", re.IGNORECASE)
        shared = re.compile(rf"{either(words)}{then}", re.IGNORECASE)
        assert [m.span() for m in shared.finditer(text)] == [m.span() for m in plain.finditer(text)]
