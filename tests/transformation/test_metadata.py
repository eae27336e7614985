"""What a file tells about people stays here; what it shows goes out byte for byte."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from copydesk.transformation.metadata import without_metadata

#: What must not be found in what goes out; as EXIF, XMP and comments hold it.
CAMERA = "Spy Camera 9"
COMMENT = "shot at home"
XMP = b"<x:xmpmeta><exif:GPSLatitude>52,31.2N</exif:GPSLatitude></x:xmpmeta>"
ON_ITS_SIDE = 6

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")


def told(orientation: int = ON_ITS_SIDE) -> Image.Exif:
    """EXIF as a telephone writes it: a place, a camera, a time, and which way is up."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = CAMERA
    exif[0x9003] = "2026:11:22 10:00:00"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (52.0, 31.0, 12.0)
    return exif


def photo() -> Image.Image:
    """A picture of which every corner is another colour."""
    image = Image.new("RGB", (24, 16), "red")
    image.paste("blue", (12, 0, 24, 8))
    image.paste("green", (0, 8, 12, 16))
    return image


def written(format: str, **more: Any) -> bytes:
    out = io.BytesIO()
    photo().save(out, format, **{"exif": told(), **more})
    return out.getvalue()


def shown(data: bytes) -> tuple[tuple[int, int], bytes]:
    """What somebody sees: the picture turned as its file says."""
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return upright.size, upright.tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_the_place_goes_and_the_picture_stays_as_it_stood(format: str) -> None:
    data = written(format, xmp=XMP) if format != "PNG" else written(format)
    assert CAMERA.encode() in data
    plain = without_metadata(data)
    assert CAMERA.encode() not in plain
    assert b"GPS" not in plain
    with Image.open(io.BytesIO(plain)) as image:
        assert dict(image.getexif().get_ifd(0x8825)) == {}
        assert set(image.getexif()) <= {0x0112}
    assert shown(plain) == shown(data)
    assert shown(plain)[0] == (16, 24), "turned upright"
    assert without_metadata(plain) == plain


def test_the_colours_of_a_jpeg_stay() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = written("JPEG", icc_profile=profile, comment=COMMENT.encode(), dpi=(300, 300))
    with Image.open(io.BytesIO(without_metadata(data))) as image:
        assert image.info["icc_profile"] == profile
        assert image.info["jfif"]
        assert "comment" not in image.info


def test_what_follows_a_jpeg_goes_with_its_own_places() -> None:
    data = written("JPEG", progressive=True, exif=told(1))
    plain = without_metadata(data + written("JPEG") + b"maker's own")
    assert plain == without_metadata(data)
    assert shown(plain) == shown(data)


def test_a_moving_picture_goes_on_moving() -> None:
    out = io.BytesIO()
    frames = [photo(), photo().transpose(Image.Transpose.ROTATE_180)]
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], loop=0, duration=80, comment=COMMENT
    )
    plain = without_metadata(out.getvalue())
    assert COMMENT.encode() in out.getvalue()
    assert COMMENT.encode() not in plain
    with Image.open(io.BytesIO(plain)) as image:
        assert (getattr(image, "n_frames", 1), image.info["loop"], image.info["duration"]) == (
            2,
            0,
            80,
        )


def test_the_words_in_a_png_go() -> None:
    info = PngInfo()
    info.add_text("Author", CAMERA)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = written("PNG", pnginfo=info, exif=told(1))
    plain = without_metadata(data)
    assert shown(plain) == shown(data)
    with Image.open(io.BytesIO(plain)) as image:
        assert getattr(image, "text", None) == {}


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def test_a_film_keeps_its_length_and_loses_its_place() -> None:
    place = box(b"\xa9xyz", b"+52.5200+013.4050/")
    track = box(b"trak", box(b"tkhd", b"track") + box(b"udta", place))
    media = box(b"mdat", b"udta and the film itself")
    film = box(b"ftyp", b"mp42") + box(b"moov", box(b"mvhd", b"head") + track + box(b"udta", place))
    plain = without_metadata(film + media)
    assert len(plain) == len(film + media), "what points into it still points to the same"
    assert b"+52.52" not in plain
    assert plain.endswith(media)
    assert b"tkhd" in plain


def test_a_box_with_a_long_length_is_blanked_where_it_stands() -> None:
    place = box(b"\xa9xyz", b"+52.5200+013.4050/")
    long = struct.pack(">I4sQ", 1, b"udta", len(place) + 16) + place
    film = box(b"ftyp", b"mp42") + box(b"moov", long + box(b"mvhd", b"head"))
    plain = without_metadata(film)
    assert plain == film.replace(b"udta", b"free").replace(place, bytes(len(place)))


def a_track(handler: bytes, form: bytes, sizes: list[int], chunks: list[int], each: int) -> bytes:
    """A track whose samples have `sizes` and stand in `chunks` of `each`, as its tables say."""

    def table(name: bytes, *rows: int, before: tuple[int, ...] = (), count: int) -> bytes:
        return box(name, struct.pack(f">I{len(before)}II", 0, *before, count) + _packed(rows))

    samples = (
        box(b"stsd", struct.pack(">II", 0, 1) + box(form, bytes(8)))
        + table(b"stsc", 1, each, 1, count=1)
        + table(b"stsz", *sizes, before=(0,), count=len(sizes))
        + table(b"stco", *chunks, count=len(chunks))
    )
    media = box(b"hdlr", struct.pack(">II4s", 0, 0, handler) + bytes(12))
    return box(b"trak", box(b"mdia", media + box(b"minf", box(b"stbl", samples))))


def _packed(rows: tuple[int, ...]) -> bytes:
    return struct.pack(f">{len(rows)}I", *rows)


def a_film(*, shared: bool = False, fragmented: bool = False) -> tuple[bytes, bytes, bytes]:
    """A film that has places beside its pictures in turns, and both of these."""
    pictures, places = [b"P" * 7, b"Q" * 9, b"R" * 5], [b"52.52", b"13.405", b"52.53"]
    mdat = b"".join(p + g for p, g in zip(pictures, places, strict=True))
    begin = box(b"ftyp", b"mp42")
    first = len(begin) + 8
    shown, told, at = [], [], first
    for picture, place in zip(pictures, places, strict=True):
        shown.append(at)
        told.append(at + len(picture) - (2 if shared else 0))
        at += len(picture) + len(place)
    moov = a_track(b"vide", b"avc1", [len(p) for p in pictures], shown, 1)
    moov += a_track(b"meta", b"gpmd", [len(g) for g in places], told, 1)
    moov += box(b"mvex", b"") if fragmented else b""
    film = begin + box(b"mdat", mdat) + box(b"moov", box(b"mvhd", b"head") + moov)
    return film, b"".join(pictures), b"".join(places)


def test_the_track_of_places_goes_and_the_pictures_stay() -> None:
    film, pictures, places = a_film()
    plain = without_metadata(film)
    assert len(plain) == len(film)
    left = plain[plain.index(b"mdat") + 4 : plain.index(b"moov") - 4]
    assert bytes(byte for byte in left if byte) == pictures
    assert len(left) == len(pictures) + len(places)
    assert plain.count(b"trak") == 1
    assert b"gpmd" not in plain
    # the picture's own tables are as they were
    track = film[film.index(b"trak") - 4 : film.rindex(b"trak") - 4]
    assert track in plain
    assert without_metadata(plain) is plain


def test_a_film_without_its_kind_at_its_head_is_a_film() -> None:
    film, _, _ = a_film()
    old = box(b"wide", bytes(film.index(b"mdat") - 12)) + film[film.index(b"mdat") - 4 :]
    assert len(old) == len(film)
    assert b"gpmd" not in without_metadata(old)


@pytest.mark.parametrize("how", ["shared", "fragmented"])
def test_places_that_cannot_be_told_from_pictures_leave_the_film_whole(how: str) -> None:
    film, _, _ = a_film(**{how: True})
    assert without_metadata(film) is film


@budget(max_examples=60, deadline=None)
@given(st.data())
def test_a_broken_film_breaks_nothing(data: st.DataObject) -> None:
    broken = bytearray(a_film()[0])
    for _ in range(3):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    plain = without_metadata(bytes(broken))
    assert len(plain) == len(broken)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", b"GIF89a", b"<svg/>", b"RIFF\x00\x00\x00\x00WEBP", b"%PDF-1.7"]
)
def test_what_cannot_be_read_is_left_alone(data: bytes) -> None:
    assert without_metadata(data) is data


@pytest.mark.parametrize("format", FORMATS)
def test_what_tells_nothing_is_the_same_file(format: str) -> None:
    out = io.BytesIO()
    photo().save(out, format)
    data = out.getvalue()
    assert without_metadata(data) is data


def test_a_photo_that_was_cut_off_is_shown_and_tells_nothing() -> None:
    data = written("JPEG")[:-20]
    assert CAMERA.encode() not in without_metadata(data)


@budget(max_examples=60, deadline=None)
@given(st.sampled_from(FORMATS), st.data())
def test_a_broken_file_breaks_nothing(format: str, data: st.DataObject) -> None:
    broken = bytearray(written(format))
    for _ in range(3):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    without_metadata(bytes(broken[: data.draw(st.integers(0, len(broken)))]))
