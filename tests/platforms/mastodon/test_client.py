"""Statuses land exactly once on an instance, whatever happens on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.delivery import Action, Outgoing, part_key
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    AuthRevoked,
    Inconclusive,
    Landed,
    Misconfigured,
    Pending,
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
from copydesk.platforms.mastodon.client import PAGE, PAGES
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_mastodon import FakeMastodon
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import ImpatientTransport, Lie
from copydesk.testing.samples import PIXEL, Case, sample_case, sample_content, sample_media
from copydesk.testing.transports import CannedTransport


class Desk:
    """An account on a fake instance, a client of it, and a status to send."""

    def __init__(self, instance: FakeMastodon, transport: HttpTransport, home: Path) -> None:
        self.instance = instance
        self.case: Case = sample_case(
            "mastodon", {"base_url": instance.url}, {"access_token": instance.token}
        )
        self.transport = ImpatientTransport(transport, 0.5, instance)
        session = self.case.session(self.transport, home)
        self.client: Client = self.case.platform.connect(session)
        self.outgoing = self.to_send()

    def to_send(self, content: Content | None = None, **more: Any) -> Outgoing:
        return self.case.outgoing(content or sample_content(), sent_at=NOON, **more)


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def desk(
    clock: StoppedClock, transport: HttpTransport, tmp_path: Path
) -> AsyncIterator[Desk]:
    async with FakeMastodon(clock=clock) as instance:
        yield Desk(instance, transport, tmp_path)


class TestMastodonUnderFaults(FaultContract):
    @pytest.fixture
    def rig(self, desk: Desk) -> Rig:
        # an older status lets the listing reach back to before the first try
        desk.instance.add("older", created_at=NOON - timedelta(days=1))
        return Rig(
            client=desk.client,
            server=desk.instance,
            outgoing=desk.outgoing,
            landed=lambda: len(desk.instance.statuses) - 1,
            secrets=(desk.instance.token,),
            repeatable=True,
        )


async def test_everything_is_sent_explicitly(desk: Desk) -> None:
    outcome = await desk.client.commit(desk.outgoing)
    (status,) = desk.instance.statuses
    assert isinstance(outcome, Published)
    assert outcome.id == status.id
    assert outcome.url == f"{desk.instance.url}/@desk/{status.id}"
    assert (status.visibility, status.language) == ("public", "en")
    assert desk.instance.hits[-1].headers["idempotency-key"] == desk.outgoing.key


async def test_after_an_hour_the_key_is_forgotten_and_only_looking_helps(
    desk: Desk, clock: StoppedClock
) -> None:
    desk.instance.lie(Lie.RESET_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(desk.outgoing), Unknown)
    clock.advance(3_599)
    assert isinstance(await desk.client.commit(desk.outgoing), Published)
    assert len(desk.instance.statuses) == 1
    clock.advance(2)
    assert isinstance(await desk.client.find(desk.outgoing), Landed)
    await desk.client.commit(desk.outgoing)
    assert len(desk.instance.statuses) == 2


# -- looking --------------------------------------------------------------------------------------


async def test_an_empty_account_proves_absence(desk: Desk) -> None:
    assert isinstance(await desk.client.find(desk.outgoing), Absent)


async def test_an_identical_older_status_is_not_ours(desk: Desk) -> None:
    desk.instance.add(desk.outgoing.text, created_at=NOON - timedelta(minutes=3))
    assert isinstance(await desk.client.find(desk.outgoing), Absent)


@pytest.mark.parametrize("more", [{"visibility": "private"}, {"spoiler_text": "w"}])
async def test_a_status_that_differs_elsewhere_is_not_ours(
    desk: Desk, more: dict[str, Any]
) -> None:
    desk.instance.add(desk.outgoing.text, **more)
    assert isinstance(await desk.client.find(desk.outgoing), Absent)


async def test_of_two_matches_the_oldest_counts(desk: Desk) -> None:
    first = desk.instance.add(desk.outgoing.text)
    desk.instance.add(desk.outgoing.text)
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == first.id


async def test_an_older_status_that_stands_first_does_not_hide_ours(desk: Desk) -> None:
    ours = desk.instance.add(desk.outgoing.text)
    desk.instance.add("pinned, imported or out of order", created_at=NOON - timedelta(days=9))
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.id


async def test_looking_goes_back_over_several_pages(desk: Desk) -> None:
    ours = desk.instance.add(desk.outgoing.text)
    for number in range(PAGE + 5):
        desk.instance.add(f"later {number}", visibility="private")
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.id


async def test_a_listing_that_does_not_reach_back_proves_nothing(desk: Desk) -> None:
    for number in range(PAGE * PAGES):
        desk.instance.add(f"busy {number}", visibility="private")
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)


async def test_without_a_time_of_sending_nothing_is_claimed(desk: Desk) -> None:
    unsent = replace(desk.outgoing, first_sent_at=None)
    assert isinstance(await desk.client.find(unsent), Inconclusive)


async def test_an_instance_that_does_not_answer_proves_nothing(desk: Desk) -> None:
    await desk.instance.stop()
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)


@pytest.mark.parametrize("has_source", [True, False])
async def test_text_is_recognised_with_and_without_its_source(desk: Desk, has_source: bool) -> None:
    body = "Thanks @ada@example.org & <all>,\nsee https://example.org/a?b=1&c=2 & more.\n\nBye."
    outgoing = desk.to_send(sample_content(body))
    desk.instance.has_source = has_source
    await desk.client.commit(outgoing)
    assert isinstance(await desk.client.find(outgoing), Landed)
    (status,) = desk.instance.statuses
    status.text += "!"
    status.edited_at = status.created_at
    assert isinstance(await desk.client.find(outgoing), Absent)


async def test_many_are_looked_for_with_each_text_read_once(desk: Desk) -> None:
    several = [desk.to_send(sample_content(f"Number {n}."), key=f"key-{n}") for n in range(6)]
    for outgoing in several:
        await desk.client.commit(outgoing)
    for outgoing in several:
        assert isinstance(await desk.client.find(outgoing), Landed)
    read = [hit.path for hit in desk.instance.hits if hit.path.endswith("/source")]
    assert sorted(read) == sorted(set(read))


# -- editing --------------------------------------------------------------------------------------


async def test_an_edit_changes_the_status_and_can_be_found(desk: Desk) -> None:
    status = desk.instance.add("before", visibility="unlisted")
    edit = desk.to_send(action=Action.UPDATE, target_id=status.id)
    assert isinstance(await desk.client.find(edit), Absent)
    desk.instance.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(edit), Unknown)
    assert isinstance(await desk.client.find(edit), Landed)
    assert (status.text, status.visibility) == (edit.text, "unlisted")


async def test_editing_what_is_gone_is_refused(desk: Desk) -> None:
    outcome = await desk.client.commit(desk.to_send(action=Action.UPDATE, target_id="99"))
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


# -- media ----------------------------------------------------------------------------------------


async def test_files_are_uploaded_once_waited_for_and_attached(desk: Desk) -> None:
    desk.instance.rounds = 2
    outgoing = desk.to_send(sample_content(media=(sample_media(),)))
    pending = await desk.client.prepare(outgoing)
    assert isinstance(pending, Pending)
    looked = await desk.client.check(replace(outgoing, handles=pending.handles))
    assert isinstance(looked, Pending)
    ready = await desk.client.check(replace(outgoing, handles=looked.handles))
    assert isinstance(ready, Ready)
    prepared = replace(outgoing, handles=ready.handles)
    assert await desk.client.prepare(prepared) == ready
    assert isinstance(await desk.client.commit(prepared), Published)
    (upload,) = desk.instance.uploads.values()
    assert (upload.content, upload.description) == (PIXEL, "A single pixel")
    assert desk.instance.statuses[0].media_ids == [upload.id]
    assert isinstance(await desk.client.find(prepared), Landed)


async def test_a_status_never_goes_out_without_its_files(desk: Desk) -> None:
    outgoing = desk.to_send(sample_content(media=(sample_media(),)))
    assert isinstance(await desk.client.commit(outgoing), Unavailable)
    assert desk.instance.statuses == []


async def test_files_still_in_work_are_waited_for(desk: Desk) -> None:
    desk.instance.rounds = 3
    outgoing = desk.to_send(sample_content(media=(sample_media(),)))
    pending = await desk.client.prepare(outgoing)
    assert isinstance(pending, Pending)
    outcome = await desk.client.commit(replace(outgoing, handles=pending.handles))
    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after


async def test_an_upload_whose_answer_is_lost_may_be_repeated(desk: Desk) -> None:
    desk.instance.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.to_send(sample_content(media=(sample_media(),)))
    assert isinstance(await desk.client.prepare(outgoing), Unavailable)
    assert isinstance(await desk.client.prepare(outgoing), Ready)


async def test_a_focal_point_goes_along(desk: Desk) -> None:
    overrides = {"mastodon": {"focus": {"pixel.png": "0.0,0.4"}}}
    content = replace(sample_content(media=(sample_media(),)), overrides=overrides)
    assert isinstance(await desk.client.prepare(desk.to_send(content)), Ready)
    (upload,) = desk.instance.uploads.values()
    assert upload.focus == "0.0,0.4"


# -- threads --------------------------------------------------------------------------------------


def thread(*texts: str) -> Content:
    return replace(sample_content(), overrides={"mastodon": {"parts": list(texts)}})


async def publish_parts(desk: Desk, outgoing: Outgoing) -> list[dict[str, str]]:
    """Commit every part as the engine does; return what is out."""
    out: list[dict[str, str]] = []
    for number in range(len(outgoing.payload["parts"])):
        key, handles = part_key(outgoing.key, number), {"parts": list(out)}
        outcome = await desk.client.commit(replace(outgoing, key=key, handles=handles))
        assert isinstance(outcome, Published)
        out.append({"id": outcome.id, "url": outcome.url})
    return out


async def test_each_status_answers_the_one_before(desk: Desk) -> None:
    out = await publish_parts(desk, desk.to_send(thread("One.", "Two.", "Three.")))
    statuses = desk.instance.statuses
    assert [status.text for status in statuses] == ["One.", "Two.", "Three."]
    assert [status.in_reply_to_id for status in statuses] == ["", out[0]["id"], out[1]["id"]]
    assert [status.visibility for status in statuses] == ["public", "unlisted", "unlisted"]


async def test_a_lost_part_is_found_and_its_key_is_its_own(desk: Desk) -> None:
    outgoing = desk.to_send(thread("Same.", "Same."))
    first = await desk.client.commit(outgoing)
    assert isinstance(first, Published)
    handles = {"parts": [{"id": first.id, "url": first.url}]}
    second = replace(outgoing, key=part_key(outgoing.key, 1), handles=handles)
    assert isinstance(await desk.client.find(second), Absent), "the first answers nothing"
    desk.instance.lie(Lie.RESET_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(second), Unknown)
    found = await desk.client.find(second)
    assert isinstance(found, Landed)
    assert found.id != first.id
    assert isinstance(await desk.client.commit(second), Published)
    assert len(desk.instance.statuses) == 2


async def test_files_of_a_later_part_are_uploaded_in_its_turn(desk: Desk) -> None:
    words = " ".join(f"word{number}" for number in range(150))
    content = sample_content(f"{words}\n\n![A desk](pixel.png)", media=(sample_media(),))
    outgoing = desk.to_send(replace(content, overrides={"mastodon": {"form": "thread"}}))
    assert [len(part["media"]) for part in outgoing.payload["parts"]][-1] == 1
    ready = await desk.client.prepare(outgoing)
    assert isinstance(ready, Ready)
    assert desk.instance.uploads == {}
    first = await desk.client.commit(replace(outgoing, handles=ready.handles))
    assert isinstance(first, Published)
    out = [{"id": first.id, "url": first.url}] * (len(outgoing.payload["parts"]) - 1)
    key = part_key(outgoing.key, len(out))
    last = replace(outgoing, key=key, handles={**ready.handles, "parts": out})
    assert isinstance(await desk.client.commit(last), Unavailable)
    ready = await desk.client.check(last)
    assert isinstance(ready, Ready)
    assert isinstance(
        await desk.client.commit(replace(last, handles={**ready.handles, "parts": out})), Published
    )
    assert len(desk.instance.statuses[-1].media_ids) == 1


# -- numbers, and servers that are not Mastodon ---------------------------------------------------


async def test_numbers_are_read(desk: Desk) -> None:
    published = await desk.client.commit(desk.outgoing)
    assert isinstance(published, Published)
    desk.instance.statuses[0].counts = {"favourites_count": 4, "reblogs_count": 2}
    found = await desk.client.metrics(replace(desk.outgoing, target_id=published.id))
    assert isinstance(found, Metrics)
    assert found.counts == {Metric.REACTIONS: 4, Metric.REPOSTS: 2, Metric.REPLIES: 0}
    gone = await desk.client.metrics(replace(desk.outgoing, target_id="99"))
    assert isinstance(gone, Misconfigured | Refused)


async def test_a_server_that_burns_keys_is_sent_none(desk: Desk, tmp_path: Path) -> None:
    desk.instance.keys = "burnt"
    settings = {"base_url": desk.instance.url, "software": "pixelfed"}
    case = sample_case("mastodon", settings, {"access_token": desk.instance.token})
    client = case.platform.connect(case.session(desk.transport, tmp_path))
    desk.instance.lie(Lie.RESET_BEFORE_ACCEPT)
    assert isinstance(await client.commit(desk.outgoing), Unknown)
    assert isinstance(await client.commit(desk.outgoing), Published)
    assert "idempotency-key" not in desk.instance.hits[-1].headers


async def test_an_instance_that_runs_something_else_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.instance.source_url = "https://codeberg.org/superseriousbusiness/gotosocial"
    outcome = await desk.client.test()
    assert isinstance(outcome, Misconfigured)
    assert "software=gotosocial" in outcome.remedy
    settings = {"base_url": desk.instance.url, "software": "gotosocial"}
    case = sample_case("mastodon", settings, {"access_token": desk.instance.token})
    client = case.platform.connect(case.session(desk.transport, tmp_path))
    assert isinstance(await client.test(), Published)


# -- refusals -------------------------------------------------------------------------------------


async def test_a_dead_token_is_final(desk: Desk) -> None:
    desk.instance.token = "another-one-0123456789"
    assert isinstance(await desk.client.commit(desk.outgoing), AuthRevoked)
    assert isinstance(await desk.client.test(), AuthRevoked)


async def test_what_the_instance_refuses_is_told_in_its_words(desk: Desk) -> None:
    desk.instance.max_characters = 10
    outcome = await desk.client.commit(desk.outgoing)
    assert isinstance(outcome, Refused)
    assert "character limit of 10" in outcome.reason


async def test_the_reset_time_is_an_iso_time(desk: Desk, clock: StoppedClock) -> None:
    desk.instance.room = 0
    outcome = await desk.client.commit(desk.outgoing)
    assert isinstance(outcome, RateLimited)
    assert (outcome.until, outcome.retry_after) == (NOON + timedelta(minutes=5), 300)
    clock.advance(300)
    desk.instance.room = 5
    assert isinstance(await desk.client.commit(desk.outgoing), Published)


async def test_the_account_says_who_it_is(desk: Desk) -> None:
    outcome = await desk.client.test()
    assert isinstance(outcome, Published)
    assert outcome.id == "@desk"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (403, b'{"error": "This action is outside the authorized scopes"}', Misconfigured),
        (400, b'{"error": "Duplicate idempotency key."}', Unknown),
        (400, b'{"error": ["odd"]}', Refused),
        (404, b"<h1>not here</h1>", Misconfigured),
        (503, b"", Unknown),
        (200, b"[]", Unknown),
        (200, b'{"id": null}', Unknown),
    ],
)
async def test_recorded_answers(tmp_path: Path, status: int, body: bytes, outcome: type) -> None:
    case = sample_case("mastodon")
    client = case.platform.connect(case.session(CannedTransport(status, body), tmp_path))
    found = await client.commit(case.outgoing(sample_content(), sent_at=NOON))
    assert type(found) is outcome
