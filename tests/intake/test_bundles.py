"""Files that hold several messages: every one comes out, and is known again when it comes again."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Source
from copydesk.intake.bundles import Bundle, Piece, key_of_one, unpack
from copydesk.intake.parsing import parse
from copydesk.intake.reading import read

MAIL = "From: Ann <ann@mail.example>\nMessage-ID: <{0}@mail.example>\nSubject: {0}\n\nHello {0}.\n"


def pieces(raw: bytes, filename: str = "", source: Source | None = None) -> list[Piece]:
    bundle = unpack(raw, filename=filename, source=source)
    assert bundle is not None
    return list(bundle.pieces)


def replies(raw: bytes, filename: str = "") -> list[str]:
    found = []
    for piece in pieces(raw, filename):
        message = parse(piece.raw, filename=piece.filename, source=piece.source)
        message.check_tiling()
        found.append(message.reply)
    return found


def zipped(files: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


# ---------------------------------------------------------------- rows


EXPORT = (
    "Ticket ID;Name;E-Mail;Nachricht;Status\n"
    '1;Ann;ann@mail.example;"Hallo; ich\nhabe eine Frage";offen\n'
    "2;Bob;bob@mail.example;Wo ist meine Bestellung 4711?;zu\n"
)


def test_each_row_is_a_message_with_its_fields() -> None:
    one, two = pieces(EXPORT.encode(), "tickets.csv")
    message = parse(one.raw, filename=one.filename, source=one.source)
    assert message.reply == "Hallo; ich\nhabe eine Frage"
    assert (message.author, message.author_address) == ("Ann", "ann@mail.example")
    assert message.meta["Status"] == "offen"
    assert message.thread.message_id == "1"
    assert two.filename == "tickets-2.csv"


def test_a_grown_export_brings_the_new_rows_only() -> None:
    before = {piece.key for piece in pieces(EXPORT.encode(), "tickets.csv")}
    grown = EXPORT.replace("offen", "zu") + "3;Cy;cy@mail.example;Danke!;neu\n"
    after = [piece.key for piece in pieces(grown.encode("cp1252"), "tickets (1).csv")]
    assert [key in before for key in after] == [True, True, False]


def test_the_first_export_of_one_row_is_known_again() -> None:
    alone = "\n".join(EXPORT.split("\n")[:3]).encode()
    assert unpack(alone, filename="tickets.csv") is None
    key = key_of_one(alone, filename="tickets.csv", source=None)
    assert key == pieces(EXPORT.encode(), "tickets.csv")[0].key


def test_two_people_who_say_the_same_are_two() -> None:
    raw = b"name,message\nann,it broke\nbob,it broke\nann,it broke\n"
    assert len({piece.key for piece in pieces(raw, "a.csv")}) == 3
    with_id = b"id,message\n1,it broke\n1,it broke\n1,it broke again\n"
    assert len({piece.key for piece in pieces(with_id, "a.csv")}) == 2


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"], ids=["comma", "semicolon", "tab"])
def test_a_broken_row_is_refused_by_itself(delimiter: bytes) -> None:
    raw = b'name,message\nann,one\nbob,"two" or\ncy,three\n'.replace(b",", delimiter)
    one, two, three = pieces(raw, "a.csv")
    with pytest.raises(InputRefused) as refused:
        parse(two.raw, filename=two.filename, source=two.source)
    assert refused.value.problem == "bad_csv"
    assert b'"two" or' in two.raw
    assert parse(three.raw, filename=three.filename, source=three.source).reply == "three"
    assert one.key


def test_rows_are_made_while_they_are_asked_for() -> None:
    raw = b"name,message\n" + b"ann,hello there\n" * 20_000
    bundle = unpack(raw, filename="big.csv")
    assert bundle is not None
    assert next(bundle.pieces).filename == "big-1.csv"
    assert sum(1 for _ in bundle.pieces) == 19_999


def test_json_lists_and_lines() -> None:
    forms = [{"name": n, "email": f"{n}@x.example", "message": f"I am {n}"} for n in "ab"]
    assert replies(json.dumps(forms).encode()) == ["I am a", "I am b"]
    lines = "\n".join(map(json.dumps, forms)) + "\n{broken\n"
    found = pieces(lines.encode(), "a.jsonl")
    assert [piece.key != "" for piece in found] == [True, True, False]
    assert found[0].key == pieces(json.dumps(forms).encode())[0].key


# ---------------------------------------------------------------- mails and files


def test_a_mailbox_is_its_mails_byte_for_byte() -> None:
    mails = [MAIL.format(n).replace("Hello", "From here\n\nFrom Berlin 10:30") for n in "abc"]
    raw = "".join(f"From ann@mail.example Wed Nov  4 10:00:0{n} 2026\n{mail}\n" for n, mail in
                  enumerate(mails)).encode()  # fmt: skip
    found = pieces(raw, "in.mbox")
    assert b"".join(piece.raw for piece in found) == raw
    assert [parse(p.raw, source=p.source).subject for p in found] == ["a", "b", "c"]


def test_a_zip_is_its_files() -> None:
    raw = zipped({
        "in/a.eml": MAIL.format("a"), "in/t.csv": EXPORT, "__MACOSX/in/._a.eml": b"x",
        "in/b.zip": zipped({"c.txt": "hello"}), "in/": b"",
    })  # fmt: skip
    bundle = unpack(raw, filename="all.zip")
    assert bundle is not None
    assert [piece.filename for piece in bundle.pieces] == ["a.eml", "t.csv"]
    assert any("b.zip" in note for note in bundle.notes)


def test_zip_bombs_and_broken_zips_are_refused() -> None:
    for raw, problem in (
        (zipped({"a.txt": b"a" * 50_000_000}), "archive_bomb"),
        (zipped({f"{n}.txt": "x" for n in range(10_001)}), "archive_bomb"),
        (zipped({"a.txt": b"hello" * 100})[:80], "bad_archive"),
        (zipped({"a.zip": zipped({"b.zip": b"x"})}), "bad_archive"),
    ):
        with pytest.raises(InputRefused) as refused:
            unpack(raw)
        assert refused.value.problem == problem
        assert refused.value.remedy


def test_a_damaged_file_in_a_zip_stops_no_other() -> None:
    whole = zipped({"a.txt": "the first one is all right " * 40, "b.txt": "so is this one " * 40})
    at = whole.index(b"b.txt") + 10
    found = pieces(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :])
    assert parse(found[0].raw).reply.startswith("the first one")
    with pytest.raises(InputRefused):
        read(found[1].raw, filename=found[1].filename)


def test_an_office_document_is_no_bundle() -> None:
    raw = zipped({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"})
    assert unpack(raw, filename="letter.docx") is None


def test_one_message_is_no_bundle() -> None:
    for raw, name in (
        (MAIL.format("a").encode(), "a.eml"),
        (b'{"message": "hi"}', "a.json"),
        (b"[12:01] ann: hi\n[12:02] bob: ho\n", "a.txt"),
        (json.dumps([["ann", "hi"], ["bob", "ho"]]).encode(), "a.json"),
        (json.dumps([{"user": "a", "text": "hi"}, {"user": "b", "text": "ho"}]).encode(), ""),
    ):
        assert unpack(raw, filename=name) is None, name


# ---------------------------------------------------------------- whatever comes


_NAMES = st.sampled_from(
    ["", "a.csv", "a.json", "a.jsonl", "a.mbox", "a.rss", "a.zip", "a.chat", "a.txt", "a.eml"]
)
_STARTS = st.sampled_from([
    b"", b"PK\x03\x04", b"From a 10:00\n", b"<?xml version='1.0'?><rss><channel><item>", b"[{",
    b"id,message\n",
    b'{"version": "https://jsonfeed.org/version/1.1", "items": [',
    b"--x\r\nContent-Disposition: form-data; name=a",
    b'{"messages": [{"user": "a", "text": ', b"[12:01] <a> hi\n[12:02] <b> ",
])  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    start=_STARTS,
    rest=st.binary(max_size=300) | st.text(max_size=200).map(str.encode),
    filename=_NAMES,
)
def test_any_bytes_are_tiled_taken_apart_or_refused(
    start: bytes, rest: bytes, filename: str
) -> None:
    def follow(raw: bytes, name: str, source: Source | None, depth: int) -> None:
        assert depth < 4, "taking apart ends"
        try:
            found = read(raw, filename=name, source=source)
        except InputRefused:
            return
        if isinstance(found, Bundle):
            for piece in found.pieces:
                follow(piece.raw, piece.filename, piece.source, depth + 1)
        else:
            found.check_tiling()

    follow(start + rest, filename, None, 0)
