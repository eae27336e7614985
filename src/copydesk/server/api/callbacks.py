"""`/v1/callbacks`: what platforms told us by themselves, and what that did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from copydesk.server.api.contract import NOT_FOUND, make_router
from copydesk.server.asking import DeskNow, check_own

router = make_router("callbacks")


class CallbackOut(BaseModel):
    """One message of a platform; it is known for a week, so that a repeat has no effect."""

    account_id: str
    message_id: str = Field(examples=["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"])
    received_at: datetime
    expires_at: datetime
    effect: str = Field(
        description="`moved` a delivery, made us `look`, changed a `standing`, or was `noted`"
    )
    raw: str = Field(description="the beginning of a message that nobody understood, else empty")


@router.get("", responses=NOT_FOUND)
async def list_callbacks(
    desk: DeskNow,
    account_id: Annotated[str, Query(max_length=40, description="the account they came for")],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[CallbackOut]:
    """List what an account's platform told us, newest first. They come in at `/hooks/ACCOUNT`."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(account_id)
        check_own(account.workspace_id, desk, f"account {account_id}")
        found = await unit.callbacks.of_account(account_id, limit)
    return [
        CallbackOut(**{name: getattr(one, name) for name in CallbackOut.model_fields})
        for one in found
    ]
