"""`/v1/reviews` and its suggestions, as a program uses them."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from copydesk.core.checks import RiskClass
from copydesk.core.review import ReviewKind
from copydesk.core.states import PostState
from copydesk.editorial import reviewing
from copydesk.work.desk import Desk
from tests.server.scene import make_token
from tests.work.reviewed import LETTER, WRITTEN, hold
from tests.work.reviews.test_hinting import rough


async def get(program: httpx2.AsyncClient, path: str) -> Any:
    answer = await program.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def price_of(program: httpx2.AsyncClient, review: str) -> dict[str, Any]:
    found = await get(program, f"/v1/reviews/{review}/suggestions")
    (price,) = [s for s in found if s["before"] == "45.90"]
    return dict(price)


async def test_a_review_has_both_texts_and_every_change(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    held = await hold(desk)
    review = await get(program, f"/v1/reviews/{held.review}")
    assert review["text"] == review["proposed"] == WRITTEN
    assert "i want a refund" in review["own"]
    price = await price_of(program, held.review)
    assert review["own"][price["start"] : price["end"]] == "45.90"
    assert review["own"][: price["start"]].endswith(price["quote_before"])
    assert (price["intent"], price["origin"], price["state"]) == ("fact_flag", "model", "opened")
    assert price["evidence"]
    assert (await get(program, f"/v1/reviews/{held.post}"))["id"] == held.review


async def test_a_verdict_is_put_and_taken_back(program: httpx2.AsyncClient, desk: Desk) -> None:
    held = await hold(desk)
    number = (await price_of(program, held.review))["number"]
    path = f"/v1/reviews/{held.review}/suggestions/{number}"
    for _ in range(2):
        answer = await program.put(path, json={"verdict": "rejected", "reason": "wrong_fact"})
        assert answer.json()["state"] == "rejected"
    assert len(await get(program, f"{path}/decisions")) == 1, "the same twice is once"
    text = await get(program, f"/v1/reviews/{held.review}/text")
    assert "45.90 EUR" in text["body"]
    assert text["is_changed"]
    edited = await program.put(path, json={"verdict": "edited", "text": "46.90"})
    assert edited.json()["findings"], "what the checks say about it"
    for state in ("rejected", "opened"):
        assert (await program.delete(path)).json()["state"] == state
    assert (await program.delete(path)).status_code == 409
    taken = await get(program, f"{path}/decisions")
    assert [d["state"] for d in taken] == ["rejected", "edited"]
    assert all(d["undone_at"] for d in taken)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"verdict": "rejected"}, 422),
        ({"verdict": "edited"}, 422),
        ({"verdict": "approved"}, 422),
        ({"verdict": "accepted", "version": 7}, 409),
        ({"verdict": "accepted", "more": 1}, 422),
    ],
    ids=["no reason", "no text", "no verdict", "another version", "unknown field"],
)
async def test_a_wrong_verdict_is_a_problem_and_changes_nothing(
    program: httpx2.AsyncClient, desk: Desk, body: dict[str, Any], status: int
) -> None:
    held = await hold(desk)
    number = (await price_of(program, held.review))["number"]
    answer = await program.put(f"/v1/reviews/{held.review}/suggestions/{number}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await price_of(program, held.review))["state"] == "opened"
    nowhere = await program.put(f"/v1/reviews/{held.review}/suggestions/999", json=body)
    assert nowhere.status_code in (404, 422)


async def test_what_is_weighty_is_named_before_a_text_goes_out(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    held = await hold(desk)
    path = f"/v1/reviews/{held.review}"
    price = await price_of(program, held.review)
    assert price["number"] in (await get(program, f"{path}/text"))["undecided"]
    refused = await program.post(f"{path}/accept", json={"reason": "fine"})
    assert refused.status_code == 409
    assert str(price["number"]) in refused.json()["detail"]
    fluent = await program.post(f"{path}/suggestions/accept", json={"intent": "fluency"})
    assert {s["intent"] for s in fluent.json()} == {"fluency"}
    clear = await program.post(f"{path}/suggestions/accept", json={"intent": "clarity"})
    assert clear.status_code == 403
    assert (await program.post(f"{path}/accept", json={"rest": True})).json()["state"] == "accepted"
    async with desk.store.read() as unit:
        assert (await unit.posts.get(held.post)).state is PostState.APPROVED


async def test_a_text_is_typed_over_sent_back_and_answered(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    held = await hold(desk)
    path = f"/v1/reviews/{held.review}"
    wanted = WRITTEN.replace("See my order.", "See https://shop.example/o/77.")
    put = await program.put(f"{path}/text", json={"body": wanted, "title": "A lamp"})
    assert {s["field"] for s in put.json()} == {"body", "title"}
    text = await get(program, f"{path}/text")
    assert (text["body"], text["title"]) == (wanted, "A lamp")
    back = await program.post(f"{path}/send-back", json={"to": "author", "reason": "Which lamp?"})
    assert (back.json()["state"], back.json()["sent_to"]) == ("returned", "author")
    answered = await program.post(f"{path}/answer", json={"body": "The red lamp is broken."})
    assert answered.json()["state"] == "opened"
    assert (await get(program, f"{path}/text"))["body"] == "The red lamp is broken."


async def test_the_queue_is_taken_handed_on_and_paged(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    made = []
    for number, risk in enumerate((RiskClass.LOW, RiskClass.CRITICAL, RiskClass.HIGH)):
        raw = LETTER.replace(b"The lamp", b"Lamp %d" % number)
        made.append((await hold(desk, raw=raw, risk=risk, name=f"{number}.eml")).review)
    order = [made[1], made[2], made[0]]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await get(program, f"/v1/reviews?state=opened&limit=1&cursor={cursor}")
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == order
    assert (await program.get("/v1/reviews?cursor=nonsense")).status_code == 400
    taken = (await program.post("/v1/reviews/next")).json()["review"]
    assert (taken["id"], taken["assignee"]) == (order[0], "test owner")
    handed = await program.post(f"/v1/reviews/{order[0]}/assign", json={"person": "ben"})
    assert handed.json()["assignee"] == "ben"
    assert (await program.post(f"/v1/reviews/{order[0]}/claim")).status_code == 409
    free = await get(program, "/v1/reviews?free=true&state=opened")
    assert [item["id"] for item in free["items"]] == order[1:]
    released = await program.post(f"/v1/reviews/{order[0]}/release")
    assert released.json()["assignee"] == ""


async def test_an_opinion_is_asked_for_without_risk_or_evidence(
    program: httpx2.AsyncClient, browser: httpx2.AsyncClient, desk: Desk
) -> None:
    held = await hold(desk, kind=ReviewKind.AUDIT)
    review = await get(program, f"/v1/reviews/{held.review}")
    assert (review["risk"], review["reasons"]) == (None, [])
    assert {s["risk"] for s in review["suggestions"]} == {None}
    assert not any(s["evidence"] for s in review["suggestions"])
    page = (await browser.get(f"/reviews/{held.review}")).text
    for told in ("high risk", "money is involved", "fact flag", "this money of the source"):
        assert told not in page
    listed = (await browser.get("/reviews")).text
    assert "money is involved" not in listed


async def test_a_review_of_another_workspace_is_not_there(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    held = await hold(desk)
    async with desk.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "person")
        await unit.tokens.add(other.id, "theirs", label="them", role="owner")
    theirs = {"Authorization": "Bearer theirs"}
    for path in ("", "/text", "/suggestions", "/suggestions/1/decisions"):
        answer = await program.get(f"/v1/reviews/{held.review}{path}", headers=theirs)
        assert answer.status_code in (401, 404), path


async def test_who_may_only_look_sees_no_buttons_and_cannot_press_them(
    stranger: httpx2.AsyncClient, desk: Desk
) -> None:
    held = await hold(desk)
    await stranger.post("/login", data={"token": await make_token(desk, "viewer")})
    page = await stranger.get(f"/reviews/{held.review}")
    assert page.status_code == 200
    assert "45.90" in page.text
    for button in ("Accept and publish", "Take it", 'value="accepted"'):
        assert button not in page.text
    same = {"Sec-Fetch-Site": "same-origin"}
    answer = await stranger.post(f"/reviews/{held.review}/claim", headers=same)
    assert answer.status_code == 403


async def test_a_wrong_form_is_a_problem_in_words(browser: httpx2.AsyncClient, desk: Desk) -> None:
    held = await hold(desk)
    path = f"/reviews/{held.review}/suggestions/1"
    for form in ({"verdict": "rejected", "reason": "whim"}, {"verdict": "superb"}):
        assert (await browser.post(path, data=form)).status_code == 422
    stale = await browser.post(path, data={"verdict": "superseded"})
    assert stale.status_code == 422
    missing = await browser.post(path, data={"verdict": "rejected"})
    assert missing.status_code == 422
    assert "says why" in missing.text


async def test_hints_are_listed_and_taken(
    program: httpx2.AsyncClient, browser: httpx2.AsyncClient, desk: Desk
) -> None:
    review, _ = await rough(desk)
    found = await get(program, f"/v1/reviews/{review}/hints")
    doubled = next(h for h in found["hints"] if h["message"].startswith("doubled word"))
    assert (doubled["before"], doubled["after"]) == ("the the", "the")
    number, version = doubled["number"], found["version"]
    form = {"version": str(version)}
    answer = await browser.post(f"/reviews/{review}/hints/{number}", data=form)
    assert answer.status_code == 409, "ada works on it"
    async with desk.store.begin("web:ada") as unit:
        await reviewing.release(unit, await unit.reviews.get(review))
    path = f"/v1/reviews/{review}/hints/{number}/accept"
    stale = await program.post(path, json={"version": version})
    assert stale.status_code == 409
    taken = await program.post(path, json={})
    assert taken.status_code == 200, taken.text
    assert [s["state"] for s in taken.json()] == ["edited"]
    assert "the the" not in (await get(program, f"/v1/reviews/{review}"))["text"]
    page = await browser.get(f"/reviews/{review}")
    assert "What would read better" in page.text
