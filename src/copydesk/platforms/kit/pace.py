"""What a manifest says about how much a platform takes: safe paces, and what calls cost.

A pace is a bucket: at most `calls` in `seconds` for one scope. It counts the calls its `of` names,
or every call. Pure; who spends and who waits is the business of `distribution.budget`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

Scope = Literal["account", "app", "endpoint"]

DAY = 86_400


class Calls(BaseModel):
    """Calls that a pace counts: `method` ("" is any) and how the path of the address ends.

    `{name}` in `path` stands for one segment, as in API references; "" is any path. Each such call
    takes `cost` from the bucket.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = ""
    path: str = ""
    cost: int = Field(default=1, ge=0)

    def covers(self, method: str, url: str) -> bool:
        """Return whether a call of `method` to `url` is one of these."""
        if self.method and self.method.upper() != method.upper():
            return False
        return _pattern(self.path).search(urlsplit(url).path.rstrip("/")) is not None


class Pace(BaseModel):
    """A pace that is safe: at most `calls` in any `seconds` for one `scope`.

    `scope`: all calls of an account; all calls of an app, whatever account they are for; or one
    endpoint of an account. `of` names the calls that count (an endpoint has to), each with its
    cost. With `resets`, an IANA zone, a daily cap starts anew at midnight there instead of rolling.
    With `learned`, the platform's headers may raise the limit above `calls`; otherwise they only
    lower it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int = Field(gt=0)
    seconds: int = Field(gt=0)
    scope: Scope = "account"
    name: str = ""
    of: tuple[Calls, ...] = ()
    resets: str = ""
    learned: bool = False
    source: str
    checked: date
    assumed: bool = False

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.scope == "endpoint" and not any(calls.path for calls in self.of):
            raise ValueError("a pace of scope endpoint names its calls: of = [{ path = … }]")
        if self.resets and self.seconds != DAY:
            raise ValueError("resets is for daily caps: seconds = 86400")
        if self.resets:
            try:
                ZoneInfo(self.resets)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(f"resets: {self.resets!r} is not an IANA zone") from error
        if any(calls.cost > self.calls for calls in self.of):
            raise ValueError("a call costs more than the bucket ever holds")
        return self

    @property
    def label(self) -> str:
        """Return what tells this bucket from the others of its platform; part of its key."""
        which = self.name or next((c.path for c in self.of if c.path), "") or "calls"
        return f"{which} {self.seconds}"

    def cost(self, method: str, url: str) -> int:
        """Return what a call takes from this bucket; 0 when it is not counted."""
        if not self.of:
            return 1
        return next((calls.cost for calls in self.of if calls.covers(method, url)), 0)


class Price(BaseModel):
    """What the platform charges for one `action`, in micro-dollars (millionths of a US dollar).

    `with_link` is the price of a post that contains a link, where that differs. `describe` is
    adding an alternative text to a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["create", "update", "delete", "describe"] = "create"
    micros: int = Field(ge=0)
    with_link: int | None = Field(default=None, ge=0)
    source: str
    checked: date
    assumed: bool = False


_LINK = re.compile(r"https?://\S")


def price_of(prices: Iterable[Price], action: str, text: str) -> int:
    """Return what `action` with `text` costs in micro-dollars; 0 where nothing is charged."""
    for price in prices:
        if price.action == action:
            has_link = price.with_link is not None and _LINK.search(text) is not None
            return price.with_link if has_link and price.with_link is not None else price.micros
    return 0


def limited_scope(paces: Sequence[Pace], method: str, url: str, limit: int | None) -> Scope:
    """Return what a 429 to this call closes, where the platform does not say.

    `limit` is the platform's limit from its headers. It is the endpoint when the manifest has a
    pace for it, unless the header's number is that of a wider pace; else the account.
    """
    counted = [pace for pace in paces if pace.cost(method, url)]
    if limit is not None:
        for pace in counted:
            if pace.calls == limit:
                return pace.scope
    return "endpoint" if any(pace.scope == "endpoint" for pace in counted) else "account"


@cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", path.rstrip("/"))
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + r"\Z")
