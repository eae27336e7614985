"""The baseline: sends prepared requests with aiohttp and keeps no state at all.

`python -m bench._bare URL` reads one JSON object per line from standard input: the headers and body
of a request and its lane. Lanes run side by side, the requests of a lane one after the other, as
couriers do. Prints the seconds of wall time and of CPU it took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from typing import Any

import aiohttp


async def main(url: str) -> None:
    lanes: dict[str, list[tuple[dict[str, str], bytes]]] = defaultdict(list)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        lanes[request["lane"]].append((request["headers"], request["body"].encode()))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def run(requests: list[tuple[dict[str, str], bytes]]) -> None:
            for headers, body in requests:
                async with session.post(url, headers=headers, data=body) as response:
                    await response.read()

        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(run(requests) for requests in lanes.values()))
        result = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
