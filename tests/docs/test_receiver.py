"""The receiver that the documentation shows takes what is sent, once, and believes nobody else."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import sys
from pathlib import Path

from copydesk.distribution.notifying import Horizon, Notifier, NotifierTools
from copydesk.work.desk import Desk
from copydesk.work.webhooks import add_webhook, replay_messages, rotate_secret, webhook_secret
from tests.server.scene import fresh_desk

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/receive-webhooks.md"
SHOWN = re.compile(r"<!-- tested -->\n```python\n(.*?)```", re.DOTALL)


async def notify(desk: Desk, id: str) -> int:
    tools = NotifierTools(
        store=desk.store,
        vault=desk.vault,
        transport=desk.public,
        private=desk.private,
        horizon=Horizon(desk.store),
        owner="worker/1",
        random=random.Random(1),
    )
    return await Notifier(tools, id).run()


async def is_up(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await asyncio.sleep(0.05)


async def test_the_shown_receiver_works(tmp_path: Path, free_port: int) -> None:
    (code,) = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    async with fresh_desk(tmp_path / "home") as desk:
        async with desk.store.begin("test") as unit:
            url = f"http://127.0.0.1:{free_port}/hooks"
            webhook = await add_webhook(
                unit, desk, url, patterns=["delivery.*"], allow_private=True
            )
            secret = await webhook_secret(unit, desk, webhook)
        receiver = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            env={"PATH": os.defpath, "PORT": str(free_port), "WEBHOOK_SECRET": secret},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await is_up(free_port)
            for number in range(3):
                async with desk.store.begin("test") as unit:
                    await unit.events.append(
                        desk.workspace_id, "delivery", f"dlv_{number}", "sending", "delivered"
                    )
            assert await notify(desk, webhook.id) == 3
            async with desk.store.begin("test") as unit:
                tries = await unit.messages.attempts(webhook.id)
                assert [one.status for one in tries] == [204, 204, 204]
                await rotate_secret(unit, desk, webhook)
                await replay_messages(
                    unit, await unit.webhooks.get(webhook.id), [tries[0].message_id]
                )
            assert await notify(desk, webhook.id) == 1
            async with desk.store.begin("test") as unit:
                (again, *_) = await unit.messages.attempts(webhook.id)
                assert again.status == 204, "the old secret signs, too"
                await unit.webhooks.change(
                    webhook.id, secrets=desk.vault.seal({"secret": "whsec_" + "A" * 32})
                )
                await unit.events.append(desk.workspace_id, "delivery", "dlv_9", "", "planned")
            await notify(desk, webhook.id)
            async with desk.store.read() as unit:
                (forged, *_) = await unit.messages.attempts(webhook.id)
            assert forged.status == 401
        finally:
            receiver.terminate()
            said, _ = await receiver.communicate()
    assert sorted(said.decode().splitlines()) == [
        f"delivery.delivered dlv_{number}" for number in range(3)
    ]
