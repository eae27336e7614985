"""The log while faults rage: thousands of lines nobody reads, kept as counts by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import MutableMapping
from typing import Any

import structlog

#: How often each line was logged since `mute`.
said: Counter[str] = Counter()


def mute() -> None:
    """Drop log lines from now on; count them."""
    said.clear()
    structlog.configure(processors=[_count])


def _count(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Any:
    said[str(event.get("event", ""))] += 1
    raise structlog.DropEvent
