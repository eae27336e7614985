"""Bytes become text with what the message says, what fits, or a guess that is noted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.errors import InputRefused
from copydesk.intake.charsets import decode, refuse_binary

GERMAN = "Grüße aus Köln, 5 € – „schön“"
RUSSIAN = "Здравствуйте, заказ пришёл сломанным, верните деньги"
JAPANESE = "こんにちは、注文した机がまだ届いていません。"


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "cp1252", "iso-8859-1"),
        (GERMAN, "cp1252", "Windows-1252"),
        (GERMAN, "utf-8-sig", ""),
        (GERMAN, "utf-16", ""),
        (GERMAN, "utf-8", "us-ascii"),
        (JAPANESE, "iso-2022-jp", "ISO-2022-JP"),
        (JAPANESE, "cp932", "shift_jis"),
        ("简体中文", "gb18030", "gb2312"),
    ],
)
def test_declared_and_marked_charsets_need_no_note(text: str, encoding: str, declared: str) -> None:
    decoded = decode(text.encode(encoding), declared)
    assert (decoded.text, decoded.notes) == (text, ())


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        (GERMAN, "utf-8", "no-such-charset"),
        (GERMAN, "cp1252", "utf-8"),
        (GERMAN, "cp1252", ""),
        (GERMAN, "cp1252", "base64"),
        (GERMAN, "utf-8", "shift_jis"),
        (RUSSIAN, "cp1251", ""),
        (RUSSIAN, "koi8-r", "x-unknown"),
        (JAPANESE, "cp932", "utf-8"),
        (JAPANESE, "euc-jp", ""),
    ],
)
def test_wrong_or_missing_charsets_are_guessed_and_noted(
    text: str, encoding: str, declared: str
) -> None:
    decoded = decode(text.encode(encoding), declared)
    assert decoded.text == text
    assert decoded.notes


def test_a_broken_byte_is_shown_and_noted_not_lost() -> None:
    decoded = decode(b"Gr\xc3\xbc\xc3\x9fe " * 40 + b"\xff end", "utf-8")
    assert decoded.text.endswith("\ufffd end")
    assert "1 byte(s)" in decoded.notes[0]


def test_line_ends_and_what_no_store_can_hold() -> None:
    decoded = decode(b"a\r\nb\rc\x00d")
    assert decoded.text == "a\nb\nc\ufffdd"
    assert decoded.notes


def test_noise_is_undecodable() -> None:
    with pytest.raises(InputRefused) as refused:
        decode(bytes(range(1, 256)) * 3)
    assert refused.value.problem == "undecodable"


@pytest.mark.parametrize("raw", [b"%PDF-1.7 x", b"\x89PNG\r\n", b"PK\x03\x04", b"text\x00\x01\x02"])
def test_files_of_other_kinds_are_refused(raw: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        refuse_binary(raw)
    assert refused.value.problem == "binary"


@given(st.text())
def test_utf8_always_comes_back(text: str) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    assert decode(text.encode("utf-8"), "utf-8").text == expected.removeprefix("\ufeff")
