"""The pages of audits: a blind look, what was found, what is earned, agreement."""

from __future__ import annotations

import re

import httpx2

from copydesk.core.audit import AuditPolicy, ItemClass
from copydesk.core.checks import RiskClass
from copydesk.core.review import ReviewKind
from copydesk.core.states import AuditState, PostState, ReviewState
from copydesk.store.reviews import Review, WantedReviews
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.server.scene import make_token

CLS = ItemClass(channel="email", language="en", risk=RiskClass.LOW, writer="rules")


async def find_audit(desk: Desk, browser: httpx2.AsyncClient) -> str:
    """Have a text judged twice, one class lose and count anew; return an audit that waits."""
    async with desk.store.begin("test") as unit:
        await unit.audits.set_policy(desk.workspace_id, AuditPolicy(second_share=1.0))
    await sent(desk, 900)
    (audit,) = await waiting(desk)
    await browser.post(f"/reviews/{audit.id}/accept", data={})
    (second,) = await waiting(desk, ReviewKind.SECOND)
    headers = {"Authorization": f"Bearer {await make_token(desk, 'editor')}", "Cookie": ""}
    await browser.post(f"/v1/reviews/{second.id}/accept", headers=headers, json={})
    await browser.post("/audits/restart", data={"reason": "new style guide"})
    await sent(desk, 901)
    (audit,) = await waiting(desk)
    return audit.id


async def sent(desk: Desk, number: int = 1) -> str:
    """Let a text go out by itself; return its post."""
    raw = (
        f"From: Ada <ada@example.org>\r\nMessage-ID: <{number}@example.org>\r\n"
        "Subject: The lamp\r\n\r\nThe lamp looks lovely in our hall. It fits well.\r\n"
    )
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "automatic")
    submission = (await submit(desk, raw.encode(), filename="a.eml", actor="test")).submission
    await compose(desk, submission.id)
    async with desk.store.read() as unit:
        post_id = (await unit.submissions.get(submission.id)).post_id
    assert post_id is not None
    return post_id


async def waiting(desk: Desk, kind: ReviewKind = ReviewKind.AUDIT) -> list[Review]:
    async with desk.store.read() as unit:
        wanted = WantedReviews(state=ReviewState.OPENED, kind=kind)
        return await unit.reviews.queue(desk.workspace_id, wanted)


def words(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


async def test_an_audit_is_done_on_the_pages_without_seeing_the_verdict(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    assert "Nothing waits for a blind look." in words(await browser.get("/audits"))
    post = await sent(desk)
    page = await browser.get("/audits")
    assert "Take the next audit (1)" in words(page)
    taken = await browser.post("/audits/next", data={"kind": "audit"})
    (review,) = await waiting(desk)
    assert taken.headers["location"] == f"/reviews/{review.id}"
    page = await browser.get(taken.headers["location"])
    said = words(page)
    assert "audit: was this good?" in said
    assert "low risk" not in said
    assert f"/posts/{post}" not in page.text, "its page shows what the checks said"
    assert "Accept and publish" not in said
    decided = await browser.post(f"/reviews/{review.id}/accept", data={})
    assert decided.headers["location"] == "/audits?said=good"
    said = words(await browser.get("/audits?said=good"))
    assert "Counted as good." in said
    assert "0 of 1" in said
    assert "more good ones" in said
    assert f"/posts/{post}" in (await browser.get(f"/reviews/{review.id}")).text


async def test_what_is_found_bad_is_held_and_the_page_says_so(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    post = await sent(desk)
    (review,) = await waiting(desk)
    answer = await browser.post(f"/reviews/{review.id}/reject", data={"code": "wrong_fact"})
    said = words(await browser.get(answer.headers["location"]))
    assert "Counted as bad: the text is held and waits for a person." in said
    assert "1 of 1" in said
    async with desk.store.read() as unit:
        assert (await unit.posts.get(post)).state is PostState.HELD


async def test_the_page_says_what_a_class_has_earned_and_lets_it_count_anew(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    post_id = await sent(desk)
    async with desk.store.begin("test") as unit:
        first = await unit.posts.get(post_id)
        content = (await unit.posts.revision(first.revision_id)).content
        for number in range(80):
            post, revision = await unit.posts.add(
                workspace_id=desk.workspace_id,
                source_key=f"file:{number}",
                content=content,
                tier=(await unit.posts.revision(first.revision_id)).tier,
            )
            audit = await unit.audits.add(
                desk.workspace_id, post.id, revision.id, CLS, propensity=1.0,
                state=AuditState.SAMPLED,
            )  # fmt: skip
            await unit.audits.decide(audit, AuditState.CLEARED, "")
    said = words(await browser.get("/audits"))
    assert "0 of 80" in said
    assert "3.7%" in said, "the bound of 0 bad among 80"
    assert "earned" in said
    form = {"channel": "email", "language": "en", "risk": "low", "writer": "rules"}
    answer = await browser.post("/audits/restart", data={**form, "reason": "new style guide"})
    said = words(await browser.get(answer.headers["location"]))
    assert "It counts anew from now on" in said
    assert "0 of 0" in said
    assert "counts since" in said


async def test_the_policy_is_changed_in_percent_and_what_cannot_be_is_refused(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    form = {"audit": "5", "second": "20", "low": "4", "medium": "1.5"}
    assert (await browser.post("/audits/policy", data=form)).status_code == 303
    said = words(await browser.get("/audits?said=changed"))
    for part in ("5.0% of what goes out", "20.0% of decisions", "fewer than 1.5% bad ones"):
        assert part in said
    refused = await browser.post("/audits/policy", data={**form, "low": "60"})
    assert refused.status_code == 422
    assert "0.6 is not a target" in refused.text


async def test_who_only_looks_sees_no_buttons(desk: Desk, stranger: httpx2.AsyncClient) -> None:
    await sent(desk)
    token = await make_token(desk, "viewer")
    headers = {"Authorization": f"Bearer {token}"}
    page = await stranger.get("/audits", headers=headers)
    assert page.status_code == 200
    assert "<button" not in page.text.partition("<main")[2]


async def test_agreement_is_a_page(browser: httpx2.AsyncClient, desk: Desk) -> None:
    assert "No text was decided on by two people" in words(await browser.get("/audits/agreement"))
    async with desk.store.begin("test") as unit:
        await unit.audits.set_policy(desk.workspace_id, AuditPolicy(second_share=1.0))
    await sent(desk)
    (audit,) = await waiting(desk)
    await browser.post(f"/reviews/{audit.id}/accept", data={})
    (second,) = await waiting(desk, ReviewKind.SECOND)
    page = words(await browser.get("/audits"))
    assert "Give the next second opinion (1)" in page
    own = await browser.post("/audits/next", data={"kind": "second"})
    assert own.headers["location"] == "/audits", "nobody gives the second opinion on their own"
    token = await make_token(desk, "editor")
    headers = {"Authorization": f"Bearer {token}"}
    done = await browser.post(f"/v1/reviews/{second.id}/reject", headers=headers, json={})
    assert done.status_code == 200, done.text
    said = words(await browser.get("/audits/agreement?days=0"))
    assert "all texts 1 0%" in said
