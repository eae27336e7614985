"""The pages: what they show, what their forms do, and that templates get what they use."""

from __future__ import annotations

import httpx2
import pytest

from copydesk.core.checks import RiskClass
from copydesk.core.post import Content, Media, Tier
from copydesk.core.states import DeliveryState, PostState, ReviewState
from copydesk.store import slices
from copydesk.transformation.metadata import file_findings
from copydesk.work.desk import Desk
from tests.server.scene import AUTHOR, TITLE, WORDS, lay_out

PAGES = ["/", "/reviews", "/deliveries", "/accounts"]


@pytest.mark.parametrize("page", PAGES)
async def test_an_empty_page_says_what_to_do(browser: httpx2.AsyncClient, page: str) -> None:
    answer = await browser.get(page)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


async def test_the_inbox_tells_what_came_in_and_what_became_of_it(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    page = (await browser.get("/")).text
    for shown in (TITLE, AUTHOR, "language en", "written by capable", "composed", "held"):
        assert shown in page
    assert f'href="/posts/{scene.post}"' in page
    assert "undecodable: no text" in page
    assert f'href="/submissions/{scene.refused}"' in page
    only = (await browser.get("/?state=refused")).text
    assert "undecodable" in only
    assert TITLE not in only


async def test_the_inbox_leads_to_what_is_older(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient
) -> None:
    for number in range(51):
        await program.post("/v1/submissions", json={"text": f"message {number}"})
    first = (await browser.get("/")).text
    assert first.count("<li>") == 50
    older = first.partition('class="older"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    second = (await browser.get(older)).text
    assert second.count("<li>") == 1
    assert "Older" not in second


async def test_the_piece_shows_its_whole_history(browser: httpx2.AsyncClient, desk: Desk) -> None:
    scene = await lay_out(desk)
    page = (await browser.get(f"/posts/{scene.post}")).text
    shown = [
        f"Subject: {TITLE}",  # the raw bytes
        WORDS,  # the segment
        "dropped: quoted history",
        "merged into segment 2: same question",
        "<del>teh</del> <ins>the</ins>",
        "<ins>Sundays</ins>",  # the difference to the author's text
        "protected_tokens v2",
        "<q>10:30</q>",
        "a number is not in the source",
        "not used: stopped early",
        "which Sunday?",
        "We open on Sundays.",
        "as lines, because plain text",
        "a person is asked",  # the history
    ]
    assert [text for text in shown if text not in page] == []
    for delivery in (scene.delivered, scene.held, scene.waiting):
        assert f'href="/deliveries/{delivery}"' in page
    assert ">Review it</a>" in page


async def test_piece_and_review_warn_of_files_that_tell_more_than_they_show(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    warning = file_findings("lamp.jxl", "image/jxl", b"no picture that is known here")
    lamp = Media(name="lamp.jxl", content_type="image/jxl", sha256="0", size=9, findings=warning)
    async with desk.store.begin("test") as unit:
        post, revision = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key="lamp.md",
            content=Content(title="Lamp", body="A lamp.", slug="lamp", media=(lamp,)),
            tier=Tier.PERSON,
        )
        await unit.posts.move(post, PostState.HELD, reason="a person is asked")
        review = await unit.reviews.open(
            desk.workspace_id, post.id, revision.id, RiskClass.LOW, ["a file"]
        )
    for path in (f"/posts/{post.id}", f"/reviews/{review}"):
        page = (await browser.get(path)).text
        assert "lamp.jxl (image/jxl)" in page
        assert "lamp.jxl: what else it holds beside the picture cannot be left out" in page
        assert "export it anew" in page


async def test_the_raw_bytes_come_back_exactly_and_as_a_download(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    answer = await browser.get(f"/submissions/{scene.refused}/raw")
    assert answer.content == b"\x00\x01"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_what_is_not_shown_of_a_large_message_is_said(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient
) -> None:
    answer = await program.post("/v1/submissions", json={"text": "x" * 30_000})
    page = (await browser.get(f"/submissions/{answer.json()['submission']['id']}")).text
    assert "9.8 KiB more are not shown here" in page


async def test_accepting_a_review_approves_the_piece(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    await browser.post(f"/reviews/{scene.review}/suggestions/accept")
    answer = await browser.post(f"/reviews/{scene.review}/accept", data={"reason": "asked Ada"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/posts/{scene.post}"
    async with desk.store.read() as unit:
        assert (await unit.posts.get(scene.post)).state is PostState.APPROVED
        review = await unit.reviews.get(scene.review)
    assert (review.state, review.decision_reason) == (ReviewState.ACCEPTED, "asked Ada")
    page = (await browser.get(f"/posts/{scene.post}")).text
    assert "Review it" not in page
    assert "asked Ada" in page


async def test_rejecting_after_accepting_is_refused_in_words(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    await browser.post(f"/reviews/{scene.review}/suggestions/accept")
    await browser.post(f"/reviews/{scene.review}/accept")
    answer = await browser.post(f"/reviews/{scene.review}/reject")
    assert answer.status_code == 409
    for question in ("What went wrong", "What copydesk has done since", "What is left for you"):
        assert question in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_a_held_delivery_offers_what_a_person_can_decide(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    page = (await browser.get(f"/deliveries/{scene.held}")).text
    assert "the platform cannot be asked" in page
    assert "No answer was recorded" in page
    for label in ("Send it", "It landed", "Give up"):
        assert f">{label}</button>" in page
    where = {"decision": "landed", "url": "https://social.example/7"}
    answer = await browser.post(f"/deliveries/{scene.held}/decide", data=where)
    assert answer.status_code == 303
    async with desk.store.read() as unit:
        delivery = await unit.deliveries.get(scene.held)
    assert (delivery.state, delivery.url) == (DeliveryState.DELIVERED, "https://social.example/7")


async def test_the_timeline_shows_tries_with_the_answer(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    page = (await browser.get(f"/deliveries/{scene.delivered}")).text
    for shown in ("Try 1", "published", "https://social.example/@newsroom/42", "was sending"):
        assert shown in page
    assert "UTC" in page


async def test_fragments_are_the_part_with_nothing_around_it(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    for fragment, id in (
        ("/inbox/lines", "lines"),
        ("/deliveries/lines", "lines"),
        (f"/deliveries/{scene.held}/timeline", "timeline"),
        (f"/posts/{scene.post}/deliveries", "onward"),
    ):
        text = (await browser.get(fragment)).text.strip()
        assert f'id="{id}"' in text.partition(">")[0]
        assert "<html" not in text


@pytest.mark.parametrize(
    "page", ["/", "/?state=refused", "/deliveries", "/deliveries?state=held&before=dlv_z"]
)
async def test_a_list_refreshes_from_where_it_says(
    browser: httpx2.AsyncClient, desk: Desk, page: str
) -> None:
    await lay_out(desk)
    shown = (await browser.get(page)).text
    address = shown.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    again = await browser.get(address)
    assert again.status_code == 200
    assert again.text.strip() in shown


async def test_a_list_that_looked_through_the_newest_alone_leads_on(
    browser: httpx2.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await lay_out(desk)
    monkeypatch.setattr(slices, "WINDOWS", (1,))
    page, pages = "/deliveries?state=delivered", 0
    while f"/deliveries/{scene.delivered}" not in (shown := (await browser.get(page)).text):
        assert "None of the newest is in this state." in shown
        assert "No delivery is in this state" not in shown
        page = shown.partition('class="older"><a href="')[2].partition('"')[0].replace("&amp;", "&")
        pages += 1
    assert pages == 2, "two newer ones are not delivered"


async def test_a_message_is_added_by_a_plain_form(browser: httpx2.AsyncClient) -> None:
    answer = await browser.post(
        "/submissions", files={"file": ("a.txt", b"Hello desk")}, data={"source": ""}
    )
    assert answer.status_code == 303
    page = (await browser.get(answer.headers["location"])).text
    assert "Hello desk" in page


async def test_a_submission_that_became_a_piece_leads_to_it(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    answer = await browser.get(f"/submissions/{scene.submission}")
    assert answer.headers["location"] == f"/posts/{scene.post}"


async def test_no_worker_is_said_on_the_page(browser: httpx2.AsyncClient, desk: Desk) -> None:
    page = (await browser.get("/")).text
    assert "No worker is running; <code>copydesk up</code>" in page
    async with desk.store.begin("test") as unit:
        await unit.workers.add("wrk_1", "worker", "here", 1)
    assert "No worker is running" not in (await browser.get("/")).text


async def test_accounts_never_show_secrets(browser: httpx2.AsyncClient, desk: Desk) -> None:
    await lay_out(desk)
    page = (await browser.get("/accounts")).text
    assert "credential refused" in page
    assert "sealed-secret" not in page
