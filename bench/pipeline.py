"""The old chain of three capped calls against copydesk, on one model server and one corpus.

Messages arrive at random moments, at one rate and at twice that. Both sides are shown the same
mails, the last of threads of four. The old chain is given the author's words already cut out, and
nothing it does is stored; copydesk takes in the raw mail, parses, routes, writes, gates and stores
it. The server's time and prices go by tokens. Facts are counted in what comes out.

A run takes some minutes at a model's own pace. `--pace 0.2` has the server answer in a fifth of the
time; what copydesk itself does then weighs five times as much as it would.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import structlog

from bench._chain import CAP, chain
from bench._report import Report, date_of, parser, quantile
from bench._stories import Item, items
from copydesk.config import load_settings
from copydesk.quality.narratives import score
from copydesk.work.desk import Desk, open_desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.memory import keep_what_is_loaded
from copydesk.work.models.opening import opened_models
from copydesk.work.writing.composing import compose
from copydesk.work.writing.spelling import Speller

#: USD for a million tokens read, read from a cache, and written: list prices of a capable and of a
#: light model of 2026-11 (gpt-6.1-sol, gpt-6-luna).
PRICES = {"capable": (2.0, 0.10, 10.0), "light": (0.10, 0.01, 0.50)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run of all messages: seconds each took, and what came of them."""

    seconds: tuple[float, ...]
    calls: int
    cost: float
    cut: int
    facts: int
    lost: int
    short: int
    asked: int = 0


Worked = Callable[[Item], Awaitable[None]]


async def arriving(stories: Sequence[Item], rate: float, work: Worked, seed: int) -> list[float]:
    """Let `work` begin on each message when it arrives; return the seconds each took."""
    chance = random.Random(seed)
    took: list[float] = [0.0] * len(stories)

    async def one(number: int, item: Item) -> None:
        began = time.perf_counter()
        await work(item)
        took[number] = time.perf_counter() - began

    async with asyncio.TaskGroup() as group:
        for number, item in enumerate(stories):
            group.create_task(one(number, item))
            await asyncio.sleep(chance.expovariate(rate))
    return took


async def old(stories: Sequence[Item], url: str, rate: float, seed: int) -> Outcome:
    """Run the old chain."""
    texts: dict[int, str] = {}
    async with aiohttp.ClientSession() as session:
        await session.delete(f"{url}/served")

        async def work(item: Item) -> None:
            texts[item.story.seed] = await chain(session, url, item)

        took = await arriving(stories, rate, work, seed)
        served = await (await session.get(f"{url}/served")).json()
    return _outcome(stories, took, texts, served)


async def ours(stories: Sequence[Item], url: str, rate: float, seed: int, home: Path) -> Outcome:
    """Run copydesk, embedded, from the raw mail to the stored and judged post."""
    texts: dict[int, str] = {}
    held = 0
    home.mkdir()
    settings = load_settings(
        home, {"model": f"openai:capable@{url}/v1", "light_model": f"openai:light@{url}/v1"}
    )
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(open_desk(settings, approve="automatic"))
        for item in stories:
            for raw in item.earlier:
                await _composed(desk, raw)
        asked = await stack.enter_async_context(opened_models(desk))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await session.delete(f"{url}/served")
        speller = Speller()

        async def work(item: Item) -> None:
            nonlocal held
            body, state = await _composed(asked, item.raw, speller)
            texts[item.story.seed] = body
            held += state == "held"

        took = await arriving(stories, rate, work, seed)
        served = await (await session.get(f"{url}/served")).json()
    return replace(_outcome(stories, took, texts, served), asked=held)


async def _composed(desk: Desk, raw: bytes, speller: Speller | None = None) -> tuple[str, str]:
    submission = (await submit(desk, raw, filename="mail.eml", actor="bench")).submission
    await compose(desk, submission.id, speller)
    async with desk.store.read() as unit:
        done = await unit.submissions.get(submission.id)
        assert done.post_id, f"{done.state}: {done.reason}"
        post = await unit.posts.get(done.post_id)
        revision = await unit.posts.revision(post.revision_id)
    return revision.content.body, post.state


def _outcome(
    stories: Sequence[Item], took: Sequence[float], texts: dict[int, str], served: dict[str, int]
) -> Outcome:
    scores = [score(item.story, texts[item.story.seed]) for item in stories]
    cost = sum(
        served.get(f"{model} {what}", 0) * price / 1e6
        for model, prices in PRICES.items()
        for what, price in zip(("read", "cached", "written"), prices, strict=True)
    )
    return Outcome(
        seconds=tuple(took),
        calls=sum(served.get(f"{model} calls", 0) for model in PRICES),
        cost=cost,
        cut=served.get("cut", 0),
        facts=sum(one.told for one in scores),
        lost=sum(len(one.lost) for one in scores),
        short=sum(bool(one.lost) for one in scores),
    )


async def main(arguments: argparse.Namespace) -> None:
    keep_what_is_loaded()  # as a worker does
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    count, seed, length = arguments.count, arguments.seed, arguments.length
    stories = items(count, seed, length)
    shown = [str(one) for one in (count, seed, length, arguments.pace)]
    command = [sys.executable, "-m", "bench._editor", *shown]
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    runs: dict[tuple[str, int], list[Outcome]] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as folder:
            for turn in range(arguments.repeat):
                for load in (1, 2):
                    rate = arguments.rate * load
                    home = Path(folder) / f"{turn}-{load}"
                    pair = {
                        "chain": await old(stories, url, rate, turn),
                        "copydesk": await ours(stories, url, rate, turn, home),
                    }
                    for name, outcome in pair.items():
                        runs.setdefault((name, load), []).append(outcome)
    finally:
        server.terminate()
        await server.wait()
    _report(arguments, stories, runs)


def _report(
    arguments: argparse.Namespace,
    stories: Sequence[Item],
    runs: dict[tuple[str, int], list[Outcome]],
) -> None:
    settings = {
        "messages": arguments.count,
        "seed": arguments.seed,
        "mean characters": round(sum(len(i.story.text) for i in stories) / len(stories)),
        "earlier messages each": len(stories[0].earlier),
        "a second": arguments.rate,
        "part of a model's time": arguments.pace,
        "cap of the chain": CAP,
        "repeat": arguments.repeat,
    }
    report = Report("pipeline", date_of(arguments), settings)
    tails: dict[tuple[str, int, float], list[float]] = {}
    for (name, load), outcomes in runs.items():
        where = f"{name}, load x{load}"
        report.add(f"{where}: calls a message", [o.calls / arguments.count for o in outcomes])
        for share in (0.5, 0.95, 0.99):
            values = [quantile(o.seconds, share) for o in outcomes]
            tails[name, load, share] = values
            report.add(f"{where}: p{round(share * 100)}", [v * 1000 for v in values], "ms")
        report.add(
            f"{where}: cost of 1,000 messages", [o.cost * 1000 / arguments.count for o in outcomes]
        )
        report.add(f"{where}: replies cut by a cap", [float(o.cut) for o in outcomes])
        report.add(
            f"{where}: facts lost", [float(o.lost) for o in outcomes], f"of {outcomes[0].facts}"
        )
        report.add(f"{where}: messages that lost some", [float(o.short) for o in outcomes])
        if name == "copydesk":
            shares = [o.asked / arguments.count for o in outcomes]
            report.add(f"{where}: share held for a person", shares)
    for load in (1, 2):
        old_, new = runs["chain", load], runs["copydesk", load]
        both = list(zip(old_, new, strict=True))
        report.add(f"calls, load x{load}", [n.calls / o.calls for o, n in both], "goal 0.33 x")
        for share in (0.95, 0.99):
            pairs = zip(tails["chain", load, share], tails["copydesk", load, share], strict=True)
            ratios = [n / o for o, n in pairs]
            report.add(f"p{round(share * 100)}, load x{load}", ratios, "goal 0.45 x")
        report.add(f"cost, load x{load}", [n.cost / o.cost for o, n in both], "goal 0.45 x")
    doubled = zip(tails["copydesk", 1, 0.99], tails["copydesk", 2, 0.99], strict=True)
    report.add("p99 when load doubles", [two / one for one, two in doubled], "goal 1.3 x")
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    flags = parser(__doc__, repeat=2)
    flags.add_argument("--count", type=int, default=60, help="messages in each run")
    flags.add_argument("--pace", type=float, default=1.0, help="part of a model's time (1)")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--length", type=int, default=4500, help="characters of the longest")
    flags.add_argument("--rate", type=float, default=2.0, help="messages a second at load x1")
    asyncio.run(main(flags.parse_args()))
