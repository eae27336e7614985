"""What a refusal is taken for whose `Date` tells another time than ours."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from copydesk.core.outcomes import Misconfigured, RateLimited
from copydesk.platforms.kit.auth import JwtMaker, JwtMaterial
from copydesk.platforms.kit.auth_jwt import dated_back
from copydesk.platforms.kit.classify import closed
from copydesk.platforms.kit.clock_watch import ClocksApart, ClockWatch
from copydesk.platforms.kit.transport import Reply
from copydesk.testing.clocks import NOON, StoppedClock


class Remote:
    """Answers `status` after `slow` seconds, by a clock that is `ahead` of ours."""

    def __init__(self, clock: StoppedClock, status: int, ahead: float, slow: float = 0) -> None:
        self.clock, self.status, self.ahead, self.slow = clock, status, ahead, slow

    async def call(self, method: str, url: str, **_: Any) -> Reply:
        date = self.clock.now() + timedelta(seconds=self.ahead)
        self.clock.advance(self.slow)
        return Reply(status=self.status, headers={"date": format_datetime(date, usegmt=True)})


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (720, "12 minutes behind that of api.example, "),
        (-7_200, "2 hours ahead of that of api.example, "),
        (40 * 86_400, "40 days behind that of api.example, "),
    ],
)
async def test_a_refusal_by_another_clock_names_it(ahead: float, words: str) -> None:
    clock = StoppedClock()
    watch = ClockWatch(Remote(clock, 401, ahead), clock.now)
    with pytest.raises(ClocksApart) as refused:
        await watch.call("POST", "https://api.example/posts")
    assert words in refused.value.reason
    assert "set the clock" in refused.value.reason
    assert NOON < refused.value.until <= NOON + timedelta(hours=1)
    # what rests by a clock that is ahead rests long after it was put right
    assert isinstance(closed(refused.value), Misconfigured if ahead < 0 else RateLimited)


@pytest.mark.parametrize(
    ("status", "ahead", "slow"),
    [
        pytest.param(401, 240, 0, id="within five minutes"),
        pytest.param(401, -240, 0, id="within five minutes, the other way"),
        pytest.param(401, 0, 900, id="a slow answer is no difference"),
        pytest.param(200, 720, 0, id="what is taken is taken"),
        pytest.param(403, 720, 0, id="another refusal"),
    ],
)
async def test_anything_else_is_handed_on(status: int, ahead: float, slow: float) -> None:
    clock = StoppedClock()
    watch = ClockWatch(Remote(clock, status, ahead, slow), clock.now)
    assert (await watch.call("GET", "https://api.example/me")).status == status


@pytest.mark.parametrize("date", [{}, {"date": "yesterday"}])
async def test_an_answer_without_a_time_tells_nothing(date: dict[str, str]) -> None:
    class Undated:
        async def call(self, method: str, url: str, **_: Any) -> Reply:
            return Reply(status=401, headers=date)

    watch = ClockWatch(Undated(), StoppedClock().now)
    assert (await watch.call("GET", "https://api.example/me")).status == 401


async def test_short_lived_tokens_leave_less_room() -> None:
    maker = JwtMaker(material=lambda secrets, settings: JwtMaterial(key=b"k"), lifetime=300)
    clock = StoppedClock()
    watch = ClockWatch(Remote(clock, 401, -60), clock.now, dated_back(maker))
    with pytest.raises(ClocksApart, match="60 seconds ahead of"):
        await watch.call("GET", "https://api.example/me")
