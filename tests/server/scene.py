"""A desk with one piece at every stage, made of rows: what the pages and the API are shown with."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from copydesk.config import Settings
from copydesk.core.checks import CheckResult, Evidence, RiskClass, Verdict
from copydesk.core.clock import Clock
from copydesk.core.delivery import Action, Delivery, Intent, Receipt, Rendition
from copydesk.core.findings import Loss
from copydesk.core.post import Content, Edit, Fate, Media, Tier
from copydesk.core.states import AccountState, DeliveryState, PostState, SubmissionState
from copydesk.core.submission import ParsedMessage, Segment, SegmentKind, Source
from copydesk.server import serve
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.work.desk import Desk, open_desk
from copydesk.work.incoming.submitting import submit

AUTHOR = "Ada Example"
TITLE = "Opening hours on Sunday"
WORDS = "Do you open on Sunday? I would come at 10:30 with 3 children."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The ids of what was laid out."""

    submission: str
    refused: str
    post: str
    review: str
    account: str
    delivered: str
    held: str
    waiting: str


def settings_for(home: Path) -> Settings:
    return Settings(home=home, database=f"sqlite:///{home / 'copydesk.db'}", port=0)


@asynccontextmanager
async def fresh_desk(home: Path, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """A new project whose pieces are approved by a person, on `clock` or the machine's."""
    async with open_desk(settings_for(home), clock=clock, approve="person") as desk:
        yield desk


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a real socket: its URL."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app, host="127.0.0.1", port=0, on_ready=ready.set_result))
    try:
        yield await ready
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


async def make_token(desk: Desk, role: str = "owner") -> str:
    """A token of the given role."""
    secret = secrets.token_urlsafe(32)
    async with desk.store.begin("test") as unit:
        await unit.tokens.add(desk.workspace_id, secret, label=f"test {role}", role=role)
    return secret


async def lay_out(desk: Desk, words: str = "", kept: str = WORDS) -> Scene:
    """Fill the desk; `words` are added to every text a stranger, a model or a platform supplies."""
    raw = f"From: {AUTHOR}\nSubject: {TITLE}\n\n{kept}{words}\n".encode()
    first = await submit(
        desk, raw, filename=f"hours{words}.eml", source=Source.EMAIL, actor="folder"
    )
    other = await submit(
        desk, b"\x00\x01" + words.encode(), filename=f"noise{words}.bin", actor="folder"
    )
    async with desk.store.begin(f"desk{words}") as unit:
        refused = await unit.submissions.get(other.submission.id)
        await unit.submissions.move(
            refused, SubmissionState.REFUSED, problem="undecodable", reason=f"no text{words}"
        )
        post, revision_id = await _compose(unit, first.submission.id, words, kept)
        review = await unit.reviews.open(
            desk.workspace_id,
            post,
            revision_id,
            RiskClass.HIGH,
            [f"a number is not in the source{words}", "the sender is new"],
        )
        account = await unit.accounts.add(
            workspace_id=desk.workspace_id,
            name=f"newsroom{words}",
            platform="sandbox",
            settings={"note": f"value{words}"},
            secrets=b"sealed-secret",
            inbox=True,
        )
        deliveries = [
            await _plan(unit, account.id, post, revision_id, f"{name}{words}", words)
            for name in ("delivered", "held", "waiting")
        ]
        await _deliver(unit, deliveries[0], words)
        await _hold(unit, deliveries[1], words)
        await _to_scheduled(unit, deliveries[2])
        await unit.accounts.move(account, AccountState.BLOCKED, f"credential refused{words}")
    return Scene(
        submission=first.submission.id,
        refused=refused.id,
        post=post,
        review=review,
        account=account.id,
        delivered=deliveries[0].id,
        held=deliveries[1].id,
        waiting=deliveries[2].id,
    )


async def _compose(unit: UnitOfWork, id: str, words: str, kept: str) -> tuple[str, str]:
    submission = await unit.submissions.get(id)
    said, quoted = f"{kept}{words}\n", f"> On Monday you wrote: we are closed{words}\n"
    parsed = ParsedMessage(
        source=Source.EMAIL,
        text=said + quoted,
        segments=(
            Segment(
                kind=SegmentKind.AUTHORED,
                start=0,
                end=len(said),
                rule="paragraph",
                speaker=f"ada{words}",
            ),
            Segment(
                kind=SegmentKind.QUOTE,
                start=len(said),
                end=len(said) + len(quoted),
                rule="quote_marks",
                confidence=0.97,
                dropped_because=f"quoted history{words}",
            ),
        ),
        subject=f"{TITLE}{words}",
        author=f"{AUTHOR}{words}",
        author_address=f"ada@example.org{words}",
        sent_at=unit.now,
        language="en",
        notes=(f"the date has no zone{words}",),
    )
    submission = await unit.submissions.store_parsed(submission, parsed, [])
    post, revision = await unit.posts.add(
        workspace_id=submission.workspace_id,
        source_key=f"submission:{id}",
        content=Content(
            title=f"{TITLE}{words}",
            body=f"Do you open on Sundays? I would come at 10:30 with 3 children.{words}",
            slug="opening-hours",
            media=(
                Media(name=f"door{words}.png", content_type="image/png", sha256="0" * 64, size=1),
            ),
        ),
        tier=Tier.CAPABLE,
        submission_id=id,
        model=f"model{words}",
        prompt_version="rewrite_and_polish@3",
        edits=(Edit(rule=f"typo{words}", before=f"teh{words}", after=f"the{words}", start=0),),
        fates=(Fate(segment=0, fate="merged", into=1, reason=f"same question{words}"),),
        omitted=(f"a thank-you{words}",),
        open_questions=(f"which Sunday?{words}",),
        route=f"capable: a sentence starts in lower case{words}",
        degraded_because=f"the model was away{words}",
    )
    await unit.model_calls.add(
        unit.ids.new("call"),
        post.workspace_id,
        submission_id=id,
        capability="rewrite_and_polish",
        tier="capable",
        provider=f"openai:model{words}",
        model=f"model{words}",
        prompt_version="rewrite_and_polish@3",
        outcome="rejected",
        finish_reason="stop",
        input_tokens=812,
        output_tokens=96,
        cost_usd=0.0021,
        latency_ms=730.0,
        rejected_because=f"stopped early{words}",
    )
    await unit.posts.store_checks(
        post.id,
        revision.id,
        [
            CheckResult(check="completeness", version=1, verdict=Verdict.PASSED),
            CheckResult(
                check="protected_tokens",
                version=2,
                verdict=Verdict.FLAGGED,
                evidence=(Evidence(message=f"not in the source{words}", span=f"10:30{words}"),),
            ),
        ],
        RiskClass.HIGH,
    )
    await unit.submissions.move(submission, SubmissionState.COMPOSED, post_id=post.id)
    await unit.posts.move(post, PostState.HELD, reason=f"a person is asked{words}")
    return post.id, revision.id


async def _plan(
    unit: UnitOfWork, account_id: str, post_id: str, revision_id: str, recipient: str, words: str
) -> Delivery:
    post = await unit.posts.get(post_id)
    return await unit.deliveries.plan(
        workspace_id=post.workspace_id,
        account_id=account_id,
        post_id=post_id,
        revision_id=revision_id,
        rendition=Rendition(
            payload={"text": "…"},
            text=f"We open on Sundays.{words}",
            losses=(Loss(what=f"table{words}", how="as lines", why=f"plain text{words}"),),
            media=(Media(name=f"door{words}.png", content_type="image/png", sha256="0", size=1),),
            recipient=recipient,
        ),
        action=Action.CREATE,
        due_at=unit.now,
    )


async def _to_scheduled(unit: UnitOfWork, delivery: Delivery) -> Delivery:
    await unit.deliveries.move(
        Change(delivery=delivery, to=DeliveryState.SCHEDULED, values={"wake_at": unit.now})
    )
    return await unit.deliveries.get(delivery.id)


async def _send(unit: UnitOfWork, delivery: Delivery, raw: str, *, answered: bool) -> Delivery:
    delivery = await _to_scheduled(unit, delivery)
    await unit.deliveries.move(
        Change(delivery=delivery, to=DeliveryState.SENDING, values={"attempts": 1})
    )
    intent = Intent(
        id=unit.ids.new("intent"),
        delivery_id=delivery.id,
        attempt=1,
        key=delivery.key,
        payload_sha256="0" * 64,
        fence=1,
        started_at=unit.now,
    )
    await unit.deliveries.write_intents([intent])
    if answered:
        receipt = Receipt(
            intent_id=intent.id,
            delivery_id=delivery.id,
            outcome="published",
            remote_id=f"42{raw}",
            url=f"https://social.example/@newsroom/42{raw}",
            raw=f'{{"id": 42}}{raw}',
            received_at=unit.now,
        )
        await unit.deliveries.write_receipts([receipt])
    return await unit.deliveries.get(delivery.id)


async def _deliver(unit: UnitOfWork, delivery: Delivery, words: str) -> None:
    delivery = await _send(unit, delivery, words, answered=True)
    await unit.deliveries.move(
        Change(
            delivery=delivery,
            to=DeliveryState.DELIVERED,
            reason=f"published{words}",
            values={
                "remote_id": f"42{words}",
                "url": f"https://social.example/@newsroom/42{words}",
                "standing": "changed",
                "standing_note": f"the title was changed there{words}",
                "inspected_at": unit.now,
            },
        )
    )


async def _hold(unit: UnitOfWork, delivery: Delivery, words: str) -> None:
    delivery = await _send(unit, delivery, words, answered=False)
    await unit.deliveries.move(
        Change(delivery=delivery, to=DeliveryState.UNKNOWN, reason=f"no answer{words}")
    )
    delivery = await unit.deliveries.get(delivery.id)
    await unit.letters.saw(delivery.id, "inconclusive", f"the listing was not complete{words}")
    values = {
        "url": f"javascript:alert(1){words}",
        "reason_code": "unknown",
        "reason": f"the platform cannot be asked{words}",
        "remedy": f"Look there and decide.{words}",
    }
    await unit.deliveries.move(
        Change(
            delivery=delivery,
            to=DeliveryState.HELD,
            reason=f"a person decides{words}",
            values=values,
        )
    )
