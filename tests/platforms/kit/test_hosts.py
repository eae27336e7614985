"""Whoever is written in letters of all kinds is called by the one name that is theirs today."""

from __future__ import annotations

import asyncio

import pytest

from copydesk.platforms.kit import addresses, names
from copydesk.platforms.kit.hosts import in_ascii
from copydesk.platforms.kit.http_request import target_of
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import NotSent
from tests.platforms.kit.raw_server import LONG, one_request, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("written", "called"),
    [
        # RFC 5894 §7.2 and UTS 46 §1.3 name these as the ones that mean another host since 2008
        ("straße.example", "xn--strae-oqa.example"),
        ("STRAẞE.example", "xn--strae-oqa.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("نامه\u200cای.example", "xn--mgba3gch31f060k.example"),
        ("ශ්\u200dරී.example", "xn--10cl1a0b660p.example"),
        ("Bücher。example", "xn--bcher-kva.example"),
        ("a_b._tcp.bücher.example", "a_b._tcp.xn--bcher-kva.example"),
        ("xn--strae-oqa.bücher.example.", "xn--strae-oqa.xn--bcher-kva.example."),
        ("my_service", "my_service"),
        ("①②⑦.0.0.1", "127.0.0.1"),
    ],
)
def test_a_host_has_one_name(written: str, called: str) -> None:
    assert in_ascii(written) == called


@pytest.mark.parametrize(
    "written",
    [
        "☃.example",
        "i❤.example",
        "stras\u200dse.example",
        "-ü.example",
        "\u200d",
        "\ud800",
        "ü" * 64,
    ],
)
def test_what_no_host_may_be_called_is_told(written: str) -> None:
    with pytest.raises(ValueError, match="xn--"):
        in_ascii(written)


@pytest.mark.parametrize(
    ("written", "host", "authority"),
    [
        ("[::1]", "::1", "[::1]"),
        ("[::FFFF:127.0.0.1]:80", "::ffff:7f00:1", "[::ffff:7f00:1]"),
        ("[fe80::1%25eth0]:8080", "fe80::1%eth0", "[fe80::1]:8080"),
        ("my_service:8080", "my_service", "my_service:8080"),
    ],
)
def test_numbers_and_names_of_containers_stay(written: str, host: str, authority: str) -> None:
    target = target_of(f"http://{written}/")
    assert (target.host, target.authority) == (host, authority)


@pytest.mark.parametrize("is_public", [True, False])
@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("stra%C3%9Fe.example", "xn--strae-oqa.example"),
        ("a_b.straße.example", "a_b.xn--strae-oqa.example"),
    ],
)
async def test_who_is_looked_up_and_judged_is_who_is_called(
    written: str, called: str, is_public: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    judged: list[str] = []
    heard: list[bytes] = []

    def look_up(host: str) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    def judge(address: str) -> bool:
        judged.append(address)
        return is_public

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await one_request(reader):
            heard.append(request.split(b"\r\n")[1])
            writer.write(OK)

    monkeypatch.setattr(names, "_looked_up", look_up)
    monkeypatch.setattr(addresses, "is_public", judge)
    transport = HttpTransport(user_agent="copydesk-tests", public_only=True)
    async with serving(act) as server:
        url = f"http://{written}:{server.port}/"
        try:
            if is_public:
                await transport.call("POST", url, timeout=LONG)
            else:
                with pytest.raises(NotSent, match="not a public address"):
                    await transport.call("POST", url, timeout=LONG)
        finally:
            await transport.close()
        assert (looked_up, judged) == ([called], ["127.0.0.1"])
        assert heard == [f"Host: {called}:{server.port}".encode()] * is_public
