"""What stands around the pieces of a scene: budgets, a webhook with its tries, a series."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from copydesk.core.money import Period
from copydesk.core.release import Version
from copydesk.core.webhook import Attempt
from copydesk.transformation.content import read_markdown_file
from copydesk.work.accounts.budgeting import set_budget
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.recurring import SeriesForm, add_series
from copydesk.work.desk import Desk
from copydesk.work.releases import releasing
from copydesk.work.webhooks import add_webhook
from tests.server.test_budgets import add_mastodon, use_up
from tests.server.test_releases import counted_so_far, raised


async def begin_trial(desk: Desk, words: str = "") -> None:
    """Put a release called `next` on trial that something was counted of."""
    version = Version(model="openai:small@http://127.0.0.1:9/v1")
    async with desk.store.begin("test") as unit:
        await releasing.create(unit, desk, "next", version, note=f"cheaper{words}")
        await releasing.start(unit, desk, "next")
    await counted_so_far(desk)


async def furnish(desk: Desk, words: str = "") -> str:
    """Furnish a desk once; `words` are added to what strangers say. Returns the webhook's id."""
    await use_up(desk, await add_mastodon(desk))
    async with desk.store.begin("test") as unit:
        await set_budget(unit, desk.workspace_id, "", Period.DAY, "5")
        webhook = await add_webhook(
            unit, desk, "https://example.org/hook", patterns=["delivery.*"], description=words
        )
        tries: list[dict[str, Any]] = [
            {"outcome": "failed", "status": 500, "answer": f"no{words}"},
            {"outcome": "delivered", "status": 204, "answer": ""},
        ]
        attempts = [
            Attempt(
                message_id=f"evt_{number}_{number:012}",
                sequence=number,
                type="delivery.failed",
                attempt=number,
                at=desk.clock.now(),
                milliseconds=12,
                **said,
            )
            for number, said in enumerate(tries, start=1)
        ]
        await unit.messages.log(webhook.id, attempts)
    await add_account(desk, "sandbox", "box", settings={}, secrets={}, inbox=False, actor="test")
    file = read_markdown_file(f"# A tip{words}\n\nSave often.", filename="tip.md")
    start = desk.clock.now() + timedelta(days=1)
    form = SeriesForm(
        name="tips",
        rule="FREQ=DAILY",
        start=f"{start:%Y-%m-%d} 09:00",
        zone="UTC",
        accounts=["box"],
    )
    tip = Manuscript(source_key="file:tip", file=file, images=())
    await add_series(desk, form, [tip], actor="test")
    await begin_trial(desk, words)
    await raised(desk, words)
    return webhook.id
