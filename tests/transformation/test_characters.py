"""Characters no page may contain go; everything people write stays."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from copydesk.transformation.characters import without_controls


@given(st.text(max_size=60))
def test_what_is_left_fits_into_xml(text: str) -> None:
    clean = without_controls(text)
    element = ET.Element("x")
    element.text = clean
    written = ET.tostring(element, encoding="utf-8")
    assert ET.fromstring(written).text == (clean.replace("\r\n", "\n").replace("\r", "\n") or None)


def test_people_keep_their_characters() -> None:
    text = "tab\there\nnext é 👩‍👩‍👧 \u202bright\u202c \u200d \ufeff ﷽"
    assert without_controls(text) == text
    assert without_controls("a\x00b\x1b[0m\ufffe\U0001ffffc\x85") == "ab[0mc"
