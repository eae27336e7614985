"""Budgets: one page, read-only; what may be spent is set by `copydesk budgets set` or the API."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from copydesk.server.asking import SIGNED_IN, DeskNow
from copydesk.server.rendering import render
from copydesk.server.views.budgets import BudgetsView, money_view, rate_view
from copydesk.server.views.frame import Frame
from copydesk.work.accounts.budgeting import report_budgets

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)


@router.get("/accounts/budgets")
async def show_budgets(desk: DeskNow) -> Response:
    """Show what is left of every rate limit and what was spent."""
    async with desk.store.read() as unit:
        report = await report_budgets(unit, desk.workspace_id)
    view = BudgetsView(
        frame=Frame(title="Budgets", section="Accounts"),
        rates=tuple(rate_view(line) for line in report.rates),
        money=tuple(money_view(line) for line in report.money),
    )
    return render("pages/budgets.html", view)
