"""A name server that never answers, met by what looks names up in the system itself.

    unshare --map-root-user --mount --net python -m tests.platforms.kit.unanswered

The system's resolver is one that no test can stand in for from within; so this runs where the
network and `/etc/resolv.conf` are its own. Prints what became of it as JSON.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.loopback import LoopbackServer
from tests.platforms.email.mail_servers import Inbox, account, connected, listening

#: More than the event loop's own look-ups ever run at once.
MANY = 40

_SIOCSIFFLAGS = 0x8914
_UP = 0x1 | 0x40


def move_in(at: Path) -> socket.socket:
    """Make this process's own network and resolver ready; return the name server's socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP))
    for name, text in (
        ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
        ("hosts", "127.0.0.1 platform.example mail.example\n"),
    ):
        (at / name).write_text(text)
        subprocess.run(["mount", "--bind", at / name, f"/etc/{name}"], check=True)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    server.setblocking(False)
    return server


def name_in(query: bytes) -> str:
    """Return the first label of the name a DNS query asks for (RFC 1035 §4.1)."""
    return query[13 : 13 + query[12]].decode()


async def hear(server: socket.socket, names: set[str]) -> None:
    """Hear queries, and answer none, until each of `names` was asked for."""
    heard: set[str] = set()
    while not names <= heard:
        heard.add(name_in(await asyncio.get_running_loop().sock_recv(server, 512)))


async def become_of_it(server: socket.socket, at: Path) -> dict[str, object]:
    """Call and write to many hosts whose names nobody answers for, then to some that are known."""
    transport = HttpTransport(user_agent="copydesk-tests")

    async def write_to(host: str, port: int) -> str:
        async with connected(account(port, smtp=f"{host}:{port}", security="none"), at) as client:
            return type(await client.test()).__name__

    calls = [
        asyncio.ensure_future(transport.call("POST", f"http://web{n}.silent/", timeout=4))
        for n in range(MANY)
    ]
    letters = [asyncio.ensure_future(write_to(f"mail{n}.silent", 25)) for n in range(MANY)]
    await hear(server, {f"{kind}{n}" for n in range(MANY) for kind in ("web", "mail")})
    async with LoopbackServer() as web, listening(Inbox()) as port:
        url = web.url.replace("127.0.0.1", "platform.example")
        reply = await transport.call("POST", f"{url}/", timeout=600)
        letter = await write_to("mail.example", port)
    ended = await asyncio.gather(*calls, return_exceptions=True)
    for one in letters:
        one.cancel()
    return {
        "answered": reply.status,
        "letter": letter,
        "calls": sorted({type(one).__name__ for one in ended}),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(become_of_it(move_in(Path(folder)), Path(folder)))))
    sys.stdout.flush()
    os._exit(0)  # the system's look-ups cannot be called off
