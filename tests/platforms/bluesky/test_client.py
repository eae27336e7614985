"""Posts land exactly once on a server, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from copydesk.core.delivery import Action, part_key
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    AuthExpired,
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
from copydesk.core.standing import AsPublished, Changed
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_bluesky import BLOB_LIFE, POINTS
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import Lie
from copydesk.testing.samples import PIXEL, sample_case, sample_content, sample_media
from copydesk.testing.transports import CannedTransport
from tests.platforms.bluesky.skies import Sky, thread


class TestBlueskyUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, sky: Sky) -> Rig:
        return Rig(
            client=sky.client,
            server=sky.server,
            outgoing=await sky.ready(sky.to_send()),
            landed=lambda: len(sky.server.posts),
            secrets=tuple(sky.case.secrets.values()),
            repeatable=True,
        )


class TestBlueskyAfterwards(AftercareContract):
    @pytest.fixture
    async def rig(self, sky: Sky) -> Afterwards:
        server = sky.server

        async def change(uri: str) -> None:
            server.records[uri.rpartition("/")[2]].value["text"] = "We are closed."

        async def remove(uri: str) -> None:
            del server.records[uri.rpartition("/")[2]]

        return Afterwards(
            client=sky.client,
            outgoing=await sky.ready(sky.to_send(sample_content(media=(sample_media(),)))),
            change=change,
            remove=remove,
            there=lambda uri: uri.rpartition("/")[2] in server.records,
            server=server,
        )


async def test_a_post_has_its_text_language_time_and_addresses(sky: Sky) -> None:
    published = await sky.publish(sample_content())
    (post,) = sky.server.posts
    assert post["text"] == "Copy desks\n\nDesks are open again.\n\n#newsroom #OpenSource"
    assert post["langs"] == ["en"]
    assert post["createdAt"] == "2026-11-21T12:00:00.000Z"
    key = published.id.rpartition("/")[2]
    assert published.id == f"at://{sky.server.did}/app.bsky.feed.post/{key}"
    assert published.url == f"https://bsky.app/profile/{sky.server.did}/post/{key}"


async def test_a_repeat_makes_no_second_commit_and_no_other_record(
    sky: Sky, clock: StoppedClock
) -> None:
    outgoing = await sky.ready(sky.to_send(sample_content(media=(sample_media(),))))
    first = await sky.client.commit(outgoing)
    clock.advance(90)
    again = replace(outgoing, sent_at=clock.now())
    looked = await sky.client.check(again)
    assert isinstance(looked, Ready)
    second = await sky.client.commit(replace(again, handles=looked.handles))
    assert isinstance(first, Published)
    assert isinstance(second, Published)
    assert (first.id, first.url) == (second.id, second.url)
    assert sky.server.commits == 1


async def test_a_post_that_waited_carries_the_time_it_was_first_tried(
    sky: Sky, clock: StoppedClock
) -> None:
    outgoing = replace(sky.to_send(), first_sent_at=None, sent_at=NOON + timedelta(days=3))
    ready = await sky.client.prepare(outgoing)
    assert isinstance(ready, Ready)
    waited = replace(outgoing, handles=ready.handles, sent_at=NOON + timedelta(days=4))
    ready = await sky.client.check(waited)
    assert isinstance(ready, Ready)
    tried = replace(waited, handles=ready.handles, first_sent_at=waited.sent_at)
    again = await sky.client.check(replace(tried, sent_at=NOON + timedelta(days=5)))
    assert again == ready
    await sky.client.commit(tried)
    assert sky.server.posts[0]["createdAt"] == "2026-11-25T12:00:00.000Z"


async def test_nothing_is_written_over_another_record(sky: Sky) -> None:
    outgoing = await sky.ready(sky.to_send())
    await sky.client.commit(outgoing)
    (key,) = sky.server.records
    sky.server.records[key].value |= {"text": "Mine", "createdAt": "2026-01-01T00:00:00Z"}
    sky.server.records[key].cid = "bafyreiother"
    assert isinstance(await sky.client.commit(outgoing), Unknown)
    assert isinstance(await sky.client.find(outgoing), Inconclusive)
    assert sky.server.posts[0]["text"] == "Mine"


async def test_what_a_person_changed_there_is_still_ours(sky: Sky) -> None:
    outgoing = await sky.ready(sky.to_send())
    await sky.client.commit(outgoing)
    (key,) = sky.server.records
    sky.server.records[key].value["text"] = "Changed."
    assert isinstance(await sky.client.find(outgoing), Landed)


async def test_a_server_that_does_not_answer_proves_nothing(sky: Sky) -> None:
    outgoing = sky.to_send()
    sky.server.broken_looks = 1
    assert isinstance(await sky.client.find(outgoing), Inconclusive)
    assert isinstance(await sky.client.find(outgoing), Absent)
    await sky.server.stop()
    assert isinstance(await sky.client.find(outgoing), Inconclusive)


async def test_a_change_is_refused_with_the_reason(sky: Sky) -> None:
    published = await sky.publish(sample_content())
    edit = sky.to_send(sample_content("New."), action=Action.UPDATE, target_id=published.id)
    outcome = await sky.client.commit(edit)
    assert isinstance(outcome, Refused)
    assert "does not show" in outcome.reason
    assert "Desks are open" in sky.server.posts[0]["text"]


# -- images, cards, mentions, quotes --------------------------------------------------------------


async def test_images_are_uploaded_once_and_attached_with_size_and_words(sky: Sky) -> None:
    content = sample_content("![A desk](pixel.png)", media=(sample_media(),))
    outgoing = await sky.ready(sky.to_send(content))
    again = await sky.client.check(replace(outgoing, first_sent_at=None))
    assert isinstance(again, Ready)
    assert again.handles == outgoing.handles
    await sky.client.commit(outgoing)
    uploads = [hit for hit in sky.server.hits if hit.path.endswith("uploadBlob")]
    assert [(hit.headers["content-type"], hit.body) for hit in uploads] == [("image/png", PIXEL)]
    (image,) = sky.server.posts[0]["embed"]["images"]
    assert image["alt"] == "A desk"
    assert image["aspectRatio"] == {"width": 1, "height": 1}


async def test_a_post_never_goes_out_without_its_images(sky: Sky) -> None:
    outgoing = sky.to_send(sample_content(media=(sample_media(),)))
    assert isinstance(await sky.client.commit(outgoing), Unavailable)
    assert sky.server.posts == []


async def test_an_image_that_was_thrown_away_is_uploaded_again(
    sky: Sky, clock: StoppedClock
) -> None:
    outgoing = await sky.ready(sky.to_send(sample_content(media=(sample_media(),))))
    clock.advance(BLOB_LIFE.total_seconds())
    assert isinstance(await sky.client.commit(outgoing), Unavailable)
    again = await sky.client.check(outgoing)
    assert isinstance(again, Ready)
    assert again.handles == outgoing.handles, "the same bytes are the same blob"
    assert isinstance(await sky.client.commit(outgoing), Published)


async def test_a_link_gets_a_card_with_the_cover(sky: Sky) -> None:
    url = "https://example.org/desks"
    media = (sample_media("cover.png", alt=""),)
    content = replace(
        sample_content(
            "A long sentence about desks. " * 40, summary="All of it.", canonical_url=url,
            media=media,
        ),
        cover="cover.png",
        overrides={"bluesky": {"form": "post"}},
    )  # fmt: skip
    await sky.publish(content)
    external = sky.server.posts[0]["embed"]["external"]
    assert (external["uri"], external["title"]) == (url, "Copy desks")
    assert external["description"] == "All of it."
    assert external["thumb"]["mimeType"] == "image/png"


async def test_who_is_mentioned_is_looked_up_once_and_strangers_stay_plain(sky: Sky) -> None:
    content = sample_content("Thanks @ada.example.org and @nobody.example.org!", title="Thanks")
    outgoing = await sky.ready(sky.to_send(content))
    asked = len(sky.server.hits)
    await sky.client.check(replace(outgoing, first_sent_at=None))
    assert len(sky.server.hits) == asked
    await sky.client.commit(outgoing)
    post = sky.server.posts[0]
    features = [f for facet in post["facets"] for f in facet["features"]]
    mentions = [f for f in features if f["$type"].endswith("#mention")]
    assert mentions == [
        {
            "$type": "app.bsky.richtext.facet#mention",
            "did": sky.server.people["ada.example.org"],
        }
    ]
    assert "@nobody.example.org" in post["text"]


async def test_a_mention_waits_for_a_server_that_cannot_tell(sky: Sky) -> None:
    await sky.server.stop()
    content = sample_content("Thanks @ada.example.org!")
    assert isinstance(await sky.client.prepare(sky.to_send(content)), Unavailable)


async def test_another_post_is_quoted_in_the_version_there_is(sky: Sky) -> None:
    uri = sky.server.quote("ada.example.org", "3jzfcijpj2z2a", "Desks!")
    page = "https://bsky.app/profile/ada.example.org/post/3jzfcijpj2z2a"
    content = sample_content(media=(sample_media(),))
    await sky.publish(replace(content, overrides={"bluesky": {"quote": page}}))
    embed = sky.server.posts[0]["embed"]
    cid = sky.server.elsewhere[uri].cid
    assert embed["$type"] == "app.bsky.embed.recordWithMedia"
    assert embed["record"]["record"] == {"uri": uri, "cid": cid}
    assert len(embed["media"]["images"]) == 1


async def test_quoting_what_is_not_there_is_refused_before_anything_is_sent(sky: Sky) -> None:
    page = "https://bsky.app/profile/ada.example.org/post/3jzfcijpj2z2a"
    content = replace(sample_content(), overrides={"bluesky": {"quote": page}})
    outcome = await sky.client.prepare(sky.to_send(content))
    assert isinstance(outcome, Refused)
    assert outcome.field == "quote"


async def test_content_warnings_are_labels(sky: Sky) -> None:
    content = replace(sample_content(), overrides={"bluesky": {"labels": ["graphic-media"]}})
    await sky.publish(content)
    assert sky.server.posts[0]["labels"]["values"] == [{"val": "graphic-media"}]


# -- threads --------------------------------------------------------------------------------------


async def test_each_part_answers_the_one_before_and_names_the_first(sky: Sky) -> None:
    outcomes = await sky.publish_thread(sky.to_send(thread("One.", "Two.", "Three.")))
    ids = [outcome.id for outcome in outcomes if isinstance(outcome, Published)]
    posts = {uri: sky.server.records[uri.rpartition("/")[2]] for uri in ids}
    assert [record.value["text"] for record in posts.values()] == ["One.", "Two.", "Three."]
    assert [record.value["text"] for _, record in sorted(sky.server.records.items())] == [
        "One.",
        "Two.",
        "Three.",
    ]
    assert "reply" not in posts[ids[0]].value
    reply = posts[ids[2]].value["reply"]
    assert reply["root"] == {"uri": ids[0], "cid": posts[ids[0]].cid}
    assert reply["parent"] == {"uri": ids[1], "cid": posts[ids[1]].cid}


async def test_a_lost_part_is_found_by_its_own_key(sky: Sky) -> None:
    outgoing = await sky.ready(sky.to_send(thread("One.", "Two.")))
    first = await sky.client.commit(outgoing)
    assert isinstance(first, Published)
    out = [{"id": first.id, "url": first.url}]
    second = replace(
        outgoing,
        key=part_key(outgoing.key, 1),
        handles={**outgoing.handles, "parts": out},
    )
    assert isinstance(await sky.client.commit(second), Unavailable), "its parent is not known yet"
    second = await sky.ready(second)
    assert isinstance(await sky.client.find(second), Absent)
    sky.server.lie(Lie.RESET_AFTER_ACCEPT)
    assert isinstance(await sky.client.commit(second), Unknown)
    found = await sky.client.find(second)
    assert isinstance(found, Landed)
    assert found.id != first.id
    assert isinstance(await sky.client.commit(second), Published)
    assert len(sky.server.posts) == 2


async def test_a_part_waits_until_its_parent_is_shown(sky: Sky, clock: StoppedClock) -> None:
    outgoing = await sky.ready(sky.to_send(thread("One.", "Two.")))
    first = await sky.client.commit(outgoing)
    assert isinstance(first, Published)
    sky.server.stale_for = 1.5
    out = [{"id": first.id, "url": first.url}]
    second = replace(outgoing, handles={**outgoing.handles, "parts": out})
    outcome = await sky.client.check(second)
    assert isinstance(outcome, Unavailable)
    assert first.url in outcome.reason
    clock.advance(2)
    assert isinstance(await sky.client.check(second), Ready)


async def test_each_part_of_a_thread_is_looked_at_and_removed_by_itself(sky: Sky) -> None:
    outgoing = sky.to_send(thread("One.", "Two."))
    outcomes = await sky.publish_thread(outgoing)
    parts = [{"id": o.id, "url": o.url} for o in outcomes if isinstance(o, Published)]
    for number, part in enumerate(parts):
        seen = replace(outgoing, target_id=part["id"], handles={"parts": parts[:number]})
        assert isinstance(await sky.client.inspect(seen), AsPublished)
    sky.server.records[parts[1]["id"].rpartition("/")[2]].value["text"] = "Too."
    last = replace(outgoing, target_id=parts[1]["id"], handles={"parts": parts[:1]})
    assert await sky.client.inspect(last) == Changed("text")
    assert isinstance(await sky.client.commit(replace(last, action=Action.DELETE)), Published)
    assert [post["text"] for post in sky.server.posts] == ["One."]


# -- what the server says -------------------------------------------------------------------------


async def test_an_expired_session_says_so(sky: Sky, clock: StoppedClock) -> None:
    outgoing = await sky.ready(sky.to_send())
    clock.advance(7_200)
    assert isinstance(await sky.client.commit(outgoing), AuthExpired)
    assert isinstance(await sky.client.test(), AuthExpired)
    assert sky.server.posts == []


async def test_points_run_out_until_the_server_says(sky: Sky, clock: StoppedClock) -> None:
    outgoing = await sky.ready(sky.to_send())
    sky.server.points = 1
    outcome = await sky.client.commit(outgoing)
    assert isinstance(outcome, RateLimited)
    assert (outcome.retry_after, outcome.scope) == (3600, "account")
    clock.advance(3600)
    assert isinstance(await sky.client.commit(outgoing), Published)
    assert sky.server.points == POINTS - 2


async def test_an_account_in_trouble_stops_with_the_servers_words(sky: Sky) -> None:
    outgoing = await sky.ready(sky.to_send())
    sky.server.status = "deactivated"
    outcome = await sky.client.commit(outgoing)
    assert isinstance(outcome, Misconfigured)
    assert "deactivated" in outcome.reason


async def test_what_is_refused_is_told_in_the_servers_words(sky: Sky) -> None:
    outgoing = await sky.ready(sky.to_send())
    part = {**outgoing.payload["parts"][0], "text": "x" * 301, "facets": []}
    outcome = await sky.client.commit(
        replace(outgoing, payload={**outgoing.payload, "parts": [part]})
    )
    assert isinstance(outcome, Refused)
    assert "300 graphemes" in outcome.reason


async def test_numbers_are_read(sky: Sky) -> None:
    published = await sky.publish(sample_content())
    key = published.id.rpartition("/")[2]
    sky.server.counts[key] = {"likeCount": 5, "repostCount": 2, "quoteCount": 1}
    found = await sky.client.metrics(replace(sky.to_send(), target_id=published.id))
    assert isinstance(found, Metrics)
    assert found.counts == {
        Metric.REACTIONS: 5,
        Metric.REPLIES: 0,
        Metric.REPOSTS: 2,
        Metric.QUOTES: 1,
    }
    sky.server.records.clear()
    gone = await sky.client.metrics(replace(sky.to_send(), target_id=published.id))
    assert isinstance(gone, Unavailable)


async def test_the_account_says_who_it_is(sky: Sky) -> None:
    outcome = await sky.client.test()
    assert isinstance(outcome, Published)
    assert outcome.id == "@desk.example.org"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, b'{"error":"InvalidToken","message":"Token could not be verified"}', AuthExpired),
        (401, b'{"error":"AuthMissing","message":"Authentication Required"}', AuthExpired),
        (401, b'{"error":"AccountTakedown","message":"taken down"}', Misconfigured),
        (400, b'{"error":"InvalidSwap","message":"Record was at null"}', Unknown),
        (400, b'{"error":"BlobNotFound","message":"Could not find blob"}', Unavailable),
        (413, b'{"error":"PayloadTooLarge"}', Refused),
        (500, b'{"error":"InternalServerError","message":"Internal Server Error"}', Unknown),
        (502, b'{"error":"UpstreamFailure"}', Unknown),
        (400, b'{"error":["odd"]}', Refused),
        (200, b"[]", Unknown),
        (200, b'{"uri":"at://elsewhere"}', Unknown),
    ],
)
async def test_recorded_answers(tmp_path: Path, status: int, body: bytes, outcome: type) -> None:
    case = sample_case("bluesky", {"identifier": "desk.example.org"})
    client = case.platform.connect(case.session(CannedTransport(status, body), tmp_path))
    found = await client.commit(case.outgoing(sample_content(), sent_at=NOON))
    assert type(found) is outcome
