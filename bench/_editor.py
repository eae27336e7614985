"""A model server in a process of its own that edits narratives faithfully, at the pace of a model.

`python -m bench._editor COUNT SEED LENGTH PACE` prints its address and serves until it is stopped.
It speaks the OpenAI chat API. It writes each story it is shown as a careful editor would, but only
as far as it was shown it; takes `PACE` of a model's time for every token read and written, however
long its own work takes of that; stops at `max_tokens`, saying so; and counts what it served (`GET
/served`, `DELETE /served`).

It tells requests apart by what they show: JSON lines of segments are ours, a first line of
`Stage: NAME` one stage of the old chain.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from aiohttp import web

from bench._stories import Item, items
from copydesk.core.corrections import meant
from copydesk.core.ledger import added, extract

#: Seconds until the first token, and per token read and written. 300 tokens take 4.2 s and, of a
#: light model, 2.1 s: the fast end of the 4 to 25 and 2 to 7 s that people report of real ones
#: (2026-11; reports of the same model differ two- to fourfold).
FIRST = 0.6
READING = 0.000_1
WRITING = {"capable": 0.012, "light": 0.005}
#: A prompt prefix of at least so many tokens that was seen before is read from a cache.
CACHED_FROM = 1024

_SEGMENT = re.compile(r'^\{"segment": .*\}$', re.MULTILINE)
_TOKEN = re.compile(r"ORD-\d+|E\d{4}|v\d+\.\d+\.\d+|\d+[.,]\d\d|files\.example\.org/\d+|\d\d:\d\d")


def tokens(text: str) -> int:
    """Return how many tokens a text takes: a fourth of its bytes, as is usual for English."""
    return math.ceil(len(text.encode()) / 4)


class Editor:
    """Knows the stories, finds the one it is shown, and counts."""

    def __init__(self, stories: list[Item], pace: float) -> None:
        self._stories = stories
        self._pace = pace
        self._where: dict[str, set[int]] = defaultdict(set)
        for number, item in enumerate(stories):
            for token in _TOKEN.findall(item.story.reference):
                self._where[token].add(number)
        self._seen: set[str] = set()
        self.served: Counter[str] = Counter()

    async def complete(self, request: web.Request) -> web.Response:
        """Answer one chat completion."""
        clock = asyncio.get_running_loop().time
        began = clock()
        asked = await request.json()
        model = "light" if "light" in asked["model"] else "capable"
        system = "".join(m["content"] for m in asked["messages"] if m["role"] != "user")
        user = "".join(m["content"] for m in asked["messages"] if m["role"] == "user")
        whole = self._reply(system, user, lines=_in_lines(asked))
        cap = asked.get("max_completion_tokens") or asked.get("max_tokens") or 16_000
        text = whole.encode()[: cap * 4].decode(errors="ignore")
        read, cached = tokens(system + user), self._cached(system)
        written = tokens(text)
        takes = FIRST + (read - cached) * READING + written * WRITING[model]
        await asyncio.sleep(max(0.0, began + takes * self._pace - clock()))
        self.served.update(
            {
                f"{model} calls": 1,
                f"{model} read": read - cached,
                f"{model} cached": cached,
                f"{model} written": written,
                "cut": int(text != whole),
            }
        )
        return web.json_response(
            {
                "id": "chatcmpl-bench",
                "object": "chat.completion",
                "created": 1_790_000_000,
                "model": asked["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": text},
                        "finish_reason": "stop" if text == whole else "length",
                    }
                ],
                "usage": {
                    "prompt_tokens": read,
                    "completion_tokens": written,
                    "total_tokens": read + written,
                    "prompt_tokens_details": {"cached_tokens": cached},
                },
            }
        )

    def _cached(self, system: str) -> int:
        size = tokens(system)
        if size < CACHED_FROM:
            return 0
        seen = system in self._seen
        self._seen.add(system)
        return size if seen else 0

    def _reply(self, system: str, user: str, *, lines: bool) -> str:
        segments = [json.loads(line) for line in _SEGMENT.findall(user)]
        if segments:
            return self._consolidated(segments, lines=lines)
        stage, shown = system.split("\n", 1)[0], user.rpartition("MESSAGE:\n")[2]
        if stage == "Stage: parse":
            return json.dumps({"kind": "support", "text": shown}, ensure_ascii=False)
        return self._edited(shown)[0]

    def _consolidated(self, segments: list[dict[str, Any]], *, lines: bool) -> str:
        shown = "".join(segment["text"] for segment in segments)
        text, omitted = self._edited(shown)
        fates = [(s["segment"], _fate(s["text"], text)) for s in segments]
        reply = {
            "rewritten": text,
            "title": text[:60].rpartition(" ")[0] or text[:60],
            "summary": text[:200].rpartition(" ")[0] or text,
            "category": "problem",
            "segment_map": list(_in_ranges(fates))
            if lines
            else [{"segment": segment, "fate": fate} for segment, fate in fates],
            "omitted": omitted,
            "confidence": 0.9,
        }
        return json.dumps(reply, ensure_ascii=False)

    def _edited(self, shown: str) -> tuple[str, list[str]]:
        """Return the beats that were shown whole, and values whose form it changed.

        What the author took back is no fact that was lost, so it is not named.
        """
        found = Counter(n for token in _TOKEN.findall(shown) for n in self._where.get(token, ()))
        if not found:
            return shown.strip(), []
        story = self._stories[found.most_common(1)[0][0]].story
        facts: dict[int, list[str]] = defaultdict(list)
        for fact in story.facts:
            facts[fact.beat].append(fact.text.casefold())
        plain = shown.casefold()
        kept = [
            beat
            for number, beat in enumerate(story.beats)
            if all(fact in plain for fact in facts[number])
        ]
        text = " ".join(kept)
        ours, theirs = (extract(one, language=story.language) for one in (text, shown))
        return text, list(dict.fromkeys(token.text for token in added(ours, meant(theirs))))

    async def counted(self, _: web.Request) -> web.Response:
        """Say what was served."""
        return web.json_response(dict(self.served))

    async def forget(self, _: web.Request) -> web.Response:
        """Begin to count anew, with cold caches."""
        self.served.clear()
        self._seen.clear()
        return web.Response(status=204)


def _in_lines(asked: dict[str, Any]) -> bool:
    """Return whether the agreed form wants a line for each segment, not an object."""
    schema = asked.get("response_format", {}).get("json_schema", {}).get("schema", {})
    fates = schema.get("properties", {}).get("segment_map", {})
    return bool(fates.get("items", {}).get("type") == "string")


def _in_ranges(fates: list[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each run of segments with one fate."""
    for fate, run in groupby(fates, key=itemgetter(1)):
        segments = [segment for segment, _ in run]
        named = segments[0] if len(segments) == 1 else f"{segments[0]}-{segments[-1]}"
        yield f"{named} {fate}"


def _fate(segment: str, text: str) -> str:
    """Return `kept`, or for a greeting or a sign-off, of which nothing came back, why not."""
    words = re.findall(r"\w{4,}", segment.casefold())
    came_back = any(word in text.casefold() for word in words)
    return "kept" if came_back or _TOKEN.search(segment) else "dropped:courtesy"


async def main(count: int, seed: int, length: int, pace: float) -> None:
    editor = Editor(items(count, seed, length), pace)
    app = web.Application(client_max_size=1 << 24)
    app.add_routes(
        [
            web.post("/v1/chat/completions", editor.complete),
            web.get("/served", editor.counted),
            web.delete("/served", editor.forget),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    shown = [int(argument) for argument in sys.argv[1:4]]
    asyncio.run(main(shown[0], shown[1], shown[2], float(sys.argv[4])))
