"""What a manifest says about the time after publishing: API versions, edit and delete windows."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Version(BaseModel):
    """One version of a vendor's API that the spoke speaks, and when the vendor retires it.

    `sunset` is the vendor's date (None: none announced), read at `source` on `checked`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    released: date | None = None
    sunset: date | None = None
    source: str = ""
    checked: date | None = None
    assumed: bool = False


class Window(BaseModel):
    """Until when a platform lets a post be changed or removed: `within` seconds of its first
    publication and at most `times` times; None: no such limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: int | None = Field(default=None, gt=0)
    times: int | None = Field(default=None, gt=0)
    source: str
    checked: date
    assumed: bool = False
