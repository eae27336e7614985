"""A spoke's images: loaded, judged by what they really are, made to fit or refused."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from PIL import Image

from copydesk.core.outcomes import Refused
from copydesk.core.post import Media
from copydesk.platforms.kit.media import FittedMedia, fitted
from copydesk.transformation.images import ImageRule

RULE = ImageRule(types=("image/jpeg", "image/png"), most_bytes=50_000, most_width=100)


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


async def fit(
    content: bytes, *, name: str, content_type: str, rule: ImageRule = RULE
) -> FittedMedia | Refused:
    media = Media(name=name, content_type=content_type, sha256="of the file", size=len(content))

    async def load(asked: Media) -> bytes:
        assert asked is media
        return content

    return await fitted(load, media, rule)


async def test_what_fits_is_sent_as_it_is() -> None:
    content = encode(Image.new("RGB", (20, 10), "red"), "PNG")
    made = await fit(content, name="img/a.png", content_type="image/png")
    assert isinstance(made, FittedMedia)
    assert (made.content, made.filename, made.changes) == (content, "a.png", ())
    assert (made.media.width, made.media.height) == (20, 10)
    assert made.media.sha256 == "of the file"


async def test_what_does_not_fit_is_made_anew_and_says_so() -> None:
    content = encode(Image.new("RGB", (200, 100), "red"), "WEBP")
    made = await fit(content, name="img/a.webp", content_type="image/webp")
    assert isinstance(made, FittedMedia)
    assert made.filename == "a.jpg"
    assert made.media.name == "img/a.webp"
    assert (made.media.content_type, made.media.width, made.media.height) == ("image/jpeg", 100, 50)
    assert made.media.sha256 == hashlib.sha256(made.content).hexdigest()
    assert made.media.size == len(made.content)
    assert made.changes == ("image/webp is not among JPEG, PNG", "200 of 100 pixels wide")


async def test_the_content_counts_not_the_name() -> None:
    content = encode(Image.new("RGB", (20, 10), "red"), "PNG")
    made = await fit(content, name="photo.jpg", content_type="image/jpeg")
    assert isinstance(made, FittedMedia)
    assert made.content == content
    assert (made.media.content_type, made.filename) == ("image/png", "photo.png")


async def test_white_behind_what_was_transparent_is_noted() -> None:
    content = encode(Image.new("RGBA", (20, 10), (0, 0, 0, 0)), "PNG")
    rule = ImageRule(types=("image/jpeg",))
    made = await fit(content, name="a.png", content_type="image/png", rule=rule)
    assert isinstance(made, FittedMedia)
    assert made.changes == ("image/png is not among JPEG", "what was transparent is white")


async def test_what_cannot_fit_is_refused_with_a_remedy() -> None:
    frames = [Image.new("RGB", (200, 100), colour) for colour in ("red", "blue")]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    refused = await fit(content, name="a.gif", content_type="image/gif")
    assert isinstance(refused, Refused)
    assert refused.field == "media.a.gif"
    assert "moves (2 frames)" in refused.reason
    assert refused.remedy


async def test_a_film_passes_by() -> None:
    made = await fit(b"film", name="a.mp4", content_type="video/mp4")
    assert isinstance(made, FittedMedia)
    assert (made.content, made.filename) == (b"film", "a.mp4")
