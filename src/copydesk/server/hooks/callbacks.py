"""`/hooks/{account}`: callbacks of platforms. Whoever calls proves itself by a signature, not by a
token; vendors repeat what was answered 5xx, so a store that is away loses nothing."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from copydesk.platforms.kit.callbacks import CallbackRequest, Challenge
from copydesk.server.asking import DeskNow
from copydesk.work.deliveries.hearing import hear

router = APIRouter(prefix="/hooks", include_in_schema=False)


@router.get("/{account_id}")
async def shake_hands(account_id: str, request: Request, desk: DeskNow) -> Response:
    """Answer a vendor that wants something echoed before it sends anything."""
    return await _hear(account_id, request, desk)


@router.post("/{account_id}")
async def take_callback(account_id: str, request: Request, desk: DeskNow) -> Response:
    """Take a callback: 200 when it was taken, now or before; 400 when its sender is not proved."""
    return await _hear(account_id, request, desk)


async def _hear(account_id: str, request: Request, desk: DeskNow) -> Response:
    heard = await hear(
        desk,
        account_id,
        CallbackRequest(
            method=request.method,
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query_params),
            body=await request.body(),
        ),
    )
    if isinstance(heard, Challenge):
        return Response(heard.body, media_type=heard.content_type)
    return JSONResponse({"new": heard.is_new, "effects": list(heard.effects)})
