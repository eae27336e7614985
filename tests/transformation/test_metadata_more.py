"""Scans, films in Matroska, documents and what cannot be walked: stripped, or told of."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image

from copydesk.core.findings import Severity
from copydesk.transformation.metadata import bared, file_findings, without_metadata

SCANNER = "Scanner of Ann Example"


def scan(*, big: bool = False, pages: int = 1, **more: Any) -> bytes:
    """A TIFF as a scanner and an editor leave it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x013B] = SCANNER, 6, SCANNER
    if not more.get("compression"):  # else libtiff writes the file, and takes none of these
        exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
        exif.get_ifd(0x8769)[0xA431] = "SERIAL-4711"
        exif[0x8825] = exif[0x8769] = 0
    image = Image.radial_gradient("L").convert("RGB")
    out = io.BytesIO()
    if pages > 1:
        more |= {"save_all": True, "append_images": [image.rotate(90)] * (pages - 1)}
    image.save(out, "TIFF", exif=exif, big_tiff=big, description="at home", **more)
    return out.getvalue()


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("way", [None, "tiff_lzw", "jpeg", "tiff_deflate"])
def test_a_scan_keeps_its_pages_alone(way: str | None, big: bool) -> None:
    data = scan(big=big, pages=2, compression=way)
    plain = without_metadata(data, "image/tiff")
    assert SCANNER.encode() in data
    assert SCANNER.encode() not in plain
    assert b"at home" not in plain
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(plain)) as after:
        for page in range(2):
            before.seek(page)
            after.seek(page)
            assert (after.size, after.tobytes()) == (before.size, before.tobytes())
        before.seek(0)
        after.seek(0)
        assert after.getexif()[0x0112] == before.getexif()[0x0112], "still turned upright"
    assert without_metadata(plain) is plain


def test_the_place_and_the_serial_of_a_scan_go() -> None:
    data = scan()
    assert b"SERIAL-4711" in data
    plain = without_metadata(data)
    assert b"SERIAL-4711" not in plain
    with Image.open(io.BytesIO(plain)) as image:
        assert dict(image.getexif().get_ifd(0x8825)) == {}


def test_what_no_table_of_a_scan_names_stays_behind_too() -> None:
    data = scan() + b"an older version, with names"
    assert b"older version" not in without_metadata(data)


def test_a_raw_picture_is_told_of() -> None:
    """A DNG shows nothing without its maker's tables, and these name the camera."""
    page = struct.pack("<H", 1) + struct.pack("<HHIBBBB", 50706, 1, 4, 1, 4, 0, 0) + bytes(4)
    data = b"II*\x00\x08\x00\x00\x00" + page
    assert without_metadata(data) is data
    (finding,) = file_findings("a.dng", "application/octet-stream", data)
    assert (finding.code, finding.severity) == ("metadata_stays", Severity.WARNING)
    assert (finding.field, "JPEG" in finding.remedy) == ("media a.dng", True)


@budget(max_examples=80, deadline=None)
@given(st.data())
def test_a_broken_scan_breaks_nothing_and_is_never_passed_over(data: st.DataObject) -> None:
    broken = bytearray(scan(compression="tiff_lzw"))
    for _ in range(3):
        place = data.draw(st.integers(0, 400))
        broken[place] = data.draw(st.integers(0, 255))
    made = bared(bytes(broken), "image/tiff")
    assert made.stays or SCANNER.encode() not in made.data


def element(name: int, content: bytes) -> bytes:
    head = name.to_bytes((name.bit_length() + 7) // 8, "big")
    return head + (0x0100_0000_0000_0000 | len(content)).to_bytes(8, "big") + content


def a_webm(*, live: bool = False) -> bytes:
    """A film with a title, a date, a named track and tags; `live`: nobody knew how long it is."""
    info = element(0xBF, b"sum!") + element(0x2AD7B1, b"\x0f") + element(0x7BA9, SCANNER.encode())
    track = element(0xAE, element(0xD7, b"\x01") + element(0x536E, SCANNER.encode()))
    frames = element(0xE7, b"\x00") + element(0xA3, b"\x81\x00\x00\x80the picture")
    cluster = element(0x1F43B675, frames)
    tags = element(0x1254C367, b"LOCATION +52.5200")
    if live:
        cluster = b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7 + frames
    body = element(0x1549A966, info) + element(0x1654AE6B, track) + cluster + tags
    segment = b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + body if live else element(0x18538067, body)
    return element(0x1A45DFA3, element(0x4282, b"webm")) + segment


@pytest.mark.parametrize("live", [False, True])
def test_a_webm_keeps_its_length_and_loses_title_names_and_tags(live: bool) -> None:
    film = a_webm(live=live)
    plain = without_metadata(film, "video/webm")
    assert len(plain) == len(film), "what points past it still points to the same"
    assert SCANNER.encode() not in plain
    assert b"+52.52" not in plain
    assert b"sum!" not in plain, "the sum of what is no longer there"
    assert b"the picture" in plain
    assert b"\x2a\xd7\xb1" in plain
    assert without_metadata(plain) is plain


@budget(max_examples=80, deadline=None)
@given(st.data())
def test_a_broken_webm_breaks_nothing(data: st.DataObject) -> None:
    broken = bytearray(a_webm())
    for _ in range(3):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    assert len(without_metadata(bytes(broken))) == len(broken)


def test_a_film_in_a_film_ends() -> None:
    head = element(0x1A45DFA3, b"")
    film = head + (b"\x18\x53\x80\x67\x01" + b"\xff" * 7) * 20_000
    assert without_metadata(film, "video/webm") is film


def test_a_film_does_not_say_when_it_was_taken() -> None:
    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + name + content

    taken = struct.pack(">IIIII", 0, 0xE1E2E3E4, 0xE1E2E3E5, 1000, 5000)
    film = box(b"ftyp", b"mp42") + box(b"moov", box(b"mvhd", taken))
    plain = without_metadata(film)
    assert plain == film.replace(b"\xe1\xe2\xe3\xe4\xe1\xe2\xe3\xe5", bytes(8))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jxl", b"\xff\x0a and more"),
        ("video/x-msvideo", b"RIFF\x10\x00\x00\x00AVI LIST"),
        ("image/jpeg", b"\xff\xd8\xff\xe1"),
        ("video/mp4", b"\x00\x00\xff\xffftypmp42"),
        ("image/png", b"no picture at all"),
        ("video/mp4", b"\x00\x00\x00\x08wide" + b"\x00\x00\x00\x00moov" * 20_000),
    ],
)
def test_what_cannot_be_walked_is_told_of(kind: str, data: bytes) -> None:
    assert without_metadata(data, kind) is data
    assert [f.code for f in file_findings("a", kind, data)] == ["metadata_stays"]


def test_what_is_stripped_needs_no_telling() -> None:
    assert file_findings("a.tiff", "image/tiff", scan()) == ()
    assert file_findings("a.webm", "video/webm", a_webm()) == ()
    assert file_findings("a.mp3", "audio/mpeg", b"ID3 and a song") == ()


def an_office_file(creator: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("docProps/core.xml", f"<p><dc:creator>{creator}</dc:creator></p>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"%PDF-1.7\n1 0 obj << /Author (Ann) >>", ["metadata_stays"]),
        (b"%PDF-1.7 <dc:creator><rdf:Seq><rdf:li>Ann</rdf:li>", ["metadata_stays"]),
        (b"%PDF-1.7\n1 0 obj << /Author () >>", []),
        (an_office_file("Ann"), ["metadata_stays"]),
        (an_office_file(""), []),
        (an_office_file("Ann")[:-9], []),
        (b"plain text", []),
    ],
)
def test_a_document_that_names_its_author_is_told_of(data: bytes, codes: list[str]) -> None:
    assert [f.code for f in file_findings("a", "application/octet-stream", data)] == codes
