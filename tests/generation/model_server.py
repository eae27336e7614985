"""A model server on loopback that speaks the OpenAI chat and the Anthropic messages API.

It answers from a script and can do what real servers do on bad days: lie about why it stopped,
send garbage, hang, or drop the connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def chat_completion(
    content: str | None, *, finish_reason: str | None = "stop", output_tokens: int = 20, **more: Any
) -> dict[str, Any]:
    """An OpenAI chat answer; `more` goes into the message."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "local-model-0815",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **more},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": output_tokens,
            "total_tokens": 100 + output_tokens,
        },
    }


def anthropic_message(text: str, *, stop_reason: str = "end_turn") -> dict[str, Any]:
    """An Anthropic messages answer."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-local",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 20},
    }


class ModelServer:
    """Answers each request with the next of `answers`; the last one is repeated."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any] | Handler] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._released = asyncio.Event()
        app = web.Application()
        app.router.add_post("/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> ModelServer:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        await self._runner.cleanup()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        assert self._runner.server is not None
        return len(self._runner.server.connections)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.requests.append(body)
        self.headers.append({key.lower(): value for key, value in request.headers.items()})
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, dict):
            return web.json_response(answer)
        return await answer(request, body)

    async def hang(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        """Never answer; ends when the server is closed."""
        await self._released.wait()
        return web.Response(status=503)


def says(status: int, body: str = "", **headers: str) -> Handler:
    """Answer with this status and body."""

    async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        return web.Response(
            status=status, text=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return handler


def streams(
    content: str,
    *,
    finish_reason: str | None = "stop",
    output_tokens: int | None = 20,
    says_done: bool = True,
    drops: bool = False,
) -> Handler:
    """Send an OpenAI chat answer piece by piece: a character run an event, then how it ended.

    Without `says_done` the stream just ends; with `drops` the connection is cut before its end, as
    when a worker behind a proxy dies.
    """

    def event(delta: dict[str, Any], reason: str | None, **more: Any) -> bytes:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "local-model-0815",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            **more,
        }
        return f"data: {json.dumps(chunk)}\n\n".encode()

    async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        pieces = [content[at : at + 400] for at in range(0, len(content), 400)]
        await response.write(event({"role": "assistant", "content": ""}, None))
        for piece in pieces:
            await response.write(event({"content": piece}, None))
        if drops:
            assert request.transport is not None
            request.transport.abort()
            return response
        if finish_reason is not None:
            await response.write(event({}, finish_reason))
        if output_tokens is not None:
            usage = {
                "prompt_tokens": 100,
                "completion_tokens": output_tokens,
                "total_tokens": 100 + output_tokens,
            }
            await response.write(event({}, None, choices=[], usage=usage))
        if says_done:
            await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    return handler


async def disconnects(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
    """Drop the connection without a word."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def closes_kept(text: str) -> Handler:
    """Answer `text` to the first request on a connection, and close it when the next has come."""
    used: set[asyncio.BaseTransport] = set()

    async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        assert request.transport is not None
        if request.transport in used:
            request.transport.close()
            return web.Response()
        used.add(request.transport)
        return web.json_response(chat_completion(text))

    return handler
