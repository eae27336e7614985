"""Deliveries by the hundred thousand, written as rows: planning each would take too long.

They share one post; each has a rendition, a key and ids of its own, as planned ones have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from bench._backlog import distributed
from copydesk.core.account import Account
from copydesk.core.delivery import Action, delivery_key
from copydesk.core.post import Content, Tier
from copydesk.core.states import DeliveryState
from copydesk.store.deliveries import freeze
from copydesk.store.tables import deliveries, renditions
from copydesk.work.desk import Desk

_AT_ONCE = 5000

_PAYLOAD: Mapping[str, Any] = {
    "title": "Story",
    "text": "every story goes to the rim and on to the presses " * 6,
    "tags": ["bench"],
}


async def add(
    desk: Desk,
    wanted: Sequence[tuple[Account, int]],
    due_at: datetime,
    *,
    state: DeliveryState = DeliveryState.SCHEDULED,
) -> None:
    """Add so many deliveries for each account, due at `due_at` (aware UTC)."""
    async with desk.store.begin("bench") as unit:
        post, revision = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key=f"bulk:{desk.ids.new('post')}",
            content=Content(title="Story", body=_PAYLOAD["text"], slug="story"),
            tier=Tier.PERSON,
        )
        await distributed(unit, post)
    rows = _rows(desk, wanted, post.id, revision.id, due_at, state)
    while group := list(islice(rows, _AT_ONCE)):
        async with desk.store.begin("bench") as unit:
            await unit.connection.execute(sa.insert(renditions), [row for row, _ in group])
            await unit.connection.execute(sa.insert(deliveries), [row for _, row in group])


def _rows(
    desk: Desk,
    wanted: Sequence[tuple[Account, int]],
    post_id: str,
    revision_id: str,
    due_at: datetime,
    state: DeliveryState,
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    now = desk.clock.now()
    payload, digest = freeze(_PAYLOAD)
    wakes = state in (DeliveryState.SCHEDULED, DeliveryState.SNOOZED)
    common = {"post_id": post_id, "revision_id": revision_id, "created_at": now, "recipient": ""}
    for account, count in wanted:
        for _ in range(count):
            rendition_id = desk.ids.new("rendition")
            rendition = {
                **common,
                "id": rendition_id,
                "account_id": account.id,
                "payload": payload,
                "payload_sha256": digest,
                "text": "Story",
                "losses": [],
                "media": [],
            }
            delivery = {
                **common,
                "id": desk.ids.new("delivery"),
                "workspace_id": account.workspace_id,
                "account_id": account.id,
                "rendition_id": rendition_id,
                "action": Action.CREATE,
                "state": state,
                "due_at": due_at,
                "wake_at": due_at if wakes else None,
                "key": delivery_key(account.id, post_id, rendition_id),
                "attempts": 0,
                "looks": 0,
                "handles": {},
                "target_id": "",
                "remote_id": "",
                "url": "",
                "reason_code": "",
                "reason": "",
                "remedy": "",
                "changed_at": now,
            }
            yield rendition, delivery
