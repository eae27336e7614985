"""Health: `/health/live` says that the web answers, `/health/ready` that work is being done."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from copydesk.core.states import DeliveryState
from copydesk.server.asking import SIGNED_IN, DeskNow
from copydesk.server.tally import Tally
from copydesk.work.accounts.budgeting import report_budgets
from copydesk.work.health import measure

router = APIRouter(tags=["health"])


class Live(BaseModel):
    """The web answers; nothing is said about work."""

    status: str = Field("live", examples=["live"])


class Ready(BaseModel):
    """Whether work is being done, with the figures that say so."""

    status: str = Field(examples=["ready", "not ready"])
    workers: int = Field(description="processes heard of lately")
    due: int = Field(description="rows that wait for work now")
    oldest_due_seconds: float = Field(description="for how long the oldest of them has waited")
    last_job_at: datetime | None
    next_wake_at: datetime | None
    problems: list[str]


@router.get("/health/live")
async def show_live() -> Live:
    """Say that the web is up."""
    return Live(status="live")


@router.get(
    "/health/ready",
    responses={503: {"model": Ready, "description": "Work is not being done; see `problems`"}},
)
async def show_ready(desk: DeskNow, response: Response) -> Ready:
    """Say whether work is being done; 503 with reasons when it is not."""
    health = await measure(desk)
    response.status_code = 200 if health.working else 503
    return Ready(
        status="ready" if health.working else "not ready",
        workers=health.workers,
        due=health.due,
        oldest_due_seconds=health.oldest_due_seconds,
        last_job_at=health.last_job_at,
        next_wake_at=health.next_wake_at,
        problems=list(health.problems),
    )


@router.get("/metrics", response_class=Response, dependencies=SIGNED_IN)
async def show_metrics(desk: DeskNow, request: Request) -> Response:
    """Return figures for Prometheus, read from the rows at this moment; deliveries by state, where
    there are very many, a while ago."""
    tally: Tally = request.app.state.tally
    health = await measure(desk)
    counted = await tally.now()
    async with desk.store.read() as unit:
        budgets = await report_budgets(unit, desk.workspace_id)
    registry = CollectorRegistry()
    figures = {
        "copydesk_workers": ("processes that work", float(health.workers)),
        "copydesk_due": ("rows that wait for work now", float(health.due)),
        "copydesk_oldest_due_seconds": (
            "for how long the oldest of them has waited",
            health.oldest_due_seconds,
        ),
        "copydesk_deliveries_age_seconds": (
            "how old the count of deliveries by state is",
            counted.age,
        ),
    }
    for name, (help, value) in figures.items():
        Gauge(name, help, registry=registry).set(value)
    deliveries = Gauge("copydesk_deliveries", "deliveries by state", ["state"], registry=registry)
    for state in DeliveryState:
        deliveries.labels(state.value).set(counted.by_state.get(state.value, 0))
    left = Gauge(
        "copydesk_rate_left",
        "calls left of a rate limit",
        ["platform", "limit", "account"],
        registry=registry,
    )
    for line in budgets.rates:
        if line.calls:
            left.labels(line.platform, line.name, ",".join(line.accounts)).set(line.left)
    closed = sum(line.closed_until is not None for line in budgets.rates)
    Gauge("copydesk_rate_closed", "limits that are closed", registry=registry).set(closed)
    return Response(
        generate_latest(registry),
        media_type=CONTENT_TYPE_LATEST,
        background=BackgroundTask(tally.renew),
    )
