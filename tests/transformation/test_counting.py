"""Lengths: short ways to count give what the long ones give."""

from __future__ import annotations

import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copydesk.transformation.counting import graphemes, utf16_units

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x20CF))


@settings(max_examples=300, deadline=None)
@example("one\r\ntwo\n\rthree\r\n")
@example("caf\u00e9 \u2013 na\u00efve\u2026 \u201cquoted\u201d \u20ac5")
@example("e\u0301 o\u200dn \u20e3 \u0903")
@given(_TEXTS)
def test_graphemes_are_extended_clusters(text: str) -> None:
    assert graphemes(text) == len(regex.findall(r"\X", text))


@given(st.text())
def test_what_is_beyond_the_first_plane_takes_two_units(text: str) -> None:
    assert utf16_units(text) == sum(2 if ord(character) > 0xFFFF else 1 for character in text)
