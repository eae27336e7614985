"""After publishing: take a piece down, look at a post again, move an account between versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of, check_own
from copydesk.server.rendering import render
from copydesk.server.views.aftercare import unpublish_view
from copydesk.work.accounts.versions import set_version
from copydesk.work.deliveries.inspecting import inspect_now
from copydesk.work.deliveries.unpublishing import plan_withdrawals, unpublish

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)


@router.get("/posts/{id}/unpublish")
async def ask_to_unpublish(id: str, desk: DeskNow) -> Response:
    """Ask whether a piece should be taken down, and say what that would do where."""
    async with desk.store.read() as unit:
        post = await unit.posts.get(id)
        check_own(post.workspace_id, desk, f"post {id}")
        revision = await unit.posts.revision(post.revision_id)
        plans = await plan_withdrawals(unit, post)
    title = revision.content.title or "(no title)"
    return render("pages/unpublish.html", unpublish_view(id, title, plans))


@router.post("/posts/{id}/unpublish")
async def unpublish_piece(id: str, desk: DeskNow, asking: Editor) -> Response:
    """Take a piece down and go back to it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        post = await unit.posts.get(id)
        check_own(post.workspace_id, desk, f"post {id}")
        await unpublish(unit, post)
    return RedirectResponse(f"/posts/{id}", 303)


@router.post("/deliveries/{id}/inspect")
async def inspect_delivery(id: str, desk: DeskNow, asking: Editor) -> Response:
    """Look whether a post still stands as published and go back to it."""
    async with desk.store.read() as unit:
        check_own((await unit.deliveries.get(id)).workspace_id, desk, f"delivery {id}")
    await inspect_now(desk, [id], actor=actor_of(asking, "web"))
    return RedirectResponse(f"/deliveries/{id}", 303)


@router.post("/accounts/{id}/version")
async def move_account(
    id: str, desk: DeskNow, asking: Editor, version: Annotated[str, Form(max_length=60)]
) -> Response:
    """Let one account use another version of its platform's API."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        account = await unit.accounts.get(id)
        check_own(account.workspace_id, desk, f"account {id}")
        await set_version(unit, account, version)
    return RedirectResponse("/accounts", 303)
