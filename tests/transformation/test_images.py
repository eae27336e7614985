"""Images are fitted to a platform's rule, never cropped, and never decoded blindly."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from PIL import Image

from copydesk.core.post import Media
from copydesk.transformation.images import (
    CannotFit,
    Fitting,
    ImageRule,
    as_it_is,
    fit,
    image_size,
    plan_fitting,
)

WEB = ("image/jpeg", "image/png", "image/webp")
FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}


def picture(width: int, height: int, *, mode: str = "RGB") -> Image.Image:
    """Return colours that run from corner to corner: red grows to the right, green downwards."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    image = Image.merge("RGB", (across, down, Image.new("L", (width, height), 60)))
    if mode in {"RGBA", "LA"}:
        image = image.convert("RGBA")
        image.putalpha(down)
    return image.convert(mode)


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("RGB")


def encode(image: Image.Image, content_type: str = "image/png", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, FORMATS[content_type], **options)
    return out.getvalue()


def media(data: bytes, content_type: str = "image/png", name: str = "a.png") -> Media:
    width, height = image_size(data)
    return Media(
        name=name,
        content_type=content_type,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        width=width,
        height=height,
    )


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def plan(data: bytes, rule: ImageRule, content_type: str = "image/png") -> Fitting:
    fitting = plan_fitting(media(data, content_type), rule)
    assert fitting is not None
    return fitting


# -- planning -------------------------------------------------------------------------------------


def test_what_fits_is_left_alone() -> None:
    rule = ImageRule(types=WEB, most_bytes=10_000, most_width=100, least_ratio=0.5, most_ratio=2.0)
    assert plan_fitting(media(encode(picture(80, 60))), rule) is None


def test_an_unknown_size_is_not_judged() -> None:
    unknown = Media(name="a.png", content_type="image/png", sha256="", size=10)
    rule = ImageRule(types=WEB, most_width=1, least_ratio=5.0)
    assert plan_fitting(unknown, rule) is None


def test_every_reason_is_named() -> None:
    large = Media(
        name="a.bmp", content_type="image/bmp", sha256="", size=5_000, width=400, height=300
    )
    rule = ImageRule(
        types=WEB, most_bytes=1_000, most_width=200, most_height=100, most_pixels=10_000
    )
    fitting = plan_fitting(large, rule)
    assert fitting is not None
    assert fitting.because == (
        "image/bmp is not among JPEG, PNG, WEBP",
        "5,000 bytes of 1,000",
        "400 of 200 pixels wide",
        "300 of 100 pixels high",
        "120,000 of 10,000 pixels",
    )
    assert (fitting.content_type, fitting.width, fitting.height) == ("image/jpeg", 115, 86)


@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300)])
def test_a_ratio_out_of_range_is_for_a_person(width: int, height: int) -> None:
    rule = ImageRule(types=WEB, least_ratio=0.8, most_ratio=1.91)
    with pytest.raises(CannotFit, match=f"{width} × {height} pixels are") as caught:
        plan_fitting(media(encode(picture(width, height))), rule)
    assert "Crop it yourself" in caught.value.remedy


@pytest.mark.parametrize("content_type", ["image/heic", "image/svg+xml", "image/vnd.ms-photo"])
def test_what_cannot_be_converted_here_says_what_to_export(content_type: str) -> None:
    other = Media(name="a", content_type=content_type, sha256="", size=10)
    with pytest.raises(CannotFit, match="cannot be converted here") as caught:
        plan_fitting(other, ImageRule(types=WEB))
    assert caught.value.remedy == "Export it as JPEG, PNG, WEBP."


def test_a_film_is_no_image() -> None:
    film = Media(name="a.mp4", content_type="video/mp4", sha256="", size=10)
    with pytest.raises(CannotFit, match="video/mp4 is not an image"):
        plan_fitting(film, ImageRule(types=WEB))


# -- fitting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", list(FORMATS))
@pytest.mark.parametrize("target", ["image/jpeg", "image/png", "image/webp", "image/avif"])
def test_every_type_is_converted(content_type: str, target: str) -> None:
    data = encode(picture(64, 48), content_type)
    rule = ImageRule(types=(target,), most_width=32)
    made = fit(data, plan(data, rule, content_type))
    seen, _ = as_it_is(media(made), made)
    assert (seen.content_type, seen.width, seen.height) == (target, 32, 24)
    red, green, _ = opened(made).convert("RGB").getpixel((28, 3))  # type: ignore[misc]
    assert red > 180, "the right edge is red"
    assert green < 80, "the top is not green"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("content_type", ["image/jpeg", "image/webp", "image/png"])
def test_it_comes_out_upright_and_without_metadata(orientation: int, content_type: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    upright = picture(80, 40)
    turned = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    lying = upright
    for turn in turned:
        lying = lying.transpose(turn)
    data = encode(lying, content_type, exif=exif)
    assert image_size(data) == (80, 40), "the size is the one that is shown"
    made = fit(data, plan(data, ImageRule(types=(content_type,), most_width=40), content_type))
    result = opened(made)
    assert result.size == (40, 20)
    assert not result.getexif()
    assert b"Exif" not in made
    red, green, _ = result.convert("RGB").getpixel((36, 2))  # type: ignore[misc]
    assert red > 180
    assert green < 80


def test_comments_and_profiles_stay_behind() -> None:
    from PIL import ImageCms, PngImagePlugin

    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "taken at home")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(picture(50, 50), pnginfo=notes, icc_profile=profile, dpi=(300, 300))
    for target in ("image/png", "image/jpeg", "image/webp"):
        made = fit(data, plan(data, ImageRule(types=(target,), most_width=20)))
        assert not {"Comment", "icc_profile"} & set(opened(made).info)
        assert b"taken at home" not in made


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_keeps_its_brightness(mode: str) -> None:
    if mode == "I;16":
        image = Image.new("I;16", (20, 20), 128 * 257)
    elif mode == "CMYK":
        image = Image.new("RGB", (20, 20), (128, 128, 128)).convert("CMYK")
    elif mode == "1":
        image = Image.new("1", (20, 20), 1)
    else:
        image = Image.new("RGBA", (20, 20), (128, 128, 128, 255)).convert(mode)
    data = encode(image, "image/tiff" if mode == "CMYK" else "image/png")
    made = fit(data, plan(data, ImageRule(types=("image/jpeg",)), "image/tiff"))
    value = opened(made).convert("L").getpixel((10, 10))
    assert isinstance(value, int | float)
    assert abs(value - (255 if mode == "1" else 128)) < 6


def test_transparency_is_kept_where_a_type_can() -> None:
    data = encode(picture(40, 40, mode="RGBA"), "image/tiff")
    true, see_through = as_it_is(media(data, "image/tiff"), data)
    assert see_through
    fitting = plan_fitting(true, ImageRule(types=("image/jpeg", "image/png")), see_through=True)
    assert fitting is not None
    assert fitting.content_type == "image/png"
    assert opened(fit(data, fitting)).convert("RGBA").getpixel((20, 0))[3] < 20  # type: ignore[index]


def test_transparency_becomes_white_where_no_type_can() -> None:
    data = encode(Image.new("RGBA", (40, 40), (0, 0, 0, 0)))
    made = fit(data, plan(data, ImageRule(types=("image/jpeg",))))
    assert opened(made).getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize("content_type", ["image/gif", "image/webp", "image/png"])
def test_what_moves_is_never_made_to_stand_still(content_type: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    data = encode(frames[0], content_type, save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(CannotFit, match="moves") as caught:
        fit(data, plan(data, ImageRule(types=WEB, most_width=20), content_type))
    assert "still picture" in caught.value.remedy


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png", "image/webp"])
def test_bytes_come_down_by_quality_then_by_size(content_type: str) -> None:
    data = encode(noise(200, 150))
    sizes = []
    for most in (60_000, 20_000, 6_000):
        rule = ImageRule(types=(content_type,), most_bytes=most)
        made = fit(data, plan(data, rule))
        assert len(made) <= most
        sizes.append(opened(made).width)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 200


def test_what_cannot_get_small_enough_is_refused_with_the_numbers() -> None:
    data = encode(noise(200, 200))
    with pytest.raises(CannotFit, match=r"does not get smaller than [\d,]+ bytes of 50"):
        fit(data, plan(data, ImageRule(types=WEB, most_bytes=50)))


def test_the_same_image_gives_the_same_bytes() -> None:
    data = encode(noise(120, 90))
    for target in ("image/jpeg", "image/png", "image/webp", "image/avif"):
        fitting = plan(data, ImageRule(types=(target,), most_bytes=8_000))
        assert fit(data, fitting) == fit(data, fitting)


# -- hostile files --------------------------------------------------------------------------------


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    fitting = Fitting(
        content_type="image/jpeg",
        width=100,
        height=100,
        most_bytes=None,
        because=("too large",),
        rule=ImageRule(types=WEB),
    )
    with pytest.raises(CannotFit, match=r"decoded here \(64,000,000\)"):
        fit(png_that_claims(side, side), fitting)


def test_a_broken_file_is_refused_with_words() -> None:
    data = encode(noise(60, 60))
    with pytest.raises(CannotFit, match="cannot be read as an image"):
        fit(data[: len(data) // 2], plan(data, ImageRule(types=("image/jpeg",))))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@budget(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(list(FORMATS)))
def test_garbage_has_no_size_and_raises_nothing_else(garbage: bytes, content_type: str) -> None:
    assert isinstance(image_size(garbage), tuple)
    spoilt = encode(picture(8, 8), content_type)[: len(garbage) or 1] + garbage
    assert isinstance(image_size(spoilt), tuple)
    fitting = Fitting(
        content_type="image/png",
        width=4,
        height=4,
        most_bytes=None,
        because=("too large",),
        rule=ImageRule(types=WEB),
    )
    with suppress(CannotFit):
        fit(spoilt, fitting)


bounds = st.one_of(st.none(), st.integers(1, 300))


@budget(max_examples=80, deadline=None)
@given(
    st.integers(1, 400), st.integers(1, 400), bounds, bounds,
    st.one_of(st.none(), st.integers(1, 40_000)), st.floats(0.2, 1.0), st.floats(1.0, 5.0),
)  # fmt: skip
def test_a_plan_keeps_every_bound_and_the_shape(
    width: int,
    height: int,
    most_width: int | None,
    most_height: int | None,
    most_pixels: int | None,
    least_ratio: float,
    most_ratio: float,
) -> None:
    rule = ImageRule(
        types=WEB,
        most_width=most_width,
        most_height=most_height,
        most_pixels=most_pixels,
        least_ratio=least_ratio,
        most_ratio=most_ratio,
    )
    image = Media(
        name="a.png", content_type="image/png", sha256="", size=9, width=width, height=height
    )
    if not rule.takes_ratio(width, height):
        with pytest.raises(CannotFit, match="are taken"):
            plan_fitting(image, rule)
        return
    try:
        fitting = plan_fitting(image, rule)
    except CannotFit:
        # no whole number of pixels has the shape: only where next to nothing would be left
        if min(most_width or 300, most_height or 300, most_pixels or 300) >= 20:
            raise
        return
    if fitting is None:
        return
    after = Media(
        name="a.png",
        content_type="image/png",
        sha256="",
        size=9,
        width=fitting.width,
        height=fitting.height,
    )
    assert plan_fitting(after, rule) is None, "what was planned does not fit"
    assert fitting.width <= width
    assert fitting.height <= height


@budget(max_examples=25, deadline=None)
@given(
    st.integers(2, 90), st.integers(2, 90), st.sampled_from(["RGB", "RGBA", "L", "P"]),
    st.sampled_from(WEB), st.integers(10, 60), st.integers(900, 6_000),
)  # fmt: skip
def test_what_is_fitted_fits(
    width: int, height: int, mode: str, target: str, most_width: int, most_bytes: int
) -> None:
    data = encode(picture(width, height, mode=mode))
    rule = ImageRule(types=(target,), most_width=most_width, most_bytes=most_bytes)
    true, see_through = as_it_is(media(data), data)
    try:
        fitting = plan_fitting(true, rule, see_through=see_through)
    except CannotFit:
        return
    if fitting is None:
        return
    made = fit(data, fitting)
    after, _ = as_it_is(media(made), made)
    assert plan_fitting(after, rule) is None
