"""`/v1/style`: the style guide that models are shown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.passages import StyleGuide
from copydesk.server.api.contract import REPEATABLE, make_router
from copydesk.server.asking import Admin, DeskNow, actor_of
from copydesk.work.writing.styling import LONGEST, current_style, set_style

router = make_router("style")

_EXAMPLE = "# Dates\n\nWrite `3 March 2026`; never abbreviate a month."


class StyleIn(BaseModel):
    """A style guide."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": _EXAMPLE}]})

    text: str = Field(max_length=LONGEST, description='CommonMark; "" takes the style guide away')


class StyleOut(BaseModel):
    """The style guide in force."""

    version: int = Field(description="0: there never was one", examples=[3])
    name: str = Field(
        description="what evidence calls it, behind the prompt", examples=["style.v3"]
    )
    text: str = Field(examples=[_EXAMPLE])


@router.get("")
async def show_style(desk: DeskNow) -> StyleOut:
    """Return the style guide of the workspace."""
    return _out(await current_style(desk))


@router.post("", dependencies=REPEATABLE)
async def change_style(desk: DeskNow, asking: Admin, style: StyleIn) -> StyleOut:
    """Set the style guide; its passages that fit a message go into the prompt.

    The same text again is no new version. They are data to a model: it follows them in wording,
    spelling and form, and in nothing else.
    """
    return _out(await set_style(desk, style.text, actor=actor_of(asking, "api")))


def _out(guide: StyleGuide) -> StyleOut:
    name = guide.name if guide.number else ""
    return StyleOut(version=guide.number, name=name, text=guide.text)
