"""Where an answer begins and ends (RFC 9112 §6), told by raw sockets that answer in every odd way.

What is taken for whole and is not, or the other way round, decides what becomes of a post.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest

from copydesk.core.outcomes import Unknown
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import AnswerLost, Reply
from copydesk.platforms.kit.wire import Wire
from tests.platforms.kit.raw_server import LONG, answering, one_request, serving

KEPT = 1000

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
PACKED = b"Content-Encoding: gzip\r\n"


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    one = HttpTransport(user_agent="copydesk-tests", most_bytes=KEPT)
    yield one
    await one.close()


def chunked(body: bytes, size: int = 7, trailer: bytes = b"") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    whole = b"".join(b"%x;of=it\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return whole + b"0\r\n" + trailer + b"\r\n"


def with_length(body: bytes, *more: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


async def told(
    transport: HttpTransport, *pieces: bytes, method: str = "POST", closes: bool = False
) -> tuple[Reply, int]:
    """Return what is made of `pieces`, the second time, and how many connections that took."""
    async with serving(answering(*pieces, closes=closes)) as server:
        body = None if method in {"GET", "HEAD"} else b"{}"
        await transport.call(method, server.url, body=body, timeout=LONG)
        reply = await transport.call(method, server.url, body=body, timeout=LONG)
        return reply, server.connections


# ---------------------------------------------------------------- whole answers


@pytest.mark.parametrize(
    ("answer", "body", "connections"),
    [
        pytest.param(with_length(b"done"), b"done", 1, id="length"),
        pytest.param(with_length(b""), b"", 1, id="nothing"),
        pytest.param(
            CHUNKED + b"\r\n" + chunked(b"done and done"), b"done and done", 1, id="chunks"
        ),
        pytest.param(
            CHUNKED + b"\r\n" + chunked(b"done", trailer=b"Retry-After: 9\r\nX: 1\r\n"),
            b"done",
            1,
            id="chunks and trailers",
        ),
        pytest.param(
            CHUNKED + PACKED + b"\r\n" + chunked(gzip.compress(b"done")), b"done", 1, id="packed"
        ),
        pytest.param(
            with_length(gzip.compress(b"do") + gzip.compress(b"ne"), PACKED.strip()),
            b"done",
            1,
            id="packed in two",
        ),
        pytest.param(
            with_length(zlib.compress(b"done"), b"Content-Encoding: deflate"),
            b"done",
            1,
            id="deflated",
        ),
        pytest.param(
            with_length(b"", PACKED.strip()), b"", 1, id="said to be packed, and nothing in it"
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
            + with_length(b"done"),
            b"done",
            1,
            id="news on the way",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", 1, id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", b"", 1, id="304"),
        pytest.param(
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 400\r\n\r\n", b"", 1, id="304, length"
        ),
        pytest.param(
            b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"",
            1,
            id="304, chunked",
        ),
        pytest.param(
            b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b"", 1, id="204, length 0"
        ),
        pytest.param(
            with_length(b"done", b"Upgrade: h2,h2c", b"Connection: Upgrade, Keep-Alive"),
            b"done",
            1,
            id="another protocol is on offer",
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\ndone",
            b"done",
            1,
            id="1.0 that keeps",
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ndone", b"done", 2, id="1.0 that does not"
        ),
        pytest.param(with_length(b"done", b"Connection: close"), b"done", 2, id="says it closes"),
        pytest.param(with_length(b"done") + b"GARBAGE", b"done", 2, id="garbage behind it"),
        pytest.param(with_length(b"done") + b"\0", b"done", 2, id="a byte behind it"),
        pytest.param(with_length(b"done") + b"H", b"done", 2, id="the start of another"),
        pytest.param(with_length(b"done") * 2, b"done", 2, id="another behind it"),
        pytest.param(
            with_length(b"done", b"X-Big: " + b"x" * 60_000), b"done", 1, id="60 KB of headers"
        ),
        pytest.param(
            with_length(b"done", *(b"X-%d:" % n for n in range(500))), b"done", 1, id="500 headers"
        ),
    ],
)
async def test_an_answer_ends_where_it_says(
    transport: HttpTransport, answer: bytes, body: bytes, connections: int
) -> None:
    reply, made = await told(transport, answer)
    assert (reply.body, reply.is_whole) == (body, True)
    assert made == connections


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", id="1.1"),
        pytest.param(b"HTTP/1.0 200 OK\r\n", id="1.0"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n", id="no encoding at all"
        ),
    ],
)
async def test_an_answer_without_a_length_ends_with_its_connection(
    transport: HttpTransport, head: bytes
) -> None:
    reply, made = await told(transport, head + b"\r\n", b"do", b"ne", closes=True)
    assert (reply.status, reply.body, made) == (200, b"done", 2)


@pytest.mark.parametrize("length", [b"Content-Length: 5000", b"Transfer-Encoding: chunked"])
async def test_what_is_asked_for_its_head_has_no_body(
    transport: HttpTransport, length: bytes
) -> None:
    reply, _ = await told(transport, b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n", method="HEAD")
    assert (reply.status, reply.body, reply.is_whole) == (200, b"", True)


async def test_a_header_without_a_value_is_not_taken_for_the_next(
    transport: HttpTransport,
) -> None:
    reply, _ = await told(transport, with_length(b"", b"X-None:", b"X-One: 1", b"X-Two:   2  "))
    assert reply.headers == {"content-length": "0", "x-none": "", "x-one": "1", "x-two": "2"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(with_length(gzip.compress(b"done"), PACKED.strip(), b"X: 1"), id="length"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n"
            + CHUNKED
            + PACKED
            + b"X: 1\r\n\r\n"
            + chunked(gzip.compress(b"do") + gzip.compress(b"ne"), 11, b"X: 2\r\n"),
            id="chunks",
        ),
    ],
)
async def test_an_answer_may_be_split_anywhere(transport: HttpTransport, answer: bytes) -> None:
    parts = [[answer[:at], answer[at:]] for at in range(1, len(answer))]
    parts.append([answer[at : at + 1] for at in range(len(answer))])
    turns = iter(parts)

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await one_request(reader):
            for piece in next(turns):
                writer.write(piece)
                for _ in range(4):
                    await asyncio.sleep(0)  # the other side reads it by itself

    async with serving(act) as server:
        for _ in parts:
            reply = await transport.call("POST", server.url, body=b"{}", timeout=LONG)
            assert (reply.status, reply.body, reply.headers["x"]) == (200, b"done", "1")
        assert server.connections == 1


async def test_what_goes_on_behind_what_is_kept_leaves_nothing_to_the_next_call(
    transport: HttpTransport,
) -> None:
    answers = iter([with_length(b"x" * 200_000), with_length(b"done")])

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await one_request(reader):
            writer.write(next(answers))

    async with serving(act) as server:
        long = await transport.call("GET", server.url, timeout=LONG)
        short = await transport.call("GET", server.url, timeout=LONG)
        assert (long.body, long.is_whole) == (b"x" * KEPT, False)
        assert (short.body, server.connections) == (b"done", 2)


# ---------------------------------------------------------------- before the request was read


async def test_an_answer_before_the_request_was_read_whole_is_heard(
    transport: HttpTransport,
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()

    async with serving(act) as server:
        for _ in range(20):
            reply = await transport.call("POST", server.url, body=b"x" * 5_000_000, timeout=LONG)
            assert (reply.status, reply.body) == (413, b"big")
        assert server.connections == 20


async def test_a_connection_whose_request_has_not_left_whole_is_not_used_again(
    transport: HttpTransport,
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(with_length(b"done"))
        await asyncio.sleep(LONG)

    async with serving(act) as server:
        await transport.call("POST", server.url, body=b"x" * 50_000_000, timeout=LONG)
        await transport.call("POST", server.url, body=b"{}", timeout=LONG)
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 4\n\ndone", id="length"),
        pytest.param(b"HTTP/1.1 200\nX:\r\nContent-Length: 4\n\r\ndone", id="mixed"),
        pytest.param(
            b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n" + chunked(b"done"), id="chunks"
        ),
        pytest.param(
            b"HTTP/1.1 100 Go on\n\nHTTP/1.1 200 OK\nContent-Length: 4\n\ndone", id="news first"
        ),
    ],
)
async def test_lines_of_a_head_may_end_without_cr(transport: HttpTransport, answer: bytes) -> None:
    # old scripts write so (RFC 9112 §2.2 lets a client take it)
    reply, connections = await told(transport, answer)
    assert (reply.status, reply.body, connections) == (200, b"done", 1)


# ---------------------------------------------------------------- no answers


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n"], id="only news"),
        pytest.param([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"], id="upgrade"),
        pytest.param([CHUNKED + b"\r\n4\r\ndone\r\n"], id="no last chunk"),
        pytest.param([CHUNKED + b"\r\n4\r\ndone\r\n0\r\n"], id="no end of the trailers"),
        pytest.param([CHUNKED + b"Content-Length: 4\r\n\r\n4\r\ndone\r\n0\r\n\r\n"], id="both"),
        pytest.param([with_length(b"done", b"Content-Length: 5")], id="two lengths"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], id="no length"),
        pytest.param([CHUNKED + b"\r\n4\ndone\n0\n\n"], id="chunks without CR"),
        pytest.param([CHUNKED + b"\r\n4\r\ndone\r\n0\r\nX: y\n\n"], id="trailers without CR"),
        pytest.param([b"HTTP/1.1 200 OK\nX: a\rContent-Length: 0\n\n"], id="CR alone"),
        pytest.param(
            [with_length(gzip.compress(b"done" * 9)[:-9], PACKED.strip())], id="packed, cut"
        ),
        pytest.param(
            [with_length(gzip.compress(b"done")[:10], PACKED.strip())], id="packed, only a start"
        ),
        pytest.param(
            [with_length(gzip.compress(b"a") + gzip.compress(b"b")[:-3], PACKED.strip())],
            id="packed, the second cut",
        ),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\n" + PACKED + b"\r\n" + gzip.compress(b"done")[:-4]],
            id="packed, cut by the end",
        ),
    ],
)
async def test_what_does_not_end_as_it_says_is_no_answer(
    transport: HttpTransport, pieces: list[bytes]
) -> None:
    async with serving(answering(*pieces, closes=True)) as server:
        with pytest.raises(AnswerLost):
            await transport.call("POST", server.url, body=b"{}", timeout=LONG)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x", id="header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", id="headers"),
        pytest.param(CHUNKED + b"\r\n0\r\nX: ", b"x", id="trailer"),
        pytest.param(CHUNKED + b"\r\n0\r\n", b"X: y\r\n", id="trailers"),
        pytest.param(CHUNKED + b"\r\n4;", b"x", id="extension of a chunk"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + PACKED + b"\r\n", gzip.compress(b""), id="packed nothing"
        ),
    ],
)
async def test_what_goes_on_without_a_body_is_not_listened_to_for_long(
    transport: HttpTransport, begin: bytes, more: bytes
) -> None:
    said = 0

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        await one_request(reader)
        writer.write(begin)
        while said < 200_000_000:
            writer.write(more * 2000)
            said += len(more) * 2000
            await writer.drain()

    async with serving(act) as server:
        with pytest.raises(AnswerLost, match=r"do not end|does not go on"):
            await transport.call("POST", server.url, body=b"{}", timeout=LONG)
    assert said < 20_000_000, "what the system takes in between, and no more"


async def test_news_without_end_are_heard_as_long_as_a_call_may_take(
    transport: HttpTransport,
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        while True:
            writer.write(b"HTTP/1.1 100 Go on\r\nX: y\r\n\r\n")
            await asyncio.sleep(0.01)

    async with serving(act) as server:
        with pytest.raises(AnswerLost):
            await transport.call("POST", server.url, body=b"{}", timeout=0.4)


async def test_the_time_allowed_is_that_of_the_whole_answer(transport: HttpTransport) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    loop = asyncio.get_running_loop()
    async with serving(act) as server:
        began = loop.time()
        with pytest.raises(AnswerLost, match="within the time allowed"):
            await transport.call("POST", server.url, body=b"{}", timeout=0.4)
        assert loop.time() - began < 3


@pytest.mark.parametrize(
    ("begins", "goes_on", "told"),
    [
        (b"", True, "no answer within the time allowed"),
        (b"HTTP/1.1 201 Yes\r\n", True, "no answer within the time allowed"),
        (b"", False, "the connection was closed before the answer"),
        (b"SSH-2.0-x\r\n", True, "what came is no HTTP: Expected HTTP/"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
            True,
            "answered 200, but the end of the answer did not come within the time allowed",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
            False,
            "answered 200, but the connection was closed in the middle of the answer",
        ),
        (
            CHUNKED + b"\r\nno number\r\n",
            True,
            "answered 200, but what followed is no HTTP: Invalid character in chunk size",
        ),
        (
            with_length(b"done", PACKED.strip()),
            True,
            "answered 200, but its body is not packed as it says: ",
        ),
    ],
)
async def test_what_is_known_of_a_lost_answer_is_told_once(
    transport: HttpTransport, begins: bytes, goes_on: bool, told: str
) -> None:
    """A person who has to say whether it arrived is told what the server said, if anything."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(begins)
        if goes_on:
            await reader.read()

    wire = Wire(transport, base="", table={}, read_error=lambda _: ("", ""), timeout=0.5)
    async with serving(act) as server:
        outcome = await wire.write("POST", server.url, body=b"{}")
    assert isinstance(outcome, Unknown), "it may have arrived"
    assert outcome.reason.startswith(told)
