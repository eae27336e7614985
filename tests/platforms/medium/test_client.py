"""Stories on Medium: made once, as what was said, and never again after a lost answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import (
    AuthRevoked,
    Inconclusive,
    Misconfigured,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_medium import AUTHOR, PUBLICATION, FakeMedium
from copydesk.testing.loopback import RETRY_AFTER, ImpatientTransport, Lie
from copydesk.testing.samples import PIXEL, sample_case, sample_content, sample_media
from copydesk.testing.transports import CannedTransport


class Desk:
    """An account on a fake Medium, and a client of it."""

    def __init__(
        self, medium: FakeMedium, transport: HttpTransport, home: Path, **settings: str
    ) -> None:
        self.medium = medium
        self.case = sample_case(
            "medium", {"base_url": medium.url, **settings}, {"access_token": medium.token}
        )
        session = self.case.session(ImpatientTransport(transport, 0.5, medium), home)
        self.client: Client = self.case.platform.connect(session)

    async def prepared(self, content: Content | None = None, **more: Any) -> Outgoing:
        outgoing = self.case.outgoing(content or sample_content(), sent_at=NOON, **more)
        ready = await self.client.prepare(outgoing)
        assert isinstance(ready, Ready), ready
        return replace(outgoing, handles=ready.handles)


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
async def medium() -> AsyncIterator[FakeMedium]:
    async with FakeMedium(clock=StoppedClock()) as medium:
        yield medium


@pytest.fixture
def desk(medium: FakeMedium, transport: HttpTransport, tmp_path: Path) -> Desk:
    return Desk(medium, transport, tmp_path)


# -- what is sent ---------------------------------------------------------------------------------


async def test_a_story_is_a_draft_unless_somebody_said_otherwise(desk: Desk) -> None:
    outcome = await desk.client.commit(await desk.prepared())
    (story,) = desk.medium.stories
    assert (story.status, story.notified) == ("draft", False)
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == (story.id, f"https://medium.com/p/{story.id}/edit")


async def test_a_story_is_sent_with_everything_said(desk: Desk) -> None:
    content = sample_content(canonical_url="https://example.org/desk?a=1")
    await desk.client.commit(await desk.prepared(content))
    hit = desk.medium.hits[-1]
    assert (hit.method, hit.path) == ("POST", f"/v1/users/{AUTHOR}/posts")
    assert json.loads(hit.body) == {
        "title": "Copy desks",
        "contentFormat": "markdown",
        "content": "# Copy desks\n\nDesks are open again.\n",
        "tags": ["newsroom", "open source"],
        "canonicalUrl": "https://example.org/desk?a=1",
        "publishStatus": "draft",
        "license": "all-rights-reserved",
        "notifyFollowers": False,
    }


async def test_the_account_and_the_post_may_make_it_public(
    medium: FakeMedium, transport: HttpTransport, tmp_path: Path
) -> None:
    desk = Desk(
        medium, transport, tmp_path, publish_status="public", notify_followers="yes", format="html"
    )
    await desk.client.commit(await desk.prepared())
    quiet = {"publish_status": "unlisted", "notify_followers": False, "license": "cc-40-zero"}
    content = replace(sample_content(), overrides={"medium": quiet})
    await desk.client.commit(await desk.prepared(content))
    first, second = medium.stories
    assert (first.status, first.notified, first.format) == ("public", True, "html")
    assert (second.status, second.notified, second.license) == ("unlisted", False, "cc-40-zero")


async def test_a_story_whose_state_nobody_said_is_never_sent(desk: Desk) -> None:
    outgoing = await desk.prepared()
    silent = replace(outgoing, payload={**outgoing.payload, "publish_status": ""})
    assert isinstance(await desk.client.commit(silent), Refused)
    assert desk.medium.stories == []


async def test_a_writer_of_a_publication_makes_drafts_alone(
    medium: FakeMedium, transport: HttpTransport, tmp_path: Path
) -> None:
    medium.role = "writer"
    desk = Desk(medium, transport, tmp_path, publication=PUBLICATION)
    assert isinstance(await desk.client.commit(await desk.prepared()), Published)
    assert medium.stories[0].publication == PUBLICATION
    public = replace(sample_content(), overrides={"medium": {"publish_status": "public"}})
    outcome = await desk.client.commit(await desk.prepared(public))
    assert isinstance(outcome, Misconfigured)
    assert "draft" in outcome.remedy


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DELETE])
async def test_nothing_can_be_changed_or_removed(desk: Desk, action: Action) -> None:
    outgoing = await desk.prepared(action=action, target_id="e6f36a")
    assert isinstance(await desk.client.commit(outgoing), Refused)
    assert desk.medium.hits == []


# -- images ---------------------------------------------------------------------------------------

PICTURE = sample_content("Look.\n\n![A pixel](pixel.png)", media=(sample_media(),))


@pytest.mark.parametrize("format", ["markdown", "html"])
async def test_images_are_uploaded_and_stand_in_the_story(
    medium: FakeMedium, transport: HttpTransport, tmp_path: Path, format: str
) -> None:
    desk = Desk(medium, transport, tmp_path, format=format)
    await desk.client.commit(await desk.prepared(PICTURE))
    ((digest, content),) = medium.images.items()
    assert content == PIXEL
    assert f"https://cdn-images-1.medium.com/proxy/1*{digest}.png" in medium.stories[0].content
    assert "A pixel" in medium.stories[0].content
    assert "upload.invalid" not in medium.stories[0].content


async def test_a_story_never_goes_out_without_its_images(desk: Desk) -> None:
    outgoing = desk.case.outgoing(PICTURE, sent_at=NOON)
    assert isinstance(await desk.client.commit(outgoing), Unavailable)
    assert desk.medium.stories == []


async def test_a_token_that_may_not_upload_is_told_of_the_other_way(desk: Desk) -> None:
    desk.medium.uploads = False
    outcome = await desk.client.prepare(desk.case.outgoing(PICTURE, sent_at=NOON))
    assert isinstance(outcome, Misconfigured)
    assert "images=fetch" in outcome.remedy


async def test_an_upload_whose_answer_is_lost_may_be_repeated(desk: Desk) -> None:
    desk.medium.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.case.outgoing(PICTURE, sent_at=NOON)
    assert isinstance(await desk.client.prepare(outgoing), Unavailable)
    assert isinstance(await desk.client.prepare(outgoing), Ready)


# -- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        Lie.RESET_AFTER_ACCEPT,
        Lie.ERROR_AFTER_ACCEPT,
        Lie.HANG,
        Lie.GARBAGE,
        Lie.EMPTY,
        Lie.TRUNCATED,
        Lie.HTML_OK,
        Lie.RESET_BEFORE_ACCEPT,
        Lie.HTML,
    ],
)
async def test_a_lost_answer_is_for_a_person(desk: Desk, lie: Lie) -> None:
    outgoing = await desk.prepared()
    desk.medium.lie(lie)
    assert isinstance(await desk.client.commit(outgoing), Unknown)
    assert isinstance(await desk.client.find(outgoing), Inconclusive)
    assert not desk.case.platform.manifest.reconcile.find


async def test_a_rate_limit_says_how_long(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.medium.lie(Lie.RATE_LIMITED)
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after == RETRY_AFTER


async def test_a_dead_token_is_final(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.medium.token = "another-one-0123456789"
    assert isinstance(await desk.client.commit(outgoing), AuthRevoked)
    assert isinstance(await desk.client.test(), AuthRevoked)


async def test_unreachable_is_certainly_not_applied(desk: Desk) -> None:
    handles = {"place": f"/users/{AUTHOR}/posts"}
    outgoing = desk.case.outgoing(sample_content(), sent_at=NOON, handles=handles)
    await desk.medium.stop()
    assert isinstance(await desk.client.commit(outgoing), Unavailable)
    assert isinstance(await desk.client.test(), Unavailable)


async def test_evidence_hides_secrets(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.medium.lie(Lie.ECHO)
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Refused)
    assert desk.medium.token not in repr(outcome)


async def test_the_account_says_who_it_is_and_where_it_writes(
    medium: FakeMedium, transport: HttpTransport, tmp_path: Path
) -> None:
    outcome = await Desk(medium, transport, tmp_path).client.test()
    assert isinstance(outcome, Published)
    assert outcome.id == "@ada"
    elsewhere = Desk(medium, transport, tmp_path, publication="f00")
    assert isinstance(await elsewhere.client.test(), Misconfigured)
    medium.lists = False
    assert isinstance(await elsewhere.client.test(), Published), "it may not be asked"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, b'{"errors":[{"message":"title is required","code":2002}]}', Refused),
        (400, b'{"errors":["odd"]}', Refused),
        (401, b'{"errors":[{"message":"Token was invalid.","code":6003}]}', AuthRevoked),
        (403, b"{}", Misconfigured),
        (404, b"<h1>no</h1>", Misconfigured),
        (503, b"", Unknown),
        (201, b'{"data":{"id":""}}', Unknown),
        (201, b'{"data":[]}', Unknown),
    ],
)
async def test_recorded_answers(tmp_path: Path, status: int, body: bytes, outcome: type) -> None:
    case = sample_case("medium")
    client = case.platform.connect(case.session(CannedTransport(status, body), tmp_path))
    outgoing = case.outgoing(sample_content(), sent_at=NOON, handles={"place": "/users/1/posts"})
    assert type(await client.commit(outgoing)) is outcome


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("https://medium.com/@ada/a-story-e6f36a", "e6f36a"),
        ("https://medium.com/p/e6f36ab01234", "e6f36ab01234"),
        ("https://medium.com/p/e6f36ab01234/edit", "e6f36ab01234"),
        ("https://desks.example.org/on-desks-e6f36ab01234?source=x", "e6f36ab01234"),
        ("https://medium.com/@ada", ""),
        ("https://medium.com/about", ""),
        ("https://[", ""),
    ],
)
def test_a_story_is_known_by_its_address(url: str, id: str) -> None:
    case = sample_case("medium")
    assert case.platform.remote_id(url, case.account, None) == id  # type: ignore[arg-type]
