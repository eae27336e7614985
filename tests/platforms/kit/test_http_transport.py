"""Whether a call can have arrived, what was answered, and what is kept of it.

The servers here are raw sockets: they hang up and talk nonsense exactly when they are told to.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import AnswerLost, NotSent

#: Seconds: longer than anything takes that ends by itself.
LONG = 30.0
SHORT = 0.5

KEPT = 1000

Says = Callable[[bytes], bytes | None]


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    one = HttpTransport(user_agent="copydesk-tests", most_bytes=KEPT)
    yield one
    await one.close()


class Heard(list[bytes]):
    """What a server has heard from its callers; `anything` is set by the first of it."""

    def __init__(self) -> None:
        super().__init__()
        self.anything = asyncio.Event()
        self.talkers: list[Talker] = []


class Talker(asyncio.Protocol):
    """Says what it is given to say to each request, and hangs up where that is None."""

    def __init__(self, says: Says, heard: Heard) -> None:
        self.says, self.heard = says, heard
        self.begun = b""
        self.gone = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        # the head and the body of a request may come one after the other
        self.begun += data
        head, found, body = self.begun.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if data[:1] != b"\x16" and (not found or len(body) < int(length[1] if length else 0)):
            return
        self.heard.append(self.begun)
        self.heard.anything.set()
        self.begun = b""
        answer = self.says(self.heard[-1])
        if answer is None:
            self.transport.abort()
        else:
            self.transport.write(answer)
            if b"Connection: close" in answer:
                self.transport.close()


@asynccontextmanager
async def talking(says: Says) -> AsyncIterator[tuple[str, Heard]]:
    """A server that says what it is given to say: its URL, and what it has heard."""
    heard = Heard()

    def listen() -> Talker:
        heard.talkers.append(Talker(says, heard))
        return heard.talkers[-1]

    server = await asyncio.get_running_loop().create_server(listen, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/posts?token=s3cret", heard
    finally:
        server.close()
        for talker in heard.talkers:
            talker.transport.abort()


@contextmanager
def full_queue() -> Iterator[str]:
    """A socket that accepts no connection and refuses none: the URL of it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for one in waiting:
            one.close()


def ok(body: bytes = b"done", *more: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


# ---------------------------------------------------------------- what cannot have arrived


@pytest.mark.parametrize(
    "url",
    [
        "http://nowhere.invalid/",
        "ftp://127.0.0.1/",
        "http://",
        "not an address",
    ],
)
async def test_what_nobody_can_have_got_was_not_sent(transport: HttpTransport, url: str) -> None:
    with pytest.raises(NotSent):
        await transport.call("POST", url, body=b"{}", timeout=LONG)


async def test_a_refused_connection_was_not_sent_and_its_words_name_no_address(
    transport: HttpTransport, free_port: int
) -> None:
    with pytest.raises(NotSent, match="Connection refused") as refused:
        await transport.call("POST", f"http://127.0.0.1:{free_port}/bot-s3cret/", body=b"{}")
    assert "s3cret" not in str(refused.value)


async def test_a_connection_that_is_never_made_was_not_sent(transport: HttpTransport) -> None:
    with full_queue() as url, pytest.raises(NotSent):
        await transport.call("POST", url, body=b"{}", timeout=2 * SHORT)


async def test_a_handshake_that_fails_was_not_sent(transport: HttpTransport) -> None:
    async with talking(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n") as (url, _):
        with pytest.raises(NotSent):
            await transport.call("POST", url.replace("http:", "https:"), body=b"{}", timeout=LONG)


async def test_a_header_that_cannot_be_sent_sends_nothing(transport: HttpTransport) -> None:
    async with talking(lambda _: ok()) as (url, heard):
        with pytest.raises(NotSent):
            await transport.call("POST", url, headers={"X-Title": "a\r\nX-Admin: 1"}, body=b"{}")
    assert heard == []


# ---------------------------------------------------------------- what may have arrived


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(lambda _: None, id="hangs up"),
        pytest.param(lambda _: b"", id="says nothing"),
        pytest.param(lambda _: b"GARBAGE\r\n\r\n", id="talks nonsense"),
        pytest.param(lambda _: b"HTTP/1.1 200 OK\r\nContent-Le", id="stops in the head"),
        pytest.param(
            lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", id="stops in the body"
        ),
        pytest.param(
            lambda _: b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc",
            id="hangs up in the body",
        ),
        pytest.param(
            lambda _: ok(b"no gzip", b"Content-Encoding: gzip"), id="packs what is not packed"
        ),
        pytest.param(
            lambda _: ok(b"", *(b"X-%d: 1" % n for n in range(100_000))), id="headers without end"
        ),
    ],
)
async def test_what_was_answered_badly_may_have_arrived(
    transport: HttpTransport, says: Says
) -> None:
    async with talking(says) as (url, heard):
        with pytest.raises(AnswerLost) as lost:
            await transport.call("POST", url, body=b"{}", timeout=SHORT)
    assert len(heard) == 1, "it went out once"
    assert "s3cret" not in str(lost.value)


async def test_a_kept_connection_that_breaks_repeats_nothing(transport: HttpTransport) -> None:
    answers = iter([ok(), None, ok()])
    async with talking(lambda _: next(answers)) as (url, heard):
        await transport.call("GET", url, timeout=LONG)
        with pytest.raises(AnswerLost):
            await transport.call("PUT", url, body=b"{}", timeout=LONG)
    assert len(heard) == 2


async def test_a_connection_that_was_closed_while_idle_costs_nothing(
    transport: HttpTransport,
) -> None:
    async with talking(lambda _: ok()) as (url, heard):
        await transport.call("GET", url, timeout=LONG)
        heard.talkers[0].transport.write_eof()
        await heard.talkers[0].gone.wait()  # who called has noticed
        reply = await transport.call("POST", url, body=b"{}", timeout=LONG)
        assert reply.status == 200
    assert [said[:4] for said in heard] == [b"GET ", b"POST"]


@pytest.mark.parametrize("closes", ["shut", "broken off"])
async def test_a_server_that_closes_just_when_the_next_request_comes_gets_it_once_at_most(
    closes: str, transport: HttpTransport
) -> None:
    """Whoever is first: answered is what came once, not sent what never came."""
    async with talking(lambda _: ok()) as (url, heard):
        for turn in range(60):
            with suppress(AnswerLost):  # over what the turn before has left
                await transport.call("GET", url, timeout=LONG)
            await transport.call("GET", url, timeout=LONG)
            server = heard.talkers[-1].transport
            heard.clear()
            begun = asyncio.create_task(transport.call("POST", url, body=b"{}", timeout=LONG))
            for _ in range(turn % 6):
                await asyncio.sleep(0)
            server.close() if closes == "shut" else server.abort()
            try:
                came = {1} if (await begun).status == 200 else set()
            except NotSent:
                came = {0}
            except AnswerLost:
                came = {0, 1}
            assert len(heard) in came


async def test_a_call_that_is_cancelled_ends_at_once(transport: HttpTransport) -> None:
    async with talking(lambda _: b"") as (url, heard):
        call = asyncio.create_task(transport.call("POST", url, body=b"{}", timeout=LONG))
        await heard.anything.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


# ---------------------------------------------------------------- what is kept of an answer


async def test_an_answer_is_kept_up_to_its_limit(transport: HttpTransport) -> None:
    async with talking(lambda _: ok(b"x" * KEPT)) as (url, _):
        whole = await transport.call("POST", url, body=b"{}")
    async with talking(lambda _: ok(b"x" * (KEPT + 1))) as (url, _):
        cut = await transport.call("POST", url, body=b"{}")
    assert (len(whole.body), whole.is_whole) == (KEPT, True)
    assert (len(cut.body), cut.is_whole) == (KEPT, False)


async def test_a_packed_answer_is_unpacked_no_further_than_that(transport: HttpTransport) -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    async with talking(lambda _: ok(packed, b"Content-Encoding: gzip")) as (url, _):
        reply = await transport.call("GET", url, timeout=LONG)
    assert (reply.body, reply.is_whole) == (b"0" * KEPT, False)


async def test_headers_have_lower_case_names_and_those_nobody_can_read_are_left_out(
    transport: HttpTransport,
) -> None:
    answer = ok(b"", "X-Owner: Jörg".encode(), b"Retry-After: 7", b"Link: a", b"Link: b")
    async with talking(lambda _: answer) as (url, _):
        reply = await transport.call("POST", url, body=b"{}")
    assert reply.status == 200
    assert reply.headers == {"content-length": "0", "retry-after": "7", "link": "b"}


# ---------------------------------------------------------------- what is sent


async def test_files_and_fields_are_sent_as_one_form(transport: HttpTransport) -> None:
    async with talking(lambda _: ok()) as (url, heard):
        await transport.call(
            "POST",
            url,
            form={"alt": "Büro", "focus": 1},
            files={"file": ("a b.png", b"\x89PNG", "image/png")},
        )
    sent = b"".join(heard).decode("utf-8", "replace")
    assert "multipart/form-data; boundary=" in sent
    assert 'name="alt"\r\n\r\nBüro\r\n' in sent
    assert 'name="focus"\r\n\r\n1\r\n' in sent
    assert 'name="file"; filename="a b.png"\r\nContent-Type: image/png\r\n' in sent


async def test_a_form_is_sent_url_encoded(transport: HttpTransport) -> None:
    async with talking(lambda _: ok()) as (url, heard):
        await transport.call("POST", url, form={"grant": "a b&c", "state": "ü"})
    sent = b"".join(heard)
    assert b"application/x-www-form-urlencoded" in sent
    assert sent.endswith(b"\r\n\r\ngrant=a+b%26c&state=%C3%BC")


# ---------------------------------------------------------------- redirects


async def test_a_read_is_followed_and_keeps_its_secrets_from_others(
    transport: HttpTransport,
) -> None:
    async with talking(lambda _: ok(b"here")) as (target, heard):
        moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % target.encode()
        async with talking(lambda _: moved) as (url, _):
            reply = await transport.call(
                "GET", url, headers={"Authorization": "Bearer k", "X-Key": "k", "Accept": "a/b"}
            )
    assert (reply.body, reply.moved_to) == (b"here", target)
    told = b"".join(heard).lower()
    assert b"bearer" not in told
    assert b"x-key" not in told
    assert b"accept: a/b" in told


async def test_a_circle_of_redirects_ends(transport: HttpTransport) -> None:
    circle = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n"
    async with talking(lambda _: circle) as (url, heard):
        with pytest.raises(AnswerLost, match="redirected more than 10 times"):
            await transport.call("GET", url, timeout=LONG)
    assert len(heard) == 11


async def test_a_write_is_never_sent_on(transport: HttpTransport) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\nLocation: /elsewhere\r\n\r\n"
    async with talking(lambda _: moved) as (url, heard):
        reply = await transport.call("POST", url, body=b"{}")
    assert (reply.status, reply.headers["location"], len(heard)) == (307, "/elsewhere", 1)
