"""Who is believed to be whom, and when what is secured has ended (RFC 9110 §4.3.4, RFC 8446 §6.1).

A certificate nobody vouches for means that nothing was sent; a cut that anybody on the way could
have made is no end of an answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from copydesk.platforms.kit import http_transport, names
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import AnswerLost, NotSent
from tests.platforms.kit.raw_server import LONG, answering, one_request, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"

#: The name of a server, as people write it and as it is asked for.
WRITTEN, ASKED = "bücher.localhost", "xn--bcher-kva.localhost"

Serves = Callable[..., ssl.SSLContext]


class Authority:
    """Whoever vouches for certificates: `file` has its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        self.file = folder / "authority.pem"
        made = self._made(self.key, self.name, [], days=1, is_authority=True)
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def server(self, *names: str, days: int = 1, is_vouched: bool = True) -> ssl.SSLContext:
        """Return what a server called `names` secures with, for so many `days` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server")])
        made = self._made(key, own, names, days=days, is_vouched=is_vouched)
        file = self.folder / f"{made.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _made(
        self,
        key: ec.EllipticCurvePrivateKey,
        own: x509.Name,
        names: tuple[str, ...] | list[str],
        *,
        days: int,
        is_authority: bool = False,
        is_vouched: bool = True,
    ) -> x509.Certificate:
        end = datetime.now(UTC) + timedelta(days=days)
        vouching = (self.key, self.name) if is_vouched else (key, own)
        made = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(vouching[1])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=3))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            called = [
                x509.IPAddress(ipaddress.ip_address(name))
                if name[0].isdigit()
                else x509.DNSName(name)
                for name in names
            ]
            made = made.add_extension(x509.SubjectAlternativeName(called), critical=False)
        return made.sign(vouching[0], hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def believed(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    http_transport._security.cache_clear()
    yield
    http_transport._security.cache_clear()


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    one = HttpTransport(user_agent="copydesk-tests")
    yield one
    await one.close()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def secured(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext:
    context = authority.server("127.0.0.1")
    context.minimum_version = context.maximum_version = request.param
    return context


# ---------------------------------------------------------------- who is believed


@pytest.mark.parametrize(
    ("named", "host"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), (ASKED, WRITTEN)],
)
async def test_who_is_vouched_for_is_called(
    transport: HttpTransport,
    authority: Authority,
    named: str,
    host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {"127.0.0.1", "localhost", ASKED}
    monkeypatch.setattr(names, "_looked_up", lambda host: ["127.0.0.1"] * (host in known))
    async with serving(answering(OK), authority.server(named)) as server:
        for _ in range(3):
            url = f"https://{host}:{server.port}/"
            reply = await transport.call("POST", url, body=b"{}", timeout=LONG)
            assert reply.body == b"done"
        assert server.connections == 1


@pytest.mark.parametrize(
    ("called", "how", "why"),
    [
        (["elsewhere.example"], {}, "match"),
        (["localhost"], {}, "match"),
        (["127.0.0.2"], {}, "match"),
        (["127.0.0.1"], {"days": -1}, "expired"),
        (["127.0.0.1"], {"days": 9}, "not yet valid"),
        (["127.0.0.1"], {"is_vouched": False}, "self-signed"),
    ],
)
async def test_who_is_not_vouched_for_gets_nothing(
    transport: HttpTransport,
    authority: Authority,
    called: list[str],
    how: dict[str, int],
    why: str,
) -> None:
    heard = b""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.read()

    async with serving(act, authority.server(*called, **how)) as server:  # type: ignore[arg-type]
        with pytest.raises(NotSent, match=why):
            await transport.call("POST", server.url, body=b"{}", timeout=LONG)
    assert heard == b""


async def test_who_is_spelled_otherwise_since_2008_has_to_be_vouched_for_as_that(
    transport: HttpTransport, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the older rules make "strasse" of it, which may be anybody's
    monkeypatch.setattr(names, "_looked_up", lambda host: ["127.0.0.1"])
    for named, is_right in (("xn--strae-oqa.localhost", True), ("strasse.localhost", False)):
        async with serving(answering(OK), authority.server(named)) as server:
            url = f"https://straße.localhost:{server.port}/"
            if is_right:
                reply = await transport.call("POST", url, body=b"{}", timeout=LONG)
                assert reply.body == b"done"
            else:
                with pytest.raises(NotSent, match="match"):
                    await transport.call("POST", url, body=b"{}", timeout=LONG)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("shuts", "the other side closed it"),
        ("breaks off", "reset|the other side closed it"),
        ("says nothing", "within the timeout"),
        ("speaks in the clear", "WRONG_VERSION"),
    ],
)
async def test_a_handshake_that_does_not_end_sends_nothing(
    transport: HttpTransport, how: str, why: str
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        if how == "breaks off":
            writer.transport.abort()
        elif how == "says nothing":
            await reader.read()
        elif how == "speaks in the clear":
            writer.write(OK)

    async with serving(act) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(NotSent, match=why):
            await transport.call("POST", url, body=b"{}", timeout=1)


# ---------------------------------------------------------------- where it ends


def cut(writer: asyncio.StreamWriter) -> None:
    """End the connection below what is secured, without a word of it."""
    found = writer.transport.get_extra_info("socket")
    with socket.socket(fileno=socket.dup(found.fileno())) as below:
        below.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("ends", ["meant", "cut"])
@pytest.mark.parametrize(
    "head",
    [b"", b"Content-Length: 8\r\n", b"Transfer-Encoding: chunked\r\n"],
    ids=["no length", "length", "chunks"],
)
async def test_an_end_counts_where_it_is_meant(
    transport: HttpTransport, secured: ssl.SSLContext, head: bytes, ends: str
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"4\r\nd")
        await writer.drain()
        await asyncio.sleep(0.05)
        if ends == "cut":
            cut(writer)
            await asyncio.sleep(LONG)

    async with serving(act, secured) as server:
        if ends == "meant" and not head:
            reply = await transport.call("POST", server.url, body=b"{}", timeout=LONG)
            assert reply.body == b"4\r\nd"
        else:
            with pytest.raises(AnswerLost, match="in the middle of the answer"):
                await transport.call("POST", server.url, body=b"{}", timeout=LONG)


@pytest.mark.parametrize("ends", ["meant", "cut"])
async def test_a_kept_connection_that_ends_costs_nothing(
    transport: HttpTransport, secured: ssl.SSLContext, ends: str
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await one_request(reader)
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.02)
        if ends == "cut":
            cut(writer)
            await asyncio.sleep(LONG)

    async with serving(act, secured) as server:
        for turn in range(3):
            reply = await transport.call("POST", server.url, body=b"{}", timeout=LONG)
            assert reply.body == b"done"
            assert server.connections == turn + 1
            await asyncio.sleep(0.1)


async def test_large_bodies_go_both_ways_over_one_connection(secured: ssl.SSLContext) -> None:
    transport = HttpTransport(user_agent="copydesk-tests", most_bytes=20_000_000)

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await one_request(reader):
            body = said.partition(b"\r\n\r\n")[2]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    body = bytes(range(256)) * 20_000
    async with serving(act, secured) as server:
        for _ in range(3):
            reply = await transport.call("POST", server.url, body=body, timeout=LONG)
            assert reply.body == body
        assert server.connections == 1
    await transport.close()
