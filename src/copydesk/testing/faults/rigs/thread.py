"""Threads: the sandbox with several posts to each delivery, so that faults strike between them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from copydesk.testing.faults.rig import marker_in
from copydesk.testing.faults.rigs.sandbox import REST_EACH, SandboxRig

_PARTS: Final = 3


class ThreadRig(SandboxRig):
    """A sandbox that can be asked; every post becomes a thread."""

    spoke: ClassVar[str] = "sandbox+thread"
    knobs: ClassVar[Mapping[str, str]] = {"parts": str(_PARTS)}

    def copies(self) -> Counter[str]:
        """Count whole threads. A part that is there twice, or that answers another post than the
        one before it, makes a copy more; a thread without one of its parts is none."""
        threads: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self._standing():
            threads[marker_in(json.dumps(line))].append(line)
        return Counter({marker: _copies(lines) for marker, lines in threads.items()})


class ThreadKeyRig(ThreadRig):
    """Threads on a sandbox that takes each key once, and cannot be asked."""

    spoke: ClassVar[str] = "sandbox+thread+key"
    knobs: ClassVar[Mapping[str, str]] = {
        "parts": str(_PARTS),
        "idempotency": "key",
        "find": "no",
    }
    rest_each: ClassVar[float] = REST_EACH


def _copies(lines: list[dict[str, Any]]) -> int:
    parts = Counter(line["payload"]["part"] for line in lines)
    if any(number > 1 for number in parts.values()):
        return max(parts.values())
    chain = [(line["payload"]["part"], line.get("answers")) for line in lines]
    ids = [line["id"] for line in lines]
    expected = [(n + 1, ids[n - 1] if n else None) for n in range(len(lines))]
    if chain != expected:
        return 2  # in disorder: somebody reads it in another way than it was written
    return 1 if len(lines) == _PARTS else 0
