"""A project full of deliveries that are due at one moment, made by the engine's own planning."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from copydesk.config import load_settings
from copydesk.core.account import Account
from copydesk.core.delivery import Action
from copydesk.core.post import Content, Post, Tier
from copydesk.core.states import PostState
from copydesk.distribution.planning import plan, schedule
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.webhook.render import event_body
from copydesk.store import UnitOfWork
from copydesk.store.tables import deliveries, events, receipts
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk, open_desk

#: Later than any run: nothing leaves until `fall_due`.
_LATER = timedelta(days=1)

#: What the events of every account are signed with.
SECRET = "whsec_" + "QmVuY2htYXJrS2V5Rm9yVGhlTG9jYWxSZWNlaXZlcg=="

_TEXT = (
    "the desk passes every story to the rim and on to the presses an editor reads it once more "
    "before it leaves nothing is cut without a reason and every page says where it came from"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What the rows say after a run. Lateness in seconds from due to receipt."""

    seconds: float
    lateness: list[float]
    states: dict[str, int]
    events: int


def settings_file(home: Path, database: str) -> None:
    """Write the settings of a project on `database` ("" for SQLite in its folder)."""
    home.mkdir(parents=True)
    line = f'database = "{database}"\n' if database else ""
    (home / "copydesk.toml").write_text(line, encoding="utf-8")


async def fill(home: Path, url: str, *, accounts: int, count: int, seed: int) -> None:
    """Add webhook accounts at `url` and plan `count` deliveries over them, due tomorrow."""
    async with open_desk(load_settings(home), approve="automatic") as desk:
        targets = [await account(desk, url, number) for number in range(accounts)]
        source = random.Random(seed)
        left = count
        number = 0
        while left > 0:
            number += 1
            async with desk.store.begin("bench") as unit:
                post, revision = await unit.posts.add(
                    workspace_id=desk.workspace_id,
                    source_key=f"bench:{number}",
                    content=_content(source, number),
                    tier=Tier.PERSON,
                )
                chosen = targets[:left]
                plans = await plan(unit, post, revision, chosen, unit.now)
                await schedule(unit, post, revision, plans, unit.now + _LATER)
                await distributed(unit, post)
            left -= len(chosen)


async def distributed(unit: UnitOfWork, post: Post) -> None:
    """Take `post` to where posts are whose deliveries are under way."""
    post = await unit.posts.move(post, PostState.APPROVED)
    # quoting what it links to is not what is measured
    await unit.posts.move(post, PostState.DISTRIBUTED, cite_at=None)


async def requests(home: Path) -> Iterator[dict[str, Any]]:
    """Return the requests the deliveries stand for, as the baseline takes them."""
    async with open_desk(load_settings(home)) as desk, desk.store.read() as unit:
        rows = (
            await unit.connection.execute(
                sa.select(
                    deliveries.c.account_id, deliveries.c.key, deliveries.c.rendition_id
                ).order_by(deliveries.c.due_at, deliveries.c.id)
            )
        ).all()
        payloads = {}
        ids = [row.rendition_id for row in rows]
        for start in range(0, len(ids), 500):
            payloads.update(await unit.deliveries.renditions(ids[start : start + 500]))
        now = unit.now
    keys = signing_keys(SECRET)
    made = []
    for row in rows:
        body = event_body(payloads[row.rendition_id][0].payload, Action.CREATE)
        headers = signed_headers(keys, id=row.key, sent_at=now, body=body)
        made.append(
            {
                "lane": row.account_id,
                "headers": {"Content-Type": "application/json", **headers},
                "body": body.decode(),
            }
        )
    return iter(made)


async def fall_due(desk: Desk, at: datetime) -> None:
    """Make every delivery due at `at` (aware UTC)."""
    async with desk.store.begin("bench") as unit:
        await unit.connection.execute(sa.update(deliveries).values(due_at=at, wake_at=at))


async def unsettled(desk: Desk) -> int:
    """Return how many deliveries still want something."""
    async with desk.store.read() as unit:
        return int(
            await unit.connection.scalar(
                sa.select(sa.func.count()).where(deliveries.c.wake_at.is_not(None))
            )
            or 0
        )


async def finished(desk: Desk, due_at: datetime) -> Finished:
    """Return what became of the deliveries that were due at `due_at`."""
    async with desk.store.read() as unit:
        found = (await unit.connection.execute(sa.select(receipts.c.received_at))).all()
        states = (
            await unit.connection.execute(
                sa.select(deliveries.c.state, sa.func.count()).group_by(deliveries.c.state)
            )
        ).all()
        written = await unit.connection.scalar(
            sa.select(sa.func.count()).where(events.c.noun == "delivery")
        )
    late = [(row.received_at - due_at).total_seconds() for row in found]
    return Finished(
        seconds=max(late, default=0.0),
        lateness=late,
        states={row[0]: row[1] for row in states},
        events=int(written or 0),
    )


async def account(desk: Desk, url: str, number: int) -> Account:
    return await add_account(
        desk,
        "webhook",
        f"receiver-{number}",
        # an address to ask lets intents share transactions, as on platforms with a listing
        settings={"url": f"{url}/events", "status_url": f"{url}/events/{{id}}"},
        secrets={"secret": SECRET},
        inbox=False,
        actor="bench",
    )


def _content(source: random.Random, number: int) -> Content:
    words = _TEXT.split()
    paragraphs = [
        " ".join(source.choices(words, k=source.randint(30, 60))).capitalize() + "."
        for _ in range(3)
    ]
    return Content(title=f"Story number {number}", body="\n\n".join(paragraphs), slug=f"s-{number}")
