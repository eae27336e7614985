"""Images that fit: type, size in bytes and pixels, and ratio, as a platform takes them.

What has to be done is planned from what is known about a file; doing it (`fit`) is left to
`rasters`, the only module that decodes one. Nothing is ever cropped: a ratio out of range is for a
person to decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.post import Media

#: Media types that can be read and written here.
READABLE: Final = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp", "image/tiff"}
)
WRITABLE: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})

_LOSSY: Final = frozenset({"image/jpeg", "image/webp", "image/avif"})
_SEE_THROUGH: Final = frozenset({"image/png", "image/webp", "image/avif", "image/gif"})
_ALIASES: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRule:
    """What a platform takes. Sizes in bytes and pixels, ratios as width divided by height; None: no
    bound. `types` are media types, the preferred one to convert to first."""

    types: tuple[str, ...]
    most_bytes: int | None = None
    most_width: int | None = None
    most_height: int | None = None
    most_pixels: int | None = None
    least_ratio: float | None = None
    most_ratio: float | None = None

    def takes_ratio(self, width: int, height: int) -> bool:
        """Tell whether an image of this shape is within the ratios."""
        ratio = width / height
        return (self.least_ratio is None or ratio >= self.least_ratio) and (
            self.most_ratio is None or ratio <= self.most_ratio
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What has to be done to an image so that it fits `rule`; nothing is ever cropped.

    `width` and `height` bound the result, shown upright; 0 where only its type and bytes count.
    """

    content_type: str
    width: int
    height: int
    most_bytes: int | None
    because: tuple[str, ...]
    rule: ImageRule


class CannotFit(ValueError):
    """The image cannot be made to fit without losing something a person has to decide about.

    `remedy` says what that person can do.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def plan_fitting(media: Media, rule: ImageRule, *, see_through: bool = False) -> Fitting | None:
    """Return what has to be done to `media`, None when it fits as it is. Raises `CannotFit`.

    A size that is not known (0) is not judged. `see_through` says that parts of the image are
    transparent, so that a type that keeps them is preferred.
    """
    own = _ALIASES.get(media.content_type, media.content_type)
    if not own.startswith("image/"):
        raise CannotFit(f"{media.content_type} is not an image", "Give an image instead.")
    known = media.width > 0 and media.height > 0
    if known and not rule.takes_ratio(media.width, media.height):
        raise CannotFit(
            f"{media.width} × {media.height} pixels are {_ratio(media.width / media.height)},"
            f" {_taken(rule)}",
            "Crop it yourself, so that what matters stays in the picture.",
        )
    because = _reasons(media, own, rule)
    if not because:
        return None
    if own not in READABLE:
        raise CannotFit(
            f"{own} cannot be converted here ({'; '.join(because)})",
            f"Export it as {_names(rule.types)}.",
        )
    width, height = _bounded(media.width, media.height, rule) if known else (0, 0)
    return Fitting(
        content_type=_target(media, own, rule, see_through=see_through),
        width=width,
        height=height,
        most_bytes=rule.most_bytes,
        because=because,
        rule=rule,
    )


def fit(data: bytes, fitting: Fitting) -> bytes:
    """Return the image as `fitting` says, upright, without its metadata. Deterministic; takes CPU
    time, so call it in a thread. Raises `CannotFit`."""
    from copydesk.transformation import rasters

    return rasters.fit(data, fitting)


def image_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels as the image is shown, (0, 0) for whatever is none.

    Reads the header alone: cheap, and safe with garbage.
    """
    from copydesk.transformation import rasters

    seen = rasters.look_at(data)
    return (seen.width, seen.height) if seen else (0, 0)


def as_it_is(media: Media, data: bytes) -> tuple[Media, bool]:
    """Return `media` with the type and size that `data` really has, and whether parts of it may be
    transparent; `media` itself when `data` is not an image that can be read here."""
    from copydesk.transformation import rasters

    seen = rasters.look_at(data)
    if seen is None:
        return media, False
    true = replace(
        media, content_type=seen.content_type, width=seen.width, height=seen.height, size=len(data)
    )
    return true, seen.see_through


def _reasons(media: Media, own: str, rule: ImageRule) -> tuple[str, ...]:
    width, height = media.width, media.height
    because = []
    if own not in rule.types:
        because.append(f"{own} is not among {_names(rule.types)}")
    if rule.most_bytes is not None and media.size > rule.most_bytes:
        because.append(f"{media.size:,} bytes of {rule.most_bytes:,}")
    if rule.most_width is not None and width > rule.most_width:
        because.append(f"{width:,} of {rule.most_width:,} pixels wide")
    if rule.most_height is not None and height > rule.most_height:
        because.append(f"{height:,} of {rule.most_height:,} pixels high")
    if rule.most_pixels is not None and width * height > rule.most_pixels:
        because.append(f"{width * height:,} of {rule.most_pixels:,} pixels")
    return tuple(because)


def _target(media: Media, own: str, rule: ImageRule, *, see_through: bool) -> str:
    writable = [kind for kind in rule.types if kind in WRITABLE]
    if not writable:
        raise CannotFit(
            f"none of {_names(rule.types)} can be written here", "Convert the image yourself."
        )
    kept = [kind for kind in writable if kind in _SEE_THROUGH] if see_through else []
    choices = kept or writable
    too_large = rule.most_bytes is not None and media.size > rule.most_bytes
    if too_large and own not in _LOSSY:
        # without loss only fewer pixels would make it smaller
        return next((kind for kind in choices if kind in _LOSSY), choices[0])
    return own if own in choices else choices[0]


def _bounded(width: int, height: int, rule: ImageRule) -> tuple[int, int]:
    """Return the largest size of the same shape that keeps the rule's bounds."""
    scale = min(
        1.0,
        (rule.most_width or width) / width,
        (rule.most_height or height) / height,
        ((rule.most_pixels or width * height) / (width * height)) ** 0.5,
    )
    if scale == 1.0:
        return width, height
    return scaled(width, height, scale, rule)


def scaled(width: int, height: int, scale: float, rule: ImageRule) -> tuple[int, int]:
    """Return a size of the same shape, never larger than `scale` asks for; rounding does not take
    it out of the rule's ratios. Raises `CannotFit` when nothing would be left of a side."""
    # a size that comes out whole stays so, whatever the fractions of a float say
    across, down = int(width * scale + 1e-6), int(height * scale + 1e-6)
    while across and down and not rule.takes_ratio(across, down):
        if rule.most_ratio is not None and across / down > rule.most_ratio:
            across -= 1
        else:
            down -= 1
    if not across or not down:
        raise CannotFit(
            f"{width} × {height} pixels are too long and thin to be made smaller",
            "Give a picture of another shape.",
        )
    return across, down


def _taken(rule: ImageRule) -> str:
    bounds = [
        f"{words} {_ratio(bound)}"
        for words, bound in (("at least", rule.least_ratio), ("at most", rule.most_ratio))
        if bound is not None
    ]
    return " and ".join(bounds) + " are taken (width by height)"


def _ratio(value: float) -> str:
    return f"{value:.2f}:1" if value >= 1 else f"1:{1 / value:.2f}"


def _names(types: tuple[str, ...]) -> str:
    return ", ".join(kind.removeprefix("image/").upper() for kind in types)
