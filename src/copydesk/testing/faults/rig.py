"""What a spoke needs to go through the kit: a platform that misbehaves and keeps its own record.

A rig stands for one spoke with one kind of account. It runs the platform, brings faults about when
told to, and counts what really arrived. The engine never sees it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Final, NoReturn

import regex

from copydesk.core.clock import Clock
from copydesk.core.post import Content
from copydesk.platforms.kit.registry import platform_modules
from copydesk.testing.faults.catalogue import RATE_LIMITS, Fault
from copydesk.testing.loopback import Lie, LoopbackServer

#: How the kit's posts are named; a rig finds the name again in what the platform keeps.
MARKER: Final = regex.compile(r"kit-\d{4}")
_PART: Final = regex.compile(r"part \d+ of \d+")

Accepted = Callable[[int], Awaitable[None]]


class NotApplicable(Exception):
    """The fault means nothing for this spoke; the message says why."""


class EngineRig(ABC):
    """A spoke and its platform, for the length of an `async with`.

    `spoke` is shown in the table, `platform` names the spoke in the registry, `module` is where it
    is when no entry point declares it. `folder` is empty and the rig's own, `home` the engine's
    project folder; `clock` is the true time, which the platform keeps even when the engine's clock
    is wrong.
    """

    spoke: ClassVar[str]
    platform: ClassVar[str]
    module: ClassVar[str] = ""
    #: How many engine seconds each post may take by the platform's own safe pace, where that is so
    #: slow that the kit's patience would not do.
    seconds_each: ClassVar[float] = 0.0
    #: How many engine seconds of rest each post may cost besides, where lies come in a row and
    #: nobody can be asked in between: an outage to the engine, which calls less and less often.
    rest_each: ClassVar[float] = 0.0

    def __init__(self, *, folder: Path, home: Path, clock: Clock) -> None:
        self.folder = folder
        self.home = home
        self.clock = clock
        if self.module:
            # what an entry point does for an installed package
            platform_modules()[self.platform] = self.module

    async def __aenter__(self) -> EngineRig:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- implemented by every rig -----------------------------------------------------------------

    @abstractmethod
    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings. `address` is HOST:PORT of the platform (or of the proxy in
        front of it), "" where it has none."""

    @abstractmethod
    def copies(self) -> Counter[str]:
        """Return how often the platform holds each post, by the post's marker. The platform's own
        record: nothing of ours may be asked."""

    @abstractmethod
    def strike(self, fault: Fault, deliveries: int) -> None:
        """Let the platform misbehave from now on; raises `NotApplicable`."""

    # -- with a sensible default ------------------------------------------------------------------

    async def open(self) -> None:
        """Start the platform."""

    async def close(self) -> None:
        """Stop the platform."""

    def secrets(self) -> Mapping[str, str]:
        """Return the account's secrets."""
        return {}

    def content(self, marker: str) -> Content:
        """Return the post called `marker`; a rig of threads makes one of several parts."""
        return Content(
            title=f"Report {marker}",
            body=f"What {marker} says stands here once.",
            slug=marker,
            language="en",
        )

    # -- what a spoke needs whose platform lets posts be changed or taken down ---------------------

    def shown(self, marker: str) -> str:
        """Return all that the platform shows of the post called `marker`, text and tags, "" when it
        shows none. The platform's own record, as in `copies`."""
        raise NotImplementedError(f"say in {type(self).__name__}.shown what the platform shows")

    def edit_there(self, marker: str, words: str) -> None:
        """Let somebody put `words` into the text of the post called `marker` on the platform."""
        raise NotImplementedError(f"let {type(self).__name__}.edit_there change a post there")

    def remove_there(self, marker: str) -> None:
        """Let somebody remove the post called `marker` on the platform."""
        raise NotImplementedError(f"let {type(self).__name__}.remove_there remove a post there")

    @property
    def address(self) -> str:
        """Return HOST:PORT where the platform listens, "" where it does not."""
        return ""

    @property
    def struck(self) -> int:
        """Return how often the platform misbehaved."""
        return 0

    @property
    def calls_while_limited(self) -> int:
        """Return how many calls came before a rate limit was over."""
        return 0

    def tick(self) -> None:
        """Called whenever the clock was moved: what passes by itself passes now."""

    def mend(self) -> Mapping[str, str]:
        """Put right what a person would have to; return the secrets the account gets."""
        return self.secrets()

    def when_accepted(self, call: Accepted | None) -> None:
        """Let `call(number)` be awaited after each publishing call was taken, before its answer.

        Raises `NotApplicable` where the platform has nobody who could say so.
        """
        self.not_applicable("nobody at this platform can tell when something was taken")

    #: A file or folder (as a pattern) whose sync to disk means that a post was taken; for spokes
    #: that are their own platform.
    accepted_file: ClassVar[str] = ""

    def not_applicable(self, why: str) -> NoReturn:
        """Raise `NotApplicable`."""
        raise NotApplicable(why)


LIES: Final[Mapping[Fault, Lie]] = {
    Fault.RESPONSE_LOST: Lie.RESET_AFTER_ACCEPT,
    Fault.ERROR_AFTER_ACCEPT: Lie.ERROR_AFTER_ACCEPT,
    Fault.RESET_BEFORE_ACCEPT: Lie.RESET_BEFORE_ACCEPT,
    Fault.HANG: Lie.HANG,
    Fault.SLOW_DRIP: Lie.SLOW,
    Fault.TRUNCATED: Lie.TRUNCATED,
    Fault.GARBAGE: Lie.GARBAGE,
    Fault.EMPTY: Lie.EMPTY,
    Fault.HTML: Lie.HTML,
    Fault.HTML_WITH_200: Lie.HTML_OK,
    Fault.RATE_LIMITED_SECONDS: Lie.RATE_LIMITED,
    Fault.RATE_LIMITED_DATE: Lie.RATE_LIMITED_DATE,
    Fault.RATE_LIMITED_SILENT: Lie.RATE_LIMITED_SILENT,
    Fault.STALE_READS: Lie.RESET_AFTER_ACCEPT,
    Fault.BROKEN_LISTING: Lie.RESET_AFTER_ACCEPT,
    Fault.REFUSED: Lie.REFUSED,
    Fault.FORBIDDEN: Lie.FORBIDDEN,
    Fault.TOKEN_EXPIRED: Lie.UNAUTHORIZED,
    Fault.TOKEN_REVOKED: Lie.UNAUTHORIZED,
}

#: Faults that cost real time each time they strike.
_SLOW: Final = frozenset({Fault.HANG, Fault.SLOW_DRIP})


class HttpRig(EngineRig):
    """A rig whose platform is a `LoopbackServer`; faults are its lies.

    Subclasses make the server and count; most need nothing else. The server answers as its platform
    documents, and `copies` reads what it really keeps.
    """

    server: LoopbackServer

    @abstractmethod
    def make_server(self) -> LoopbackServer:
        """Return the platform, on `self.clock`."""

    async def open(self) -> None:
        """Start the server."""
        self.server = self.make_server()
        await self.server.__aenter__()

    async def close(self) -> None:
        """Stop the server."""
        await self.server.stop()

    @property
    def address(self) -> str:
        """Return the server's HOST:PORT."""
        return self.server.url.removeprefix("http://")

    @property
    def struck(self) -> int:
        """Return how many lies were told."""
        return self.server.struck

    @property
    def calls_while_limited(self) -> int:
        """Return how many calls came before a rate limit was over."""
        return self.server.calls_while_limited

    def when_accepted(self, call: Accepted | None) -> None:
        """Let `call` be awaited between taking a post and answering."""
        self.server.accepted = call

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Lie to every second publishing call, once per delivery at most; less often where a lie
        costs time or stops the whole account."""
        if fault is Fault.NONE:
            return
        lie = LIES.get(fault)
        if lie is None:
            self.not_applicable("a web API has no such thing")
        if fault in {Fault.STALE_READS, Fault.BROKEN_LISTING}:
            self.misread(fault)
        if fault in {Fault.TOKEN_EXPIRED, Fault.TOKEN_REVOKED}:
            # until somebody gives the account a new token
            self.server.lie(lie, times=10 * deliveries)
        elif fault in RATE_LIMITS:
            self.server.lie(lie, times=3, every=max(2, deliveries // 4))
        elif fault in _SLOW:
            self.server.lie(lie, times=4, every=max(2, deliveries // 4))
        else:
            self.server.lie(lie, times=max(1, deliveries // 2), every=2)

    def misread(self, fault: Fault) -> None:
        """Let looks go wrong from now on, besides the answers that get lost: show posts late
        (`STALE_READS`; just inside the manifest's `delay`), or break off the next few looks
        (`BROKEN_LISTING`). Raises `NotApplicable` where nobody can look."""
        raise NotImplementedError(f"let {type(self).__name__}.misread spoil looks ({fault})")

    def mend(self) -> Mapping[str, str]:
        """Stop lying: the account has its access back."""
        self.server.tell_the_truth()
        return self.secrets()


#: How many parts the threads of the kit have.
PARTS: Final = 3


def thread_of(platform: str, marker: str) -> Content:
    """Return a post called `marker` that is a thread of `PARTS` parts on `platform`."""
    parts = [f"What {marker} says, part {number} of {PARTS}." for number in range(1, PARTS + 1)]
    return Content(
        title=f"Report {marker}",
        body="\n\n".join(parts),
        slug=marker,
        language="en",
        overrides={platform: {"parts": parts}},
    )


def whole_threads(texts: Iterable[str]) -> Counter[str]:
    """Count the threads of `thread_of` among the `texts` of posts: as often as a part of theirs is
    there, 0 where one is missing."""
    seen: dict[str, Counter[str]] = {}
    for text in texts:
        if (marker := marker_in(text)) and (part := _PART.search(text)):
            seen.setdefault(marker, Counter())[part[0]] += 1
    return Counter({m: max(c.values()) if len(c) == PARTS else 0 for m, c in seen.items()})


def marker_in(text: str | bytes) -> str:
    """Return the marker of the post that `text` (which may be JSON) is about, "" without one."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    found = MARKER.search(plain) or MARKER.search(json.dumps(plain))
    return found[0] if found else ""
