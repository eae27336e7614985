"""The quick ways of reading mails say what the library's reader says."""

from __future__ import annotations

from email import message_from_bytes
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.intake.headers import Headers, read_addresses
from copydesk.intake.mime import read

PIECES = (
    "Ann Lee <ann@example.com>", '"Lee, Ann" <ann@example.com>', "bob@example.org", "<c@d.example>",
    "J. R. Doe\r\n <jr.doe@example.net>", "(aside) dan@example.com", '"open', "team:", ";", ", ",
    ",", " ", "\t", "é", "@", "<", ">", ".", "a..b@example.com",
    "=?utf-8?q?J=C3=BC?= <j@example.com>",
)  # fmt: skip
HEADERS = (
    "Subject: a", "To: b@example.com", "X-Empty:", "X-Folded: one\r\n two\r\n\tthree", "\n", "\r\n",
    "\r", "\n\n", "\r\n\r\n", "Content-Type: text/html", "no header", ":", " ", "text", "From x",
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=3))
def test_addresses_are_those_the_library_finds(values: list[str]) -> None:
    def real(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [pair for pair in pairs if "@" in pair[1]]

    assert real(read_addresses(values)) == real(getaddresses(values))


@settings(max_examples=300)
@given(st.lists(st.sampled_from(HEADERS), max_size=8).map("".join))
def test_a_mail_without_parts_is_what_the_library_reads(rest: str) -> None:
    raw = f"Message-ID: <1@example.com>\n{rest}".encode()
    mine, theirs = read(raw, is_page=lambda: False), message_from_bytes(raw)
    if mine["Message-ID"] is None:
        return  # taken for a text without headers
    assert mine.items() == theirs.items()
    assert mine.get_payload() == theirs.get_payload()


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        (b"From: =?utf-8?q?Lee=2C_Ann?= <Ann@Example.com>", ("Lee, Ann", "ann@example.com")),
        (b"From: nobody\nReply-To: Bob <bob@example.com>", ("Bob", "bob@example.com")),
        (b"From: (none)", ("", "")),
    ],
)
def test_the_sender_is_the_first_who_has_an_address(header: bytes, sender: tuple[str, str]) -> None:
    assert Headers(message_from_bytes(header + b"\n\ntext")).sender() == sender
