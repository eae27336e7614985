"""Images that fit: type, size in bytes and pixels, and ratio, as a platform takes them."""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.core.post import Media


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What has to be done to an image so that it fits; nothing is ever cropped."""

    content_type: str
    width: int
    height: int
    most_bytes: int | None
    because: tuple[str, ...]


class CannotFit(ValueError):
    """The image cannot be made to fit without losing something a person has to decide about."""


def plan_fitting(media: Media, rule: ImageRule) -> Fitting | None:
    """Return what has to be done to `media`, None when it fits as it is. Raises `CannotFit`."""
    raise NotImplementedError


def fit(data: bytes, fitting: Fitting) -> bytes:
    """Return the image as `fitting` says, upright, without its metadata. Deterministic; takes CPU
    time, so call it in a thread. Raises `CannotFit`."""
    raise NotImplementedError
