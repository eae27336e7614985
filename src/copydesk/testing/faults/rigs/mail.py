"""A mail server that takes letters and then loses its voice. It is spoken to over SMTP only."""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from copydesk.core.clock import Clock
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import Accepted, EngineRig, marker_in

_PASSWORD: Final = "correct-horse"
_AFTER_ACCEPT: Final = frozenset({Fault.RESPONSE_LOST, Fault.HANG, Fault.GARBAGE, Fault.SLOW_DRIP})
_LIES: Final = frozenset({*_AFTER_ACCEPT, Fault.RESET_BEFORE_ACCEPT, Fault.REFUSED})
_WHY: Final[Mapping[Fault, str]] = {
    Fault.ERROR_AFTER_ACCEPT: "an error reply to a message means it was not taken (RFC 5321 4.2.1)",
    Fault.RATE_LIMITED_SECONDS: "SMTP has no Retry-After",
    Fault.RATE_LIMITED_DATE: "SMTP has no Retry-After",
    Fault.RATE_LIMITED_SILENT: "SMTP throttles by 4yz replies, one letter at a time",
    Fault.STALE_READS: "a mail server cannot be asked what it took",
    Fault.BROKEN_LISTING: "a mail server cannot be asked what it took",
    Fault.TOKEN_EXPIRED: "a password does not expire in mid session",
}

#: What the client waits for an answer, in real seconds.
_PATIENCE: Final = 0.6


class MailServer:
    """A mail server on 127.0.0.1 that keeps letters. Wants user and password."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.password = _PASSWORD
        self.fault = Fault.NONE
        self.times = 0
        self.every = 1
        self.asked = 0
        self.struck = 0
        self.accepted: Accepted | None = None
        self.port = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._silence = asyncio.Event()

    async def start(self) -> None:
        """Listen on a free port."""

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talk = asyncio.create_task(self._converse(reader, writer))
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)

        self._server = await asyncio.start_server(begin, "127.0.0.1", 0, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        self._silence.set()
        if self._server is not None:
            self._server.close()
        for talk in tuple(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        with suppress(ConnectionError, asyncio.IncompleteReadError):
            say("220 mail.example.org ESMTP")
            while line := await reader.readline():
                verb = line[:4].upper().decode("ascii", "replace").strip()
                match verb:
                    case "EHLO":
                        say("250-mail.example.org")
                        say("250 AUTH PLAIN")
                    case "AUTH":
                        say(self._sign_in(line))
                    case "DATA":
                        say("354 go on")
                        await writer.drain()
                        text = await reader.readuntil(b"\r\n.\r\n")
                        if not await self._take(text, writer):
                            break
                    case "QUIT":
                        say("221 bye")
                        break
                    case _:
                        say("250 2.0.0 OK")
                await writer.drain()
        writer.close()

    def _sign_in(self, line: bytes) -> str:
        import base64

        given = base64.b64decode(line.split()[-1]).split(b"\0")[-1].decode()
        return "235 2.7.0 OK" if given == self.password else "535 5.7.8 not so"

    async def _take(self, text: bytes, writer: asyncio.StreamWriter) -> bool:
        """Take a letter and answer, or misbehave; False when the talk is over."""
        fault = self._next_fault()
        if fault is Fault.RESET_BEFORE_ACCEPT:
            writer.transport.abort()
            return False
        if fault is Fault.REFUSED:
            writer.write(b"554 5.7.1 this is spam\r\n")
            return True
        self.letters.append(text)
        if self.accepted is not None:
            await self.accepted(len(self.letters))
        match fault:
            case Fault.RESPONSE_LOST:
                writer.transport.abort()
                return False
            case Fault.GARBAGE:
                writer.write(b"\xff\x00 what was the question?\r\n")
            case Fault.HANG | Fault.SLOW_DRIP:
                if fault is Fault.SLOW_DRIP:
                    writer.write(b"250 2.0")
                await self._silence.wait()
                return False
            case _:
                writer.write(b"250 2.0.0 queued\r\n")
        return True

    def _next_fault(self) -> Fault:
        if self.times < 1:
            return Fault.NONE
        self.asked += 1
        if (self.asked - 1) % self.every:
            return Fault.NONE
        self.times -= 1
        self.struck += 1
        return self.fault


class EmailRig(EngineRig):
    """Letters to one reader. Nobody can be asked afterwards: doubts are held."""

    spoke: ClassVar[str] = "email"
    platform: ClassVar[str] = "email"

    def __init__(self, *, folder: Path, home: Path, clock: Clock) -> None:
        super().__init__(folder=folder, home=home, clock=clock)
        self.server = MailServer()
        self._seconds: dict[str, float] = {}

    async def open(self) -> None:
        """Start the server, and let the client wait less for its answers."""
        await self.server.start()
        client: Any = importlib.import_module("copydesk.platforms.email.client")
        for name in ("TEXT_SECONDS", "COMMAND_SECONDS", "CONNECT_SECONDS"):
            self._seconds[name] = getattr(client, name)
            setattr(client, name, _PATIENCE)

    async def close(self) -> None:
        """Stop the server; the client is patient again."""
        client = importlib.import_module("copydesk.platforms.email.client")
        for name, seconds in self._seconds.items():
            setattr(client, name, seconds)
        await self.server.stop()

    @property
    def address(self) -> str:
        """Return the server's HOST:PORT."""
        return f"127.0.0.1:{self.server.port}"

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {
            "smtp": address,
            "from": "The Desk <desk@example.org>",
            "to": "reader@example.org",
            "user": "desk",
        }

    def secrets(self) -> Mapping[str, str]:
        """Return the password."""
        return {"password": _PASSWORD}

    def copies(self) -> Counter[str]:
        """Count the letters that were taken."""
        return Counter(marker_in(letter) for letter in self.server.letters)

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Misbehave at every second letter."""
        if fault is Fault.TOKEN_REVOKED:
            self.server.password = "changed"
            self.server.struck = 1
            return
        if fault not in {*_LIES, Fault.NONE}:
            self.not_applicable(_WHY.get(fault, "SMTP has no such answer"))
        self.server.fault = fault
        slow = fault in {Fault.HANG, Fault.SLOW_DRIP}
        self.server.every = max(2, deliveries // 4) if slow else 2
        self.server.times = 4 if slow else max(1, deliveries // 2)

    @property
    def struck(self) -> int:
        """Return how often the server misbehaved."""
        return self.server.struck

    def mend(self) -> Mapping[str, str]:
        """Take the old password again."""
        self.server.password = _PASSWORD
        return self.secrets()

    def when_accepted(self, call: Accepted | None) -> None:
        """Let `call` be awaited between taking a letter and answering."""
        self.server.accepted = call
