"""The sandbox: it has its faults built in and keeps its own record in a file."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from copydesk.core.clock import Clock
from copydesk.distribution.breaker import BreakerPolicy
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.testing.faults.catalogue import RATE_LIMITS, Fault
from copydesk.testing.faults.rig import EngineRig, marker_in
from copydesk.testing.loopback import RETRY_AFTER

_KNOBS: Final[Mapping[Fault, str]] = {
    Fault.NONE: "none",
    Fault.RESPONSE_LOST: "lost_response",
    Fault.ERROR_AFTER_ACCEPT: "error_after_accept",
    Fault.RESET_BEFORE_ACCEPT: "reset_before_accept",
    Fault.HANG: "hang",
    Fault.GARBAGE: "garbage",
    Fault.EMPTY: "empty",
    Fault.HTML: "html",
    Fault.RATE_LIMITED_SECONDS: "rate_limited",
    Fault.RATE_LIMITED_DATE: "rate_limited_date",
    Fault.STALE_READS: "lost_response",
    Fault.REFUSED: "refused",
    Fault.TOKEN_EXPIRED: "token_expired",
    Fault.TOKEN_REVOKED: "token_revoked",
}

#: Half of the posts are lied about, one after the other; a breaker rests for ten minutes at most.
REST_EACH: Final = BreakerPolicy().longest / 2


class SandboxRig(EngineRig):
    """A sandbox that can be asked; a repeated key makes a second post."""

    spoke: ClassVar[str] = "sandbox"
    platform: ClassVar[str] = "sandbox"
    accepted_file: ClassVar[str] = r"/sandbox/[^/.]+\.jsonl$"
    knobs: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *, folder: Path, home: Path, clock: Clock) -> None:
        super().__init__(folder=folder, home=home, clock=clock)
        self._given: dict[str, str] = {}
        self._fault = Fault.NONE
        self._calls: list[tuple[datetime, int]] = []

    async def open(self) -> None:
        """Put the sandbox's server on the true clock, where its slowness costs no time."""
        self._install(clock=self.clock, pause=self._pause)

    async def close(self) -> None:
        """Put the real one back."""
        self._install()

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the knobs."""
        return {**self.knobs, **self._given}

    def copies(self) -> Counter[str]:
        """Count the posts that stand in the sandbox's own file, by their ids."""
        return Counter(marker_in(json.dumps(line)) for line in self._standing())

    def shown(self, marker: str) -> str:
        """Return the newest lines of the posts that stand."""
        lines = map(json.dumps, self._standing())
        return "\n".join(line for line in lines if marker_in(line) == marker)

    def edit_there(self, marker: str, words: str) -> None:
        """Write another version into the file."""
        self._write(marker, lambda line: {**line, "payload": _edited(line["payload"], words)})

    def remove_there(self, marker: str) -> None:
        """Write into the file that the post is removed."""
        self._write(marker, lambda line: {"id": line["id"], "action": "delete"})

    def _write(self, marker: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        for path in self._files():
            ledger = Ledger(path.parent, path.stem)
            for line in {line["id"]: line for line in ledger.posts()}.values():
                if marker_in(json.dumps(line)) == marker:
                    at = self.clock.now().isoformat()
                    ledger.accept({**change(line), "key": "theirs", "received_at": at}, once=False)

    def _standing(self) -> list[dict[str, Any]]:
        """Return the newest line of each post that was not removed."""
        texts = [text for path in self._files() for text in path.read_text().splitlines()]
        newest = {line["id"]: line for line in map(json.loads, filter(None, texts))}
        return [line for line in newest.values() if line.get("action") != "delete"]

    def _files(self) -> list[Path]:
        # beside it are what went wrong, and who was told
        return [p for p in (self.home / "sandbox").glob("acc_*.jsonl") if p.name.count(".") == 1]

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Turn the knobs; they are settings, so this comes before the account is made."""
        if fault not in _KNOBS:
            self.not_applicable("the sandbox has no such knob")
        self._fault = fault
        self._given["fault"] = _KNOBS[fault]
        self._given["retry_after"] = str(RETRY_AFTER)
        several = fault not in {*RATE_LIMITS, Fault.TOKEN_EXPIRED, Fault.TOKEN_REVOKED}
        self._given["times"] = str(max(1, deliveries // 2) if several else 1)
        if fault is Fault.STALE_READS:
            if self.knobs.get("find") == "no":
                self.not_applicable("this sandbox cannot be asked anything")
            self._given["read_delay"] = "20"

    @property
    def struck(self) -> int:
        """Return how many calls went wrong on purpose."""
        return sum(len(lines) for lines in self._fault_lines())

    @property
    def calls_while_limited(self) -> int:
        """Return how many calls came within the rest that a limited call was told."""
        if self._fault not in RATE_LIMITS:
            return 0
        window = timedelta(seconds=RETRY_AFTER)
        ends: list[datetime] = []
        early = 0
        strikes = [struck for _, struck in self._calls] + [self.struck]
        for number, (at, struck) in enumerate(self._calls):
            early += any(at < end for end in ends)
            if strikes[number + 1] > struck:
                ends.append((at + window).replace(microsecond=0))
        return early

    def mend(self) -> Mapping[str, str]:
        """Do nothing: the knob strikes a number of times, and then no more."""
        return {}

    async def _pause(self, seconds: float) -> None:
        # the server's first step in every publishing call; later ones are its own waiting
        self._calls.append((self.clock.now(), self.struck))

    def _fault_lines(self) -> list[list[dict[str, Any]]]:
        files = (self.home / "sandbox").glob("*.faults.jsonl")
        return [[json.loads(line) for line in path.read_text().splitlines()] for path in files]

    def _install(self, **options: Any) -> None:
        module = importlib.import_module("copydesk.platforms.sandbox")
        module.PLATFORM = module.Sandbox(**options)  # type: ignore[attr-defined]
        load_platform.cache_clear()


def _edited(payload: Mapping[str, Any], words: str) -> dict[str, Any]:
    text = next(key for key in ("text", "markdown", "body") if key in payload)
    return {**payload, text: f"{payload[text]} {words}"}


class SandboxKeyRig(SandboxRig):
    """A sandbox that takes each key once, and cannot be asked."""

    spoke: ClassVar[str] = "sandbox+key"
    knobs: ClassVar[Mapping[str, str]] = {"idempotency": "key", "find": "no"}
    rest_each: ClassVar[float] = REST_EACH


class SandboxBlindRig(SandboxRig):
    """A sandbox that can neither be asked nor knows a repeated key."""

    spoke: ClassVar[str] = "sandbox+blind"
    knobs: ClassVar[Mapping[str, str]] = {"find": "no"}
    rest_each: ClassVar[float] = REST_EACH
