"""The transports that a project is opened with."""

from __future__ import annotations

from pathlib import Path

import pytest

from copydesk.platforms.kit.transport import AnswerLost
from copydesk.testing.faults.proxy import Damage
from copydesk.work.desk import open_desk
from tests.distribution.notifying.test_closing import closing
from tests.server.scene import settings_for


@pytest.mark.parametrize("name", ["transport", "private", "private_feeds"])
async def test_a_server_that_closes_kept_connections_costs_one_answer(
    tmp_path: Path, name: str
) -> None:
    async with (
        open_desk(settings_for(tmp_path), approve="person") as desk,
        closing(Damage.CUT_RESPONSE) as address,
    ):
        transport = getattr(desk, name)

        async def answered() -> bool:
            try:
                return bool(await transport.call("POST", f"http://{address}/", body=b"words"))
            except AnswerLost:
                return False

        assert [await answered() for _ in range(6)] == [True, False, True, True, True, True]
