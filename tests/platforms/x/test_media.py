"""Files are uploaded a bounded step at a time, described, waited for, and renewed when they end."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Pending, Published, Ready, Refused, Unavailable
from copydesk.core.post import Media
from copydesk.platforms.x.uploading import PIECE, PIECES_A_STEP
from copydesk.testing.clocks import NOON
from tests.platforms.x.desk import Desk, film, picture


def calls(xdesk: Desk) -> Counter[str]:
    """How often each kind of call was made."""
    parts = (f"{hit.method} {hit.path.partition('?')[0]}" for hit in xdesk.server.hits)
    return Counter(part.rpartition("/")[2] if "/media/" in part else part for part in parts)


async def test_images_are_described_and_attached_in_order(xdesk: Desk) -> None:
    files = [picture(f"{name}.png", alt=f"Picture {name}") for name in "abcd"]
    await xdesk.publish(xdesk.to_send("Four.", media=[files]))
    (tweet,) = xdesk.server.tweets
    shelf = xdesk.server.media.files
    assert [shelf[id].alt for id in tweet.media_ids] == [f"Picture {name}" for name in "abcd"]
    assert {one.category for one in shelf.values()} == {"tweet_image"}
    assert xdesk.server.charges["metadata"] == 4


async def test_each_step_takes_one_file_and_says_so(xdesk: Desk) -> None:
    outgoing = xdesk.to_send("Two.", media=[[picture("a.png"), picture("b.png")]])
    first = await xdesk.client.prepare(outgoing)
    assert isinstance(first, Pending)
    assert calls(xdesk) == {"upload": 1, "metadata": 1}
    second = await xdesk.client.check(replace(outgoing, handles=first.handles))
    assert isinstance(second, Ready)
    again = await xdesk.client.check(replace(outgoing, handles=second.handles))
    assert isinstance(again, Ready)
    assert calls(xdesk) == {"upload": 2, "metadata": 2}, "what is there is not sent again"


async def test_a_post_without_files_makes_no_call_and_keeps_nothing(xdesk: Desk) -> None:
    ready = await xdesk.client.prepare(xdesk.outgoing)
    assert ready == Ready({})
    assert xdesk.server.hits == []


async def test_a_file_without_a_description_is_sent_as_it_is(xdesk: Desk) -> None:
    await xdesk.publish(xdesk.to_send("One.", media=[[picture(alt="")]]))
    assert xdesk.server.charges["metadata"] == 0


async def test_files_of_all_parts_come_before_the_first_part(xdesk: Desk) -> None:
    outgoing = xdesk.to_send("One.", "Two.", media=[[picture("a.png")], [picture("b.png")]])
    await xdesk.publish(outgoing)
    order = [hit.path for hit in xdesk.server.hits if hit.method == "POST"]
    assert order[-2:] == ["/2/tweets", "/2/tweets"]
    assert [len(tweet.media_ids) for tweet in xdesk.server.tweets] == [1, 1]


async def test_a_film_goes_in_pieces_and_is_waited_for(xdesk: Desk) -> None:
    clip = film(size=PIECE * (PIECES_A_STEP + 1) + 5)
    xdesk.server.media.rounds = 2
    outgoing = xdesk.to_send("Watch.", media=[[clip]])
    steps: list[float] = []
    while not isinstance(answer := await xdesk.client.prepare(outgoing), Ready):
        assert isinstance(answer, Pending), answer
        steps.append(answer.retry_after)
        outgoing = replace(outgoing, handles=answer.handles)
        # not ready: nothing is published with it
        assert isinstance(await xdesk.client.commit(outgoing), Unavailable | Refused)
    assert steps == [1.0, 3.0, 3.0], "X said to look again after three seconds"
    assert calls(xdesk)["append"] == PIECES_A_STEP + 2
    (kept,) = xdesk.server.media.files.values()
    assert len(kept.content) == clip.size
    assert kept.alt == "A clip"
    outcome = await xdesk.client.commit(replace(outgoing, handles=answer.handles))
    assert isinstance(outcome, Published)


async def test_a_gif_is_a_film(xdesk: Desk) -> None:
    await xdesk.publish(xdesk.to_send("Wave.", media=[[film("wave.gif", size=1000)]]))
    (kept,) = xdesk.server.media.files.values()
    assert kept.category == "tweet_gif"


async def test_a_film_that_x_cannot_use_is_refused_by_name(xdesk: Desk) -> None:
    xdesk.server.media.fails = True
    answer = await xdesk.client.prepare(xdesk.to_send("Watch.", media=[[film()]]))
    assert isinstance(answer, Refused)
    assert answer.field == "media.clip.mp4"
    assert "codec" in answer.reason


async def test_work_on_a_film_is_not_waited_for_for_ever(xdesk: Desk) -> None:
    xdesk.server.media.rounds = 10_000
    xdesk.server.rates["GET /2/media/upload"] = 10_000
    outgoing = xdesk.to_send("Watch.", media=[[film()]])
    answer = await xdesk.client.prepare(outgoing)
    for _ in range(300):
        if not isinstance(answer, Pending):
            break
        outgoing = replace(outgoing, handles=answer.handles)
        answer = await xdesk.client.prepare(outgoing)
    assert isinstance(answer, Refused)
    assert answer.field == "media.clip.mp4"


async def test_an_upload_that_x_has_lost_begins_again_but_not_for_ever(xdesk: Desk) -> None:
    xdesk.server.media.rounds = 1
    outgoing = xdesk.to_send("Watch.", media=[[film(size=100)]])
    answer = await xdesk.client.prepare(outgoing)
    for _ in range(2):
        assert isinstance(answer, Pending)
        xdesk.server.media.files.clear()
        outgoing = replace(outgoing, handles=answer.handles)
        lost = await xdesk.client.prepare(outgoing)
        assert isinstance(lost, Pending)
        answer = await xdesk.client.prepare(replace(outgoing, handles=lost.handles))
    assert isinstance(answer, Pending)
    ready = await xdesk.client.prepare(replace(outgoing, handles=answer.handles))
    assert isinstance(ready, Ready), "the third upload was not lost"
    xdesk.server.media.files.clear()
    refused = await xdesk.client.prepare(replace(outgoing, handles=answer.handles))
    assert isinstance(refused, Refused)
    assert refused.field == "media.clip.mp4"


async def prepared_at(xdesk: Desk, outgoing: Outgoing) -> Outgoing:
    return await xdesk.prepared(replace(outgoing, sent_at=xdesk.clock.now()))


async def test_files_that_have_ended_are_uploaded_again(xdesk: Desk) -> None:
    outgoing = await prepared_at(xdesk, xdesk.to_send("Late.", media=[[picture()]]))
    (first,) = xdesk.server.media.files
    xdesk.clock.advance(23 * 3600)
    outgoing = await prepared_at(xdesk, outgoing)
    assert list(xdesk.server.media.files) == [first]
    xdesk.clock.advance(3600)
    outgoing = await prepared_at(xdesk, outgoing)
    assert len(xdesk.server.media.files) == 2
    assert isinstance(await xdesk.client.commit(outgoing), Published)


async def test_a_large_image_is_made_to_fit(xdesk: Desk) -> None:
    import random

    noise = random.Random(7).randbytes(1700 * 1700 * 3)
    made = io.BytesIO()
    Image.frombytes("RGB", (1700, 1700), noise).save(made, "PNG", compress_level=0)
    media = picture("big.png", content=made.getvalue())

    async def load(_: Media) -> bytes:
        return made.getvalue()

    client = xdesk.connect()
    client._uploader._load_media = load  # type: ignore[attr-defined]
    answer = await client.prepare(xdesk.to_send("Big.", media=[[media]]))
    assert isinstance(answer, Ready), answer
    (kept,) = xdesk.server.media.files.values()
    assert media.size > 5_000_000 >= len(kept.content)


@pytest.mark.parametrize("missing", [{}, {"media": {}}])
async def test_nothing_goes_out_without_its_files(xdesk: Desk, missing: dict[str, object]) -> None:
    outgoing = xdesk.to_send("Picture.", media=[[picture()]], handles=missing)
    assert isinstance(await xdesk.client.commit(outgoing), Unavailable)
    assert xdesk.server.tweets == []
    assert outgoing.first_sent_at == NOON
    assert xdesk.clock.now() - NOON == timedelta(minutes=1)
