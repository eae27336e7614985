"""The proxy damages what it is told to, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from copydesk.testing.faults.proxy import Damage, FaultProxy

HELLO, ANSWER = b"hello, server", b"hello, caller"


class Echo:
    """A server that answers every request and remembers what arrived."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.address = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            self.heard.append(data)
            writer.write(ANSWER)
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()
    server = await asyncio.start_server(echo.talk, "127.0.0.1", 0)
    echo.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield echo
    server.close()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(echo.address) as proxy:
        yield proxy


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  # bytes on their way tell nobody
            await asyncio.sleep(0.005)


def never() -> bool:
    return False


async def hear(reader: asyncio.StreamReader, lost: Callable[[], bool]) -> bytes:
    """The next bytes. Once they are `lost` it is waited for them no more than a moment."""
    heard = asyncio.create_task(reader.read(1000))
    await until(lambda: heard.done() or lost())
    return await asyncio.wait_for(heard, 0.1)


async def ask(
    proxy: FaultProxy, times: int = 1, lost: Callable[[], bool] = never
) -> list[bytes | str]:
    """Ask over one connection; words say what happened instead of an answer, "silence" when it is
    `lost`."""
    host, _, port = proxy.address.partition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
    except ConnectionError:
        return ["refused"]
    answers: list[bytes | str] = []
    try:
        for _ in range(times):
            writer.write(HELLO)
            answers.append(await hear(reader, lost) or "end")
    except TimeoutError:
        answers.append("silence")
    except ConnectionError:
        answers.append("reset")
    finally:
        writer.transport.abort()
    return answers


@pytest.mark.parametrize(
    ("damage", "after", "answer", "heard"),
    [
        (Damage.CUT_REQUEST, 5, {"end", "reset"}, [HELLO[:5]]),
        (Damage.CUT_RESPONSE, 5, {ANSWER[:5], "end", "reset"}, [HELLO]),
        (Damage.SWALLOW_REQUEST, 0, {"silence"}, []),
        (Damage.SWALLOW_RESPONSE, 0, {"silence"}, [HELLO]),
        (Damage.HALF_CLOSE, 0, {"end"}, [HELLO]),
        (Damage.DELAY, 0, {ANSWER}, [HELLO]),
    ],
)
async def test_damage(
    damage: Damage,
    after: int,
    answer: set[bytes | str],
    heard: list[bytes],
    echo: Echo,
    proxy: FaultProxy,
) -> None:
    proxy.damage(damage, after=after, seconds=0.01)

    def lost() -> bool:
        return "silence" in answer and proxy.struck == 1 and echo.heard == heard

    assert (await ask(proxy, lost=lost))[0] in answer
    await until(lambda: echo.heard == heard)
    assert await ask(proxy) == [ANSWER], "it strikes once"
    assert (proxy.struck, proxy.exchanges) == (1, 2)


async def test_every_third_exchange_also_on_one_connection(echo: Echo, proxy: FaultProxy) -> None:
    proxy.damage(Damage.SWALLOW_RESPONSE, times=2, every=3)
    assert await ask(proxy, lost=lambda: len(echo.heard) == 1) == ["silence"]
    found = await ask(proxy, times=3, lost=lambda: len(echo.heard) == 4)
    assert found == [ANSWER, ANSWER, "silence"]


async def test_several_numbers_are_taken_in_turn(proxy: FaultProxy) -> None:
    proxy.damage(Damage.DELAY, times=4, every=(2, 3))
    struck = [number for number in range(1, 12) if proxy.next_damage(kept=True)]
    assert struck == [1, 3, 6, 8]


async def test_every_second_exchange_of_a_connection(proxy: FaultProxy) -> None:
    proxy.damage(Damage.CUT_REQUEST, times=9, kept=True)
    assert await ask(proxy) == [ANSWER]
    assert (await ask(proxy, times=2))[0] == ANSWER
    assert (proxy.struck, proxy.exchanges) == (1, 3)


async def test_refused_and_back_at_the_same_address(proxy: FaultProxy) -> None:
    address = proxy.address
    await proxy.refuse()
    assert await ask(proxy) == ["refused"]
    await proxy.accept()
    assert await ask(proxy) == [ANSWER]
    await proxy.restart()
    assert proxy.address == address
