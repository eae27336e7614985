"""Running the application: one uvicorn server that ends its event streams before it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from copydesk.core.errors import ConfigError

#: Connections that may wait to be taken; uvicorn's own default.
_WAITING = 2048
#: Seconds open requests get when the server is asked to stop.
_GRACE = 3


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the process: a worker may live in it too."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the feed first: an open stream would keep the server waiting."""
        if (feed := getattr(self._app.state, "feed", None)) is not None:
            await feed.close()
        await super().shutdown(sockets)


async def serve(app: FastAPI, *, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until cancelled; open requests then get three seconds to end.

    Args:
        app: what `create_app` returned.
        host: address to bind to.
        port: TCP port, 0 for a free one.
        on_ready: called once, with the server's URL, when it takes requests.

    Raises `ConfigError` when the address cannot be bound to.
    """
    bound = _bind(host, port)
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{bound.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        access_log=False,  # it would keep sign-in links
        log_config=None,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, app, lambda: on_ready(url))
    running = asyncio.create_task(server.serve(sockets=[bound]), name="web")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
    finally:
        bound.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            # until one listens, another may bind to the same port and say that it has it
            bound.listen(_WAITING)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise ConfigError(
            [f"port: cannot listen on {host}:{port} ({error.strerror or error})"],
            remedy="Choose another with --port, or 0 for a free one.",
        ) from error
    return bound
