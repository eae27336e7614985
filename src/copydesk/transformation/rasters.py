"""Decoding, scaling and encoding images; the only module that uses Pillow.

Files come from strangers, so nothing is decoded before its header has told how many pixels it
holds, and only the formats listed here are tried.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any, Final

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from copydesk.transformation.images import CannotFit, Fitting, scaled

#: At most this many pixels are decoded: about 200 MB in memory.
MOST_PIXELS: Final = 64_000_000

# the classes themselves, since Pillow knows only the formats whose modules were imported
_FORMATS: Final = {
    JpegImagePlugin.JpegImageFile.format: "image/jpeg",
    MpoImagePlugin.MpoImageFile.format: "image/jpeg",
    PngImagePlugin.PngImageFile.format: "image/png",
    GifImagePlugin.GifImageFile.format: "image/gif",
    WebPImagePlugin.WebPImageFile.format: "image/webp",
    AvifImagePlugin.AvifImageFile.format: "image/avif",
    BmpImagePlugin.BmpImageFile.format: "image/bmp",
    TiffImagePlugin.TiffImageFile.format: "image/tiff",
}
#: What is tried; a JPEG of several pictures (MPO) is opened as a JPEG.
_TRIED: Final = tuple(name for name in _FORMATS if name != MpoImagePlugin.MpoImageFile.format)
_WRITTEN: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
}
_LOSSY: Final = frozenset({"image/jpeg", "image/webp", "image/avif"})
#: Formats whose further frames are movement (a TIFF has pages, an MPO the same scene again).
_MOVING: Final = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
#: EXIF tag 0x0112; from 5 on the image lies on its side.
_ORIENTATION: Final = 0x0112
_ON_ITS_SIDE: Final = 5

#: Qualities tried at full size, and the one used once the size has to give.
_QUALITIES: Final = (90, 82, 74, 66)
_LAST_QUALITY: Final = 74
#: How much smaller each further try is, and the smallest part of the size that is still worth it.
_STEP: Final = 0.8
_LEAST_SCALE: Final = 0.1

#: What Pillow raises on files that are broken, or made to break it.
_BROKEN: Final = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError,
    TypeError, OverflowError, struct.error, zlib.error, Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)  # fmt: skip

# too many pixels are an error of the file's, not a line on stderr
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# broken metadata is nobody's concern here: it is not kept
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\..*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the header of an image says: its true type, and its size as it is shown."""

    content_type: str
    width: int
    height: int
    see_through: bool


def look_at(data: bytes) -> Seen | None:
    """Return what the header of `data` says, None when it is no image that can be read here."""
    try:
        with Image.open(io.BytesIO(data), formats=_TRIED) as image:
            width, height = image.size
            if _orientation(image) >= _ON_ITS_SIDE:
                width, height = height, width
            return Seen(
                content_type=_FORMATS[image.format or ""],
                width=width,
                height=height,
                see_through=_is_see_through(image),
            )
    except _BROKEN:
        return None


def fit(data: bytes, fitting: Fitting) -> bytes:
    """See `images.fit`."""
    try:
        image = _upright(data, fitting)
    except _BROKEN as error:
        raise _unreadable(error) from error
    size = _first_size(image, fitting)
    smallest = len(data)
    for quality in _QUALITIES if fitting.content_type in _LOSSY else _QUALITIES[:1]:
        encoded = _encoded(image, size, fitting.content_type, quality)
        if _is_small_enough(encoded, fitting):
            return encoded
        smallest = min(smallest, len(encoded))
    scale = _STEP
    while scale >= _LEAST_SCALE and min(size) * scale >= 1:
        shrunk = scaled(*size, scale, fitting.rule)
        encoded = _encoded(image, shrunk, fitting.content_type, _LAST_QUALITY)
        if _is_small_enough(encoded, fitting):
            return encoded
        smallest = min(smallest, len(encoded))
        scale *= _STEP
    raise CannotFit(
        f"the image does not get smaller than {smallest:,} bytes of {fitting.most_bytes:,}",
        "Give a simpler picture.",
    )


def _first_size(image: Image.Image, fitting: Fitting) -> tuple[int, int]:
    scale = min(
        (fitting.width or image.width) / image.width,
        (fitting.height or image.height) / image.height,
    )
    return image.size if scale >= 1 else scaled(image.width, image.height, scale, fitting.rule)


def _is_small_enough(encoded: bytes, fitting: Fitting) -> bool:
    return fitting.most_bytes is None or len(encoded) <= fitting.most_bytes


def _upright(data: bytes, fitting: Fitting) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_TRIED) as image:
        if image.width * image.height > MOST_PIXELS:
            raise CannotFit(
                f"{image.width:,} × {image.height:,} pixels are more than are decoded here"
                f" ({MOST_PIXELS:,})",
                "Make the picture smaller yourself.",
            )
        frames = getattr(image, "n_frames", 1)
        if image.format in _MOVING and frames > 1:
            raise CannotFit(
                f"the image moves ({frames} frames) and would stand still"
                f" ({'; '.join(fitting.because)})",
                "Make the animation smaller yourself, or give a still picture.",
            )
        side = max(fitting.width, fitting.height)
        if side and image.format == "JPEG":
            # decodes at a half, a quarter or an eighth where that is enough
            image.draft(None, (side, side))
        plain = _in_srgb(ImageOps.exif_transpose(image))
    if fitting.content_type == "image/jpeg" and plain.mode == "RGBA":
        white = Image.new("RGB", plain.size, "white")
        white.paste(plain, mask=plain.getchannel("A"))
        plain = white
    return plain


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return `image` as grey, RGB or RGBA in the web's own colours, with nothing attached."""
    profile = image.info.get("icc_profile")
    see_through = _is_see_through(image)
    if image.mode.startswith("I"):
        # sixteen bits a pixel; converting cuts off whatever is above 255
        image = image.point(lambda value: value / 257).convert("L")
    elif profile and image.mode in {"RGB", "CMYK"}:
        image = _converted(image, profile)
    if see_through:
        mode = "RGBA"
    elif image.mode in {"1", "L"}:
        mode = "L"
    else:
        mode = "RGB"
    plain = image.convert(mode)
    plain.info = {}
    return plain


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        # a broken profile says nothing; the pixels still do
        return image
    return converted or image


def _encoded(image: Image.Image, size: tuple[int, int], content_type: str, quality: int) -> bytes:
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
        image.info = {}
    out = io.BytesIO()
    image.save(out, _WRITTEN[content_type], **_options(content_type, quality))
    return out.getvalue()


def _options(content_type: str, quality: int) -> dict[str, Any]:
    if content_type == "image/jpeg":
        return {"quality": quality, "optimize": True, "progressive": True}
    if content_type == "image/webp":
        return {"quality": quality, "method": 4}
    if content_type == "image/avif":
        # its scale runs lower for the same look; one thread gives the same bytes every time
        return {"quality": quality - 15, "speed": 8, "max_threads": 1}
    return {"optimize": True}


def _is_see_through(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info


def _orientation(image: Image.Image) -> int:
    # only what the header holds: asking a PNG without one would decode it
    if "exif" not in image.info and image.format not in {"JPEG", "MPO", "TIFF"}:
        return 1
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) else 1


def _unreadable(error: BaseException) -> CannotFit:
    if isinstance(error, CannotFit):
        return error
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return CannotFit(
            f"the image holds more pixels than are decoded here ({MOST_PIXELS:,})",
            "Make the picture smaller yourself.",
        )
    return CannotFit("the file cannot be read as an image", "Open it and export it anew.")


__all__ = ["MOST_PIXELS", "Seen", "fit", "look_at"]
