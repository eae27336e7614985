"""A port belongs to one server, and who comes second is told so."""

from __future__ import annotations

import asyncio
import socket

import pytest
from fastapi import FastAPI

from copydesk.core.errors import ConfigError
from copydesk.server import serve


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_of_two_that_want_one_port_at_one_moment_one_is_told() -> None:
    port = free_port()
    ready: asyncio.Queue[str] = asyncio.Queue()
    servers = [
        asyncio.create_task(
            serve(FastAPI(), host="127.0.0.1", port=port, on_ready=ready.put_nowait)
        )
        for _ in range(2)
    ]
    done, running = await asyncio.wait(servers, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = done
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}") as told:
        await refused
    assert "--port" in str(told.value.remedy)
    (winner,) = running
    assert await ready.get() == f"http://127.0.0.1:{port}"
    assert ready.empty()
    winner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await winner
