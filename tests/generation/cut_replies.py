"""Every way in which a model server can stop early and say that it did not, on the wire.

`python -m tests.generation.cut_replies` tries them all, far more than the tests have time for, and
prints how many short texts got through (none) and how many attempts it took to be sure.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, product
from typing import Any, Final

from aiohttp import web

from copydesk.core.errors import ModelReplyInvalid, ModelUnavailable, ReplyTruncated
from copydesk.core.post import Tier
from copydesk.generation.address import parse_model_line
from copydesk.generation.port import Model
from copydesk.generation.replies import RewriteReply
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.scripted import faithful_reply, tokens
from copydesk.generation.truncation import check_natural_stop
from copydesk.testing.clocks import StoppedClock
from tests.generation.messages import DELIMITER, LANGUAGES, material, prose, request
from tests.generation.model_server import Handler, ModelServer, chat_completion, streams

#: What the server says about why it stopped; None: it says nothing.
BELIEVABLE: Final = ("stop", "tool_calls")
ODD: Final = ("length", None, "banana")
#: What it says about how much it wrote: the truth, what all of it would have been, next to nothing,
#: or nothing at all.
USAGES: Final = ("honest", "whole", "one", "none")


@dataclass(frozen=True, slots=True)
class Shape:
    """The form in which a reply comes: what of it is cut, and how it travels."""

    name: str
    cuts: str
    streamed: bool = False
    drops: bool = False


SHAPES: Final = (
    Shape("text", "text"),
    Shape("text, streamed", "text", streamed=True),
    Shape("JSON", "json"),
    Shape("JSON, closed again", "patched"),
    Shape("whole JSON, shortened text", "shortened"),
    Shape("function call", "call"),
    Shape("JSON, streamed", "json", streamed=True),
    Shape("JSON, closed again, streamed", "patched", streamed=True),
    Shape("whole JSON, shortened text, streamed", "shortened", streamed=True),
    Shape("JSON, connection lost", "json", streamed=True, drops=True),
)


@dataclass(slots=True)
class Tally:
    """What became of the attempts: `escapes` are short texts that were used."""

    tried: int = 0
    escapes: int = 0
    whole: int = 0

    def count(self, *, escaped: bool, whole: bool) -> None:
        self.tried += 1
        self.escapes += escaped
        self.whole += whole


class Cutter:
    """Answers every request in full, but for what comes after `count` tokens of it."""

    def __init__(self, shape: Shape, text: str) -> None:
        self.shape = shape
        self.text = text
        self.count = 0
        self.reason: str | None = "stop"
        self.usage = "whole"

    async def __call__(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        full, cut = self._written(body)
        reported = {
            "honest": len(tokens(cut)),
            "whole": len(tokens(full)),
            "one": 1,
            "none": None,
        }[self.usage]
        if self.shape.streamed:
            handler: Handler = streams(
                cut, finish_reason=self.reason, output_tokens=reported, drops=self.shape.drops
            )
            return await handler(request, body)
        said: dict[str, Any] = {"content": cut}
        if self.shape.cuts == "call":
            called = {"name": "rewrite_and_polish", "arguments": cut}
            call = {"id": "c1", "type": "function", "function": called}
            said = {"content": None, "tool_calls": [call]}
        answer = chat_completion(finish_reason=self.reason, output_tokens=reported or 0, **said)
        if reported is None:
            del answer["usage"]
        return web.json_response(answer)

    def _written(self, body: dict[str, Any]) -> tuple[str, str]:
        if self.shape.cuts == "text":
            return self.text, "".join(tokens(self.text)[: self.count])
        reply = dict(faithful_reply(_asked(body)))
        full = json.dumps(reply, ensure_ascii=False)
        if self.shape.cuts == "shortened":
            short = "".join(tokens(reply.get("rewritten", ""))[: self.count])
            return full, json.dumps({**reply, "rewritten": short}, ensure_ascii=False)
        cut = "".join(tokens(full)[: self.count])
        return full, patched(cut) if self.shape.cuts == "patched" else cut


def patched(text: str) -> str:
    """Close a cut JSON text as lenient servers and parsers do."""
    for tail in ("".join(t) for n in range(4) for t in product('"]}', repeat=n)):
        try:
            json.loads(text + tail)
        except ValueError:
            continue
        return text + tail
    return text


def _asked(body: dict[str, Any]) -> Any:
    user = body["messages"][-1]["content"]
    return request(user=user, capability="join" if "<<notes " in user else "rewrite_and_polish")


@asynccontextmanager
async def asking(shape: Shape, text: str) -> AsyncIterator[tuple[Cutter, Model]]:
    """Give a server that cuts, and the model that is asked there."""
    from copydesk.generation.catalogue import parse_facts
    from copydesk.generation.pydantic_ai import PydanticAIModel

    cutter = Cutter(shape, text)
    async with ModelServer() as server:
        server.answers = [cutter]
        address = parse_model_line(f"openai:cutter@{server.url}/v1")
        facts = parse_facts(f"cutter streamed={int(shape.streamed)}")
        async with PydanticAIModel.at(
            address, key="", clock=StoppedClock(), timeout=60, facts=facts
        ) as model:
            yield cutter, model


async def attempt(cutter: Cutter, model: Model, language: str, tally: Tally) -> None:
    """Ask once under the present conditions and count what comes of it."""
    text = cutter.text
    if cutter.shape.cuts == "text":
        asked = request(max_tokens=100_000)
        try:
            completion = await model.complete(asked)
            check_natural_stop(asked, completion, text, language=language)
        except (ReplyTruncated, ModelReplyInvalid, ModelUnavailable):
            tally.count(escaped=False, whole=False)
        else:
            whole = completion.text.strip() == text
            tally.count(escaped=not whole, whole=whole)
        return
    rewrite = await rewrite_and_polish(
        material(text, language=language), model=model, delimiter=DELIMITER
    )
    whole = rewrite.tier is Tier.CAPABLE
    tally.count(escaped=rewrite.body != text, whole=whole)


def conditions(places: Sequence[int]) -> Iterator[tuple[int, str | None, str]]:
    """Every place once, with a lie that is easy to believe for three in four of them."""
    good, bad = cycle(product(BELIEVABLE, USAGES)), cycle(product(ODD, USAGES))
    for number, count in enumerate(places):
        yield (count, *next(bad if number % 4 == 3 else good))


def spread(size: int, most: int) -> list[int]:
    """`most` places from 0 to `size`, close together at both ends, where guards are weakest."""
    near = max(1, min(4, most // 6))
    ends = {*range(near), *range(size - near, size)}
    between = range(0, size, max(1, size // max(1, most - len(ends))))
    return sorted({*ends, *between})


async def run(shape: Shape, language: str, most: int) -> Tally:
    """Try `shape` in `language` at `most` places or so."""
    text = prose(language)
    tally = Tally()
    overhead = 0 if shape.cuts in {"text", "shortened"} else len(RewriteReply.model_fields) * 8
    async with asking(shape, text) as (cutter, model):
        for count, reason, usage in conditions(spread(len(tokens(text)) + overhead, most)):
            cutter.count, cutter.reason, cutter.usage = count, reason, usage
            await attempt(cutter, model, language, tally)
    return tally


async def main(most: int) -> None:
    """Print the table of the documentation."""
    from pydantic_ai.models import override_allow_model_requests

    print("| reply | " + " | ".join(LANGUAGES) + " | attempts | short texts used |")
    print("|---|" + "---:|" * (len(LANGUAGES) + 2))
    total: Counter[str] = Counter()
    with override_allow_model_requests(True):
        for shape in SHAPES:
            tallies = [await run(shape, language, most) for language in LANGUAGES]
            tried, escapes = sum(t.tried for t in tallies), sum(t.escapes for t in tallies)
            total.update(tried=tried, escapes=escapes)
            cells = " | ".join(f"{t.escapes} of {t.tried}" for t in tallies)
            print(f"| {shape.name} | {cells} | {tried:,} | {escapes} |", flush=True)
    print(f"| all | | | | | {total['tried']:,} | {total['escapes']} |")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
