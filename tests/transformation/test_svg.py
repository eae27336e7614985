"""Drawings go out with what shows alone: no scripts, nothing from elsewhere, no editor's notes."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image

from copydesk.core.findings import Severity
from copydesk.transformation.metadata import bared, file_findings, without_metadata

KIND = "image/svg+xml"
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'


def drawing(inside: str, attributes: str = "", before: str = "") -> bytes:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg"{attributes}>{inside}</svg>'.encode()


def made(inside: str, attributes: str = "", before: str = "") -> str:
    """What goes out of a drawing, between its first tag and its last."""
    text = bared(drawing(inside, attributes, before), KIND).data.decode()
    return text.partition(">")[2].removesuffix("</svg>")


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<title>A &amp; B</title><g id='a'><rect width='3'/></g>",
        '<a href="https://example.org/"><text>there</text></a>',
        '<style>.a{fill:url(#g)} .b::before{content:"x"}</style><use href="#g"/>',
        '<animate attributeName="opacity" to="1"/>',
        '<image href="data:image/png;base64,AAAA"/>',
    ],
)
def test_what_shows_stays_byte_for_byte(inside: str) -> None:
    data = drawing(inside, before='<?xml version="1.0" encoding="UTF-8"?>\n')
    assert without_metadata(data, KIND) is data
    assert file_findings("a.svg", KIND, data) == ()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<script href='https://evil.example/x.js'/>",
        "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
        "<set attributeName='onclick' to='alert(1)'/>",
        "<a><animate attributeName='href' values='javascript:alert(1)'/></a>",
        "<foreignObject><form xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
    ],
)
def test_scripts_never_go_out_and_that_is_told(inside: str) -> None:
    text = made(f"<rect/>{inside}")
    assert text.startswith("<rect/>")
    assert not re.search("script|alert|form", text)
    (finding,) = file_findings("a.svg", KIND, drawing(inside))
    assert (finding.code, finding.severity) == ("drawing_changed", Severity.WARNING)
    assert "scripts" in finding.message


def test_what_runs_as_an_attribute_goes() -> None:
    assert made('<rect onclick="alert(1)" width="3"/>') == '<rect width="3"/>'
    assert made(f'<a {XLINK} xlink:href=" java&#10;script:alert(1)"/>') == f"<a {XLINK}/>"


@pytest.mark.parametrize(
    "inside",
    [
        '<image href="https://evil.example/count.gif"/>',
        '<image href="photo.jpg"/>',
        '<use href="//evil.example/a.svg#b"/>',
        '<rect fill="url(https://evil.example/#a)"/>',
        '<rect style="fill:url( &quot;https://evil.example/&quot; )"/>',
        '<style>@import "https://evil.example/a.css";</style>',
        "<style>@imp/**/ort url(https://evil.example)</style>",
        "<style>@imp@import;ort url(https://evil.example)</style>",
        r"<style>a{b:u\72 l(https://evil.example)}</style>",
        "<style>a{b:image-set('https://evil.example' 1x)}</style>",
        "<style>a{b:url(https://evil.example</style>",
        '<foreignObject><img xmlns="http://www.w3.org/1999/xhtml" src="https://evil.example"/>'
        "</foreignObject>",
        '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.example"/>'
        "</foreignObject>",
    ],
)
def test_nothing_is_loaded_from_elsewhere_and_that_is_told(inside: str) -> None:
    text = made(inside)
    assert "evil" not in text
    assert "photo.jpg" not in text
    assert not re.search(r"@import|url\(", text)
    (finding,) = file_findings("a.svg", KIND, drawing(inside))
    assert "elsewhere" in finding.message


def test_an_escape_that_spells_an_escape_spells_nothing() -> None:
    assert "\\" not in made(r"<style>a{b:\5c 75 rl(#a)}</style>")


def test_an_editor_leaves_no_trace_and_nobody_need_be_told() -> None:
    data = drawing(
        "<!-- by Ann --><metadata><dc:creator xmlns:dc='d'>Ann</dc:creator></metadata>"
        "<sodipodi:namedview xmlns:sodipodi='s' x='Ann'/><style>/* Ann */ a{b:c}</style><g/>",
        ' xmlns:inkscape="i" inkscape:export-filename="Ann/a.png"',
        '<?xml version="1.0"?><!-- Ann --><!DOCTYPE svg [<!ENTITY ann "x">]>',
    )
    plain = without_metadata(data, KIND)
    assert b"nn" not in plain
    assert plain.endswith(b"<style>  a{b:c}</style><g/></svg>")
    assert file_findings("a.svg", KIND, data) == ()


def test_words_in_a_drawing_stay() -> None:
    inside = '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">Step <b>one</b></p>'
    assert made(f"<!-- x -->{inside}</foreignObject>") == f"{inside}</foreignObject>"


def test_a_photo_within_a_drawing_loses_its_place_too() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Spy Camera 9"
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "JPEG", exif=exif)
    packed = base64.b64encode(out.getvalue()).decode()
    text = made(f'<image href="data:image/jpeg;base64,{packed}"/>')
    kept = base64.b64decode(text.partition(",")[2].partition('"')[0])
    assert b"Spy Camera" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert image.size == (8, 8)


def test_what_entities_spell_is_read_as_it_would_be_shown() -> None:
    before = "<!DOCTYPE svg [<!ENTITY s '&#60;script>alert(1)&#60;/script>'><!ENTITY t 'words'>]>"
    assert made("<text>&t;</text>&s;", before=before) == "<text>words</text>"


def test_entities_that_grow_without_end_are_refused() -> None:
    names = "abcdefgh"
    entities = "".join(
        f"<!ENTITY {name} '{('&' + below + ';') * 12}'>" for below, name in pairwise(names)
    )
    before = f"<!DOCTYPE svg [<!ENTITY a '{'x' * 40}'>{entities}]>"
    assert bared(drawing("&h;", before=before), KIND).refused


def test_a_drawing_of_prefixes_alone_is_refused() -> None:
    """Each is looked up in all that hold there, so nobody may have any number of them."""
    inside = "".join(f'<g xmlns:a{n}="x">' for n in range(500)) + "</g>" * 500
    assert bared(drawing(inside), KIND).refused


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b packed", b"<svg><g></svg>", b"<html/>"])
def test_a_drawing_that_cannot_be_read_must_not_go_out(data: bytes) -> None:
    (finding,) = file_findings("a.svg", KIND, data)
    assert (finding.code, finding.severity) == ("drawing_unreadable", Severity.ERROR)
    assert "PNG" in finding.remedy


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_drawing_is_known_whatever_it_is_called(encoding: str) -> None:
    text = "<!-- é -->\n<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"
    assert b"script" not in without_metadata(text.encode(encoding), "application/octet-stream")


_PIECES = st.sampled_from(
    (
        *("url(", "@import", "/*", "*/", "\\75", "rl", "\\", ")", ";", "https://evil.example"),
        *("#a", "'", '"', "{", "}", " ", "data:image/png,"),
    )
)


@budget(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=12).map("".join))
@example("url(#a)url(https://evil.example)")
def test_whatever_stands_in_a_style_comes_out_the_same_the_second_time(css: str) -> None:
    first = without_metadata(drawing(f"<style>{css}</style>"), KIND)
    assert without_metadata(first, KIND) == first
    text = "".join(ET.fromstring(first).itertext())
    assert not re.search(r"url\(\s*https|@import\b", text)
