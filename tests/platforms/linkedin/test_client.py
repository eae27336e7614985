"""Posts land exactly once on LinkedIn, whatever happens on the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    AuthExpired,
    AuthRevoked,
    Duplicate,
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
from copydesk.core.standing import AsPublished, Changed, Gone
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_linkedin import PAGE, PERSON
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import Lie
from copydesk.testing.samples import PIXEL, sample_case, sample_content, sample_media
from copydesk.testing.transports import CannedTransport
from tests.platforms.linkedin.linkedins import Desk, a_desk


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def desk(clock: StoppedClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, clock=clock) as desk:
        yield desk


@pytest.fixture
async def person(clock: StoppedClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, clock=clock, author="") as desk:
        yield desk


class TestLinkedInUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> Rig:
        desk.linkedin.add("older", created_at=NOON - timedelta(days=1))
        return Rig(
            client=desk.client,
            server=desk.linkedin,
            outgoing=await desk.prepared(),
            landed=lambda: len(desk.linkedin.posts) - 1,
            secrets=(desk.linkedin.token,),
        )


class TestLinkedInAfterwards(AftercareContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> Afterwards:
        outgoing = desk.to_send(sample_content(media=(sample_media(),), body="![A](pixel.png)"))

        async def change(urn: str) -> None:
            post = next(p for p in desk.linkedin.posts if p.urn == urn)
            post.commentary = "We are closed."

        async def remove(urn: str) -> None:
            desk.linkedin.drop(urn)

        return Afterwards(
            client=desk.client,
            outgoing=await desk.prepared(outgoing),
            change=change,
            remove=remove,
            there=lambda urn: any(p.urn == urn for p in desk.linkedin.posts),
            server=desk.linkedin,
        )


# -- what is sent ---------------------------------------------------------------------------------


async def test_the_id_is_read_from_the_header(desk: Desk) -> None:
    outcome = await desk.client.commit(await desk.prepared())
    (post,) = desk.linkedin.posts
    assert isinstance(outcome, Published)
    assert outcome.id == post.urn
    assert outcome.url == f"https://www.linkedin.com/feed/update/{post.urn}/"


async def test_a_post_is_sent_with_everything_said(desk: Desk) -> None:
    await desk.client.commit(await desk.prepared())
    hit = desk.linkedin.hits[-1]
    assert (hit.method, hit.path) == ("POST", "/rest/posts")
    assert hit.headers["linkedin-version"] == "202607"
    assert hit.headers["x-restli-protocol-version"] == "2.0.0"
    body = json.loads(hit.body)
    assert body.pop("commentary")
    assert body == {
        "author": PAGE,
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


async def test_a_version_that_was_switched_off_asks_for_another(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.linkedin.alive.discard("202607")
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Misconfigured)
    assert outcome.answer.status == 426
    assert "accounts version" in outcome.remedy


async def test_nothing_of_a_text_is_cut(desk: Desk) -> None:
    body = "Costs (in €) *fell* by ~5% [see 2] <soon> {a|b} \\o/ #news_room @nobody"
    outgoing = await desk.prepared(desk.to_send(sample_content(body.replace("*", "\\*"))))
    await desk.client.commit(outgoing)
    (post,) = desk.linkedin.posts
    assert post.seen == outgoing.text
    assert "\\o/ #news_room @nobody" in post.seen


async def test_the_person_a_token_belongs_to_is_asked_for_once(person: Desk) -> None:
    outcome = await person.client.commit(await person.prepared())
    assert isinstance(outcome, Published)
    assert person.linkedin.posts[0].author == PERSON
    assert [hit.path for hit in person.linkedin.hits] == ["/v2/userinfo", "/rest/posts"]


async def test_nothing_is_posted_for_nobody(person: Desk) -> None:
    assert isinstance(await person.client.commit(person.outgoing), Unavailable)
    assert person.linkedin.posts == []


# -- after a lost answer, where nothing can be read ------------------------------------------------


def later(outgoing: Outgoing, seconds: float) -> Outgoing:
    assert outgoing.first_sent_at is not None
    return replace(outgoing, sent_at=outgoing.first_sent_at + timedelta(seconds=seconds))


async def test_a_repeat_is_refused_and_names_the_first(person: Desk, clock: StoppedClock) -> None:
    outgoing = await person.prepared()
    person.linkedin.lie(Lie.RESET_AFTER_ACCEPT)
    assert isinstance(await person.client.commit(outgoing), Unknown)
    assert isinstance(await person.client.find(outgoing), Inconclusive)
    clock.advance(20)
    outcome = await person.client.commit(later(outgoing, 20))
    (post,) = person.linkedin.posts
    assert isinstance(outcome, Duplicate)
    assert outcome.of == post.urn


async def test_a_repeat_of_what_did_not_arrive_is_published(
    person: Desk, clock: StoppedClock
) -> None:
    outgoing = await person.prepared()
    person.linkedin.lie(Lie.RESET_BEFORE_ACCEPT)
    assert isinstance(await person.client.commit(outgoing), Unknown)
    clock.advance(20)
    assert isinstance(await person.client.commit(later(outgoing, 20)), Published)
    assert len(person.linkedin.posts) == 1


async def test_an_older_post_with_the_same_text_is_not_ours(person: Desk) -> None:
    outgoing = await person.prepared()
    older = person.linkedin.add(outgoing.text, author=PERSON, created_at=NOON - timedelta(hours=3))
    for attempt in (outgoing, later(outgoing, 20)):
        outcome = await person.client.commit(attempt)
        assert isinstance(outcome, Refused)
        assert older.urn in outcome.reason


async def test_a_number_that_never_existed_is_not_taken_for_ours(
    person: Desk, clock: StoppedClock
) -> None:
    """The same text was deleted yesterday: the detector refuses it and makes up a post."""
    outgoing = await person.prepared()
    gone = person.linkedin.add(outgoing.text, author=PERSON, created_at=NOON - timedelta(days=1))
    person.linkedin.drop(gone.urn)
    first = await person.client.commit(outgoing)
    assert isinstance(first, Refused)
    assert "48 hours" in first.remedy
    clock.advance(20)
    second = await person.client.commit(later(outgoing, 20))
    assert isinstance(second, Duplicate)
    assert second.of == "", "nobody can tell whether the first one arrived"


async def test_a_page_looks_at_the_post_that_is_named(desk: Desk, clock: StoppedClock) -> None:
    outgoing = await desk.prepared()
    desk.linkedin.lie(Lie.RESET_AFTER_ACCEPT)
    await desk.client.commit(outgoing)
    clock.advance(20)
    outcome = await desk.client.commit(later(outgoing, 20))
    assert isinstance(outcome, Duplicate)
    assert outcome.of == desk.linkedin.posts[0].urn
    desk.linkedin.posts[0].commentary = "Somebody else wrote this."
    again = await desk.client.commit(later(outgoing, 20))
    assert isinstance(again, Duplicate)
    assert again.of == ""


# -- looking --------------------------------------------------------------------------------------


async def test_an_empty_listing_proves_nothing(desk: Desk) -> None:
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)


async def test_an_identical_older_post_is_not_ours(desk: Desk) -> None:
    desk.linkedin.add(desk.outgoing.text, created_at=NOON - timedelta(minutes=3))
    assert isinstance(await desk.client.find(desk.outgoing), Absent)


async def test_of_two_matches_the_oldest_counts(desk: Desk) -> None:
    first = desk.linkedin.add(desk.outgoing.text, created_at=NOON)
    desk.linkedin.add(desk.outgoing.text, created_at=NOON + timedelta(seconds=1))
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == first.urn


async def test_looking_goes_back_over_several_pages_and_then_proves_nothing(
    desk: Desk, clock: StoppedClock
) -> None:
    clock.advance(7_200)
    ours = desk.linkedin.add(desk.outgoing.text, created_at=NOON)
    for number in range(12):
        desk.linkedin.add(f"later {number}", created_at=NOON + timedelta(seconds=number + 1))
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.urn
    for number in range(60):
        desk.linkedin.add(f"busy {number}", created_at=NOON + timedelta(minutes=number + 1))
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)


async def test_without_a_time_of_sending_nothing_is_claimed(desk: Desk) -> None:
    unsent = replace(desk.outgoing, first_sent_at=None)
    assert isinstance(await desk.client.find(unsent), Inconclusive)


async def test_a_person_with_the_right_scope_is_read_like_a_page(tmp_path: Path) -> None:
    case = sample_case("linkedin", {"author": PERSON})
    account = replace(case.account, scopes="openid profile w_member_social r_member_social")
    assert case.platform.reconcile(account).find
    assert case.platform.inspections(account)
    assert not case.platform.reconcile(case.account).find
    assert case.platform.inspections(case.account) == ()


# -- editing, removing, numbers -------------------------------------------------------------------


async def test_an_edit_changes_the_text_and_can_be_found(desk: Desk) -> None:
    post = desk.linkedin.add("before")
    edit = desk.to_send(action=Action.UPDATE, target_id=post.urn)
    assert isinstance(await desk.client.find(edit), Absent)
    desk.linkedin.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(edit), Unknown)
    assert isinstance(await desk.client.find(edit), Landed)
    assert post.seen == edit.text
    hit = next(hit for hit in reversed(desk.linkedin.hits) if hit.method == "POST")
    assert hit.headers["x-restli-method"] == "PARTIAL_UPDATE"
    assert list(json.loads(hit.body)["patch"]["$set"]) == ["commentary"]


async def test_editing_what_is_gone_is_refused(desk: Desk) -> None:
    edit = desk.to_send(action=Action.UPDATE, target_id="urn:li:share:99")
    outcome = await desk.client.commit(edit)
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DELETE])
async def test_a_page_of_a_proxy_is_no_success(desk: Desk, action: Action) -> None:
    post = desk.linkedin.add("before")
    desk.linkedin.lie(Lie.HTML_OK)
    change = desk.to_send(action=action, target_id=post.urn)
    assert isinstance(await desk.client.commit(change), Unknown)
    assert isinstance(await desk.client.find(change), Absent)


async def test_a_person_removes_a_post_and_cannot_look(person: Desk) -> None:
    post = person.linkedin.add("before", author=PERSON)
    removal = person.to_send(action=Action.DELETE, target_id=post.urn)
    assert isinstance(await person.client.find(removal), Inconclusive)
    assert isinstance(await person.client.commit(removal), Published)
    assert person.linkedin.posts == []
    assert isinstance(await person.client.inspect(removal), Inconclusive)


async def test_a_page_has_numbers_and_a_person_has_not(desk: Desk, person: Desk) -> None:
    post = desk.linkedin.add("before")
    sent = desk.to_send(target_id=post.urn)
    nobody_yet = await desk.client.metrics(sent)
    assert isinstance(nobody_yet, Metrics)
    assert nobody_yet.counts == {}
    desk.linkedin.statistics[post.urn] = {
        "impressionCount": 120,
        "uniqueImpressionsCount": 100,
        "clickCount": 7,
        "likeCount": 5,
        "commentCount": 2,
        "shareCount": 1,
        "engagement": 0,
    }
    numbers = await desk.client.metrics(sent)
    assert isinstance(numbers, Metrics)
    assert set(numbers.counts) == set(desk.case.platform.manifest.metrics)
    assert numbers.counts[Metric.VIEWS] == 120
    assert isinstance(await person.client.metrics(sent), Misconfigured)


# -- files ----------------------------------------------------------------------------------------


async def test_files_are_announced_sent_waited_for_and_attached(desk: Desk) -> None:
    desk.linkedin.rounds = 2
    outgoing = desk.to_send(sample_content("![A pixel](pixel.png)", media=(sample_media(),)))
    pending = await desk.client.prepare(outgoing)
    assert isinstance(pending, Pending)
    looked = await desk.client.check(replace(outgoing, handles=pending.handles))
    assert isinstance(looked, Pending)
    prepared = await desk.prepared(outgoing)
    assert isinstance(await desk.client.commit(prepared), Published)
    asset = desk.linkedin.assets[prepared.handles["assets"][outgoing.media[0].sha256]]
    assert (asset.content, asset.owner) == (PIXEL, PAGE)
    assert desk.linkedin.posts[0].content == {"media": {"id": asset.urn, "altText": "A pixel"}}
    put = next(hit for hit in desk.linkedin.hits if hit.method == "PUT")
    assert put.headers["content-type"] == "image/png"
    assert "linkedin-version" not in put.headers


async def test_a_post_never_goes_out_without_its_files(desk: Desk) -> None:
    outgoing = desk.to_send(sample_content("![A](pixel.png)", media=(sample_media(),)))
    assert isinstance(await desk.client.commit(outgoing), Unavailable)
    assert desk.linkedin.posts == []


async def test_a_file_that_cannot_be_processed_is_refused(desk: Desk) -> None:
    desk.linkedin.fails = True
    outgoing = desk.to_send(sample_content("![A](pixel.png)", media=(sample_media(),)))
    pending = await desk.client.prepare(outgoing)
    assert isinstance(pending, Pending)
    outcome = await desk.client.check(replace(outgoing, handles=pending.handles))
    assert isinstance(outcome, Refused)


async def test_an_upload_whose_answer_is_lost_may_be_repeated(desk: Desk) -> None:
    desk.linkedin.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.to_send(sample_content("![A](pixel.png)", media=(sample_media(),)))
    assert isinstance(await desk.client.prepare(outgoing), Unavailable)
    assert isinstance(await desk.client.prepare(outgoing), Pending)


async def test_nothing_is_prepared_for_an_edit(desk: Desk) -> None:
    outgoing = desk.to_send(
        sample_content("![A](pixel.png)", media=(sample_media(),)),
        action=Action.UPDATE,
        target_id="urn:li:share:1",
    )
    assert isinstance(await desk.client.prepare(outgoing), Ready)
    assert desk.linkedin.hits == []


# -- refusals -------------------------------------------------------------------------------------


async def test_a_day_that_is_used_up_ends_at_midnight_utc(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.linkedin.used_up = True
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, RateLimited)
    assert outcome.until == datetime(NOON.year, NOON.month, NOON.day, tzinfo=UTC) + timedelta(1)
    assert outcome.scope == "endpoint"


async def test_an_old_token_may_be_renewed(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.linkedin.token = "another-one-0123456789"
    assert isinstance(await desk.client.commit(outgoing), AuthExpired)


async def test_the_account_says_who_it_is(desk: Desk, person: Desk) -> None:
    page, human = await desk.client.test(), await person.client.test()
    assert isinstance(page, Published)
    assert page.id == PAGE
    assert isinstance(human, Published)
    assert human.id == PERSON


async def test_a_token_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    async with a_desk(tmp_path, author="urn:li:person:Grace") as desk:
        outcome = await desk.client.test()
    assert isinstance(outcome, Misconfigured)
    assert PERSON in outcome.reason


async def test_standing(desk: Desk) -> None:
    post = desk.linkedin.add(desk.outgoing.text)
    sent = replace(desk.outgoing, target_id=post.urn)
    assert isinstance(await desk.client.inspect(sent), AsPublished)
    post.content = {"media": {"id": "urn:li:image:x"}}
    standing = await desk.client.inspect(sent)
    assert isinstance(standing, Changed)
    assert standing.what == "content"
    desk.linkedin.drop(post.urn)
    assert isinstance(await desk.client.inspect(sent), Gone)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (401, b'{"status":401,"code":"REVOKED_ACCESS_TOKEN","message":"x"}', AuthRevoked),
        (401, b'{"status":401,"serviceErrorCode":65602,"message":"expired"}', AuthExpired),
        (403, b'{"status":403,"code":"ACCESS_DENIED","message":"x"}', Misconfigured),
        (400, b'{"status":400,"code":"VERSION_MISSING","message":"x"}', Misconfigured),
        (426, b"<h1>upgrade</h1>", Misconfigured),
        (422, b'{"errorDetails":{"inputErrors":["odd"]}}', Refused),
        (400, b'{"message":["odd"]}', Refused),
        (429, b"[]", RateLimited),
        (500, b"", Unknown),
        (201, b"{}", Unknown),
        (200, b"<h1>back soon</h1>", Unknown),
    ],
)
async def test_recorded_answers(tmp_path: Path, status: int, body: bytes, outcome: type) -> None:
    case = sample_case("linkedin", {"author": PERSON})
    client = case.platform.connect(case.session(CannedTransport(status, body), tmp_path))
    found = await client.commit(case.outgoing(sample_content(), sent_at=NOON))
    assert type(found) is outcome


async def test_a_text_that_is_too_long_there_is_told_in_their_words(tmp_path: Path) -> None:
    body = json.dumps(
        {
            "status": 400,
            "message": "ShareCommentary text length (3001) exceeded the maximum allowed (3000)",
            "errorDetails": {"inputErrors": [{"code": "FIELD_ARRAY_SIZE_TOO_HIGH"}]},
        }
    ).encode()
    case = sample_case("linkedin", {"author": PERSON})
    client = case.platform.connect(case.session(CannedTransport(400, body), tmp_path))
    outcome = await client.commit(case.outgoing(sample_content(), sent_at=NOON))
    assert isinstance(outcome, Refused)
    assert "3001" in outcome.reason
    assert outcome.field == "commentary"


# -- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("https://www.linkedin.com/feed/update/urn:li:share:7431/", "urn:li:share:7431"),
        ("https://linkedin.com/feed/update/urn%3Ali%3AugcPost%3A7431", "urn:li:ugcPost:7431"),
        (
            "https://www.linkedin.com/posts/ada_hello-share-7431329065766260736-aBcD?utm=x",
            "urn:li:share:7431329065766260736",
        ),
        # an activity has a number of its own, which the Posts API does not take
        ("https://www.linkedin.com/feed/update/urn:li:activity:7431/", ""),
        ("https://www.linkedin.com.evil.example/feed/update/urn:li:share:1/", ""),
        ("https://www.linkedin.com/in/ada", ""),
        ("https://[", ""),
    ],
)
def test_a_post_is_known_by_its_address(url: str, id: str) -> None:
    case = sample_case("linkedin")
    assert case.platform.remote_id(url, case.account, None) == id  # type: ignore[arg-type]
