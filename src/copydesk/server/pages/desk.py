"""Reviews and accounts: two plain lists, and the decision of a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from copydesk.core.states import ReviewState
from copydesk.editorial import reviewing
from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of, check_own
from copydesk.server.rendering import render
from copydesk.server.views.desk import (
    REVIEW_STATES,
    AccountsView,
    ReviewsView,
    account_line,
    review_line,
)
from copydesk.server.views.frame import Frame, choices
from copydesk.store.reviews import WantedReviews
from copydesk.work.breakers import stopped
from copydesk.work.versions import endings_of

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

Reason = Annotated[str, Form(max_length=2000)]
_SHOWN = 100


@router.get("/reviews")
async def show_reviews(
    desk: DeskNow, state: Annotated[ReviewState | None, Query()] = None
) -> Response:
    """Show what waits for a person, oldest first; other states on request."""
    wanted = state or ReviewState.OPENED
    async with desk.store.read() as unit:
        found = await unit.reviews.queue(
            desk.workspace_id, WantedReviews(state=wanted), limit=_SHOWN + 1
        )
    view = ReviewsView(
        frame=Frame(title="Reviews", section="Reviews"),
        choices=choices("/reviews", REVIEW_STATES, wanted)[1:],
        lines=tuple(review_line(review) for review in found[:_SHOWN]),
        waiting=wanted is ReviewState.OPENED,
        more=len(found) > _SHOWN,
    )
    return render("pages/reviews.html", view)


@router.post("/reviews/{id}/accept")
async def accept_review(id: str, desk: DeskNow, asking: Editor, reason: Reason = "") -> Response:
    """Accept a held piece and go back to it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        check_own((await unit.reviews.get(id)).workspace_id, desk, f"review {id}")
        post = await reviewing.accept(unit, id, reason.strip())
    return RedirectResponse(f"/posts/{post.id}", 303)


@router.post("/reviews/{id}/reject")
async def reject_review(id: str, desk: DeskNow, asking: Editor, reason: Reason = "") -> Response:
    """Reject a held piece and go back to it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        check_own((await unit.reviews.get(id)).workspace_id, desk, f"review {id}")
        post = await reviewing.reject(unit, id, reason.strip())
    return RedirectResponse(f"/posts/{post.id}", 303)


@router.get("/accounts")
async def show_accounts(desk: DeskNow) -> Response:
    """Show every account and whether it can be published to."""
    async with desk.store.read() as unit:
        found = await unit.accounts.all(desk.workspace_id)
        kept_out = await stopped(unit, found)
    ending = await endings_of(desk)
    view = AccountsView(
        frame=Frame(title="Accounts", section="Accounts"),
        lines=tuple(
            account_line(
                account, desk.clock.now(), kept_out, [e for a, e in ending if a.id == account.id]
            )
            for account in found
        ),
    )
    return render("pages/accounts.html", view)
