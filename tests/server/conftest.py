"""A desk on SQLite and clients that speak to its application in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from copydesk.server import create_app
from copydesk.work.desk import Desk
from tests.server.scene import fresh_desk, make_token

ADDRESS = "http://127.0.0.1:8642"


@pytest.fixture(autouse=True)
def _own_desks(noon: None, ready_made: None) -> None:
    """Tests here open desks by themselves, on the machine's clock."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with fresh_desk(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    return create_app(desk)


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without a token or a session."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield client


@pytest.fixture
async def browser(app: FastAPI, desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    """The owner, signed in with a session cookie; sends what browsers send."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(
        transport=transport, base_url=ADDRESS, headers={"Sec-Fetch-Site": "same-origin"}
    ) as client:
        answer = await client.post("/login", data={"token": await make_token(desk)})
        assert answer.status_code == 303
        yield client


@pytest.fixture
async def program(app: FastAPI, desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    """A program with the owner's token."""
    headers = {"Authorization": f"Bearer {await make_token(desk)}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as client:
        yield client
