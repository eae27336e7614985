"""What leaves, read by parsers that are not ours: addresses, headers, forms and files."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from h11 import SERVER, Connection, Request
from python_multipart import parse_form
from python_multipart.multipart import Field, File

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import NotSent
from tests.platforms.kit.raw_server import LONG, answering, one_request, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    one = HttpTransport(user_agent="copydesk-tests")
    yield one
    await one.close()


class Heard:
    """The request that came, as h11 reads it, with its body."""

    def __init__(self, said: bytes) -> None:
        parser = Connection(SERVER)
        parser.receive_data(said)
        self.request = parser.next_event()
        assert isinstance(self.request, Request)
        self.body = said.partition(b"\r\n\r\n")[2]
        self.target = self.request.target.decode()
        self.names = [name.decode() for name, _ in self.request.headers]

    def header(self, name: str) -> list[str]:
        assert isinstance(self.request, Request)
        return [v.decode() for n, v in self.request.headers if n.decode() == name]


async def heard_of(
    transport: HttpTransport, path: str = "", method: str = "POST", **content: Any
) -> Heard:
    """Return what a server hears of one call."""
    said: list[bytes] = []

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await one_request(reader):
            said.append(request)
            writer.write(OK)

    async with serving(act) as server:
        url = server.url.rstrip("/") + path
        await transport.call(method, url, timeout=LONG, **content)
        assert len(said) == 1
        heard = Heard(said[0])
        assert heard.header("host") == [f"127.0.0.1:{server.port}"]
        return heard


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("?", "/"),
        ("?a", "/?a"),
        ("/p?", "/p"),
        ("//", "//"),
        ("/a//b/", "/a//b/"),
        ("/a/../b/./c", "/a/../b/./c"),
        ("/a b/ü?q=ü b", "/a%20b/%C3%BC?q=%C3%BC%20b"),
        ("/100%/%2F%zz", "/100%/%2F%zz"),
        ("/p?a=1#there", "/p?a=1"),
        ("/p#there?a=1", "/p"),
        ("/p;v=1?a=b+c&d=[e]", "/p;v=1?a=b+c&d=[e]"),
        ('/"<>{}\\^`|', "/%22%3C%3E%7B%7D%5C%5E%60%7C"),
        ("/" + "x" * 7000, "/" + "x" * 7000),
    ],
)
async def test_an_address_is_asked_for_as_it_is_written(
    transport: HttpTransport, path: str, target: str
) -> None:
    assert (await heard_of(transport, path)).target == target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/p", "/p?k=a+b&u=%C3%BC"),
        ("/p?", "/p?k=a+b&u=%C3%BC"),
        ("/p?a=1", "/p?a=1&k=a+b&u=%C3%BC"),
        ("/p?a=1&", "/p?a=1&k=a+b&u=%C3%BC"),
        ("/p?a=1#there?", "/p?a=1&k=a+b&u=%C3%BC"),
    ],
)
async def test_a_query_is_added_to_what_is_asked_already(
    transport: HttpTransport, path: str, target: str
) -> None:
    assert (await heard_of(transport, path, query={"k": "a b", "u": "ü"})).target == target


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///path",
        "http://:80/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:x/",
        "http://[::1/",
        "http://[127.0.0.1]/",
        "http://[::1%25none]/",
        "http://a b/",
        "http://a%00b/",
        "http://a%0d%0ab/",
        "http://a\\b/",
        "http://strasse\u200d.localhost/",
        "http://\ud800/",
        "http://127.0.0.1/\ud800",
        "http://" + "a" * 64 + ".localhost/",
        "file:///etc/passwd",
        "//127.0.0.1/",
    ],
)
async def test_what_is_no_address_is_not_called(transport: HttpTransport, url: str) -> None:
    with pytest.raises(NotSent):
        await transport.call("POST", url, body=b"{}", timeout=LONG)


async def test_a_user_in_an_address_is_told_once_and_nowhere_else(
    transport: HttpTransport,
) -> None:
    said: list[bytes] = []

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await one_request(reader):
            said.append(request)
            writer.write(OK)

    async with serving(act) as server:
        url = f"http://j%C3%B6:p%40ss@127.0.0.1:{server.port}/"
        await transport.call("POST", url, body=b"{}", timeout=LONG)
        headers = {"authorization": "Bearer k"}
        await transport.call("POST", url, headers=headers, body=b"{}", timeout=LONG)
    first, second = map(Heard, said)
    assert first.header("authorization") == ["Basic asO2OnBAc3M="]
    assert second.header("authorization") == ["Bearer k"]
    assert first.header("host") == [f"127.0.0.1:{server.port}"]


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize("char", ["\r", "\n", "\r\n", "\0", "\x0b", "\x7f", "\ud800"])
@pytest.mark.parametrize("where", ["name", "value", "method", "content type"])
async def test_nothing_leaves_that_would_be_read_as_something_else(
    transport: HttpTransport, char: str, where: str
) -> None:
    bad = f"a{char}X-Admin: 1"
    headers = {"name": {bad: "1"}, "value": {"X": bad}}.get(where, {})
    async with serving(answering(OK)) as server:
        with pytest.raises(NotSent):
            await transport.call(
                bad if where == "method" else "POST",
                server.url,
                headers=headers,
                files={"f": ("a", b"", bad)} if where == "content type" else None,
                timeout=LONG,
            )
        assert server.connections == 0


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "ä", "Content-Length", "host", "TRANSFER-Encoding"]
)
async def test_a_header_that_is_none_or_not_the_callers_is_not_sent(
    transport: HttpTransport, name: str
) -> None:
    async with serving(answering(OK)) as server:
        with pytest.raises(NotSent):
            await transport.call("POST", server.url, headers={name: "1"}, body=b"{}", timeout=LONG)
        assert server.connections == 0


@pytest.mark.parametrize(
    "content", [{"json_body": {"a": 1}}, {"form": {"a": 1}}, {"body": b"{}"}], ids=str
)
async def test_the_callers_headers_win_and_are_sent_once(
    transport: HttpTransport, content: Mapping[str, Any]
) -> None:
    headers = {
        "content-type": "text/x",
        "ACCEPT": "a/b",
        "user-agent": "me",
        "accept-encoding": "identity",
        "X-Name": "Büro",
    }
    heard = await heard_of(transport, headers=headers, **content)
    assert len(heard.names) == len(set(heard.names))
    for name, value in headers.items():
        assert heard.header(name.lower()) == [value]


async def test_of_one_header_in_two_cases_the_last_is_sent(transport: HttpTransport) -> None:
    heard = await heard_of(transport, headers={"X-Key": "1", "x-key": "2"})
    assert heard.header("x-key") == ["2"]


@pytest.mark.parametrize(
    ("method", "content", "length"),
    [
        ("POST", {}, ["0"]),
        ("PUT", {"body": b""}, ["0"]),
        ("GET", {}, []),
        ("DELETE", {}, []),
        ("DELETE", {"json_body": {}}, ["2"]),
        ("OPTIONS", {}, []),
    ],
)
async def test_a_request_says_how_long_it_is(
    transport: HttpTransport, method: str, content: Mapping[str, Any], length: list[str]
) -> None:
    heard = await heard_of(transport, method=method, **content)
    assert heard.header("content-length") == length


async def test_who_asks_is_told_to_whoever_a_read_is_sent_on_to(transport: HttpTransport) -> None:
    said: list[bytes] = []

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await one_request(reader):
            said.append(request)
            writer.write(OK)

    async with serving(act) as there:
        moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n"
        async with serving(answering(moved % there.url.encode())) as here:
            await transport.call("GET", here.url, headers={"X-Key": "k"}, timeout=LONG)
    heard = Heard(said[0])
    assert heard.header("user-agent") == ["copydesk-tests"]
    assert heard.header("accept-encoding") == ["gzip"]
    assert heard.header("x-key") == []


# ---------------------------------------------------------------- bodies


async def test_a_form_is_read_as_what_it_was(transport: HttpTransport) -> None:
    form = {"a b": "c&d=e", "ü": "ß%+\r\n", "n": "7", "leer": ""}
    heard = await heard_of(transport, form=form)
    assert heard.header("content-type") == ["application/x-www-form-urlencoded"]
    assert dict(parse_qsl(heard.body.decode(), keep_blank_values=True, strict_parsing=True)) == form


@pytest.mark.parametrize(
    ("filename", "read"),
    [
        ("a b.png", "a b.png"),
        ("bü ß 画.png", "bü ß 画.png"),
        ('a"b.png', "a%22b.png"),
        ("a\r\nX-Admin: 1\r\n\r\nb.png", "a%0D%0AX-Admin: 1%0D%0A%0D%0Ab.png"),
        ("a;b=c.png", "a;b=c.png"),
    ],
)
async def test_files_are_read_as_what_they_were(
    transport: HttpTransport, filename: str, read: str
) -> None:
    content = bytes(range(256)) * 50 + b"\r\n--" * 9
    heard = await heard_of(
        transport,
        headers={"content-type": "text/x"},
        form={"alt": "Bü\r\nro", filename: 'a"\r\nb'},
        files={"file": (filename, content, "image/png")},
    )
    [kind] = heard.header("content-type")
    fields: dict[bytes | None, bytes | None] = {}
    found: list[tuple[bytes | None, bytes | None, bytes]] = []

    def on_field(field: Field) -> None:
        fields[field.field_name] = field.value

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        found.append((file.field_name, file.file_name, file.file_object.read()))

    parse_form(
        {"Content-Type": kind.encode(), "Content-Length": str(len(heard.body)).encode()},
        io.BytesIO(heard.body),
        on_field,
        on_file,
    )
    assert fields == {b"alt": "Bü\r\nro".encode(), read.encode(): b'a"\r\nb'}
    assert found == [(b"file", read.encode(), content)]


@pytest.mark.parametrize(
    "content",
    [
        {"json_body": {"a": "\ud800"}},
        {"form": {"a": "\ud800"}},
        {"query": {"a": "\ud800"}},
        {"files": {"f": ("\ud800", b"", "image/png")}},
    ],
    ids=str,
)
async def test_what_cannot_be_written_is_not_sent(
    transport: HttpTransport, content: Mapping[str, Any]
) -> None:
    async with serving(answering(OK)) as server:
        with pytest.raises(NotSent):
            await transport.call("POST", server.url, timeout=LONG, **content)
        assert server.connections == 0
