"""The lines of a feedback export, by form: what `docs/reference/feedback.md` describes.

A field is never changed within a version; a change is a new version under another `schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field


class Form(StrEnum):
    """What lines are for."""

    CHAT = "chat"
    PREFERENCE = "preference"
    CORRECTION = "correction"
    LABELS = "labels"

    @property
    def schema(self) -> str:
        """Return the name and version of the form of a line; it stands in every line."""
        return f"copydesk.{self}.v{_VERSIONS.get(self, 1)}"


_VERSIONS: Final[Mapping[Form, int]] = {Form.PREFERENCE: 2}


class Line(BaseModel):
    """What every line has."""

    model_config = ConfigDict(extra="forbid")

    schema_: str = Field(alias="schema", description="form and version of the line")
    key: str = Field(description="`FORM:REVIEW:NUMBER`, the same in every export")
    licence: str = Field(description="what the words were allowed under; may be empty")


class Message(BaseModel):
    """One message of a chat."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class ChatLine(Line):
    """A message and the text a person let go, for fine-tuning."""

    messages: list[Message] = Field(description="system, user, assistant, in this order")


class PreferenceLine(Line):
    """Two ways to say a thing, and which a person wanted."""

    context: str = Field(description="the author's own words")
    field: Literal["title", "summary", "body"] = Field(
        description="which text both are of: whole, or a piece with the words around it"
    )
    chosen: str
    rejected: str
    intent: str = Field(description="what the change was for; `whole_text` for all of it")
    propensity: float = Field(gt=0, le=1, description="the chance that a person was asked")


class FateLine(BaseModel):
    """What became of one part of the message."""

    model_config = ConfigDict(extra="forbid")

    segment: int
    fate: str = Field(description="kept, merged or dropped")
    into: int | None


class CorrectionLine(Line):
    """What was written, and what a person made of it."""

    source: str = Field(description="the author's own words")
    model_text: str
    human_text: str
    segment_map: list[FateLine]
    reason_codes: list[str] = Field(description="why suggestions were rejected")
    tier: str = Field(description="rules, light or capable")
    prompt_version: str
    model: str


class CheckLine(BaseModel):
    """What one check said."""

    model_config = ConfigDict(extra="forbid")

    check: str
    version: int
    verdict: str = Field(description="passed, flagged or failed")
    finds: int = Field(description="how many places it pointed at")
    signals: dict[str, int] = Field(description="how often it saw what the calibration weighs")
    cost_ms: float


class LabelLine(Line):
    """What every check said of a text, and whether a person found it good. It holds no text."""

    checks: list[CheckLine]
    label: Literal["ok", "bad"]
    reason_codes: list[str]
    sampled_by: Literal["flag", "audit", "overlap"] = Field(
        description="why a person looked: something spoke against it, chance or rule wanted it "
        "although nothing did, or a second opinion"
    )
    propensity: float = Field(
        ge=0, le=1, description="the chance that a person looked; weight a line by its inverse"
    )
    channel: str
    language: str
    risk: str
    tier: str
    prompt_version: str
    model: str
    judged_at: str = Field(description="ISO 8601 with its zone")


LINES: Final[Mapping[Form, type[Line]]] = {
    Form.CHAT: ChatLine,
    Form.PREFERENCE: PreferenceLine,
    Form.CORRECTION: CorrectionLine,
    Form.LABELS: LabelLine,
}
