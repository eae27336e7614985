"""What an author may set for one platform alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from copydesk.core.findings import Loss
from copydesk.transformation.content import EVERYWHERE


def unknown_overrides(override: Mapping[str, Any], own: Sequence[str]) -> tuple[Loss, ...]:
    """Return a loss for each key of `override` that nobody reads.

    `own` are the keys that the platform reads besides the fields that can be set everywhere.
    """
    known = dict.fromkeys((*own, *EVERYWHERE))
    return tuple(
        Loss(what=f"override {key!r}", how="ignored", why=f"known: {', '.join(known)}")
        for key in override
        if key not in known
    )
