"""winmail.dat: what Outlook packs away comes out, and broken ones are said to be."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.submission import Doubt
from copydesk.intake.email import parse_email
from copydesk.intake.rtf import rtf_to_text
from copydesk.intake.tnef import unpack_tnef

BODY, PROPERTIES, CODEPAGE = 0x0002800C, 0x00069003, 0x00069007
NEXT_FILE, TITLE, DATA, FILE_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005


def attribute(kind: int, value: bytes, *, level: int = 1) -> bytes:
    head = struct.pack("<BII", level, kind, len(value))
    return head + value + struct.pack("<H", sum(value) & 0xFFFF)


def stream(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def variable(id: int, type: int, value: bytes) -> bytes:
    head = struct.pack("<HHII", type, id, 1, len(value))
    return head + value + b"\0" * (-len(value) % 4)


def fixed(id: int, value: int) -> bytes:
    return struct.pack("<HHI", 0x0003, id, value)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


NAMED = (
    struct.pack("<HH", 0x001F, 0x8001) + b"\1" * 16 + struct.pack("<II", 1, 6) + b"a\0b\0\0\0\0\0"
    + struct.pack("<II", 1, 4) + b"x\0\0\0"
)  # fmt: skip

WHOLE = stream(
    attribute(CODEPAGE, struct.pack("<II", 1252, 0)),
    attribute(
        PROPERTIES,
        properties(
            fixed(0x3FDE, 65001),
            NAMED,
            struct.pack("<HHI", 0x1003, 0x0E01, 2) + struct.pack("<II", 7, 8),
            variable(0x0037, 0x001F, "Öffnungszeiten".encode("utf-16-le") + b"\0\0"),
            variable(0x1013, 0x0102, "<p>Das Bad öffnet um 9:30.</p>".encode()),
        ),
    ),
    attribute(NEXT_FILE, b"\0" * 14, level=2),
    attribute(TITLE, b"PLAN~1.TXT\0", level=2),
    attribute(DATA, b"the plan", level=2),
    attribute(
        FILE_PROPERTIES,
        properties(
            variable(0x3707, 0x001F, "../Plan für Mai.txt".encode("utf-16-le") + b"\0\0"),
            variable(0x370E, 0x001E, b"text/plain\0"),
        ),
        level=2,
    ),
)


def mail(packed: bytes, text: str = "") -> bytes:
    part = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n" if text else ""
    return (
        "From: ann@mail.example\r\nSubject: Bad\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="b"\r\n\r\n{part}'
        '--b\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.b64encode(packed).decode()}\r\n--b--\r\n"
    ).encode()


def test_text_and_files_come_out() -> None:
    message = parse_email(mail(WHOLE))
    assert message.reply == "Das Bad öffnet um 9:30."
    (plan,) = message.attachments
    assert (plan.filename, plan.content_type) == ("Plan für Mai.txt", "text/plain")
    assert plan.data == b"the plan"
    assert message.doubts == ()


def test_a_text_beside_it_counts_and_other_words_are_said() -> None:
    same = parse_email(mail(WHOLE, "Das Bad öffnet um 9:30."))
    assert [each.filename for each in same.attachments] == ["Plan für Mai.txt"]
    assert same.doubts == ()
    other = parse_email(mail(WHOLE, "Guten Tag!"))
    assert other.reply == "Guten Tag!"
    assert "winmail.txt" in other.doubts[0]
    assert b"9:30" in next(a.data for a in other.attachments if a.filename == "winmail.txt")


def test_a_mail_within_is_opened_to_a_depth() -> None:
    inner = stream(attribute(BODY, b"Words within.\0"))
    for _ in range(5):
        value = b"\7" * 16 + inner
        inner = stream(
            attribute(NEXT_FILE, b"", level=2),
            attribute(FILE_PROPERTIES, properties(variable(0x3701, 0x000D, value)), level=2),
        )
    packed = unpack_tnef(inner)
    assert any("deep" in note for note in packed.notes)
    shallow = stream(
        attribute(NEXT_FILE, b"", level=2),
        attribute(
            FILE_PROPERTIES,
            properties(
                variable(0x3701, 0x000D, b"\7" * 16 + stream(attribute(BODY, b"Words within.")))
            ),
            level=2,
        ),
    )
    assert b"Words within." in unpack_tnef(shallow).files[0].data


@pytest.mark.parametrize("cut", [3, 5, 20, 60, 210, len(WHOLE) - 10])
def test_one_that_breaks_off_keeps_its_bytes_and_says_so(cut: int) -> None:
    message = parse_email(mail(WHOLE[:cut], "Words of the mail."))
    assert message.reply == "Words of the mail."
    assert any("winmail.dat" in doubt for doubt in message.doubts)
    kept = {each.filename: each.data for each in message.attachments}
    assert kept["winmail.dat"] == WHOLE[:cut]


def test_a_wrong_checksum_is_said_and_read_all_the_same() -> None:
    wrong = stream(attribute(BODY, b"Words.")[:-2] + b"\0\0")
    packed = unpack_tnef(wrong)
    assert packed.plain == "Words."
    assert isinstance(packed.notes[0], Doubt)


def test_formatted_text_is_unpacked_where_there_is_no_other() -> None:
    rtf = rb"{\rtf1\ansi\ansicpg1252{\fonttbl Arial;}Das Bad \'f6ffnet\par um \u8364?9.\par}"
    # as stored without compression, and with it: literal bytes only, then the end
    whole = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    literal = b"".join(b"\0" + rtf[n : n + 8] for n in range(0, len(rtf), 8))
    compressed = struct.pack("<II4sI", len(literal) + 12, len(rtf), b"LZFu", 0) + literal
    for value in (whole, compressed):
        packed = unpack_tnef(
            stream(attribute(PROPERTIES, properties(variable(0x1009, 0x0102, value))))
        )
        assert packed.plain == "Das Bad öffnet\num €9."


def test_compressed_text_refers_back() -> None:
    # the example of [MS-OXRTFCP] 3.1
    compressed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af320"
        "68656c090020627705b06c647d0a800fa0"
    )
    packed = unpack_tnef(
        stream(attribute(PROPERTIES, properties(variable(0x1009, 0x0102, compressed))))
    )
    assert packed.plain == "hello world"


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12
    ),
    st.integers(6, len(WHOLE)),
)
def test_no_bytes_break_the_reader(changes: list[tuple[int, int]], size: int) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    packed = unpack_tnef(bytes(data[:size]))
    assert sum(len(each.data) for each in packed.files) <= 4 * len(WHOLE)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_no_bytes_break_rich_text(data: bytes) -> None:
    rtf_to_text(b"{\\rtf1 " + data).encode()
    packed = unpack_tnef(
        stream(
            attribute(
                PROPERTIES,
                properties(
                    variable(0x1009, 0x0102, struct.pack("<II4sI", 9, 9999, b"LZFu", 0) + data)
                ),
            )
        )
    )
    packed.plain.encode()
