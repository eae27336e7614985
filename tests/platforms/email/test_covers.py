"""Covers: a newsletter opens with the post's main image, once."""

from __future__ import annotations

from copydesk.core.delivery import Rendition
from copydesk.core.post import Content, Media
from copydesk.platforms.email import PLATFORM
from copydesk.platforms.kit.contract import Subject
from tests.platforms.email.mail_servers import WHEN, account

COVER = Media(name="my cover.png", content_type="image/png", sha256="a" * 64, size=9, alt="A desk")


def rendered(content: Content, **settings: str) -> Rendition:
    where = account(2525, **settings)
    at = WHEN.isoformat()
    made = Subject(post_id="pst_1", revision=1, content=content, published_at=at, updated_at=at)
    return PLATFORM.render(made, where, PLATFORM.recipients(where, content)[0])


def test_a_newsletter_shows_the_cover_above_the_text() -> None:
    content = Content(title="T", body="Words.", slug="t", media=(COVER,), cover="my cover.png")
    made = rendered(content)
    (image,) = made.payload["images"]
    assert f'src="cid:{image["cid"]}" alt="A desk"' in made.payload["html"]
    assert made.payload["html"].index("cid:") < made.payload["html"].index("Words.")
    assert made.payload["attachments"] == []
    assert made.payload["missing_images"] == []


def test_a_cover_that_the_text_shows_is_shown_once() -> None:
    body = "![D](my%20cover.png)\n\nWords."
    content = Content(title="T", body=body, slug="t", media=(COVER,), cover="my cover.png")
    assert rendered(content).payload["html"].count("<img") == 1


def test_a_button_has_a_look_of_its_own() -> None:
    content = Content(title="T", body="::cta[Buy]{url=https://x.org}\n", slug="t")
    html = rendered(content).payload["html"]
    assert '<a style="display:inline-block' in html
    assert ">Buy</a>" in html
