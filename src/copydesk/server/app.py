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
from copydesk.server import health, sessions
from copydesk.server.api import (
    accounts,
    deliveries,
    events,
    posts,
    probe,
    render,
    reviews,
    submissions,
    suggestions,
    transform,
    validate,
)
from copydesk.server.api import aftercare as aftercare_api
from copydesk.server.api import audits as audits_api
from copydesk.server.api import budgets as budgets_api
from copydesk.server.api import callbacks as callbacks_api
from copydesk.server.api import connect as connect_api
from copydesk.server.api import consents as consents_api
from copydesk.server.api import conversations as conversations_api
from copydesk.server.api import costs as costs_api
from copydesk.server.api import drift as drift_api
from copydesk.server.api import feedback as feedback_api
from copydesk.server.api import feeds as feeds_api
from copydesk.server.api import hints as hints_api
from copydesk.server.api import releases as releases_api
from copydesk.server.api import rework as rework_api
from copydesk.server.api import schedules as schedules_api
from copydesk.server.api import style as style_api
from copydesk.server.api import webhooks as webhooks_api
from copydesk.server.feed import Feed
from copydesk.server.hooks import callbacks
from copydesk.server.pages import aftercare as aftercare_pages
from copydesk.server.pages import audits as audit_pages
from copydesk.server.pages import budgets as budget_pages
from copydesk.server.pages import connect as connect_pages
from copydesk.server.pages import conversations as conversation_pages
from copydesk.server.pages import deliveries as delivery_pages
from copydesk.server.pages import desk as desk_pages
from copydesk.server.pages import feeds as feed_pages
from copydesk.server.pages import inbox, live, piece, redriving, removing
from copydesk.server.pages import releases as release_pages
from copydesk.server.pages import reviews as review_pages
from copydesk.server.pages import schedule as schedule_pages
from copydesk.server.pages import webhooks as webhook_pages
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
    for part in (
        submissions,
        conversations_api,
        posts,
        validate,
        render,
        transform,
        probe,
        deliveries,
        reviews,
        suggestions,
        hints_api,
        accounts,
        budgets_api,
        releases_api,
        drift_api,
        costs_api,
        style_api,
        rework_api,
        connect_api,
        events,
        health,
        schedules_api,
        webhooks_api,
        feeds_api,
        callbacks_api,
        callbacks,
        aftercare_api,
        audits_api,
        consents_api,
        feedback_api,
    ):
        app.include_router(part.router)
    for page in (
        sessions,
        inbox,
        conversation_pages,
        piece,
        redriving,
        delivery_pages,
        removing,
        budget_pages,
        desk_pages,
        review_pages,
        audit_pages,
        release_pages,
        live,
        feed_pages,
        webhook_pages,
    ):
        app.include_router(page.router)
    app.include_router(connect_pages.router)
    app.include_router(aftercare_pages.router)
    app.include_router(schedule_pages.router)
    app.include_router(schedule_pages.feed_router)
    app.mount("/static", _Assets(directory=STATIC), name="static")
    return app
