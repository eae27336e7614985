"""The published site, served for looking at. On a port of its own: what was published is content,
and content does not share an origin with the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

#: Types that the standard table does not know or calls otherwise.
_TYPES = {
    "feed.xml": "application/rss+xml",
    "atom.xml": "application/atom+xml",
    "feed.json": "application/feed+json",
}


class _Pages(StaticFiles):
    """Files as they lie, pages for folders; records and hidden files stay hidden."""

    async def get_response(self, path: str, scope: Any) -> Response:
        """Return a file with the type feed readers expect."""
        parts = Path(path).parts
        if any(part.startswith(".") and part != "." for part in parts):
            return Response("Not found", status_code=404)
        response = await super().get_response(path, scope)
        if parts and (kind := _TYPES.get(parts[-1])):
            response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def create_published(folder: Path) -> FastAPI:
    """Return an application that serves the published files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/", _Pages(directory=folder, html=True), name="published")
    return app
