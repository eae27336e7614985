"""The application: guard, pages, API, events, health and built assets, around one open desk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from copydesk import __version__
from copydesk.core.errors import CopydeskError
from copydesk.server.api.routers import API
from copydesk.server.feed import Feed
from copydesk.server.pages.routers import PAGES
from copydesk.server.problems import handle_error
from copydesk.server.rendering import STATIC, asset
from copydesk.server.security import Guard
from copydesk.server.tally import Tally
from copydesk.work.desk import Desk

_DESCRIPTION = """
Everything copydesk knows, for programs. Errors are problem details (RFC 9457) with a `code` to act
on and a `remedy` to show. Lists are cut into pages by `cursor`. Every POST takes an
`Idempotency-Key`. Times are ISO 8601 with their zone.
"""


class _Assets(StaticFiles):
    """Built files; their names change with their content, so they may be kept for ever."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """Return a file that needs no second request."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(desk: Desk, *, hosts: Iterable[str] = ()) -> FastAPI:
    """Return the application for an open desk; whoever opened the desk closes it.

    Args:
        desk: what everything is read from and done with.
        hosts: further names browsers may call this server by. Numeric addresses, `localhost` and
            the host the settings bind to always work.

    Raises `ConfigError` when the pages' assets were not built.
    """
    asset("app.js")
    app = FastAPI(
        title="copydesk",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            CopydeskError: handle_error,
            HTTPException: handle_error,
            RequestValidationError: handle_error,
        },
    )
    app.state.desk = desk
    app.state.tally = Tally(desk.store, desk.clock, desk.workspace_id)
    app.state.feed = Feed(desk.store, desk.clock)
    app.add_middleware(Guard, hosts=["localhost", desk.settings.host, *hosts])
    for router in (*API, *PAGES):
        app.include_router(router)
    app.mount("/static", _Assets(directory=STATIC), name="static")
    return app
