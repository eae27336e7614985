"""Removing an account: the one question that is asked first, since it cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.server.views.frame import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveView:
    """The page that asks; `waiting` counts what would be cancelled or held."""

    frame: Frame
    name: str
    platform: str
    waiting: str
    remove_url: str
