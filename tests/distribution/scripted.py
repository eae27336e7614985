"""A platform that does as a test says and remembers every call: the other half of courier tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from copydesk.core.account import Account
from copydesk.core.clock import Clock
from copydesk.core.delivery import Action, Delivery, Outgoing, Rendition, parts_out
from copydesk.core.findings import Finding
from copydesk.core.outcomes import Absent, Existence, Landed, Outcome, Pending, Published, Ready
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Api, Idempotency, Manifest, Reconcile

Answer = Ready | Pending | Outcome
#: What a step does instead of succeeding: an answer, or something to await that may raise.
Step = Answer | Existence | Callable[[Outgoing], Awaitable[Any]]

MANIFEST = Manifest(
    name="scripted",
    title="Scripted",
    summary="Does as a test says",
    auth="none",
    api=Api(version="1"),
    idempotency=Idempotency.NONE,
    reconcile=Reconcile(find=True, delay=0.0, looks=3),
    timeout=5.0,
    can_update=True,
)


@dataclass
class Remote:
    """What the platform has taken, in order, and when which call was made."""

    clock: Clock
    taken: list[tuple[Action, str, str]] = field(default_factory=list)
    calls: list[tuple[str, datetime]] = field(default_factory=list)
    script: dict[str, list[Step | None]] = field(default_factory=dict)
    #: of each that was taken: which part it was, and the ids of the parts before it
    parts: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)

    def take(self, outgoing: Outgoing) -> Published:
        before = tuple(part.id for part in parts_out(outgoing.handles))
        self.parts.append((outgoing.part, before))
        self.taken.append((outgoing.action, outgoing.key, outgoing.payload["title"]))
        id = outgoing.target_id or f"remote-{len(self.taken)}"
        return Published(id, f"https://scripted.example/{id}")

    def count(self) -> Counter[str]:
        """How often each key was taken; more than once is a duplicate."""
        return Counter(key for _, key, _ in self.taken)

    def times(self, name: str) -> list[datetime]:
        return [at for called, at in self.calls if called == name]

    async def answer(self, name: str, outgoing: Outgoing, usual: Callable[[], Any]) -> Any:
        self.calls.append((name, self.clock.now()))
        steps = self.script.get(name) or [None]
        step = steps.pop(0)
        if step is None:
            return usual()
        return await step(outgoing) if callable(step) else step


class ScriptedClient(Client):
    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def prepare(self, outgoing: Outgoing) -> Answer:
        answer: Answer = await self._remote.answer(
            "prepare", outgoing, lambda: Ready(outgoing.handles)
        )
        return answer

    async def check(self, outgoing: Outgoing) -> Answer:
        answer: Answer = await self._remote.answer(
            "check", outgoing, lambda: Ready(outgoing.handles)
        )
        return answer

    async def commit(self, outgoing: Outgoing) -> Outcome:
        answer: Outcome = await self._remote.answer(
            "commit", outgoing, lambda: self._remote.take(outgoing)
        )
        return answer

    async def find(self, outgoing: Outgoing) -> Existence:
        def look() -> Existence:
            for number, (_, key, _) in enumerate(self._remote.taken, start=1):
                if key == outgoing.key:
                    return Landed(f"remote-{number}")
            return Absent("complete listing")

        found: Existence = await self._remote.answer("find", outgoing, look)
        return found

    async def test(self) -> Outcome:
        return Published("scripted")


class Scripted(Platform):
    """`remote` is what a test scripts and looks at."""

    name: ClassVar[str] = "scripted"
    manifest = MANIFEST
    settings: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        #: how many calls a post takes: a thread
        self.parts = 1

    def declare(self, **changes: Any) -> None:
        """Declare something else about this platform, for this instance alone."""
        vars(self)["manifest"] = MANIFEST.model_copy(update=changes)

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        content = subject.content
        payload: dict[str, Any] = {"title": content.title, "body": content.body}
        if self.parts > 1:
            payload["parts"] = [f"{n + 1} of {self.parts}" for n in range(self.parts)]
        return Rendition(payload=payload, text=content.title)

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        return url.rpartition("/")[2]

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        return []

    def connect(self, session: Session) -> Client:
        return ScriptedClient(self.remote)


PLATFORM: Platform
