"""`/v1/render`: what a text becomes on platforms and accounts, as data; nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.findings import Finding, Loss
from copydesk.server.api.contract import NOT_FOUND, REPEATABLE, make_router
from copydesk.server.api.texts import TextIn, plans_of
from copydesk.server.asking import DeskNow
from copydesk.transformation.forms import Form
from copydesk.work.deliveries.rendering import rendered

router = make_router("render")


class RenderIn(TextIn):
    """A Markdown text, whom to render it for, and in which form where there is a choice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "---\ntitle: Opening hours\nsummary: We open on Sunday.\n"
                    "canonical_url: https://example.org/hours\n---\n\nWe open on **Sunday**.",
                    "platforms": ["x", "bluesky", "email"],
                    "form": "thread",
                }
            ]
        },
    )

    form: Form | None = Field(
        None, description="asked for wherever a platform has it; else each takes its own"
    )


class RenditionOut(BaseModel):
    """What the text becomes on one account (and for one recipient)."""

    model_config = ConfigDict(from_attributes=True)

    account: str
    platform: str
    recipient: str
    form: Form
    valid: bool = Field(description="whether nothing stands in the way of publishing it")
    text: str = Field(description="how it reads there")
    parts: Sequence[str] = Field(description="the texts of a thread in order, or the one text")
    payload: Mapping[str, Any] = Field(description="what would be sent, in the spoke's own shape")
    losses: Sequence[Loss] = Field(description="what is not carried over as it was")
    findings: Sequence[Finding]


class RenderedOut(BaseModel):
    """All renditions, the accounts' first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "notes": [],
                    "results": [
                        {
                            "account": "x",
                            "platform": "x",
                            "recipient": "",
                            "form": "post",
                            "valid": True,
                            "text": "Opening hours\n\nWe open on Sunday.",
                            "parts": ["Opening hours\n\nWe open on Sunday."],
                            "payload": {"parts": [{"text": "Opening hours\n\nWe open on Sunday."}]},
                            "losses": [
                                {
                                    "what": "strong emphasis",
                                    "how": "kept as plain characters",
                                    "why": "plain text has no formatting",
                                    "kind": "downgraded",
                                }
                            ],
                            "findings": [],
                        }
                    ],
                }
            ]
        }
    )

    notes: Sequence[Finding] = Field(description="about the text itself")
    results: list[RenditionOut]


@router.post("", responses=NOT_FOUND, dependencies=REPEATABLE)
async def render_text(given: RenderIn, desk: DeskNow) -> RenderedOut:
    """Say what a text becomes, part by part, with payload, losses and findings. Nothing is stored
    or sent.

    A text that cannot be read at all, or a form that nobody named has, is a 422.
    """
    manuscript, plans = await plans_of(desk, given, form=given.form)
    return RenderedOut(
        notes=manuscript.file.findings,
        results=[RenditionOut.model_validate(rendered(p, manuscript.content)) for p in plans],
    )
