"""Which messages of a chat belong together, and putting that right."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from copydesk.core.errors import Conflict, CopydeskError
from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of, at_least, may
from copydesk.server.rendering import render
from copydesk.server.views.conversations import conversation_view
from copydesk.store.tokens import Principal
from copydesk.work.desk import Desk
from copydesk.work.incoming.regrouping import conversation_of, move

router = APIRouter(prefix="/submissions", include_in_schema=False, dependencies=SIGNED_IN)

Reader = Annotated[Principal, Depends(at_least("viewer"))]
Turn = Annotated[str, Form(min_length=1, max_length=2000)]


@router.get("/{id}/conversation")
async def show_conversation(id: str, desk: DeskNow, asking: Reader) -> Response:
    """Show the messages of a conversation with what each answers."""
    return await _page(desk, id, asking)


@router.post("/{id}/conversation")
async def move_message(
    id: str,
    desk: DeskNow,
    asking: Editor,
    turn: Turn,
    to: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Let a message go to another conversation and show that; back with what stands against it."""
    try:
        moved = await move(desk, id, turn, to, actor=actor_of(asking, "web"))
    except Conflict as error:
        return await _page(desk, id, asking, error=error)
    return RedirectResponse(f"/submissions/{moved.to}", 303)


async def _page(
    desk: Desk, id: str, asking: Principal, *, error: CopydeskError | None = None
) -> Response:
    found = await conversation_of(desk, id)
    view = conversation_view(
        found,
        may_move=may(asking, "editor"),
        problem=f"{error.message} {error.remedy}".strip() if error else "",
    )
    return render("pages/conversation.html", view, status=error.status if error else 200)
