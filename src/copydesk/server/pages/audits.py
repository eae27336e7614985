"""Audits: taking the next blind look, what was found, what is earned, and agreement."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import RedirectResponse, Response

from copydesk.core.checks import RiskClass
from copydesk.core.errors import ContentInvalid
from copydesk.core.review import BLIND, ReviewKind
from copydesk.core.states import ReviewState
from copydesk.editorial import reviewing
from copydesk.editorial.agreement import agreement_report
from copydesk.editorial.auditing import audit_report, change_policy, restart_earning
from copydesk.server.asking import (
    SIGNED_IN,
    Admin,
    DeskNow,
    Editor,
    actor_of,
    at_least,
    may,
)
from copydesk.server.rendering import render
from copydesk.server.views.audits import agreement_view, audits_view
from copydesk.server.views.frame import Choice, address
from copydesk.store.tokens import Principal
from copydesk.work.desk import Desk

router = APIRouter(prefix="/audits", include_in_schema=False, dependencies=SIGNED_IN)

Reader = Annotated[Principal, Depends(at_least("viewer"))]
Percent = Annotated[float | None, Form(ge=0, le=100)]

_SPANS: Final = {"30 days": 30, "90 days": 90, "all": 0}


@router.get("")
async def show_audits(
    desk: DeskNow,
    asking: Reader,
    said: Annotated[Literal["", "good", "bad", "changed", "anew"], Query()] = "",
) -> Response:
    """Show what waits for a blind look, and how every class of texts stands."""
    return await _page(desk, asking, said=said)


@router.post("/next")
async def take_next(
    desk: DeskNow, asking: Editor, kind: Annotated[ReviewKind, Form()] = ReviewKind.AUDIT
) -> Response:
    """Take the next one of a kind and show it; the page of audits when there is none."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        review = await reviewing.claim_next(unit, desk.workspace_id, kind=kind)
    return RedirectResponse(f"/reviews/{review.id}" if review else "/audits", 303)


@router.post("/policy")
async def put_policy(
    desk: DeskNow,
    asking: Admin,
    audit: Percent = None,
    second: Percent = None,
    low: Percent = None,
    medium: Percent = None,
) -> Response:
    """Change what is looked at from now on; percents."""
    targets = {RiskClass.LOW: low, RiskClass.MEDIUM: medium}
    try:
        async with desk.store.begin(actor_of(asking, "web")) as unit:
            await change_policy(
                unit,
                desk.workspace_id,
                audit_share=_share(audit),
                second_share=_share(second),
                targets={risk: p / 100 for risk, p in targets.items() if p is not None},
            )
    except ContentInvalid as error:
        problem = "; ".join(finding.message for finding in error.findings)
        return await _page(desk, asking, problem=problem)
    return RedirectResponse("/audits?said=changed", 303)


@router.post("/restart")
async def restart(
    desk: DeskNow,
    asking: Admin,
    reason: Annotated[str, Form(min_length=1, max_length=2000)],
    channel: Annotated[str, Form(max_length=16)] = "",
    language: Annotated[str, Form(max_length=16)] = "",
    risk: Annotated[RiskClass | None, Form()] = None,
    writer: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Send a class back to a person and let it count anew."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await restart_earning(
            unit,
            desk.workspace_id,
            reason,
            channel=channel,
            language=language,
            risk=risk or "",
            writer=writer,
        )
    return RedirectResponse("/audits?said=anew", 303)


@router.get("/agreement")
async def show_agreement(
    desk: DeskNow, days: Annotated[int, Query(ge=0, le=3650)] = 90
) -> Response:
    """Show how far people agree who decided without knowing of each other."""
    since = desk.clock.now() - timedelta(days=days) if days else None
    async with desk.store.read() as unit:
        report = await agreement_report(unit, desk.workspace_id, since=since)
    spans = tuple(
        Choice(label=label, url=address("/audits/agreement", days=str(span)), current=span == days)
        for label, span in _SPANS.items()
    )
    return render("pages/agreement.html", agreement_view(report, spans))


_SAID: Final = {
    "": "",
    "good": "Counted as good.",
    "bad": "Counted as bad: the text is held and waits for a person.",
    "changed": "Changed: it counts from now on.",
    "anew": "It counts anew from now on, and goes to a person.",
}


async def _page(desk: Desk, asking: Principal, *, problem: str = "", said: str = "") -> Response:
    async with desk.store.read() as unit:
        report = await audit_report(unit, desk.workspace_id)
        waiting = {
            kind.value: await unit.reviews.count(desk.workspace_id, ReviewState.OPENED, {kind})
            for kind in BLIND
        }
    view = audits_view(
        report,
        waiting,
        may_take=may(asking, "editor"),
        may_change=may(asking, "admin"),
        problem=problem,
        said=_SAID[said],
    )
    return render("pages/audits.html", view, status=422 if problem else 200)


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100
