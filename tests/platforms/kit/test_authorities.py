"""A machine that knows nobody who vouches for servers makes no secure call, and says why."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from copydesk.core.outcomes import Unavailable
from copydesk.platforms.kit import http_transport
from copydesk.platforms.kit.authorities import NoAuthorities, secured
from copydesk.platforms.kit.http_transport import HttpTransport, load_http
from copydesk.platforms.kit.transport import NotSent
from copydesk.platforms.kit.wire import Wire
from copydesk.work.examining import Examined, examine_installation
from tests.platforms.email.mail_servers import Inbox, account, connected, listening, outgoing
from tests.platforms.kit.raw_server import LONG, answering, serving
from tests.platforms.kit.test_http_security import OK, Authority


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Make this process one of a container without the package ca-certificates."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    http_transport._security.cache_clear()
    yield
    http_transport._security.cache_clear()


def certificates() -> Examined:
    (found,) = (one for one in examine_installation((3, 11)) if one.check == "certificates")
    return found


@pytest.mark.usefixtures("nobody")
async def test_nothing_is_sent_and_what_to_do_is_told() -> None:
    load_http()
    transport = HttpTransport(user_agent="copydesk-tests")
    async with serving(answering(OK)) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(NotSent, match="install the package ca-certificates"):
            await transport.call("POST", url, body=b"{}", timeout=LONG)
        assert server.connections == 0
        wire = Wire(transport, base="", table={}, read_error=lambda _: ("", ""), timeout=LONG)
        assert isinstance(await wire.write("POST", url, body=b"{}"), Unavailable), "it waits"
        assert (await transport.call("POST", server.url, body=b"{}", timeout=LONG)).status == 200
    await transport.close()


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_no_letter_is_handed_over(security: str, tmp_path: Path) -> None:
    inbox = Inbox()
    async with listening(inbox) as port:
        where = account(port, security=security)
        async with connected(where, tmp_path) as client:
            outcome = await client.commit(outgoing(where))
    assert isinstance(outcome, Unavailable), "it waits"
    assert "install the package ca-certificates" in outcome.reason
    assert inbox.commands == []


@pytest.mark.usefixtures("nobody")
async def test_calls_go_on_once_there_are_authorities(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    transport = HttpTransport(user_agent="copydesk-tests")
    async with serving(answering(OK), authority.server("127.0.0.1")) as server:
        with pytest.raises(NotSent, match="ca-certificates"):
            await transport.call("POST", server.url, body=b"{}", timeout=LONG)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert (await transport.call("POST", server.url, body=b"{}", timeout=LONG)).status == 200
    await transport.close()


@pytest.mark.usefixtures("nobody")
def test_doctor_says_that_nobody_is_known_and_what_to_do() -> None:
    found = certificates()
    assert not found.ok
    assert "no secure call can be made" in found.message
    assert "ca-certificates" in found.remedy


@pytest.mark.usefixtures("nobody")
def test_a_folder_counts_by_the_names_that_are_looked_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    folder = tmp_path / "certs"
    folder.mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'nowhere'}:{folder}")
    shutil.copy(authority.file, folder / "authority.pem")
    with pytest.raises(NoAuthorities):
        secured()
    shutil.copy(authority.file, folder / "0a1b2c3d.0")
    assert isinstance(secured(), ssl.SSLContext)
    assert certificates().ok
