"""One HTTP/1.1 connection, over which requests go one after the other.

Whether anything of a request can have left is known here to the byte: nothing has before `exchange`
writes. What cannot be read as an answer, and what breaks off, is lost; nothing is sent again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from functools import lru_cache
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply

#: What an answer may have before, between and behind the pieces of its body, in bytes: headers,
#: trailers, a packed nothing. What has come at once with the rest is read.
_MOST_BESIDE: Final = 1 << 16

#: A body up to so many bytes leaves in one piece with its head.
_ONE_PIECE: Final = 1 << 16

_PACKED: Final = frozenset({"gzip", "x-gzip", "deflate"})

#: zlib's own or gzip's format, as the bytes say (zlib manual, `inflateInit2`).
_EITHER_FORMAT: Final = zlib.MAX_WBITS | 32


class Connection(asyncio.Protocol):
    """A connection over `sock` to `address`, which `transport` writes to once it is made."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self.address = address
        self.idle_since = 0.0
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._answer: _Answer | None = None
        self._until = 0.0
        self._watch: asyncio.TimerHandle | None = None
        # asyncio's secured transport says that it is closing only where we have closed it (3.11)
        self._has_ended = False

    # -- what the event loop says -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take what is written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody has asked for ends the connection."""
        if self._answer is None:
            self._transport.abort()
        else:
            self._answer.read(data)

    def eof_received(self) -> None:
        """The other side says no more: so do we."""
        self._has_ended = True
        if self._answer is not None:
            self._answer.end(is_meant=self._is_end_meant())

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        self._has_ended = True
        if self._watch is not None:
            self._watch.cancel()
        if self._answer is not None:
            self._answer.end(is_meant=False, problem="" if exc is None else str(exc))

    # -- what is asked of it ----------------------------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Whether the other side has neither closed it nor said anything, as far as this machine
        knows: the event loop may not have heard of it yet."""
        if self.is_done:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @property
    def is_done(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._has_ended or self._transport.is_closing()

    async def exchange(
        self, head: bytes, body: bytes, *, until: float, most: int, is_head: bool, keep: bool
    ) -> Reply:
        """Send a request and return its answer, with at most `most` bytes of body, none where it
        `is_head`. Without `keep` the connection ends with it. `until` is a time of the event loop.

        Raises `NotSent` where the connection or the time has ended before anything was written, and
        `AnswerLost`: from then on the request may have arrived.
        """
        if self.is_done or until <= self._loop.time():
            self.abort()
            raise NotSent("the connection, or the time for it, had ended before anything was sent")
        answer = self._answer = _Answer(self._loop.create_future(), most, has_no_body=is_head)
        self._wait(until)
        is_kept = False
        try:
            if len(body) <= _ONE_PIECE:
                self._transport.write(head + body)
            else:
                self._transport.write(head)
                self._transport.write(body)
            reply = await answer.came
            is_kept = keep and answer.is_clean and not self._transport.get_write_buffer_size()
            return reply
        finally:
            self._answer = None
            if not is_kept:
                self._transport.abort()

    def abort(self) -> None:
        """End it now."""
        self._transport.abort()

    def _wait(self, until: float) -> None:
        """Wait for the answer no longer than `until`. The timer of an earlier request is left to
        run: one for each costs more than all else here."""
        self._until = until
        if self._watch is not None and self._watch.when() > until:
            self._watch.cancel()
            self._watch = None
        if self._watch is None:
            self._watch = self._loop.call_at(until, self._run_out)

    def _run_out(self) -> None:
        self._watch = None
        if self._answer is None:
            return
        if self._until > self._loop.time():
            self._wait(self._until)
        else:
            self._answer.run_out()

    def _is_end_meant(self) -> bool:
        """Whether the other side itself has said that it says no more: what is secured has to say
        so within what is secured, or anybody on the way could cut an answer (RFC 8446 §6.1)."""
        secured = self._transport.get_extra_info("ssl_object")
        if secured is None:
            return True
        try:
            return bool(secured.read(1) == b"")
        except ssl.SSLError:
            return False


class _Answer:
    """One answer while it arrives. httptools calls the methods that begin with `on_`."""

    def __init__(self, came: asyncio.Future[Reply], most: int, *, has_no_body: bool) -> None:
        self.came = came
        self.is_clean = False
        self._most = most
        self._has_no_body = has_no_body
        self._parser = HttpResponseParser(self)
        self._take_bare_ends(True)
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._is_packed = False
        self._unpacker: Any = None
        self._beside = 0
        self._ends_with_connection = False

    def read(self, data: bytes) -> None:
        """Read what has come."""
        self._beside += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.fail("the answer goes on in another protocol")
        except HttpParserError as error:
            self.fail(f"what {'followed' if self._status else 'came'} is no HTTP: {error}")
        if self._beside > _MOST_BESIDE:
            piece = "body does not go on" if self._status else "headers do not end"
            self.fail(f"the answer's {piece}")

    def end(self, *, is_meant: bool, problem: str = "") -> None:
        """Nothing more comes: a body whose length nobody said ends so (RFC 9112 §6.3), where that
        `is_meant`."""
        if self._status and self._ends_with_connection and is_meant:
            self._finish_whole()
        else:
            where = "in the middle of the answer" if self._status else "before the answer"
            self.fail(f"the connection was closed {where}" + (f": {problem}" if problem else ""))

    def run_out(self) -> None:
        """The time for it is over."""
        missing = "the end of the answer did not come" if self._status else "no answer"
        self.fail(f"{missing} within the time allowed")

    def fail(self, reason: str) -> None:
        """There will be no usable answer, or what follows it is none."""
        self.is_clean = False
        if not self.came.done():
            # what is known of it helps a person to tell what became of the request
            known = f"answered {self._status}, but " if self._status else ""
            self.came.set_exception(AnswerLost(known + reason))

    def on_message_begin(self) -> None:
        """What follows an answer that is complete is not ours."""
        if self.came.done():
            self.is_clean = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; one that is not ASCII means nothing to us. Trailers are left out."""
        if not self._status and value.isascii():
            # the parser leaves spaces behind a value in it
            self._headers[_named(name)] = value.decode("ascii").strip()

    def on_headers_complete(self) -> None:
        """Find out how the body ends, and what it is packed in."""
        self._status = self._parser.get_status_code()
        self._take_bare_ends(False)
        if self._has_no_body and self._status >= 200:
            self._finish()
            return
        headers = self._headers
        if self._status >= 200:
            self._beside = 0
        encoding = headers.get("transfer-encoding", "")
        self._ends_with_connection = (
            "content-length" not in headers and "chunked" not in encoding.lower()
        )
        self._is_packed = headers.get("content-encoding", "").lower() in _PACKED

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body, and no more than may be kept."""
        if self.came.done():
            return
        size = len(self._body)
        if self._is_packed:
            try:
                self._unpack(piece)
            except zlib.error as error:
                self.fail(f"its body is not packed as it says: {error}")
                return
        else:
            self._body += piece[: self._room]
        if len(self._body) > size:
            self._beside = 0
        if not self._room:
            self._finish()

    def on_message_complete(self) -> None:
        """Take it as whole; what was only news on the way (RFC 9110 §15.2) is no answer."""
        if 100 <= self._status < 200:
            self._status, self._headers = 0, {}
            self._take_bare_ends(True)
            return
        if not self.came.done():
            self.is_clean = bool(self._parser.should_keep_alive())
            self._finish_whole()

    def _take_bare_ends(self, taken: bool) -> None:
        """Whether a line may end without CR: those of the head may (RFC 9112 §2.2), the frame of a
        body must not be open to interpretation."""
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=taken)

    @property
    def _room(self) -> int:
        """How much of the body may still come: one byte too much tells that it went on."""
        return self._most + 1 - len(self._body)

    def _unpack(self, piece: bytes) -> None:
        while piece and self._room:
            # it may be packed in several pieces, one behind the other (RFC 1952 §2.2)
            if self._unpacker is None or self._unpacker.eof:
                self._unpacker = zlib.decompressobj(_EITHER_FORMAT)
            self._body += self._unpacker.decompress(piece, self._room)
            piece = self._unpacker.unused_data

    def _finish_whole(self) -> None:
        """Take it as what it is, unless what was packed breaks off."""
        if self._unpacker is not None and not self._unpacker.eof:
            self.fail("its packed body breaks off")
        self._finish()

    def _finish(self) -> None:
        if self.came.done():
            return
        body = bytes(self._body)
        self.came.set_result(
            Reply(
                status=self._status,
                headers=self._headers,
                body=body[: self._most],
                is_whole=len(body) <= self._most,
            )
        )


@lru_cache(maxsize=200)
def _named(header: bytes) -> str:
    return header.decode("ascii", "replace").lower()
