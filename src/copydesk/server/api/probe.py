"""`/v1/probe`: a text down the live path without keeping it, and what probes have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.checks import RiskClass, Verdict
from copydesk.core.post import Tier
from copydesk.core.probe import Probe
from copydesk.core.states import ProbeState
from copydesk.core.submission import Source
from copydesk.quality.probes import ProbeKind
from copydesk.server.api.contract import (
    BAD_CURSOR,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    check_cursor,
    make_router,
)
from copydesk.server.asking import Author, DeskNow
from copydesk.work.drift.probing import pass_through, send_probe
from copydesk.work.models.opening import opened_models

router = make_router("probe")

_MAX_TEXT = 2_000_000
_SUMMED_UP = timedelta(days=7)


class TextIn(BaseModel):
    """A text, or a whole message with its `source`, to send down the live path."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "hi, order ORD-4821 still not here, refund of $49.90 pls"}]
        },
    )

    text: str = Field(min_length=1, max_length=_MAX_TEXT)
    source: Source | None = Field(None, description="what kind of message it is; null: look at it")


class IssueOut(BaseModel):
    """One thing a check holds against the result."""

    model_config = ConfigDict(from_attributes=True)

    check: str
    severity: Verdict
    message: str
    span: str


class PassedOut(BaseModel):
    """What the live path makes of a text."""

    model_config = ConfigDict(from_attributes=True)

    similarity: float = Field(
        ge=0,
        le=1,
        description="how near the result is to the author's words; it ranks, and proves nothing",
    )
    latency_ms: float
    issues: Sequence[IssueOut] = Field(description="what the checks of the gate object to")
    text: str = Field(description="what came out")
    source: str = Field(description="the author's own words, as they were read")
    verdict: Verdict
    risk: RiskClass
    categories: Sequence[str] = Field(description="why it has that risk")
    waits_because: Sequence[str] = Field(
        description="why a person would be asked; empty when it would go its way"
    )
    tier: Tier = Field(description="what wrote it")
    model: str
    prompt_version: str
    language: str
    cost_usd: float | None = Field(description="null where no price is known")


class ProbeOut(BaseModel):
    """A message with a known answer, and how it ended."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["prb_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    kind: ProbeKind
    seed: int = Field(description="makes the same message again")
    language: str
    channel: str
    state: ProbeState
    issues: Sequence[str]
    because: str = Field(description="why it was missed or accused")
    similarity: float | None
    latency_ms: float | None
    tier: str
    model: str
    prompt_version: str
    sent_at: datetime


class ProbeIn(BaseModel):
    """Which probe to send."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "number_changed", "seed": 7}]}
    )

    kind: ProbeKind
    seed: int = Field(1, ge=0, le=2**53)


class SummaryOut(BaseModel):
    """The last seven days by kind and state."""

    since: datetime
    counts: Mapping[ProbeKind, Mapping[ProbeState, int]]


@router.post("", dependencies=REPEATABLE)
async def probe_text(given: TextIn, desk: DeskNow, _: Author) -> PassedOut:
    """Send a text down the live path, as a message would go, and say what came out.

    Nothing is stored, sent or published; calls to a model are booked. A text that cannot be read is
    a 422.
    """
    raw = given.text.encode("utf-8", "replace")
    async with opened_models(desk) as opened:
        return PassedOut.model_validate(await pass_through(opened, raw, source=given.source))


@router.post("/known", status_code=201, dependencies=REPEATABLE)
async def send_known(given: ProbeIn, desk: DeskNow, _: Author) -> ProbeOut:
    """Send a message with a known answer now, and say what was found. It is kept in the list."""
    async with opened_models(desk) as opened:
        return _out(await send_probe(opened, given.kind, given.seed))


@router.get("/known", responses=BAD_CURSOR)
async def list_probes(
    desk: DeskNow,
    state: Annotated[ProbeState | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[ProbeOut]:
    """List what probes have found, newest first."""
    before = check_cursor(cursor, "probe")
    async with desk.store.read() as unit:
        found = await unit.probes.newest(
            desk.workspace_id, state=state or "", before=before, limit=limit
        )
    last = found[-1].id if len(found) == limit else None
    return Page(items=[_out(probe) for probe in found], next=last)


@router.get("/summary")
async def sum_up(desk: DeskNow) -> SummaryOut:
    """Count what probes found in the last seven days."""
    async with desk.store.read() as unit:
        since = unit.now - _SUMMED_UP
        counts = await unit.probes.counts(desk.workspace_id, since)
    by_kind: dict[ProbeKind, dict[ProbeState, int]] = {}
    for (kind, state), n in counts.items():
        by_kind.setdefault(ProbeKind(kind), {})[ProbeState(state)] = n
    return SummaryOut(since=since, counts=by_kind)


def _out(probe: Probe) -> ProbeOut:
    return ProbeOut.model_validate(probe)
