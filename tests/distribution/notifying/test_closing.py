"""A receiver that closes each connection after its answer, without having said so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from copydesk.core.clock import SystemClock
from copydesk.distribution.notifying import notifier, tell
from copydesk.distribution.notifying.message import ping_of
from copydesk.testing.clocks import NOON
from copydesk.testing.faults.proxy import Damage, FaultProxy
from copydesk.work.desk import Desk
from copydesk.work.webhooks import add_webhook
from tests.distribution.notifying.receiving import Receiver, happen, log, notify, now


@asynccontextmanager
async def closing(damage: Damage | None) -> AsyncIterator[str]:
    """Yield the address of a receiver that answers once on a connection. Then it closes it; with
    `damage` only once the next request has come."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
                if damage is None:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, FaultProxy(f"127.0.0.1:{port}") as proxy:
        if damage is None:
            yield f"127.0.0.1:{port}"
        else:
            proxy.damage(damage, kept=True, times=1_000)
            yield proxy.address


@pytest.mark.parametrize("damage", [None, Damage.CUT_RESPONSE])
async def test_every_event_arrives_in_its_first_try(calling: Desk, damage: Damage | None) -> None:
    async with closing(damage) as address:
        async with calling.store.begin("test") as unit:
            webhook = await add_webhook(
                unit, calling, f"http://{address}/hook", patterns=["delivery.*"], allow_private=True
            )
        await happen(calling, *(f"dlv_{number}" for number in range(20)))
        await notify(calling, webhook)
        await happen(calling, *(f"dlv_{number}" for number in range(20)))
        await notify(calling, webhook)
    tries = await log(calling, webhook)
    assert [one.outcome for one in tries] == ["delivered"] * 40
    assert not (await now(calling, webhook)).resting


async def test_a_receiver_that_is_slow_is_not_asked_twice(
    calling: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "TIMEOUT", 0.4)
    monkeypatch.setattr(notifier, "_CLOSED", 0.1)
    receiver.script = ["hang"]
    message = ping_of("msg_1", "whk_1", NOON)
    hook = f"{receiver.url}/hook"
    told = await tell(calling.private, hook, (b"k" * 24,), message, SystemClock())
    assert told.answered.outcome == "failed"
    assert "within the time allowed" in told.answered.said
    assert len(receiver.hits) == 1
