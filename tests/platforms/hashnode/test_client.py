"""Posts appear in a publication exactly once, whatever happens on the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from copydesk.core.delivery import Action
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    AuthRevoked,
    Inconclusive,
    Landed,
    Misconfigured,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import Changed, Gone
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_hashnode import HOST, PUBLICATION, Entry
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import Lie
from copydesk.testing.samples import PIXEL, sample_case, sample_content, sample_media
from copydesk.testing.transports import CannedTransport
from tests.platforms.hashnode.desk import Desk

CANONICAL = "https://example.org/desk"


class TestHashnodeUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> AsyncIterator[Rig]:
        outgoing = await desk.prepared()
        # no connection is left open from preparing, so that an unreachable server is just that
        transport = HttpTransport(user_agent="copydesk-tests")
        yield Rig(
            client=desk.client_over(transport),
            server=desk.hashnode,
            outgoing=outgoing,
            landed=lambda: len(desk.hashnode.active()),
            secrets=(desk.hashnode.token,),
        )
        await transport.close()


class TestHashnodeAfterwards(AftercareContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> Afterwards:
        hashnode = desk.hashnode

        async def change(id: str) -> None:
            hashnode.change(hashnode.named(id), contentMarkdown="We are closed.")

        async def remove(id: str) -> None:
            hashnode.remove(hashnode.named(id))

        return Afterwards(
            client=desk.client,
            outgoing=await desk.prepared(),
            change=change,
            remove=remove,
            there=lambda id: any(post.id == id for post in hashnode.active()),
            server=hashnode,
        )


# -- preparing ------------------------------------------------------------------------------------


async def test_preparing_makes_a_draft_that_says_everything(desk: Desk) -> None:
    desk.hashnode.series = {"the-desk": "65aa00aa00aa00aa00aa00aa"}
    content = replace(
        sample_content(summary="In short.", canonical_url=CANONICAL),
        series="The desk",
        cover="https://example.org/cover.png",
    )
    outgoing = await desk.prepared(content)
    (sent,) = desk.sent("CreateDraft")
    assert sent == {
        "publicationId": PUBLICATION,
        "title": "Copy desks",
        "subtitle": "In short.",
        "contentMarkdown": "Desks are open again.",
        "slug": "copy-desks",
        "tags": [
            {"slug": "newsroom", "name": "newsroom"},
            {"slug": "open-source", "name": "open source"},
        ],
        "seriesId": "65aa00aa00aa00aa00aa00aa",
        "disableComments": False,
        "originalArticleURL": CANONICAL,
        "settings": {
            "enableTableOfContent": False,
            "delist": False,
            "activateNewsletter": False,
            "slugOverridden": True,
        },
        "metaTags": {"description": "In short."},
        "coverImageOptions": {"coverImageURL": "https://example.org/cover.png"},
    }
    assert outgoing.handles["draft_id"] == desk.hashnode.drafts[0].id
    assert desk.hashnode.active() == []


async def test_a_draft_whose_answer_was_lost_is_taken_up_when_the_cache_is_over(
    desk: Desk, clock: StoppedClock
) -> None:
    desk.hashnode.stale_for = 25
    desk.hashnode.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.to_send()
    lost = await desk.client.prepare(outgoing)
    assert isinstance(lost, Unavailable)
    assert lost.retry_after
    clock.advance(lost.retry_after)
    assert isinstance(await desk.client.prepare(outgoing), Ready)
    assert len(desk.hashnode.drafts) == 1


async def test_a_draft_among_many_is_found(desk: Desk) -> None:
    await desk.prepared()
    for number in range(60):
        fields = {"title": f"Later {number}", "slug": f"later-{number}"}
        desk.hashnode.drafts.insert(0, Entry(id=f"d{number}", versions=[(NOON, fields)]))
    await desk.prepared()
    assert len(desk.sent("CreateDraft")) == 1


async def test_a_draft_of_somebody_else_is_left_alone(desk: Desk) -> None:
    theirs = {"title": "Copy desks", "slug": "copy-desks", "contentMarkdown": "Something else."}
    desk.hashnode.drafts.append(Entry(id="theirs", versions=[(NOON, theirs)]))
    outgoing = await desk.published()
    assert outgoing.handles["draft_id"] != "theirs"
    assert desk.hashnode.drafts[0].gone_at is None


async def test_a_draft_that_was_deleted_is_made_anew(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.remove(desk.hashnode.drafts[0])
    again = await desk.client.check(outgoing)
    assert isinstance(again, Ready)
    assert again.handles["draft_id"] != outgoing.handles["draft_id"]
    assert isinstance(await desk.client.commit(replace(outgoing, handles=again.handles)), Published)


async def test_a_rate_limit_while_looking_for_the_draft_is_waited_for(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.lie(Lie.RATE_LIMITED)
    assert isinstance(await desk.client.commit(outgoing), RateLimited)
    # what was not let look is no failed try: it would be used up while others are at work
    assert isinstance(await desk.client.check(outgoing), RateLimited)
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


async def test_a_series_that_is_not_there_is_refused(desk: Desk) -> None:
    refused = await desk.client.prepare(desk.to_send(replace(sample_content(), series="Nowhere")))
    assert isinstance(refused, Refused)
    assert (refused.field, desk.hashnode.drafts) == ("series", [])


async def test_a_publication_that_is_not_there_stops_the_account(desk: Desk) -> None:
    case = sample_case(
        "hashnode",
        {"base_url": desk.hashnode.url, "publication": "other.example.com"},
        {"access_token": desk.hashnode.token},
    )
    transport = HttpTransport(user_agent="copydesk-tests")
    client = case.platform.connect(case.session(transport, desk.home))
    outgoing = case.outgoing(sample_content(), sent_at=NOON)
    assert isinstance(await client.prepare(outgoing), Misconfigured)
    assert isinstance(await client.test(), Misconfigured)
    await transport.close()


# -- images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ways", [{"presignedPut", "presignedPost"}, {"presignedPost"}])
async def test_images_are_uploaded_and_stand_in_the_post(desk: Desk, ways: set[str]) -> None:
    desk.hashnode.uploads_by = ways
    content = replace(
        sample_content("![A pixel](pixel.png)", media=(sample_media(),)), cover="pixel.png"
    )
    outgoing = await desk.prepared(content)
    ((key, stored),) = desk.hashnode.images.items()
    assert stored == PIXEL
    (sent,) = desk.sent("CreateDraft")
    address = f"https://cdn.hashnode.com/{key}"
    assert address in sent["contentMarkdown"]
    assert sent["coverImageOptions"]["coverImageURL"] == address
    assert "upload.invalid" not in json.dumps(sent)
    assert isinstance(await desk.client.commit(outgoing), Published)
    assert isinstance(await desk.client.find(outgoing), Landed)


async def test_the_token_never_goes_to_the_storage(desk: Desk) -> None:
    await desk.prepared(sample_content("![A pixel](pixel.png)", media=(sample_media(),)))
    uploads = [hit for hit in desk.hashnode.hits if hit.path.startswith("/storage")]
    assert uploads
    assert all(desk.hashnode.token not in repr(hit.headers) for hit in uploads)


async def test_an_image_taken_away_again_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copydesk.testing.fake_hashnode.MOST_IMAGE", 10)
    content = sample_content("![A pixel](pixel.png)", media=(sample_media(),))
    refused = await desk.client.prepare(desk.to_send(content))
    assert isinstance(refused, Refused)
    assert refused.field == "media.pixel.png"


async def test_a_draft_with_images_is_taken_up_although_they_were_uploaded_anew(
    desk: Desk,
) -> None:
    content = sample_content("![A pixel](pixel.png)", media=(sample_media(),))
    first = await desk.prepared(content)
    second = await desk.prepared(content)
    assert second.handles["draft_id"] == first.handles["draft_id"]
    assert len(desk.hashnode.images) == 1


# -- publishing -----------------------------------------------------------------------------------


async def test_publishing_is_one_call_for_the_draft(desk: Desk) -> None:
    outgoing = await desk.prepared()
    before = len(desk.hashnode.hits)
    outcome = await desk.client.commit(outgoing)
    assert len(desk.hashnode.hits) == before + 1
    assert desk.sent("PublishDraft") == [{"draftId": outgoing.handles["draft_id"]}]
    (post,) = desk.hashnode.active()
    assert outcome == Published(post.id, f"https://{HOST}/copy-desks", outcome.answer)
    assert desk.hashnode.mailed == []


async def test_a_draft_published_twice_makes_one_post(desk: Desk) -> None:
    post = await desk.published()
    assert isinstance(await desk.client.commit(post), Unknown)
    assert isinstance(await desk.client.find(post), Landed)
    assert len(desk.hashnode.active()) == 1


async def test_subscribers_are_mailed_only_when_asked_for(desk: Desk) -> None:
    content = replace(sample_content(), overrides={"hashnode": {"newsletter": True}})
    post = await desk.published(content)
    assert desk.hashnode.mailed == [post.target_id]


async def test_an_error_with_status_200_after_the_work_is_unknown(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.fails_after_work = 1
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Unknown)
    assert outcome.answer.vendor_code == "INTERNAL_SERVER_ERROR"
    assert isinstance(await desk.client.find(outgoing), Landed)
    assert len(desk.hashnode.active()) == 1


async def test_without_a_draft_nothing_is_published(desk: Desk) -> None:
    assert isinstance(await desk.client.commit(desk.to_send()), Unavailable)
    assert desk.hashnode.hits == []


# -- looking --------------------------------------------------------------------------------------


async def test_a_read_from_the_cache_never_proves_a_second_post_harmless(
    desk: Desk, clock: StoppedClock
) -> None:
    desk.hashnode.stale_for = 25
    clock.advance(30)
    outgoing = await desk.prepared()
    clock.advance(30)
    desk.hashnode.lie(Lie.RESET_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(outgoing), Unknown)
    # what the cache shows for 25 seconds; the manifest's delay keeps the engine from believing it
    assert isinstance(await desk.client.find(outgoing), Absent)
    assert desk.case.platform.manifest.reconcile.delay > 25
    clock.advance(desk.case.platform.manifest.reconcile.delay)
    assert isinstance(await desk.client.find(outgoing), Landed)


async def test_a_post_under_another_slug_is_found(desk: Desk) -> None:
    desk.hashnode.add_post("Something else", slug="copy-desks")
    outgoing = await desk.prepared()
    desk.hashnode.lie(Lie.RESET_AFTER_ACCEPT)
    await desk.client.commit(outgoing)
    found = await desk.client.find(outgoing)
    assert isinstance(found, Landed)
    assert found.url == f"https://{HOST}/copy-desks-1"


async def test_an_older_post_with_our_title_and_slug_is_not_ours(desk: Desk) -> None:
    older = desk.hashnode.add_post("Copy desks", slug="copy-desks")
    older.published_at = NOON - timedelta(minutes=5)
    outgoing = await desk.prepared()
    assert isinstance(await desk.client.find(outgoing), Absent)


async def test_looking_goes_back_over_several_pages(desk: Desk) -> None:
    outgoing = await desk.prepared()
    await desk.client.commit(outgoing)
    desk.hashnode.change(desk.hashnode.active()[0], slug="moved")
    for number in range(45):
        desk.hashnode.add_post(f"Later {number}")
    found = await desk.client.find(outgoing)
    assert isinstance(found, Landed)
    assert found.url.endswith("/moved")


async def test_when_both_are_gone_nobody_can_tell(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.remove(desk.hashnode.drafts[0])
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


async def test_a_broken_list_proves_nothing(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.broken_looks = 1
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


# -- afterwards -----------------------------------------------------------------------------------


async def test_an_update_changes_the_post_and_can_be_found(desk: Desk) -> None:
    post = await desk.published(sample_content(canonical_url=CANONICAL))
    media = (sample_media(),)
    edit = await desk.prepared(
        sample_content("![Closed](pixel.png)", media=media),
        action=Action.UPDATE,
        target_id=post.target_id,
    )
    assert isinstance(await desk.client.find(edit), Absent)
    desk.hashnode.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(edit), Unknown)
    assert isinstance(await desk.client.find(edit), Landed)
    (sent,) = desk.sent("UpdatePost")
    assert sent["id"] == post.target_id
    assert sent["contentMarkdown"].startswith("![Closed](https://cdn.hashnode.com/")
    assert sent["originalArticleURL"] is None, "what was taken out is taken out there"
    assert "slug" not in sent, "links lead to it"
    assert len(desk.sent("CreateDraft")) == 1


async def test_an_update_of_what_is_gone_is_refused(desk: Desk) -> None:
    edit = await desk.prepared(action=Action.UPDATE, target_id="65aa00aa00aa00aa00aa00aa")
    outcome = await desk.client.commit(edit)
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


async def test_a_post_that_was_delisted_there_is_seen(desk: Desk) -> None:
    post = await desk.published()
    desk.hashnode.change(desk.hashnode.active()[0], isDelisted=True)
    standing = await desk.client.inspect(post)
    assert isinstance(standing, Changed)
    assert standing.what == "delisting"


async def test_a_post_that_moved_to_another_slug_is_not_gone(desk: Desk) -> None:
    post = await desk.published()
    desk.hashnode.change(desk.hashnode.active()[0], slug="moved")
    assert not isinstance(await desk.client.inspect(post), Gone)


async def test_a_schema_that_cannot_remove_says_what_a_person_can_do(desk: Desk) -> None:
    post = await desk.published()
    desk.hashnode.knows = set()
    outcome = await desk.client.commit(replace(post, action=Action.DELETE))
    assert isinstance(outcome, Misconfigured)
    assert "dashboard" in outcome.remedy


async def test_numbers_of_a_post(desk: Desk) -> None:
    post = await desk.published()
    desk.hashnode.active()[0].views = 120
    found = await desk.client.metrics(post)
    assert isinstance(found, Metrics)
    assert found.counts == {Metric.VIEWS: 120, Metric.REACTIONS: 3, Metric.REPLIES: 2}
    gone = await desk.client.metrics(replace(post, target_id="nothing"))
    assert isinstance(gone, Unavailable | Refused)


# -- refusals -------------------------------------------------------------------------------------


async def test_without_pro_the_account_waits_for_a_person(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.has_pro = False
    for outcome in (
        await desk.client.commit(outgoing),
        await desk.client.prepare(outgoing),
        await desk.client.test(),
    ):
        assert isinstance(outcome, Misconfigured)
        assert "Pro plan" in outcome.reason


async def test_a_contributor_is_told_who_can_publish(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.role = "CONTRIBUTOR"
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Misconfigured)
    assert "editor" in outcome.remedy


async def test_a_dead_token_is_final(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.hashnode.token = "another-one-0123456789"
    assert isinstance(await desk.client.commit(outgoing), AuthRevoked)
    assert isinstance(await desk.client.test(), AuthRevoked)


async def test_the_account_says_who_it_is(desk: Desk) -> None:
    outcome = await desk.client.test()
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == ("@desk", f"https://{HOST}")


def said(code: str, message: str = "No.") -> bytes:
    return json.dumps({"errors": [{"message": message, "extensions": {"code": code}}]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, said("BAD_USER_INPUT", "Slug is invalid"), Refused),
        (200, said("INTERNAL_SERVER_ERROR"), Unknown),
        (200, said("SOMETHING_NEW"), Unknown),
        (200, said("NOT_FOUND"), Unknown),
        (200, said("UNAUTHENTICATED"), AuthRevoked),
        (200, said("FORBIDDEN"), Misconfigured),
        (200, b'{"errors": [{}], "data": null}', Unknown),
        (200, b'{"data": {"publishDraft": null}}', Unknown),
        (200, b'{"data": null}', Unknown),
        (200, b"<h1>Soon</h1>", Unknown),
        (400, said("BAD_USER_INPUT", "Title is too long"), Refused),
        (400, said("", 'Cannot query field "post" on type "PublishDraftPayload".'), Misconfigured),
        (302, b"", Misconfigured),
        (308, b"", Misconfigured),
        (413, b"", Refused),
        (502, b"<h1>Bad gateway</h1>", Unknown),
    ],
)
async def test_recorded_answers(tmp_path: Path, status: int, body: bytes, outcome: type) -> None:
    case = sample_case("hashnode", {"publication": HOST})
    client = case.platform.connect(case.session(CannedTransport(status, body), tmp_path))
    outgoing = case.outgoing(sample_content(), sent_at=NOON, handles={"draft_id": "d1"})
    found = await client.commit(outgoing)
    assert type(found) is outcome
    if isinstance(found, Refused):
        assert found.field in {"slug", "title", "body"}
